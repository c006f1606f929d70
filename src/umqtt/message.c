/* message.c — messages received: once each for QoS 2, and each acknowledged as its QoS asks.
 *
 * The program has a message before the server has its acknowledgement; what it does with it, or
 * that it ends the connection there and then, changes nothing about the QoS.    [MQTT-4.5.0-2]
 * A QoS 2 message is remembered when the program has had all of it: of one that breaks off with its
 * connection, the program sees the beginning again. */
#include "umqtt/message.h"

#include <assert.h>

#include "umqtt/control.h"
#include "umqtt/receipts.h"
#include "umqtt/v5.h"
#include "wire/publish.h"

/* Where a skipped message's packet identifier is kept: behind the longest fixed header. */
enum { SKIP_ID_AT = 6 };

static bool decode(struct umqtt *client, uint32_t now_ms, uint8_t flags, struct bytes body,
                   struct packet_publish *publish);
static bool may_begin(struct umqtt *client, uint32_t now_ms, uint8_t qos, uint16_t packet_id,
                      bool *repeated);
static void deliver(struct umqtt *client, const struct packet_publish *publish, struct bytes part,
                    size_t offset, size_t size);
static void acknowledge(struct umqtt *client, uint8_t qos, uint16_t packet_id);
static size_t head_size(const struct umqtt *client, struct bytes kept);
static struct bytes kept_body(const struct umqtt *client);
static void begin_skip(struct umqtt *client, uint32_t now_ms, const struct frame *frame);
static void skip(struct umqtt *client, struct bytes bytes);
static void end_skip(struct umqtt *client, uint32_t now_ms);

static inline uint8_t qos_of(uint8_t flags)
{
    return flags >> 1 & 3;
}

void message_take(struct umqtt *client, uint32_t now_ms, const struct frame *frame)
{
    struct packet_publish publish;
    bool repeated;
    if (!decode(client, now_ms, frame->flags, frame->body, &publish) ||
        !may_begin(client, now_ms, publish.qos, publish.packet_id, &repeated))
        return;
    if (!repeated)
        deliver(client, &publish, publish.payload, 0, publish.payload.size);
    acknowledge(client, publish.qos, publish.packet_id);
}

void message_try_stream(struct umqtt *client, uint32_t now_ms, const struct frame *frame)
{
    struct bytes kept = bytes_of(client->options->input.data, client->input_size);
    size_t head = head_size(client, kept);
    if (head == 0 || head > kept.size) {
        if (kept.size == client->options->input.size)
            begin_skip(client, now_ms, frame);
        return;
    }
    struct packet_publish publish;
    bool repeated;
    if (head > frame->size) {
        client_refuse(client, now_ms, REASON_MALFORMED_PACKET);
        return;
    }
    if (!decode(client, now_ms, frame->flags, kept_body(client), &publish) ||
        !may_begin(client, now_ms, publish.qos, publish.packet_id, &repeated))
        return;
    client->input_size = (uint32_t)head;
    client->input_state = repeated ? INPUT_REPEATED : INPUT_STREAM;
    client->stream_size = (uint32_t)(frame->size - head);
    client->stream_left = (uint32_t)(frame->size - kept.size);
    if (!repeated && publish.payload.size > 0)
        deliver(client, &publish, publish.payload, 0, client->stream_size);
}

size_t message_stream(struct umqtt *client, uint32_t now_ms, struct bytes bytes)
{
    if (bytes.size > client->stream_left)
        bytes.size = client->stream_left;
    if (client->input_state == INPUT_SKIP) {
        skip(client, bytes);
        if (client->stream_left == 0)
            end_skip(client, now_ms);
        return bytes.size;
    }
    uint8_t flags = client->options->input.data[0] & 0x0F;
    struct packet_publish publish;
    if (!decode(client, now_ms, flags, kept_body(client), &publish))
        return bytes.size; /* it was well before: cannot be */
    bool repeated = client->input_state == INPUT_REPEATED;
    size_t offset = client->stream_size - client->stream_left;
    client->stream_left -= (uint32_t)bytes.size;
    bool is_last = client->stream_left == 0;
    if (is_last) {
        client->input_state = INPUT_PACKETS;
        client->input_size = 0;
    }
    if (!repeated)
        deliver(client, &publish, bytes, offset, client->stream_size);
    if (is_last)
        acknowledge(client, publish.qos, publish.packet_id);
    return bytes.size;
}

/* False: the connection is ending. */
static bool decode(struct umqtt *client, uint32_t now_ms, uint8_t flags, struct bytes body,
                   struct packet_publish *publish)
{
    enum reason_code reason = publish_decode(flags, body, client_version(client), publish);
    if (client_is_v5(client) && reason == REASON_SUCCESS && publish->topic_alias != 0)
        reason = v5_resolve_alias(client, publish->topic_alias, &publish->topic);
    if (reason == REASON_SUCCESS)
        return true;
    if (reason == REASON_QUOTA_EXCEEDED)
        client_fail(client, now_ms, UMQTT_TOO_LARGE, reason);
    else
        client_refuse(client, now_ms, reason);
    return false;
}

/* Has the program had this message, and if not, can it be remembered? False: the connection is
 * ending. */
static bool may_begin(struct umqtt *client, uint32_t now_ms, uint8_t qos, uint16_t packet_id,
                      bool *repeated)
{
    *repeated = qos == 2 && receipts_have(client, packet_id); /* [MQTT-4.3.3-10] */
    if (qos < 2 || *repeated || !receipts_are_full(client))
        return true;
    client_fail(client, now_ms, UMQTT_RECEIPTS_FULL, REASON_RECEIVE_MAXIMUM_EXCEEDED);
    return false;
}

static void deliver(struct umqtt *client, const struct packet_publish *publish, struct bytes part,
                    size_t offset, size_t size)
{
    client_raise(client, &(struct umqtt_event){
                             .type = UMQTT_EVENT_MESSAGE,
                             .message = {.topic = bytes_out(publish->topic),
                                         .payload = bytes_out(part),
                                         .payload_offset = offset,
                                         .payload_size = size,
                                         .properties = bytes_out(publish->properties),
                                         .packet_id = publish->packet_id,
                                         .qos = publish->qos,
                                         .retain = publish->retain,
                                         .dup = publish->dup},
                         });
}

/* Acknowledgements leave in the order of the messages. [MQTT-3.3.4-1] [MQTT-4.6.0-2] [MQTT-4.6.0-3]
 * [v3 MQTT-3.3.4-1] [v3 MQTT-4.5.0-2] [v3 MQTT-4.6.0-2] [v3 MQTT-4.6.0-3] */
static void acknowledge(struct umqtt *client, uint8_t qos, uint16_t packet_id)
{
    if (qos == 0)
        return;
    if (qos == 2 && !receipts_have(client, packet_id))
        receipts_add(client, packet_id); /* even if the program has ended the connection */
    if (client->state != UMQTT_CONNECTED)
        return; /* [MQTT-3.14.4-1] [v3 MQTT-3.14.4-2] */
    /* Nothing is kept of QoS 1: the same identifier is a new message. [MQTT-4.3.2-5]
     * [MQTT-4.3.2-4] [MQTT-4.3.3-8] [v3 MQTT-4.3.2-2] [v3 MQTT-4.3.3-2] */
    control_append_ack(&client->control, qos == 1 ? PACKET_PUBACK : PACKET_PUBREC, packet_id, 0);
}

/* Bytes of the PUBLISH in `kept` up to its payload, as far as can be told; 0: not yet. */
static size_t head_size(const struct umqtt *client, struct bytes kept)
{
    struct reader reader = reader_of(bytes_of(kept.data + 1, kept.size - 1));
    (void)reader_variable(&reader);
    reader_binary(&reader);
    if (qos_of(kept.data[0]) > 0)
        (void)reader_two_bytes(&reader);
    uint32_t section = 0;
    if (client_is_v5(client))
        section = reader_variable(&reader);
    return reader.failed ? 0 : (size_t)(reader.at - kept.data) + section;
}

/* What is kept of a PUBLISH, without its fixed header. */
static struct bytes kept_body(const struct umqtt *client)
{
    const uint8_t *data = client->options->input.data;
    size_t header = 2;
    while (data[header - 1] & 0x80)
        header++;
    return bytes_of(data + header, client->input_size - header);
}

/* Of a message whose head does not fit only the packet identifier is of interest: stream_size says
 * where in the packet it stands. */
static void begin_skip(struct umqtt *client, uint32_t now_ms, const struct frame *frame)
{
    struct bytes body = kept_body(client);
    size_t header = client->input_size - body.size;
    size_t id_at = header + 2 + (size_t)(body.data[0] << 8 | body.data[1]);
    uint8_t qos = qos_of(frame->flags);
    if (qos == 3 || id_at + (qos > 0 ? 2 : 0) > frame->size) {
        client_refuse(client, now_ms, REASON_MALFORMED_PACKET);
        return;
    }
    struct bytes kept = bytes_of(client->options->input.data, client->input_size);
    client->input_state = INPUT_SKIP;
    client->stream_size = (uint32_t)id_at;
    client->stream_left = (uint32_t)frame->size;
    skip(client, kept);
}

/* Looks for the packet identifier in the next bytes of the packet. */
static void skip(struct umqtt *client, struct bytes bytes)
{
    uint8_t *input = client->options->input.data;
    struct frame frame;
    (void)!frame_read(bytes_of(input, SKIP_ID_AT), &frame);
    size_t position = frame.size - client->stream_left;
    uint8_t id[2] = {input[SKIP_ID_AT], input[SKIP_ID_AT + 1]};
    for (size_t i = 0; i < 2; i++) {
        size_t at = client->stream_size + i;
        if (at >= position && at - position < bytes.size)
            id[i] = bytes.data[at - position];
    }
    memcpy(input + SKIP_ID_AT, id, sizeof id); /* `bytes` may lie there, too */
    client->stream_left -= (uint32_t)bytes.size;
}

static void end_skip(struct umqtt *client, uint32_t now_ms)
{
    const uint8_t *input = client->options->input.data;
    uint8_t flags = input[0] & 0x0F;
    uint8_t qos = qos_of(flags);
    uint16_t id = (uint16_t)(input[SKIP_ID_AT] << 8 | input[SKIP_ID_AT + 1]);
    client->input_state = INPUT_PACKETS;
    client->input_size = 0;
    if (qos > 0 && id == 0) {
        client_refuse(client, now_ms, REASON_PROTOCOL_ERROR);
        return;
    }
    bool repeated;
    if (!may_begin(client, now_ms, qos, id, &repeated))
        return;
    struct frame frame;
    (void)!frame_read(bytes_of(input, SKIP_ID_AT), &frame);
    struct umqtt_event event = {
        .type = UMQTT_EVENT_SKIPPED,
        .message = {.payload_size = frame.size - client->stream_size,
                    .packet_id = qos > 0 ? id : 0,
                    .qos = qos,
                    .retain = (flags & 1) != 0,
                    .dup = (flags & 8) != 0},
    };
    if (!repeated)
        client_raise(client, &event);
    acknowledge(client, qos, id);
}
