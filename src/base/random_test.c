/* random_test.c — known numbers for a known seed, and an even spread. */
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void known_numbers(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 1234567);
    assert_true(random_next(&random) == UINT64_C(6457827717110365317));
    assert_true(random_next(&random) == UINT64_C(3203168211198807973));
    assert_true(random_next(&random) == UINT64_C(9817491932198370423));
}

static void below_is_below_and_even(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 42);
    unsigned counts[7] = {0};
    for (unsigned draw = 0; draw < 70000; draw++) {
        counts[random_below(&random, 7)]++;
    }
    for (unsigned number = 0; number < 7; number++) {
        assert_in_range(counts[number], 9500, 10500);
    }
    assert_int_equal(random_below(&random, 1), 0);
    /* Half of all numbers are uneven here, and must be drawn again. */
    uint64_t bound = (UINT64_C(1) << 63) + 1;
    for (unsigned draw = 0; draw < 1000; draw++) {
        assert_true(random_below(&random, bound) < bound);
    }
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("a seed gives the numbers of SplitMix64", known_numbers),
        TEST("numbers below a bound are evenly spread", below_is_below_and_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
