/* directives_test.c — holds every row of directives.def to what it says: its default is what the
 * broker does without it, its limits are accepted, what lies beyond them is refused with a sentence
 * that names file, line and remedy. */
#include "config/directives.h"

#include "config/config.h"
#include "config/config_values.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct config config;
static struct config_report report;

static bool load(const char *text)
{
    config_report_init(&report);
    return config_load_text(text, strlen(text), "t.conf", NULL, &config, &report);
}

static void done(void)
{
    config_free(&config);
    config_report_fini(&report);
}

/* Settings of a listener stand below one. */
static bool load_row(const struct directive *directive, const char *value)
{
    char text[512];
    snprintf(text, sizeof text, "%s%s %s\n",
             directive->scope == DIRECTIVE_OF_THE_BROKER ? "# nothing\n" : "listener 1883\n",
             directive->name, value);
    return load(text);
}

static const char *first_error(void)
{
    for (size_t index = 0; index < report.count; index++) {
        if (report.messages[index].kind == CONFIG_ERROR) {
            return report.messages[index].text;
        }
    }
    return "";
}

static void then_accepts(const struct directive *directive, const char *value)
{
    bool accepted = load_row(directive, value);
    if (!accepted) {
        print_error("%s %s: %s\n", directive->name, value, first_error());
    }
    assert_true(accepted);
    done();
}

static void then_refuses(const struct directive *directive, const char *value)
{
    char start[128];
    snprintf(start, sizeof start, "t.conf:2: %s", directive->name);
    if (load_row(directive, value)) {
        print_error("%s %s was accepted\n", directive->name, value);
    }
    assert_int_equal(report.error_count, 1);
    assert_memory_equal(first_error(), start, strlen(start));
    assert_non_null(strchr(first_error(), ';'));
    done();
}

static const void *member_of(const struct directive *directive, const struct config *from)
{
    return directive->scope == DIRECTIVE_OF_THE_BROKER ? (const void *)from
                                                       : (const void *)from->listeners;
}

static void every_row_is_complete(void **state)
{
    (void)state;
    for (size_t index = 0; index < directive_count; index++) {
        const struct directive *directive = &directives[index];
        assert_non_null(directive->name);
        for (size_t other = 0; other < index; other++) {
            assert_string_not_equal(directive->name, directives[other].name);
        }
        if (directive->stands_for) {
            assert_non_null(directive_find(directive->stands_for));
        } else if (directive->state == DIRECTIVE_WORKS) {
            assert_non_null(directive->help);
            assert_non_null(directive->initial);
            assert_true(directive->min <= directive->max);
        } else {
            assert_non_null(strchr(directive->sentence, ';')
                                ? directive->sentence
                                : strstr(directive->sentence, "remove"));
        }
    }
}

static void a_row_without_a_member_takes_nothing_unless_it_says_so(void **state)
{
    (void)state;
    for (size_t index = 0; index < directive_count; index++) {
        const struct directive *directive = &directives[index];
        if (directive->type <= DIRECTIVE_TEXT && directive->size == 0) {
            assert_non_null(directive->sentence);
        }
    }
}

static void defaults_are_what_happens_without_the_line(void **state)
{
    (void)state;
    for (size_t index = 0; index < directive_count; index++) {
        const struct directive *directive = &directives[index];
        if (directive->state != DIRECTIVE_WORKS || directive->type > DIRECTIVE_TEXT ||
            directive->initial[0] == '\0') {
            continue;
        }
        assert_true(load_row(directive, directive->initial));
        if (directive->size > 0) {
            struct config plain;
            struct config_report plain_report;
            config_report_init(&plain_report);
            const char text[] = "listener 1883\n";
            assert_true(
                config_load_text(text, strlen(text), "p.conf", NULL, &plain, &plain_report));
            if (!config_values_equal(directive, member_of(directive, &config),
                                     member_of(directive, &plain))) {
                print_error("%s %s is not the default\n", directive->name, directive->initial);
                fail();
            }
            config_free(&plain);
            config_report_fini(&plain_report);
        }
        assert_int_equal(report.warning_count, 0);
        done();
    }
}

static void write_amount(const struct directive *directive, uint64_t amount, char *value,
                         size_t size)
{
    const char *unit = directive->type != DIRECTIVE_DURATION ? ""
                       : directive->unit_ms == 1             ? "ms"
                                                             : "s";
    snprintf(value, size, "%" PRIu64 "%s", amount, unit);
}

static void limits_are_kept(void **state)
{
    (void)state;
    for (size_t index = 0; index < directive_count; index++) {
        const struct directive *directive = &directives[index];
        char value[64];
        if (directive->state != DIRECTIVE_WORKS || directive->type < DIRECTIVE_NUMBER ||
            directive->type > DIRECTIVE_DURATION) {
            continue;
        }
        write_amount(directive, directive->min, value, sizeof value);
        then_accepts(directive, value);
        write_amount(directive, directive->max, value, sizeof value);
        then_accepts(directive, value);
        if (directive->max < UINT64_MAX) {
            write_amount(directive, directive->max + 1, value, sizeof value);
            then_refuses(directive, value);
        }
        uint64_t below = directive->min > 0 ? directive->min - 1 : 0;
        if (directive->min > 1 || (directive->min == 1 && directive->none == NONE_NOT) ||
            (directive->min == 1 && directive->none == NONE_NEVER)) {
            write_amount(directive, below, value, sizeof value);
            then_refuses(directive, value);
        }
        if (directive->none == NONE_NEGATIVE) {
            then_accepts(directive, "-1");
        } else {
            then_refuses(directive, "-1");
        }
        then_refuses(directive, "many");
        then_refuses(directive, "");
    }
}

static void flags_are_true_or_false(void **state)
{
    (void)state;
    for (size_t index = 0; index < directive_count; index++) {
        const struct directive *directive = &directives[index];
        if (directive->state == DIRECTIVE_WORKS &&
            (directive->type == DIRECTIVE_FLAG || directive->type == DIRECTIVE_ANONYMOUS ||
             directive->type == DIRECTIVE_LISTENER_ANONYMOUS)) {
            then_accepts(directive, "true");
            then_accepts(directive, "false");
            then_accepts(directive, "1");
            then_accepts(directive, "0");
            then_refuses(directive, "yes");
            then_refuses(directive, "True");
            then_refuses(directive, "");
        }
    }
}

static void texts_fit_or_are_refused(void **state)
{
    (void)state;
    char large[2048];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    for (size_t index = 0; index < directive_count; index++) {
        const struct directive *directive = &directives[index];
        if (directive->state != DIRECTIVE_WORKS ||
            (directive->type != DIRECTIVE_TEXT && directive->type != DIRECTIVE_LISTENER_PREFIX)) {
            continue;
        }
        then_accepts(directive, "x");
        then_refuses(directive, "");
        char text[2200];
        snprintf(text, sizeof text, "listener 1883\n%s %s\n", directive->name, large);
        assert_false(load(text));
        assert_int_equal(report.error_count, 1);
        done();
    }
}

static void what_is_refused_says_why(void **state)
{
    (void)state;
    for (size_t index = 0; index < directive_count; index++) {
        const struct directive *directive = &directives[index];
        if (directive->state != DIRECTIVE_WORKS) {
            then_refuses(directive, "anything at all");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(a_row_without_a_member_takes_nothing_unless_it_says_so),
        cmocka_unit_test(defaults_are_what_happens_without_the_line),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(flags_are_true_or_false),
        cmocka_unit_test(texts_fit_or_are_refused),
        cmocka_unit_test(what_is_refused_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
