/* fuzz_frame.c — frame_read, asked with ever more of the input: it may not change its mind. */
#include <stdlib.h>

#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { PREFIXES_MAX = 64 };
    struct frame whole;
    enum frame_result verdict = frame_read(bytes_of(data, size), &whole);
    if (verdict == FRAME_WHOLE) {
        demand(whole.size >= 2 && whole.size <= size);
        demand(whole.body.data + whole.body.size == data + whole.size);
    }
    for (size_t cut = 0; cut < size && cut < PREFIXES_MAX; cut++) {
        struct frame frame;
        enum frame_result result = frame_read(bytes_of(data, cut), &frame);
        demand(result != FRAME_WHOLE || (verdict == FRAME_WHOLE && frame.size == whole.size));
        demand(result != FRAME_MALFORMED || verdict == FRAME_MALFORMED);
        demand(result != FRAME_INCOMPLETE || frame.size == 0 || frame.size > cut);
        demand(frame.size == 0 || frame.size == whole.size);
        demand(cut == 0 || (frame.type == whole.type && frame.flags == whole.flags));
    }
    return 0;
}
