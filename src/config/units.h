/* units.h — "1883", "64KiB", "10min": the numbers a person writes. Pure; nothing is allocated. */
#ifndef MIDGE_CONFIG_UNITS_H
#define MIDGE_CONFIG_UNITS_H

#include <stdint.h>

enum units_result {
    UNITS_OK = 0,
    UNITS_NOT_A_NUMBER,
    UNITS_LEADING_ZERO, /* some read 010 as eight */
    UNITS_UNKNOWN,      /* a number, and then no unit that we know */
    UNITS_MISSING,      /* a number alone means nothing here */
    UNITS_M_IS_UNCLEAR, /* minutes or months? */
    UNITS_TOO_LARGE,    /* beyond 64 bits */
};

enum units_m { UNITS_M_REFUSED, UNITS_M_IS_MONTH };

/* Each reads the whole of `text`, which ends in a zero, and sets its last argument only with
 * UNITS_OK. No sign, no fraction, no blanks. */

/* Decimal, or hexadecimal with 0x. */
enum units_result units_read_number(const char *text, uint64_t *number);

/* B, k KiB M MiB G GiB T TiB (powers of 1024), kB MB GB TB (powers of 1000), large or small;
 * without a unit: bytes. */
enum units_result units_read_size(const char *text, uint64_t *bytes);

/* ms, s, min, h, d, w, y (365 days), and m for months of 30 days where `m` allows it. Without a
 * unit: of `plain_ms` each; 0: refused (but 0 itself needs no unit). */
enum units_result units_read_duration(const char *text, uint64_t plain_ms, enum units_m m,
                                      uint64_t *ms);

/* What is wrong, to stand after "VALUE ": "is not a number", ... */
const char *units_explain(enum units_result result);

#endif
