/* packet_walk.c — the fixed header (MQTT 5.0 section 2.1), a byte at a time. A length of more than
 * four bytes is for umqtt to refuse; the walk merely goes on. */
#include "cli/packet_walk.h"

size_t packet_walk_step(struct packet_walk *walk, const uint8_t *data, size_t size)
{
    size_t at = 0;
    if (walk->left == 0 && !walk->in_length) {
        walk->in_length = 1;
        walk->shift = 0;
        at++; /* type and flags */
    }
    while (walk->in_length && at < size) {
        uint8_t byte = data[at++];
        walk->left |= (size_t)(byte & 0x7F) << walk->shift;
        walk->shift += 7;
        walk->in_length = (byte & 0x80) != 0 && walk->shift < 28;
    }
    if (walk->in_length) {
        return size;
    }
    size_t step = walk->left < size - at ? walk->left : size - at;
    walk->left -= step;
    return at + step;
}
