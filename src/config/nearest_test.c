/* nearest_test.c — did you mean …? */
#include "config/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void distances(void **state)
{
    char long_name[NEAREST_NAME_SIZE_MAX + 2];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    (void)state;
    assert_int_equal(nearest_distance("port", "port"), 0);
    assert_int_equal(nearest_distance("prot", "port"), 1); /* neighbours exchanged */
    assert_int_equal(nearest_distance("por", "port"), 1);
    assert_int_equal(nearest_distance("ports", "port"), 1);
    assert_int_equal(nearest_distance("kitten", "sitting"), 3);
    assert_int_equal(nearest_distance("", "port"), 4);
    assert_int_equal(nearest_distance("port", ""), 4);
    assert_true(nearest_distance(long_name, "port") == SIZE_MAX);
}

static void neighbours(void **state)
{
    (void)state;
    assert_string_equal(nearest_directive("listner"), "listener");
    assert_string_equal(nearest_directive("alow_anonymous"), "allow_anonymous");
    assert_string_equal(nearest_directive("max_queued_mesages"), "max_queued_messages");
    assert_string_equal(nearest_directive("persistance"), "persistence");
    assert_string_equal(nearest_directive("Port"), "port");
    assert_null(nearest_directive("colour"));
    assert_null(nearest_directive(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances),
        cmocka_unit_test(neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
