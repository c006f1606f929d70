/* connect.c — what we tell the server about ourselves.
 *
 * The options are checked when the program starts the client, so that a mistake is the program's
 * answer and never the server's; then the packet is written in the order of its payload. */
#include "umqtt/connect.h"

#include <assert.h>

#include "base/utf8.h"
#include "topic/topic_name.h"
#include "umqtt/control.h"
#include "umqtt/v5.h"
#include "wire/writer.h"

enum {
    CONNECT_CLEAN_START = 1 << 1,
    CONNECT_WILL = 1 << 2,
    CONNECT_WILL_QOS_SHIFT = 3,
    CONNECT_WILL_RETAIN = 1 << 5,
    CONNECT_PASSWORD = 1 << 6,
    CONNECT_USER_NAME = 1 << 7,
};

static enum umqtt_error check_will(const struct umqtt_options *options);
static enum umqtt_error check_v5(const struct umqtt_options *options);
static bool text_is_legal(struct umqtt_bytes text);
static size_t body_size(const struct umqtt_options *options);
static uint8_t flags_of(const struct umqtt_options *options, bool clean_start);
static void write_will(struct writer *writer, const struct umqtt_options *options);

static inline bool is_v5(const struct umqtt_options *options)
{
    return v5_is_here() && options->version == UMQTT_5;
}

static inline struct bytes protocol_name(const struct umqtt_options *options)
{
    return options->version == UMQTT_3_1 ? BYTES("MQIsdp") : BYTES("MQTT");
}

enum umqtt_error connect_check(const struct umqtt_options *options)
{
    if (options->version != 0 && (options->version < UMQTT_3_1 || options->version > UMQTT_5))
        return UMQTT_UNSUPPORTED;
    if (options->version == UMQTT_5 && !v5_is_here())
        return UMQTT_UNSUPPORTED;
    if (!text_is_legal(options->client_id)) /* [MQTT-3.1.3-4] [v3 MQTT-3.1.3-4] */
        return UMQTT_INVALID;
    if (!text_is_legal(options->user_name)) /* [MQTT-3.1.3-12] [v3 MQTT-3.1.3-11] */
        return UMQTT_INVALID;
    if (options->password.size > TEXT_SIZE_MAX)
        return UMQTT_INVALID;
    if (options->will) {
        enum umqtt_error error = check_will(options);
        if (error != UMQTT_OK)
            return error;
    }
    if (is_v5(options))
        return check_v5(options);
    if (options->client_id.size == 0 && !options->clean_start)
        return UMQTT_INVALID; /* [v3 MQTT-3.1.3-7] */
    if (options->password.data && !options->user_name.data)
        return UMQTT_INVALID; /* [v3 MQTT-3.1.2-22] */
    return options->connect_properties.size == 0 ? UMQTT_OK : UMQTT_UNSUPPORTED;
}

size_t connect_packet_size(const struct umqtt_options *options)
{
    return packet_size(body_size(options));
}

enum umqtt_error connect_append(struct umqtt_control *control, const struct umqtt_options *options,
                                bool clean_start)
{
    size_t body = body_size(options);
    size_t size = packet_size(body);
    uint8_t *place = size ? control_append(control, size) : NULL;
    if (!place)
        return UMQTT_TOO_LARGE;
    struct writer writer = writer_of(place, size);
    writer_start(&writer, PACKET_CONNECT, frame_flags_of(PACKET_CONNECT), body);
    writer_text(&writer, protocol_name(options));
    writer_byte(&writer, options->version ? (uint8_t)options->version : UMQTT_3_1_1);
    writer_byte(&writer, flags_of(options, clean_start));
    writer_two_bytes(&writer, options->keep_alive_s);
    if (is_v5(options))
        v5_write_connect_section(&writer, options); /* [MQTT-2.2.2-1] */
    /* [MQTT-3.1.3-1] [MQTT-3.1.3-2] [MQTT-3.1.3-3]
     * [v3 MQTT-3.1.3-1] [v3 MQTT-3.1.3-2] [v3 MQTT-3.1.3-3] */
    writer_text(&writer, bytes_in(options->client_id));
    if (options->will)
        write_will(&writer, options); /* [MQTT-3.1.2-9] [v3 MQTT-3.1.2-9] */
    if (options->user_name.data)      /* [MQTT-3.1.2-17] [v3 MQTT-3.1.2-19] */
        writer_text(&writer, bytes_in(options->user_name));
    if (options->password.data) /* [MQTT-3.1.2-19] [v3 MQTT-3.1.2-21] */
        writer_text(&writer, bytes_in(options->password));
    assert(writer.at == place + size);
    return UMQTT_OK;
}

static enum umqtt_error check_will(const struct umqtt_options *options)
{
    const struct umqtt_will *will = options->will;
    if (!topic_name_is_valid(bytes_in(will->topic))) /* [MQTT-3.1.3-11] [v3 MQTT-3.1.3-10] */
        return UMQTT_INVALID;
    if (will->qos > 2 || will->payload.size > TEXT_SIZE_MAX)
        return UMQTT_INVALID; /* [MQTT-3.1.2-12] [v3 MQTT-3.1.2-14] */
    if (will->properties.size > 0 && !is_v5(options))
        return UMQTT_UNSUPPORTED;
    return UMQTT_OK;
}

static enum umqtt_error check_v5(const struct umqtt_options *options)
{
    if (v5_check_section(bytes_in(options->connect_properties), PACKET_CONNECT) != REASON_SUCCESS)
        return UMQTT_INVALID;
    if (options->will &&
        v5_check_section(bytes_in(options->will->properties), V5_WILL_SECTION) != REASON_SUCCESS)
        return UMQTT_INVALID;
    return UMQTT_OK;
}

static bool text_is_legal(struct umqtt_bytes text)
{
    return text.size <= TEXT_SIZE_MAX && utf8_is_valid(bytes_in(text));
}

static size_t body_size(const struct umqtt_options *options)
{
    size_t size = text_size(protocol_name(options)) + 1 + 1 + 2;
    if (is_v5(options))
        size += section_size(v5_connect_section_size(options));
    size += text_size(bytes_in(options->client_id));
    const struct umqtt_will *will = options->will;
    if (will) {
        if (is_v5(options))
            size += section_size(will->properties.size);
        size += text_size(bytes_in(will->topic)) + text_size(bytes_in(will->payload));
    }
    if (options->user_name.data)
        size += text_size(bytes_in(options->user_name));
    if (options->password.data)
        size += text_size(bytes_in(options->password));
    return size;
}

/* A flag is set exactly when its field is there. [MQTT-3.1.2-16] [MQTT-3.1.2-18]
 * [v3 MQTT-3.1.2-18] [v3 MQTT-3.1.2-20] */
static uint8_t flags_of(const struct umqtt_options *options, bool clean_start)
{
    unsigned flags = clean_start ? CONNECT_CLEAN_START : 0;
    const struct umqtt_will *will = options->will;
    if (will) /* else QoS and retain stay 0 [MQTT-3.1.2-11] [MQTT-3.1.2-13]
                 [v3 MQTT-3.1.2-11] [v3 MQTT-3.1.2-13] [v3 MQTT-3.1.2-15] */
        flags |= CONNECT_WILL | (unsigned)will->qos << CONNECT_WILL_QOS_SHIFT |
                 (will->retain ? CONNECT_WILL_RETAIN : 0);
    if (options->user_name.data)
        flags |= CONNECT_USER_NAME;
    if (options->password.data)
        flags |= CONNECT_PASSWORD;
    return (uint8_t)flags;
}

static void write_will(struct writer *writer, const struct umqtt_options *options)
{
    const struct umqtt_will *will = options->will;
    if (is_v5(options)) {
        writer_variable(writer, (uint32_t)will->properties.size);
        writer_bytes(writer, bytes_in(will->properties));
    }
    writer_text(writer, bytes_in(will->topic));
    writer_text(writer, bytes_in(will->payload));
}
