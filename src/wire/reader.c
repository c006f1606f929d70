/* reader.c — the parts of the reader that are too long to be inlined everywhere. */
#include "wire/reader.h"

#include "base/utf8.h"

uint32_t reader_four_bytes(struct reader *reader)
{
    uint32_t high = reader_two_bytes(reader);
    return high << 16 | reader_two_bytes(reader);
}

uint32_t reader_variable(struct reader *reader)
{
    uint32_t value = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        uint8_t byte = reader_byte(reader);
        value |= (uint32_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            if (byte != 0 || shift == 0)
                return value;
            break; /* a last byte of zero adds nothing: not the shortest form [MQTT-1.5.5-1] */
        }
    }
    reader_fail(reader);
    return 0;
}

struct bytes reader_text(struct reader *reader)
{
    struct bytes text = reader_binary(reader);
    if (!utf8_is_valid(
            text)) { /* [MQTT-1.5.4-1] [MQTT-1.5.4-2] [v3 MQTT-1.5.3-1] [v3 MQTT-1.5.3-2] */
        reader_fail(reader);
        return bytes_of(reader->at, 0);
    }
    return text;
}
