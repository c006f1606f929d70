/* suback.c — SUBACK: for each filter asked for, the QoS granted or why there is none. */
#include "wire/suback.h"

#include "wire/frame.h"
#include "wire/properties.h"
#include "wire/reader.h"
#include "wire/reason_code.h"
#include "wire/writer.h"

enum { FAILURE = 0x80 };

static size_t body_size(const struct packet_suback *suback, enum protocol_version version,
                        size_t *properties);
static bool reasons_are_legal(struct bytes reasons, enum protocol_version version);

enum reason_code suback_decode(uint8_t flags, struct bytes body, enum protocol_version version,
                               struct packet_suback *suback)
{
    *suback = (struct packet_suback){0};
    if (!frame_flags_are_legal(PACKET_SUBACK, flags, version))
        return REASON_MALFORMED_PACKET; /* [MQTT-2.1.3-1] [v3 MQTT-2.2.2-2] */
    struct reader reader = reader_of(body);
    suback->packet_id = reader_two_bytes(&reader);
    if (version == PROTOCOL_5) {
        enum reason_code reason = properties_read(&reader, PACKET_SUBACK, &suback->properties);
        if (reason != REASON_SUCCESS)
            return reason;
    }
    suback->reasons = reader_rest(&reader);
    if (reader.failed)
        return REASON_MALFORMED_PACKET;
    if (suback->packet_id == 0 || suback->reasons.size == 0)
        return REASON_PROTOCOL_ERROR;
    for (size_t i = 0; version != PROTOCOL_5 && i < suback->reasons.size; i++)
        if (suback->reasons.data[i] > FAILURE)
            return REASON_PROTOCOL_ERROR; /* [v3 MQTT-3.9.3-2] */
    return reasons_are_legal(suback->reasons, version) ? REASON_SUCCESS : REASON_PROTOCOL_ERROR;
}

size_t suback_size(const struct packet_suback *suback, enum protocol_version version)
{
    size_t properties;
    return packet_size(body_size(suback, version, &properties));
}

size_t suback_encode(const struct packet_suback *suback, enum protocol_version version,
                     uint8_t *out, size_t out_size)
{
    size_t properties;
    size_t body = body_size(suback, version, &properties);
    if (body > BODY_SIZE_MAX)
        return 0;
    struct writer writer = writer_of(out, out_size);
    writer_start(&writer, PACKET_SUBACK, 0, body);
    writer_two_bytes(&writer, suback->packet_id);
    if (version == PROTOCOL_5) {
        properties_write(&writer, &suback->properties, properties);
        writer_bytes(&writer, suback->reasons); /* [MQTT-3.9.3-1] */
    } else {
        for (size_t i = 0; i < suback->reasons.size; i++) { /* [v3 MQTT-3.9.3-1] */
            uint8_t reason = suback->reasons.data[i];
            writer_byte(&writer, reason < FAILURE ? reason : FAILURE); /* [v3 MQTT-3.9.3-2] */
        }
    }
    return (size_t)(writer.at - out);
}

static size_t body_size(const struct packet_suback *suback, enum protocol_version version,
                        size_t *properties)
{
    *properties = 0;
    if (suback->packet_id == 0 || suback->reasons.size == 0 ||
        !reasons_are_legal(suback->reasons, version))
        return UNENCODABLE;
    size_t size = 2 + suback->reasons.size;
    if (version == PROTOCOL_5) {
        *properties = properties_size(&suback->properties, PACKET_SUBACK);
        size += section_size(*properties);
    }
    return size;
}

static bool reasons_are_legal(struct bytes reasons, enum protocol_version version)
{
    for (size_t i = 0; i < reasons.size; i++) {
        uint8_t reason = reasons.data[i];
        if (version == PROTOCOL_5 ? !reason_code_is_allowed((enum reason_code)reason, PACKET_SUBACK)
                                  : reason > 2 && reason < FAILURE)
            return false; /* [MQTT-3.9.3-2] [v3 MQTT-3.9.3-2] */
    }
    return true;
}
