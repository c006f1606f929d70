/* publish.c — PUBLISH, the packet that matters most: both directions stay short and copy only what
 * they must.
 *
 * Of a PUBLISH of 5.0 only what the receiver acts on is put into fields; the rest travels on as the
 * bytes it came in. What can go wrong is listed in publish.h. */
#include "wire/publish.h"

#include <assert.h>

#include "base/utf8.h"
#include "topic/topic_name.h"
#include "wire/properties.h"
#include "wire/reader.h"
#include "wire/writer.h"

enum { FLAG_DUP = 8, FLAG_RETAIN = 1 };

static inline enum reason_code decode(uint8_t flags, struct bytes body,
                                      enum protocol_version version, bool is_from_client,
                                      struct packet_publish *publish);
static enum reason_code judge_topic(const struct packet_publish *publish,
                                    enum protocol_version version);
static inline size_t body_size(const struct packet_publish *publish, enum protocol_version version,
                               size_t *properties);

enum reason_code publish_decode(uint8_t flags, struct bytes body, enum protocol_version version,
                                struct packet_publish *publish)
{
    return decode(flags, body, version, false, publish);
}

enum reason_code publish_decode_from_client(uint8_t flags, struct bytes body,
                                            enum protocol_version version,
                                            struct packet_publish *publish)
{
    return decode(flags, body, version, true, publish);
}

size_t publish_size(const struct packet_publish *publish, enum protocol_version version)
{
    size_t properties;
    return packet_size(body_size(publish, version, &properties));
}

size_t publish_encode(const struct packet_publish *publish, enum protocol_version version,
                      uint8_t *out, size_t out_size)
{
    size_t header = publish_encode_header(publish, version, out, out_size);
    if (header == 0)
        return 0;
    struct writer writer = writer_of(out + header, out_size - header);
    writer_bytes(&writer, publish->payload);
    return header + publish->payload.size;
}

size_t publish_header_size(const struct packet_publish *publish, enum protocol_version version)
{
    size_t size = publish_size(publish, version);
    return size == 0 ? 0 : size - publish->payload.size;
}

size_t publish_encode_header(const struct packet_publish *publish, enum protocol_version version,
                             uint8_t *out, size_t out_size)
{
    size_t properties;
    size_t body = body_size(publish, version, &properties);
    if (body > BODY_SIZE_MAX)
        return 0;
    uint8_t flags = (uint8_t)((publish->dup ? FLAG_DUP : 0) | publish->qos << 1 |
                              (publish->retain ? FLAG_RETAIN : 0));
    struct writer writer = writer_of(out, out_size);
    writer_start(&writer, PACKET_PUBLISH, flags, body);
    writer_text(&writer, publish->topic); /* [MQTT-3.3.2-1] */
    if (publish->qos > 0)                 /* [MQTT-2.2.1-2] */
        writer_two_bytes(&writer, publish->packet_id);
    if (version == PROTOCOL_5)
        properties_write_publish(&writer, publish, properties);
    return (size_t)(writer.at - out);
}

void publish_copy_passed_on(const struct packet_publish *publish, uint8_t *out)
{
    if (publish->passed_on_size == 0)
        return;
    if (publish->passed_on_size == publish->properties.size) {
        memcpy(out, publish->properties.data, publish->properties.size);
        return;
    }
    size_t copied = properties_copy_passed_on(publish->properties, out);
    assert(copied == publish->passed_on_size);
}

static inline enum reason_code decode(uint8_t flags, struct bytes body,
                                      enum protocol_version version, bool is_from_client,
                                      struct packet_publish *publish)
{
    /* Field by field: for a struct of this size, the compiler's own way of clearing it would be
     * half of the work. */
    publish->dup = (flags & FLAG_DUP) != 0;
    publish->retain = (flags & FLAG_RETAIN) != 0;
    publish->qos = flags >> 1 & 3;
    publish->packet_id = 0;
    publish->topic_alias = 0;
    publish->has_message_expiry = false;
    publish->message_expiry_interval_s = 0;
    publish->payload = publish->topic = publish->properties = bytes_of(NULL, 0);
    publish->passed_on_size = 0;
    publish->subscription_ids = NULL;
    publish->subscription_id_count = 0;
    if (publish->qos == 3)
        return REASON_MALFORMED_PACKET; /* [MQTT-3.3.1-4] [v3 MQTT-3.3.1-4] */
    if (publish->qos == 0 && publish->dup)
        return REASON_MALFORMED_PACKET; /* [MQTT-3.3.1-2] [v3 MQTT-3.3.1-2] */

    struct reader reader = reader_of(body);
    publish->topic = reader_binary(&reader); /* [MQTT-3.3.2-1] [v3 MQTT-3.3.2-1] */
    if (publish->qos > 0) {                  /* [MQTT-2.2.1-2] [v3 MQTT-2.3.1-5] */
        publish->packet_id = reader_two_bytes(&reader);
        if (publish->packet_id == 0 && !reader.failed)
            return REASON_PROTOCOL_ERROR; /* [MQTT-2.2.1-3] [MQTT-2.2.1-4] [v3 MQTT-2.3.1-1] */
    }
    if (version == PROTOCOL_5) {
        enum reason_code reason = properties_read_publish(&reader, is_from_client, publish);
        if (reason != REASON_SUCCESS)
            return reason;
    }
    publish->payload = reader_rest(&reader);
    if (reader.failed)
        return REASON_MALFORMED_PACKET;
    if (topic_name_is_valid(publish->topic))
        return REASON_SUCCESS;
    return judge_topic(publish, version);
}

/* The topic is no legal name: is it an alias's, and if not, what is wrong with it? */
static enum reason_code judge_topic(const struct packet_publish *publish,
                                    enum protocol_version version)
{
    if (version != PROTOCOL_5)
        return REASON_MALFORMED_PACKET; /* [v3 MQTT-3.3.2-2] [v3 MQTT-4.7.3-1] [v3 MQTT-4.7.3-2] */
    if (publish->topic.size == 0)       /* sections 3.3.2.1, 3.3.2.3.4 */
        return publish->topic_alias != 0 ? REASON_SUCCESS : REASON_PROTOCOL_ERROR;
    if (!utf8_is_valid(publish->topic))
        return REASON_MALFORMED_PACKET; /* [MQTT-1.5.4-1] [MQTT-1.5.4-2] */
    return REASON_TOPIC_NAME_INVALID;   /* [MQTT-3.3.2-2] [MQTT-4.7.0-1] */
}

/* Also measures the property section, in 5.0. */
static inline size_t body_size(const struct packet_publish *publish, enum protocol_version version,
                               size_t *properties)
{
    if (publish->qos > 2)
        return UNENCODABLE; /* [MQTT-3.3.1-4] [v3 MQTT-3.3.1-4] */
    if (publish->qos > 0 ? publish->packet_id == 0 : publish->dup)
        return UNENCODABLE; /* [MQTT-2.2.1-3] [MQTT-2.2.1-4] [MQTT-3.3.1-2] [v3 MQTT-2.3.1-1]
                               [v3 MQTT-2.3.1-4] [v3 MQTT-3.3.1-2] */
    if (publish->topic.size == 0 && (version != PROTOCOL_5 || publish->topic_alias == 0))
        return UNENCODABLE; /* [MQTT-4.7.3-1] [v3 MQTT-4.7.3-1] */
    size_t size = text_size(publish->topic) + (publish->qos > 0 ? 2 : 0) + publish->payload.size;
    *properties = 0;
    if (version == PROTOCOL_5) {
        *properties = properties_publish_size(publish);
        size += section_size(*properties);
    }
    return size;
}
