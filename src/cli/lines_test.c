/* lines_test.c — lines that come whole, in pieces, long, and without an end. */
#include "cli/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct source {
    int write_fd;
    struct lines lines;
};

static void open_source(struct source *source)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    source->write_fd = fds[1];
    lines_init(&source->lines, fds[0]);
}

static void give(struct source *source, const void *text, size_t size)
{
    assert_int_equal(write(source->write_fd, text, size), size);
    lines_read(&source->lines);
}

static void check_line(struct source *source, const char *expected)
{
    struct bytes line;
    assert_int_equal(lines_first(&source->lines, &line), LINES_LINE);
    assert_int_equal(line.size, strlen(expected));
    assert_memory_equal(line.data, expected, line.size);
    lines_take(&source->lines, line);
}

static void check(struct source *source, enum lines_result expected)
{
    struct bytes line;
    assert_int_equal(lines_first(&source->lines, &line), expected);
}

static void close_source(struct source *source)
{
    close(source->write_fd);
    lines_read(&source->lines);
}

static void lines_in_pieces(void **state)
{
    struct source source;
    (void)state;
    open_source(&source);
    check(&source, LINES_MORE);
    give(&source, "one\ntw", 6);
    check_line(&source, "one");
    check(&source, LINES_MORE);
    give(&source, "o\r\n\nthree", 9);
    check_line(&source, "two\r");
    check_line(&source, "");
    check(&source, LINES_MORE);
    close_source(&source);
    check_line(&source, "three");
    check(&source, LINES_END);
    close(source.lines.fd);
    lines_fini(&source.lines);
}

static void an_end_of_line_is_no_line(void **state)
{
    struct source source;
    (void)state;
    open_source(&source);
    give(&source, "one\n", 4);
    close_source(&source);
    check_line(&source, "one");
    check(&source, LINES_END);
    close(source.lines.fd);
    lines_fini(&source.lines);
}

static void a_line_is_not_taken_until_told(void **state)
{
    struct source source;
    struct bytes first, again;
    (void)state;
    open_source(&source);
    give(&source, "one\ntwo\n", 8);
    assert_int_equal(lines_first(&source.lines, &first), LINES_LINE);
    assert_int_equal(lines_first(&source.lines, &again), LINES_LINE);
    assert_ptr_equal(first.data, again.data);
    check_line(&source, "one");
    check_line(&source, "two");
    close_source(&source);
    close(source.lines.fd);
    lines_fini(&source.lines);
}

static void long_lines(void **state)
{
    enum { PIECE = 4096, PIECES = 500 };
    struct source source;
    uint8_t piece[PIECE];
    (void)state;
    memset(piece, 'x', sizeof(piece));
    open_source(&source);
    give(&source, "short\n", 6);
    check_line(&source, "short");
    for (int i = 0; i < PIECES; i++) {
        give(&source, piece, sizeof(piece));
        check(&source, LINES_MORE);
    }
    give(&source, "\n", 1);
    struct bytes line;
    assert_int_equal(lines_first(&source.lines, &line), LINES_LINE);
    assert_int_equal(line.size, PIECE * PIECES);
    lines_take(&source.lines, line);
    close_source(&source);
    check(&source, LINES_END);
    close(source.lines.fd);
    lines_fini(&source.lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_in_pieces),
        cmocka_unit_test(an_end_of_line_is_no_line),
        cmocka_unit_test(a_line_is_not_taken_until_told),
        cmocka_unit_test(long_lines),
    };
    return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
