/* counters_test.c — sums of workers, and the reasons why messages are dropped. */
#include "core/counters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void sums_are_taken_member_by_member(void **state)
{
    (void)state;
    struct counters sum = {.bytes_received = 1, .memory_held = 2};
    struct counters more = {.bytes_received = 10, .memory_held = 20, .owed = 30};
    more.dropped[DROP_NO_MEMORY] = 5;
    more.dropped[DROP_EXPIRED] = 2;
    counters_add(&sum, &more);
    assert_int_equal(sum.bytes_received, 11);
    assert_int_equal(sum.memory_held, 22);
    assert_int_equal(sum.owed, 30);
    assert_int_equal(counters_dropped(&sum), 7);
}

static void reasons_have_names_of_their_own(void **state)
{
    (void)state;
    for (int i = 0; i < DROP_REASON_COUNT; i++) {
        assert_true(strlen(drop_reason_key((enum drop_reason)i)) > 0);
        assert_true(strlen(drop_reason_words((enum drop_reason)i)) > 0);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(drop_reason_key((enum drop_reason)i),
                                    drop_reason_key((enum drop_reason)j));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_taken_member_by_member),
        cmocka_unit_test(reasons_have_names_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
