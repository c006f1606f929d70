/* connack.c — CONNACK: in, and with how much of an earlier session; or not in, and why. */
#include "wire/connack.h"

#include "wire/frame.h"
#include "wire/properties.h"
#include "wire/reader.h"
#include "wire/reason_code.h"
#include "wire/writer.h"

static bool reason_is_legal(const struct packet_connack *connack, enum protocol_version version);
static size_t body_size(const struct packet_connack *connack, enum protocol_version version,
                        size_t *properties);

enum reason_code connack_decode(uint8_t flags, struct bytes body, enum protocol_version version,
                                struct packet_connack *connack)
{
    *connack = (struct packet_connack){0};
    struct reader reader = reader_of(body);
    uint8_t acknowledge_flags = reader_byte(&reader);
    connack->reason = reader_byte(&reader);
    if (!frame_flags_are_legal(PACKET_CONNACK, flags, version) || reader.failed)
        return REASON_MALFORMED_PACKET; /* [MQTT-2.1.3-1] [v3 MQTT-2.2.2-2] */
    if (version != PROTOCOL_3_1) {      /* in 3.1 that byte means nothing */
        if (acknowledge_flags > 1)
            return REASON_MALFORMED_PACKET; /* [MQTT-3.2.2-1] */
        connack->session_present = acknowledge_flags == 1;
    }
    if (!reason_is_legal(connack, version))
        return REASON_PROTOCOL_ERROR;
    if (version == PROTOCOL_5) {
        enum reason_code reason = properties_read(&reader, PACKET_CONNACK, &connack->properties);
        if (reason != REASON_SUCCESS)
            return reason;
    }
    return reader_is_finished(&reader) ? REASON_SUCCESS : REASON_MALFORMED_PACKET;
}

size_t connack_size(const struct packet_connack *connack, enum protocol_version version)
{
    size_t properties;
    return packet_size(body_size(connack, version, &properties));
}

size_t connack_encode(const struct packet_connack *connack, enum protocol_version version,
                      uint8_t *out, size_t out_size)
{
    size_t properties;
    size_t body = body_size(connack, version, &properties);
    if (body > BODY_SIZE_MAX)
        return 0;
    struct writer writer = writer_of(out, out_size);
    writer_start(&writer, PACKET_CONNACK, 0, body);
    writer_byte(&writer, connack->session_present && version != PROTOCOL_3_1); /* [MQTT-3.2.2-1] */
    writer_byte(&writer, connack->reason);
    if (version == PROTOCOL_5)
        properties_write(&writer, &connack->properties, properties);
    return (size_t)(writer.at - out);
}

static bool reason_is_legal(const struct packet_connack *connack, enum protocol_version version)
{
    if (connack->session_present && connack->reason != 0)
        return false; /* [MQTT-3.2.2-6] [v3 MQTT-3.2.2-4] */
    if (version != PROTOCOL_5)
        return connack->reason <= RETURN_NOT_AUTHORIZED;
    return reason_code_is_allowed((enum reason_code)connack->reason,
                                  PACKET_CONNACK); /* [MQTT-3.2.2-8] */
}

static size_t body_size(const struct packet_connack *connack, enum protocol_version version,
                        size_t *properties)
{
    *properties = 0;
    if (!reason_is_legal(connack, version))
        return UNENCODABLE;
    if (version != PROTOCOL_5)
        return 2;
    *properties = properties_size(&connack->properties, PACKET_CONNACK);
    return 2 + section_size(*properties);
}
