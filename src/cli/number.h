/* number.h — a whole number as a person writes it. */
#ifndef MIDGE_CLI_NUMBER_H
#define MIDGE_CLI_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal, between the bounds, and nothing else in `text`; else false and *number untouched. */
bool number_read(const char *text, int64_t min, int64_t max, int64_t *number);

#endif
