/* units_test.c — numbers, sizes and durations as people write them. */
#include "config/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct sample {
    const char *text;
    enum units_result result;
    uint64_t value;
};

static void numbers(void **state)
{
    static const struct sample samples[] = {
        {"0", UNITS_OK, 0},
        {"1883", UNITS_OK, 1883},
        {"0x10", UNITS_OK, 16},
        {"18446744073709551615", UNITS_OK, UINT64_MAX},
        {"18446744073709551616", UNITS_TOO_LARGE, 0},
        {"0x10000000000000000", UNITS_TOO_LARGE, 0},
        {"", UNITS_NOT_A_NUMBER, 0},
        {"-1", UNITS_NOT_A_NUMBER, 0},
        {"+1", UNITS_NOT_A_NUMBER, 0},
        {"1.5", UNITS_NOT_A_NUMBER, 0},
        {"1 ", UNITS_NOT_A_NUMBER, 0},
        {"0x", UNITS_NOT_A_NUMBER, 0},
        {"010", UNITS_LEADING_ZERO, 0},
        {"ten", UNITS_NOT_A_NUMBER, 0},
    };
    (void)state;
    for (size_t index = 0; index < sizeof samples / sizeof *samples; index++) {
        uint64_t value = 0;
        assert_int_equal(units_read_number(samples[index].text, &value), samples[index].result);
        assert_int_equal(value, samples[index].value);
    }
}

static void sizes(void **state)
{
    static const struct sample samples[] = {
        {"0", UNITS_OK, 0},
        {"20", UNITS_OK, 20},
        {"20B", UNITS_OK, 20},
        {"64k", UNITS_OK, 65536},
        {"64KiB", UNITS_OK, 65536},
        {"64kib", UNITS_OK, 65536},
        {"64kB", UNITS_OK, 64000},
        {"2MiB", UNITS_OK, 2097152},
        {"2M", UNITS_OK, 2097152},
        {"2MB", UNITS_OK, 2000000},
        {"3G", UNITS_OK, UINT64_C(3) << 30},
        {"1TiB", UNITS_OK, UINT64_C(1) << 40},
        {"16777216TiB", UNITS_TOO_LARGE, 0},
        {"2 MiB", UNITS_UNKNOWN, 0},
        {"2MiBs", UNITS_UNKNOWN, 0},
        {"2s", UNITS_UNKNOWN, 0},
        {"1.5MiB", UNITS_UNKNOWN, 0},
        {"MiB", UNITS_NOT_A_NUMBER, 0},
    };
    (void)state;
    for (size_t index = 0; index < sizeof samples / sizeof *samples; index++) {
        uint64_t value = 0;
        assert_int_equal(units_read_size(samples[index].text, &value), samples[index].result);
        assert_int_equal(value, samples[index].value);
    }
}

static void durations(void **state)
{
    static const struct sample samples[] = {
        {"30", UNITS_OK, 30000},       {"30s", UNITS_OK, 30000},
        {"500ms", UNITS_OK, 500},      {"10min", UNITS_OK, 600000},
        {"2h", UNITS_OK, 7200000},     {"1d", UNITS_OK, 86400000},
        {"1w", UNITS_OK, 604800000},   {"1y", UNITS_OK, UINT64_C(31536000000)},
        {"5m", UNITS_M_IS_UNCLEAR, 0}, {"5x", UNITS_UNKNOWN, 0},
        {"s", UNITS_NOT_A_NUMBER, 0},  {"600000000y", UNITS_TOO_LARGE, 0},
    };
    (void)state;
    for (size_t index = 0; index < sizeof samples / sizeof *samples; index++) {
        uint64_t value = 0;
        assert_int_equal(units_read_duration(samples[index].text, 1000, UNITS_M_REFUSED, &value),
                         samples[index].result);
        assert_int_equal(value, samples[index].value);
    }
}

static void durations_with_months(void **state)
{
    uint64_t value = 0;
    (void)state;
    assert_int_equal(units_read_duration("3m", 0, UNITS_M_IS_MONTH, &value), UNITS_OK);
    assert_int_equal(value, UINT64_C(90) * 86400000);
    assert_int_equal(units_read_duration("14", 0, UNITS_M_IS_MONTH, &value), UNITS_MISSING);
    assert_int_equal(units_read_duration("0", 0, UNITS_M_IS_MONTH, &value), UNITS_OK);
    assert_int_equal(value, 0);
}

static void every_result_has_its_words(void **state)
{
    (void)state;
    for (int result = UNITS_OK; result <= UNITS_TOO_LARGE; result++) {
        assert_true(units_explain((enum units_result)result)[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(sizes),
        cmocka_unit_test(durations),
        cmocka_unit_test(durations_with_months),
        cmocka_unit_test(every_result_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
