/* frame.c — finds where a packet ends, so that nobody decodes half of one.
 *
 * The happy path is a length of one byte and all its bytes at hand. The length may still be on its
 * way (incomplete), or be no length at all (malformed); how long a packet may be is the caller's
 * limit, which is why `size` is told before the bytes have come. */
#include "wire/frame.h"

enum { LENGTH_BYTES_MAX = 4 };

enum frame_result frame_read(struct bytes input, struct frame *frame)
{
    *frame = (struct frame){0};
    if (input.size == 0)
        return FRAME_INCOMPLETE;
    frame->type = input.data[0] >> 4;
    frame->flags = input.data[0] & 0x0F;

    size_t length = 0;
    size_t header_size = 1;
    for (unsigned shift = 0;; shift += 7) {
        if (header_size > LENGTH_BYTES_MAX)
            return FRAME_MALFORMED;
        if (header_size == input.size)
            return FRAME_INCOMPLETE;
        uint8_t byte = input.data[header_size++];
        length |= (size_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            if (byte == 0 && shift > 0)
                return FRAME_MALFORMED; /* [MQTT-1.5.5-1] */
            break;
        }
    }
    frame->size = header_size + length;
    if (input.size < frame->size)
        return FRAME_INCOMPLETE;
    frame->body = bytes_of(input.data + header_size, length);
    return FRAME_WHOLE;
}
