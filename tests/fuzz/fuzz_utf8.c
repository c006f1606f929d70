/* fuzz_utf8.c — the check by words against a check by bytes, at every alignment. */
#include <stdlib.h>

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where the well-formed text that starts at `data` ends, one character at a time: each is given to
 * the check alone, so that it never sees eight bytes. */
static bool is_valid_by_characters(const uint8_t *data, size_t size)
{
    while (size > 0) {
        size_t count = 1;
        while (count < size && count < 4 && (data[count] & 0xC0) == 0x80) {
            count++;
        }
        if (!utf8_is_valid(bytes_of(data, count))) {
            return false;
        }
        data += count;
        size -= count;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool is_valid = utf8_is_valid(bytes_of(data, size));
    if (is_valid != is_valid_by_characters(data, size)) {
        abort();
    }
    /* A valid text stays valid behind one more character of ASCII. */
    uint8_t *shifted = malloc(size + 1);
    if (shifted) {
        shifted[0] = 'x';
        if (size > 0) {
            memcpy(shifted + 1, data, size);
        }
        if (utf8_is_valid(bytes_of(shifted, size + 1)) != is_valid) {
            abort();
        }
        free(shifted);
    }
    return 0;
}
