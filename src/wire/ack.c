/* ack.c — the four packets of the QoS 1 and 2 handshakes, alike but for their type.
 *
 * In 3.x they are a packet identifier. In 5.0 a reason and properties may follow; success without
 * properties is left out, so that nearly all of them take four bytes in any version. */
#include "wire/ack.h"

#include "wire/frame.h"
#include "wire/properties.h"
#include "wire/reader.h"
#include "wire/reason_code.h"
#include "wire/writer.h"

static size_t body_size(enum packet_type type, const struct packet_ack *ack,
                        enum protocol_version version, size_t *properties);

enum reason_code ack_decode(enum packet_type type, uint8_t flags, struct bytes body,
                            enum protocol_version version, struct packet_ack *ack)
{
    if (!frame_flags_are_legal(type, flags, version))
        return REASON_MALFORMED_PACKET; /* [MQTT-2.1.3-1] [MQTT-3.6.1-1] [v3 MQTT-3.6.1-1] */
    struct reader reader = reader_of(body);
    ack->packet_id = reader_two_bytes(&reader);
    ack->reason = REASON_SUCCESS;
    ack->properties.present = 0;
    if (version == PROTOCOL_5 && reader_left(&reader) > 0) {
        ack->reason = reader_byte(&reader);
        if (!reason_code_is_allowed((enum reason_code)ack->reason, type))
            return REASON_PROTOCOL_ERROR; /* [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1]
                                             [MQTT-3.7.2-1] */
        if (reader_left(&reader) > 0) {
            enum reason_code reason = properties_read(&reader, type, &ack->properties);
            if (reason != REASON_SUCCESS)
                return reason;
        }
    }
    if (!reader_is_finished(&reader))
        return REASON_MALFORMED_PACKET;
    return ack->packet_id != 0 ? REASON_SUCCESS : REASON_PROTOCOL_ERROR; /* section 2.2.1 */
}

size_t ack_size(enum packet_type type, const struct packet_ack *ack, enum protocol_version version)
{
    size_t properties;
    return packet_size(body_size(type, ack, version, &properties));
}

size_t ack_encode(enum packet_type type, const struct packet_ack *ack,
                  enum protocol_version version, uint8_t *out, size_t out_size)
{
    size_t properties;
    size_t body = body_size(type, ack, version, &properties);
    if (body > BODY_SIZE_MAX)
        return 0;
    struct writer writer = writer_of(out, out_size);
    writer_start(&writer, type, frame_flags_of(type), body); /* [MQTT-3.6.1-1] [v3 MQTT-3.6.1-1] */
    writer_two_bytes(&writer, ack->packet_id);
    if (body > 2)
        writer_byte(&writer, ack->reason);
    if (body > 3)
        properties_write(&writer, &ack->properties, properties);
    return (size_t)(writer.at - out);
}

/* 2: the packet identifier alone; 3: and a reason; more: and properties. */
static size_t body_size(enum packet_type type, const struct packet_ack *ack,
                        enum protocol_version version, size_t *properties)
{
    *properties = 0;
    if (ack->packet_id == 0)
        return UNENCODABLE;
    if (version != PROTOCOL_5)
        return 2;
    if (!reason_code_is_allowed((enum reason_code)ack->reason, type))
        return UNENCODABLE; /* [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1] */
    if (ack->properties.present == 0)
        return ack->reason == REASON_SUCCESS ? 2 : 3;
    *properties = properties_size(&ack->properties, type);
    return 3 + section_size(*properties);
}
