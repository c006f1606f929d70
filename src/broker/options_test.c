/* options_test.c — midged's command line and help. */
#include "broker/options.h"

#include "config/directives.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct options options;
static char problem[256];

#define READ(...)                                                                                  \
    read_all((char *[]){"midged", __VA_ARGS__, NULL},                                              \
             (int)(sizeof((char *[]){"midged", __VA_ARGS__}) / sizeof(char *)))

static bool read_all(char **argv, int argc)
{
    problem[0] = '\0';
    return options_read(argc, argv, &options, problem, sizeof problem);
}

static void nothing_said(void **state)
{
    (void)state;
    assert_true(read_all((char *[]){"midged", NULL}, 1));
    assert_int_equal(options.action, OPTIONS_RUN);
    assert_null(options.config_path);
    assert_false(options.is_daemon);
    assert_int_equal(options.overrides.port_count, 0);
}

static void everything_said(void **state)
{
    (void)state;
    assert_true(READ("-c", "m.conf", "-p", "1884", "--port", "1885", "-d", "-v", "-q"));
    assert_string_equal(options.config_path, "m.conf");
    assert_int_equal(options.overrides.port_count, 2);
    assert_int_equal(options.overrides.ports[0], 1884);
    assert_int_equal(options.overrides.ports[1], 1885);
    assert_true(options.is_daemon);
    assert_true(options.overrides.verbose);
    assert_true(options.overrides.quiet);
    assert_true(
        READ("--config-file", "m.conf", "--test-config", "--verbose", "--daemon", "--quiet"));
    assert_int_equal(options.action, OPTIONS_TEST_CONFIG);
    assert_string_equal(options.config_path, "m.conf");
}

static void help_and_version_are_enough(void **state)
{
    (void)state;
    assert_true(READ("-h", "-x"));
    assert_int_equal(options.action, OPTIONS_HELP);
    assert_null(options.help_topic);
    assert_true(READ("--help", "listener"));
    assert_string_equal(options.help_topic, "listener");
    assert_true(READ("--version"));
    assert_int_equal(options.action, OPTIONS_VERSION);
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    assert_false(READ("-x"));
    assert_string_equal(problem, "there is no option \"-x\"; midged --help lists them all");
    assert_false(READ("m.conf"));
    assert_false(READ("-c"));
    assert_string_equal(problem, "-c needs a value; write -c FILE");
    assert_false(READ("-c", "a", "-c", "b"));
    assert_false(READ("-p", "0"));
    assert_string_equal(problem, "-p cannot be \"0\"; write a port from 1 to 65535");
    assert_false(READ("-p", "65536"));
    assert_false(READ("-p", "mqtt"));
    assert_false(READ("-p", "1", "-p", "2", "-p", "3", "-p", "4", "-p", "5", "-p", "6", "-p", "7",
                      "-p", "8", "-p", "9", "-p", "10", "-p", "11"));
    assert_false(READ("--tls-keylog", "f"));
}

static char *written(bool (*write)(FILE *stream, const char *name), const char *name, bool *result)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    *result = write(stream, name);
    fclose(stream);
    return text;
}

static bool write_whole_help(FILE *stream, const char *name)
{
    (void)name;
    options_write_help(stream);
    return true;
}

static void then_fits(const char *text)
{
    for (const char *line = text; *line;) {
        size_t columns = 0;
        for (; *line && *line != '\n'; line++) {
            columns += ((unsigned char)*line & 0xC0) != 0x80;
        }
        assert_true(columns <= 80);
        line += *line == '\n';
    }
}

static void help_names_every_directive_that_works(void **state)
{
    bool result;
    (void)state;
    char *text = written(write_whole_help, NULL, &result);
    for (size_t index = 0; index < directive_count; index++) {
        if (directives[index].help) {
            assert_non_null(strstr(text, directives[index].name));
        }
    }
    assert_null(strstr(text, "tls-keylog"));
    then_fits(text);
    free(text);
}

static void each_directive_has_its_help(void **state)
{
    bool result;
    (void)state;
    for (size_t index = 0; index < directive_count; index++) {
        char *text = written(options_write_directive_help, directives[index].name, &result);
        assert_true(result);
        assert_memory_equal(text, directives[index].name, strlen(directives[index].name));
        then_fits(text);
        free(text);
    }
    char *text = written(options_write_directive_help, "connect_timeout", &result);
    assert_string_equal(text, "connect_timeout\n"
                              "  Seconds a new connection has for its CONNECT packet to arrive "
                              "whole.\n\n"
                              "  Takes    seconds, or a duration as 500ms, 10min or 1d, from 1s to "
                              "3600s\n"
                              "  Default  30\n"
                              "  Reload   takes it over\n");
    free(text);
    text = written(options_write_directive_help, "lisener", &result);
    assert_false(result);
    assert_string_equal(text, "There is no directive \"lisener\"; did you mean listener?\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said),
        cmocka_unit_test(everything_said),
        cmocka_unit_test(help_and_version_are_enough),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(help_names_every_directive_that_works),
        cmocka_unit_test(each_directive_has_its_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
