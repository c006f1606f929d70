/* ping.c — are you there? I am. */
#include "wire/ping.h"

#include "wire/frame.h"
#include "wire/writer.h"

enum reason_code ping_decode(enum packet_type type, uint8_t flags, struct bytes body,
                             enum protocol_version version)
{
    if (!frame_flags_are_legal(type, flags, version) || body.size != 0)
        return REASON_MALFORMED_PACKET; /* [MQTT-2.1.3-1] [v3 MQTT-2.2.2-2] */
    return REASON_SUCCESS;
}

size_t ping_encode(enum packet_type type, uint8_t *out, size_t out_size)
{
    struct writer writer = writer_of(out, out_size);
    writer_start(&writer, type, 0, 0);
    return PING_SIZE;
}
