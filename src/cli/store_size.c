/* store_size.c — see store_size.h. */
#include "cli/store_size.h"

#include <stdio.h>

const char *store_size_text(uint64_t size, char text[STORE_SIZE_TEXT])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (size < 1024) {
        snprintf(text, STORE_SIZE_TEXT, "%llu bytes", (unsigned long long)size);
        return text;
    }
    double value = (double)size / 1024;
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1024;
        unit++;
    }
    snprintf(text, STORE_SIZE_TEXT, "%.1f %s", value, units[unit]);
    return text;
}
