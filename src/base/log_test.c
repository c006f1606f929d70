/* log_test.c — what reaches the sink. */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct heard {
    unsigned count;
    enum log_kind kind;
    char line[LOG_LINE_SIZE_MAX + 1];
};

static void hear(void *context, enum log_kind kind, const char *line)
{
    struct heard *heard = context;
    heard->count++;
    heard->kind = kind;
    assert_true(strlen(line) <= LOG_LINE_SIZE_MAX);
    memcpy(heard->line, line, strlen(line) + 1);
}

static void only_wanted_kinds_are_heard(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    struct log log = {LOG_KIND_NOTICE | LOG_KIND_ERROR, hear, &heard};
    log_write(&log, LOG_KIND_DEBUG, "not this");
    assert_int_equal(heard.count, 0);
    log_write(&log, LOG_KIND_ERROR, "%s %d", "this", 7);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.kind, LOG_KIND_ERROR);
    assert_string_equal(heard.line, "this 7");
    log.sink = NULL;
    log_write(&log, LOG_KIND_ERROR, "to nobody");
    assert_int_equal(heard.count, 1);
}

static void nobody_can_forge_a_line(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    struct log log = {LOG_KIND_NOTICE, hear, &heard};
    log_write(&log, LOG_KIND_NOTICE, "as %s.", "me\n1: \x1B[2Jyou\r\t\x7F");
    assert_string_equal(heard.line, "as me?1: ?[2Jyou???.");
    log_write(&log, LOG_KIND_NOTICE, "%s",
              "gr\xC3\xBC\xC3\x9F \xC2\x9B"
              "2J \xC2\xA9 \xC2");
    assert_string_equal(heard.line, "gr\xC3\xBC\xC3\x9F ??2J \xC2\xA9 \xC2");
}

static void long_lines_are_cut_between_characters(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    struct log log = {LOG_KIND_NOTICE, hear, &heard};
    char text[2 * LOG_LINE_SIZE_MAX];
    memset(text, 'x', sizeof(text));
    text[LOG_LINE_SIZE_MAX] = '\0';
    log_write(&log, LOG_KIND_NOTICE, "%s", text);
    assert_string_equal(heard.line, text); /* exactly fits */
    for (size_t offset = 0; offset < 3; offset++) {
        memset(text, 'x', offset);
        for (size_t index = offset; index + 3 < sizeof(text); index += 3) {
            memcpy(text + index, "\xE2\x82\xAC\0", 4); /* the Euro sign */
        }
        log_write(&log, LOG_KIND_NOTICE, "%s", text);
        size_t size = strlen(heard.line);
        assert_in_range(size, LOG_LINE_SIZE_MAX - 2, LOG_LINE_SIZE_MAX);
        assert_memory_equal(heard.line + size - 6, "\xE2\x82\xAC\xE2\x80\xA6", 6);
        assert_int_equal((size - offset) % 3, 0);
    }
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("only wanted kinds are heard", only_wanted_kinds_are_heard),
        TEST("control characters cannot forge a line", nobody_can_forge_a_line),
        TEST("long lines are cut between characters", long_lines_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
