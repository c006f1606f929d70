/* config_testing.h — one configuration under test, for this room's tests. */
#ifndef MIDGE_CONFIG_CONFIG_TESTING_H
#define MIDGE_CONFIG_CONFIG_TESTING_H

#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct config config;
static struct config_report report;

static inline bool load_with(const char *text, const struct config_overrides *overrides)
{
    config_report_init(&report);
    return config_load_text(text, strlen(text), "t.conf", overrides, &config, &report);
}

static inline void given(const char *text)
{
    if (!load_with(text, NULL)) {
        print_error("%s\n", report.messages[0].text);
        fail();
    }
}

static inline void then_refused(const char *text, const char *message)
{
    assert_false(load_with(text, NULL));
    assert_string_equal(report.messages[0].text, message);
    config_free(&config);
    config_report_fini(&report);
}

static inline void then_warned(const char *message)
{
    for (size_t index = 0; index < report.count; index++) {
        if (strcmp(report.messages[index].text, message) == 0) {
            return;
        }
    }
    print_error("missing: %s\n", message);
    for (size_t index = 0; index < report.count; index++) {
        print_error("     got: %s\n", report.messages[index].text);
    }
    fail();
}

static inline int clean(void **state)
{
    (void)state;
    config_free(&config);
    config_report_fini(&report);
    return 0;
}

#define CONFIG_TEST(name) cmocka_unit_test_teardown(name, clean)

#endif
