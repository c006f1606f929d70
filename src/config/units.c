/* units.c — numbers as a person writes them: digits, then perhaps a unit out of a table.
 *
 * What can go wrong: no digits, a unit nobody knows, or more than 64 bits hold. */
#include "config/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"B", 1},
    {"k", UINT64_C(1) << 10},
    {"KiB", UINT64_C(1) << 10},
    {"kB", 1000},
    {"M", UINT64_C(1) << 20},
    {"MiB", UINT64_C(1) << 20},
    {"MB", 1000000},
    {"G", UINT64_C(1) << 30},
    {"GiB", UINT64_C(1) << 30},
    {"GB", 1000000000},
    {"T", UINT64_C(1) << 40},
    {"TiB", UINT64_C(1) << 40},
    {"TB", UINT64_C(1000000000000)},
    {NULL, 0},
};

#define DAY_MS UINT64_C(86400000)

static const struct unit duration_units[] = {
    {"ms", 1},          {"s", 1000},       {"min", 60000},        {"h", 3600000},
    {"d", DAY_MS},      {"w", 7 * DAY_MS}, {"y", 365 * DAY_MS},   {"sec", 1000},
    {"hours", 3600000}, {"days", DAY_MS},  {"weeks", 7 * DAY_MS}, {NULL, 0},
};

static enum units_result read_digits(const char **cursor, uint64_t *number);
static const struct unit *find_unit(const struct unit *units, const char *name);
static bool multiply(uint64_t number, uint64_t factor, uint64_t *product);

enum units_result units_read_number(const char *text, uint64_t *number)
{
    uint64_t value;
    enum units_result result = read_digits(&text, &value);
    if (result != UNITS_OK) {
        return result;
    }
    if (*text != '\0') {
        return UNITS_NOT_A_NUMBER;
    }
    *number = value;
    return UNITS_OK;
}

enum units_result units_read_size(const char *text, uint64_t *bytes)
{
    uint64_t value;
    enum units_result result = read_digits(&text, &value);
    if (result != UNITS_OK) {
        return result;
    }
    const struct unit *unit = find_unit(size_units, *text ? text : "B");
    if (!unit) {
        return UNITS_UNKNOWN;
    }
    return multiply(value, unit->factor, bytes) ? UNITS_OK : UNITS_TOO_LARGE;
}

enum units_result units_read_duration(const char *text, uint64_t plain_ms, enum units_m m,
                                      uint64_t *ms)
{
    uint64_t value, factor = plain_ms;
    enum units_result result = read_digits(&text, &value);
    if (result != UNITS_OK) {
        return result;
    }
    if (*text == '\0') {
        if (plain_ms == 0 && value != 0) {
            return UNITS_MISSING;
        }
    } else if (strcmp(text, "m") == 0) {
        if (m == UNITS_M_REFUSED) {
            return UNITS_M_IS_UNCLEAR;
        }
        factor = 30 * DAY_MS;
    } else {
        const struct unit *unit = find_unit(duration_units, text);
        if (!unit) {
            return UNITS_UNKNOWN;
        }
        factor = unit->factor;
    }
    return multiply(value, factor, ms) ? UNITS_OK : UNITS_TOO_LARGE;
}

const char *units_explain(enum units_result result)
{
    switch (result) {
    case UNITS_OK: return "is well";
    case UNITS_NOT_A_NUMBER: return "is not a number";
    case UNITS_LEADING_ZERO: return "begins with a zero; write the number without it";
    case UNITS_UNKNOWN: return "has a unit that is not known";
    case UNITS_MISSING: return "needs a unit: h, d, w, m (months) or y, as 14d";
    case UNITS_M_IS_UNCLEAR: return "is unclear; write min for minutes, or 30d for a month";
    case UNITS_TOO_LARGE: return "is too large";
    }
    return "is not a number";
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hexadecimal_value(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum units_result read_digits(const char **cursor, uint64_t *number)
{
    const char *text = *cursor;
    uint64_t value = 0;
    uint64_t base = 10;
    if (!is_digit(*text)) {
        return UNITS_NOT_A_NUMBER;
    }
    if (text[0] == '0' && (text[1] | 0x20) == 'x' && hexadecimal_value(text[2]) >= 0) {
        base = 16;
        text += 2;
    } else if (text[0] == '0' && is_digit(text[1])) {
        return UNITS_LEADING_ZERO;
    }
    for (;; text++) {
        int digit = base == 16 ? hexadecimal_value(*text) : is_digit(*text) ? *text - '0' : -1;
        if (digit < 0) {
            break;
        }
        if (!multiply(value, base, &value) || value > UINT64_MAX - (uint64_t)digit) {
            return UNITS_TOO_LARGE;
        }
        value += (uint64_t)digit;
    }
    *cursor = text;
    *number = value;
    return UNITS_OK;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
    for (; units->name; units++) {
        if (strcasecmp(units->name, name) == 0) {
            return units;
        }
    }
    return NULL;
}

static bool multiply(uint64_t number, uint64_t factor, uint64_t *product)
{
    if (factor != 0 && number > UINT64_MAX / factor) {
        return false;
    }
    *product = number * factor;
    return true;
}
