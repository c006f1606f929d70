/* connect.c — CONNECT, the packet that says who, how, and in which version.
 *
 * It is the first packet of everybody, friend or not: name, level and flags are judged before
 * anything else is looked at. The reasons for a refusal are listed in connect.h. */
#include "wire/connect.h"

#include "topic/topic_name.h"
#include "wire/frame.h"
#include "wire/properties.h"
#include "wire/reader.h"
#include "wire/writer.h"

enum {
    FLAG_RESERVED = 0x01,
    FLAG_CLEAN_START = 0x02,
    FLAG_WILL = 0x04,
    FLAG_WILL_QOS_SHIFT = 3,
    FLAGS_WILL_QOS = 0x18,
    FLAG_WILL_RETAIN = 0x20,
    FLAG_PASSWORD = 0x40,
    FLAG_USER_NAME = 0x80,

    LEVEL_BRIDGE = 0x80, /* added to the level by mosquitto's bridges, in 3.x */
};

struct connect_sizes {
    size_t body, properties, will_properties;
};

static enum reason_code read_version(struct reader *reader, struct packet_connect *connect);
static enum reason_code read_flags(struct reader *reader, struct packet_connect *connect);
static enum reason_code read_will(struct reader *reader, enum protocol_version version,
                                  struct packet_will *will);
static void read_credentials(struct reader *reader, struct packet_connect *connect);
static struct connect_sizes measure(const struct packet_connect *connect);
static uint8_t flags_of(const struct packet_connect *connect);

enum reason_code connect_decode(uint8_t flags, struct bytes body, struct packet_connect *connect)
{
    *connect = (struct packet_connect){.version = PROTOCOL_3_1_1};
    if (!frame_flags_are_legal(PACKET_CONNECT, flags, PROTOCOL_3_1_1))
        return REASON_MALFORMED_PACKET; /* [MQTT-2.1.3-1] [v3 MQTT-2.2.2-2] */
    struct reader reader = reader_of(body);
    enum reason_code reason = read_version(&reader, connect);
    if (reason == REASON_SUCCESS)
        reason = read_flags(&reader, connect);
    if (reason != REASON_SUCCESS)
        return reason;
    connect->keep_alive_s = reader_two_bytes(&reader);
    if (connect->version == PROTOCOL_5) {
        reason = properties_read(&reader, PACKET_CONNECT, &connect->properties);
        if (reason != REASON_SUCCESS)
            return reason;
    }
    /* [MQTT-3.1.3-1] [MQTT-3.1.3-3] [MQTT-3.1.3-4] [v3 MQTT-3.1.3-1] [v3 MQTT-3.1.3-3] */
    connect->client_id = reader_text(&reader);
    if (connect->has_will) {
        reason = read_will(&reader, connect->version, &connect->will);
        if (reason != REASON_SUCCESS)
            return reason;
    }
    read_credentials(&reader, connect);
    return reader_is_finished(&reader) ? REASON_SUCCESS : REASON_MALFORMED_PACKET;
}

size_t connect_size(const struct packet_connect *connect)
{
    return packet_size(measure(connect).body);
}

size_t connect_encode(const struct packet_connect *connect, uint8_t *out, size_t out_size)
{
    struct connect_sizes sizes = measure(connect);
    if (sizes.body > BODY_SIZE_MAX)
        return 0;
    enum protocol_version version = connect->version;
    struct writer writer = writer_of(out, out_size);
    writer_start(&writer, PACKET_CONNECT, 0, sizes.body);
    writer_text(&writer, version == PROTOCOL_3_1 ? BYTES("MQIsdp") : BYTES("MQTT"));
    writer_byte(&writer, (uint8_t)(version | (connect->is_bridge ? LEVEL_BRIDGE : 0)));
    writer_byte(&writer, flags_of(connect));
    writer_two_bytes(&writer, connect->keep_alive_s);
    if (version == PROTOCOL_5)
        properties_write(&writer, &connect->properties, sizes.properties);
    writer_text(&writer, connect->client_id); /* [MQTT-3.1.3-1] [MQTT-3.1.3-3] [v3 MQTT-3.1.3-1] */
    if (connect->has_will) {                  /* [MQTT-3.1.2-9] [v3 MQTT-3.1.2-9] */
        if (version == PROTOCOL_5)
            properties_write(&writer, &connect->will.properties, sizes.will_properties);
        writer_text(&writer, connect->will.topic);
        writer_text(&writer, connect->will.payload);
    }
    if (connect->has_user_name) /* [MQTT-3.1.2-16] [MQTT-3.1.2-17] [v3 MQTT-3.1.2-19] */
        writer_text(&writer, connect->user_name);
    if (connect->has_password) /* [MQTT-3.1.2-18] [MQTT-3.1.2-19] [v3 MQTT-3.1.2-21] */
        writer_text(&writer, connect->password);
    return (size_t)(writer.at - out);
}

/* Protocol name and level. */
static enum reason_code read_version(struct reader *reader, struct packet_connect *connect)
{
    struct bytes name = reader_binary(reader);
    uint8_t level = reader_byte(reader);
    if (reader->failed)
        return REASON_MALFORMED_PACKET;
    if (bytes_equal(name, BYTES("MQTT"))) { /* [MQTT-3.1.2-1] [v3 MQTT-3.1.2-1] */
        if (level == PROTOCOL_5) {
            connect->version = PROTOCOL_5;
            return REASON_SUCCESS;
        }
        connect->version = level > PROTOCOL_5 && level < LEVEL_BRIDGE ? PROTOCOL_5 : PROTOCOL_3_1_1;
        connect->is_bridge = level == (PROTOCOL_3_1_1 | LEVEL_BRIDGE);
        if (level == PROTOCOL_3_1_1 || connect->is_bridge)
            return REASON_SUCCESS;
    } else if (bytes_equal(name, BYTES("MQIsdp"))) {
        connect->version = PROTOCOL_3_1;
        connect->is_bridge = level == (PROTOCOL_3_1 | LEVEL_BRIDGE);
        if (level == PROTOCOL_3_1 || connect->is_bridge)
            return REASON_SUCCESS;
    }
    return REASON_UNSUPPORTED_PROTOCOL_VERSION; /* [MQTT-3.1.2-2] [v3 MQTT-3.1.2-2] */
}

/* The connect flags must not contradict each other. */
static enum reason_code read_flags(struct reader *reader, struct packet_connect *connect)
{
    uint8_t flags = reader_byte(reader);
    connect->clean_start = (flags & FLAG_CLEAN_START) != 0;
    connect->has_will = (flags & FLAG_WILL) != 0;
    connect->will.qos = (flags & FLAGS_WILL_QOS) >> FLAG_WILL_QOS_SHIFT;
    connect->will.retain = (flags & FLAG_WILL_RETAIN) != 0;
    connect->has_user_name = (flags & FLAG_USER_NAME) != 0;
    connect->has_password = (flags & FLAG_PASSWORD) != 0;
    if (flags & FLAG_RESERVED)
        return REASON_MALFORMED_PACKET; /* [MQTT-3.1.2-3] [v3 MQTT-3.1.2-3] */
    if (!connect->has_will && (connect->will.qos != 0 || connect->will.retain))
        return REASON_MALFORMED_PACKET; /* [MQTT-3.1.2-11] [MQTT-3.1.2-13] [v3 MQTT-3.1.2-11]
                                           [v3 MQTT-3.1.2-13] [v3 MQTT-3.1.2-15] */
    if (connect->will.qos > 2)
        return REASON_MALFORMED_PACKET; /* [MQTT-3.1.2-12] [v3 MQTT-3.1.2-14] */
    if (connect->has_password && !connect->has_user_name && connect->version != PROTOCOL_5)
        return REASON_MALFORMED_PACKET; /* [v3 MQTT-3.1.2-22] */
    return REASON_SUCCESS;
}

static enum reason_code read_will(struct reader *reader, enum protocol_version version,
                                  struct packet_will *will)
{
    if (version == PROTOCOL_5) {
        struct reader ahead = *reader;
        will->property_bytes = reader_section(&ahead);
        enum reason_code reason = properties_read(reader, PROPERTIES_OF_WILL, &will->properties);
        if (reason != REASON_SUCCESS)
            return reason;
    }
    will->topic = reader_text(reader); /* [MQTT-3.1.3-11] [v3 MQTT-3.1.3-10] */
    will->payload = reader_binary(reader);
    if (reader->failed)
        return REASON_MALFORMED_PACKET;
    if (!topic_name_is_valid(will->topic)) /* [MQTT-4.7.0-1] [MQTT-4.7.3-1] [v3 MQTT-4.7.1-1] */
        return version == PROTOCOL_5 ? REASON_TOPIC_NAME_INVALID : REASON_MALFORMED_PACKET;
    return REASON_SUCCESS;
}

static void read_credentials(struct reader *reader, struct packet_connect *connect)
{
    /* 3.1 lets clients set the flags and then leave the strings out. */
    bool may_be_missing = connect->version == PROTOCOL_3_1 && !reader->failed;
    if (may_be_missing && reader_left(reader) == 0)
        connect->has_user_name = false;
    if (connect->has_user_name) /* [MQTT-3.1.2-17] [MQTT-3.1.3-12] [v3 MQTT-3.1.3-11] */
        connect->user_name = reader_text(reader);
    if (may_be_missing && reader_left(reader) == 0)
        connect->has_password = false;
    if (connect->has_password) /* [MQTT-3.1.2-19] [v3 MQTT-3.1.2-21] */
        connect->password = reader_binary(reader);
}

static struct connect_sizes measure(const struct packet_connect *connect)
{
    const struct packet_will *will = &connect->will;
    struct connect_sizes sizes = {.body = UNENCODABLE};
    enum protocol_version version = connect->version;
    if (version == PROTOCOL_5 ? connect->is_bridge
                              : connect->has_password && !connect->has_user_name)
        return sizes; /* [v3 MQTT-3.1.2-22] */
    if (connect->has_will && (will->qos > 2 || will->topic.size == 0))
        return sizes; /* [MQTT-3.1.2-12] [MQTT-4.7.3-1] [v3 MQTT-3.1.2-14] [v3 MQTT-4.7.3-1] */

    size_t body = 2 + (version == PROTOCOL_3_1 ? 6 : 4) + 1 + 1 + 2 + text_size(connect->client_id);
    if (version == PROTOCOL_5) {
        sizes.properties = properties_size(&connect->properties, PACKET_CONNECT);
        body += section_size(sizes.properties);
    }
    if (connect->has_will) {
        if (version == PROTOCOL_5) {
            sizes.will_properties = properties_size(&will->properties, PROPERTIES_OF_WILL);
            body += section_size(sizes.will_properties);
        }
        body += text_size(will->topic) + text_size(will->payload);
    }
    if (connect->has_user_name)
        body += text_size(connect->user_name);
    if (connect->has_password)
        body += text_size(connect->password);
    sizes.body = body;
    return sizes;
}

static uint8_t flags_of(const struct packet_connect *connect)
{
    unsigned flags = connect->clean_start ? FLAG_CLEAN_START : 0;
    if (connect->has_will) { /* [MQTT-3.1.2-11] [MQTT-3.1.2-13] [v3 MQTT-3.1.2-11] */
        flags |= FLAG_WILL | (unsigned)connect->will.qos << FLAG_WILL_QOS_SHIFT;
        flags |= connect->will.retain ? FLAG_WILL_RETAIN : 0;
    }
    flags |= connect->has_password ? FLAG_PASSWORD : 0;
    flags |= connect->has_user_name ? FLAG_USER_NAME : 0;
    return (uint8_t)flags;
}
