/* unsuback.c — UNSUBACK: in 3.x a packet identifier, in 5.0 a reason for each filter, too. */
#include "wire/unsuback.h"

#include "wire/frame.h"
#include "wire/properties.h"
#include "wire/reader.h"
#include "wire/reason_code.h"
#include "wire/writer.h"

static size_t body_size(const struct packet_suback *unsuback, enum protocol_version version,
                        size_t *properties);
static bool reasons_are_legal(struct bytes reasons);

enum reason_code unsuback_decode(uint8_t flags, struct bytes body, enum protocol_version version,
                                 struct packet_suback *unsuback)
{
    *unsuback = (struct packet_suback){0};
    if (!frame_flags_are_legal(PACKET_UNSUBACK, flags, version))
        return REASON_MALFORMED_PACKET; /* [MQTT-2.1.3-1] [v3 MQTT-2.2.2-2] */
    struct reader reader = reader_of(body);
    unsuback->packet_id = reader_two_bytes(&reader);
    if (version == PROTOCOL_5) {
        enum reason_code reason = properties_read(&reader, PACKET_UNSUBACK, &unsuback->properties);
        if (reason != REASON_SUCCESS)
            return reason;
        unsuback->reasons = reader_rest(&reader);
    }
    if (!reader_is_finished(&reader))
        return REASON_MALFORMED_PACKET;
    if (unsuback->packet_id == 0)
        return REASON_PROTOCOL_ERROR;
    if (version == PROTOCOL_5 && !reasons_are_legal(unsuback->reasons))
        return REASON_PROTOCOL_ERROR; /* [MQTT-3.11.3-2] */
    return REASON_SUCCESS;
}

size_t unsuback_size(const struct packet_suback *unsuback, enum protocol_version version)
{
    size_t properties;
    return packet_size(body_size(unsuback, version, &properties));
}

size_t unsuback_encode(const struct packet_suback *unsuback, enum protocol_version version,
                       uint8_t *out, size_t out_size)
{
    size_t properties;
    size_t body = body_size(unsuback, version, &properties);
    if (body > BODY_SIZE_MAX)
        return 0;
    struct writer writer = writer_of(out, out_size);
    writer_start(&writer, PACKET_UNSUBACK, 0, body);
    writer_two_bytes(&writer, unsuback->packet_id);
    if (version == PROTOCOL_5) {
        properties_write(&writer, &unsuback->properties, properties);
        writer_bytes(&writer, unsuback->reasons); /* [MQTT-3.11.3-1] */
    }
    return (size_t)(writer.at - out);
}

static size_t body_size(const struct packet_suback *unsuback, enum protocol_version version,
                        size_t *properties)
{
    *properties = 0;
    if (unsuback->packet_id == 0)
        return UNENCODABLE;
    if (version != PROTOCOL_5)
        return 2;
    if (!reasons_are_legal(unsuback->reasons))
        return UNENCODABLE; /* [MQTT-3.11.3-2] */
    *properties = properties_size(&unsuback->properties, PACKET_UNSUBACK);
    return 2 + section_size(*properties) + unsuback->reasons.size;
}

static bool reasons_are_legal(struct bytes reasons)
{
    for (size_t i = 0; i < reasons.size; i++)
        if (!reason_code_is_allowed((enum reason_code)reasons.data[i], PACKET_UNSUBACK))
            return false;
    return reasons.size > 0;
}
