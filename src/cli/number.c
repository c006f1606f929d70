/* number.c — strtoll, and the checks that belong to it. */
#include "cli/number.h"

#include <errno.h>
#include <stdlib.h>

bool number_read(const char *text, int64_t min, int64_t max, int64_t *number)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < min || value > max) {
        return false;
    }
    *number = value;
    return true;
}
