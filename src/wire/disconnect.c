/* disconnect.c — DISCONNECT: the last packet, in 5.0 with a reason and from either side.
 *
 * Success without properties is left out, and so are no properties: two, three or more bytes. */
#include "wire/disconnect.h"

#include "wire/frame.h"
#include "wire/properties.h"
#include "wire/reader.h"
#include "wire/reason_code.h"
#include "wire/writer.h"

static size_t body_size(const struct packet_disconnect *disconnect, enum protocol_version version,
                        size_t *properties);

enum reason_code disconnect_decode(uint8_t flags, struct bytes body, enum protocol_version version,
                                   struct packet_disconnect *disconnect)
{
    *disconnect = (struct packet_disconnect){0};
    if (!frame_flags_are_legal(PACKET_DISCONNECT, flags, version))
        return REASON_MALFORMED_PACKET; /* [MQTT-3.14.1-1] [v3 MQTT-3.14.1-1] */
    struct reader reader = reader_of(body);
    if (version == PROTOCOL_5 && reader_left(&reader) > 0) {
        disconnect->reason = reader_byte(&reader);
        if (!reason_code_is_allowed((enum reason_code)disconnect->reason, PACKET_DISCONNECT))
            return REASON_PROTOCOL_ERROR; /* [MQTT-3.14.2-1] */
        if (reader_left(&reader) > 0) {
            enum reason_code reason =
                properties_read(&reader, PACKET_DISCONNECT, &disconnect->properties);
            if (reason != REASON_SUCCESS)
                return reason;
        }
    }
    return reader_is_finished(&reader) ? REASON_SUCCESS : REASON_MALFORMED_PACKET;
}

size_t disconnect_size(const struct packet_disconnect *disconnect, enum protocol_version version)
{
    size_t properties;
    return packet_size(body_size(disconnect, version, &properties));
}

size_t disconnect_encode(const struct packet_disconnect *disconnect, enum protocol_version version,
                         uint8_t *out, size_t out_size)
{
    size_t properties;
    size_t body = body_size(disconnect, version, &properties);
    if (body > BODY_SIZE_MAX)
        return 0;
    struct writer writer = writer_of(out, out_size);
    writer_start(&writer, PACKET_DISCONNECT, 0, body); /* [MQTT-3.14.1-1] [v3 MQTT-3.14.1-1] */
    if (body > 0)
        writer_byte(&writer, disconnect->reason);
    if (body > 1)
        properties_write(&writer, &disconnect->properties, properties);
    return (size_t)(writer.at - out);
}

static size_t body_size(const struct packet_disconnect *disconnect, enum protocol_version version,
                        size_t *properties)
{
    *properties = 0;
    if (version != PROTOCOL_5)
        return 0;
    if (!reason_code_is_allowed((enum reason_code)disconnect->reason, PACKET_DISCONNECT))
        return UNENCODABLE; /* [MQTT-3.14.2-1] */
    if (disconnect->properties.present == 0)
        return disconnect->reason == REASON_SUCCESS ? 0 : 1;
    *properties = properties_size(&disconnect->properties, PACKET_DISCONNECT);
    return 1 + section_size(*properties);
}
