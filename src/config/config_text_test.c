/* config_text_test.c — lines out of text that may be anything. */
#include "config/config_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct config_text text;

static void given(const char *bytes, size_t size)
{
    config_text_init(&text, bytes, size);
}

static void then_line(uint32_t line, const char *name, const char *rest)
{
    assert_int_equal(config_text_next(&text), CONFIG_TEXT_LINE);
    assert_int_equal(text.line, line);
    assert_string_equal(text.name, name);
    assert_string_equal(text.rest, rest);
}

static void then_end(void)
{
    assert_int_equal(config_text_next(&text), CONFIG_TEXT_END);
    assert_int_equal(config_text_next(&text), CONFIG_TEXT_END);
}

#define GIVEN(literal) given(literal, sizeof(literal) - 1)

static void plain_lines(void **state)
{
    (void)state;
    GIVEN("# comment\n\nport 1883\n  \t # another\n\tuser   mosquitto  \nname\n");
    then_line(3, "port", "1883");
    then_line(5, "user", "mosquitto");
    then_line(6, "name", "");
    then_end();
}

static void other_peoples_line_ends(void **state)
{
    (void)state;
    GIVEN("port 1883\r\n\r\nuser me\r\npid_file /run/a b # not a comment");
    then_line(1, "port", "1883");
    then_line(3, "user", "me");
    then_line(4, "pid_file", "/run/a b # not a comment");
    then_end();
}

static void nothing_at_all(void **state)
{
    (void)state;
    GIVEN("");
    then_end();
    GIVEN("\n\r\n \t\n");
    then_end();
    given(NULL, 0);
    then_end();
}

static void a_byte_order_mark_is_skipped(void **state)
{
    (void)state;
    GIVEN("\xEF\xBB\xBFport 1\n");
    then_line(1, "port", "1");
    then_end();
}

static void bad_lines_are_passed_over(void **state)
{
    (void)state;
    GIVEN("user a\0b\nuser \xff\nport 1\n");
    assert_int_equal(config_text_next(&text), CONFIG_TEXT_ZERO);
    assert_int_equal(text.line, 1);
    assert_int_equal(config_text_next(&text), CONFIG_TEXT_NOT_UTF8);
    assert_int_equal(text.line, 2);
    then_line(3, "port", "1");
    then_end();
}

static void the_longest_line(void **state)
{
    (void)state;
    char *line = malloc(CONFIG_LINE_SIZE_MAX + 2);
    assert_non_null(line);
    memset(line, 'a', CONFIG_LINE_SIZE_MAX + 2);
    line[CONFIG_LINE_SIZE_MAX] = '\n';
    line[CONFIG_LINE_SIZE_MAX + 1] = 'b';
    given(line, CONFIG_LINE_SIZE_MAX + 2);
    assert_int_equal(config_text_next(&text), CONFIG_TEXT_LINE);
    assert_int_equal(strlen(text.name), CONFIG_LINE_SIZE_MAX);
    then_line(2, "b", "");
    then_end();

    line[CONFIG_LINE_SIZE_MAX] = 'a';
    given(line, CONFIG_LINE_SIZE_MAX + 1);
    assert_int_equal(config_text_next(&text), CONFIG_TEXT_TOO_LONG);
    then_end();
    free(line);
}

static void words(void **state)
{
    (void)state;
    char line[] = "3, 4\t5 # the rest 6";
    char *rest = line;
    assert_string_equal(config_text_word(&rest, ","), "3");
    assert_string_equal(config_text_word(&rest, ","), "4");
    assert_string_equal(config_text_word(&rest, ","), "5");
    assert_null(config_text_word(&rest, ","));
    assert_string_equal(rest, "# the rest 6");
    char empty[] = "";
    rest = empty;
    assert_null(config_text_word(&rest, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_lines),
        cmocka_unit_test(other_peoples_line_ends),
        cmocka_unit_test(nothing_at_all),
        cmocka_unit_test(a_byte_order_mark_is_skipped),
        cmocka_unit_test(bad_lines_are_passed_over),
        cmocka_unit_test(the_longest_line),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
