/* auth.c — AUTH: steps of an enhanced authentication, whose data nobody here understands.
 *
 * Success without properties is an empty packet; anything else names the method it belongs to. */
#include "wire/auth.h"

#include "wire/frame.h"
#include "wire/properties.h"
#include "wire/reader.h"
#include "wire/reason_code.h"
#include "wire/writer.h"

static bool is_legal(const struct packet_disconnect *auth);
static size_t body_size(const struct packet_disconnect *auth, size_t *properties);

enum reason_code auth_decode(uint8_t flags, struct bytes body, struct packet_disconnect *auth)
{
    *auth = (struct packet_disconnect){0};
    if (!frame_flags_are_legal(PACKET_AUTH, flags, PROTOCOL_5))
        return REASON_MALFORMED_PACKET; /* [MQTT-3.15.1-1] */
    struct reader reader = reader_of(body);
    if (reader_left(&reader) > 0) {
        auth->reason = reader_byte(&reader);
        if (reader_left(&reader) > 0) {
            enum reason_code reason = properties_read(&reader, PACKET_AUTH, &auth->properties);
            if (reason != REASON_SUCCESS)
                return reason;
        }
    }
    if (!reader_is_finished(&reader))
        return REASON_MALFORMED_PACKET;
    return is_legal(auth) ? REASON_SUCCESS : REASON_PROTOCOL_ERROR;
}

size_t auth_size(const struct packet_disconnect *auth)
{
    size_t properties;
    return packet_size(body_size(auth, &properties));
}

size_t auth_encode(const struct packet_disconnect *auth, uint8_t *out, size_t out_size)
{
    size_t properties;
    size_t body = body_size(auth, &properties);
    if (body > BODY_SIZE_MAX)
        return 0;
    struct writer writer = writer_of(out, out_size);
    writer_start(&writer, PACKET_AUTH, 0, body); /* [MQTT-3.15.1-1] */
    if (body > 0) {
        writer_byte(&writer, auth->reason);
        properties_write(&writer, &auth->properties, properties);
    }
    return (size_t)(writer.at - out);
}

static bool is_legal(const struct packet_disconnect *auth)
{
    if (!reason_code_is_allowed((enum reason_code)auth->reason, PACKET_AUTH))
        return false; /* [MQTT-3.15.2-1] */
    return auth->reason == REASON_SUCCESS ||
           properties_have(&auth->properties,
                           PROPERTY_authentication_method); /* section 3.15.2.2.2 */
}

static size_t body_size(const struct packet_disconnect *auth, size_t *properties)
{
    *properties = 0;
    if (!is_legal(auth))
        return UNENCODABLE;
    if (auth->properties.present == 0)
        return 0;
    *properties = properties_size(&auth->properties, PACKET_AUTH);
    return 1 + section_size(*properties);
}
