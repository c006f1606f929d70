/* packets.c — what each packet from the server means, but for PUBLISH (message.c).
 *
 * Acknowledgements move the record they are for one step on; those for nothing we know of are let
 * pass, or answered so that the server can finish. Everything else that is out of place ends the
 * connection. */
#include "umqtt/packets.h"

#include "umqtt/control.h"
#include "umqtt/message.h"
#include "umqtt/outbox.h"
#include "umqtt/receipts.h"
#include "umqtt/v5.h"
#include "wire/reader.h"
#include "wire/reason_code.h"

/* CONNACK, an acknowledgement, DISCONNECT or AUTH, read. */
struct answer {
    uint16_t packet_id;
    uint8_t reason;
    struct bytes section; /* 5.0 */
};

static void take_connack(struct umqtt *client, uint32_t now_ms, const struct frame *frame);
static void begin_session(struct umqtt *client, bool session_present);
static bool drop_one_not_granted(struct umqtt *client);
static void take_ack(struct umqtt *client, const struct frame *frame, const struct answer *answer);
static void take_pubrec(struct umqtt *client, const struct answer *answer);
static void end_publish(struct umqtt *client, const struct record *record,
                        const struct answer *answer);
static void take_suback(struct umqtt *client, uint32_t now_ms, const struct frame *frame);
static void take_disconnect(struct umqtt *client, uint32_t now_ms, const struct answer *answer);
static void raise_ending(struct umqtt *client, struct bytes section);
static void take_auth(struct umqtt *client, uint32_t now_ms, const struct answer *answer);
static bool read_answer(struct umqtt *client, uint32_t now_ms, const struct frame *frame,
                        struct answer *answer);

void packets_take(struct umqtt *client, uint32_t now_ms, const struct frame *frame)
{
    enum packet_type type = (enum packet_type)frame->type;
    bool is_connecting = client->state == UMQTT_CONNECTING;
    if (type == PACKET_PUBLISH && !is_connecting) {
        message_take(client, now_ms, frame);
        return;
    }
    if (type == 0 || !frame_flags_are_legal(type, frame->flags, client_version(client))) {
        /* [MQTT-2.1.3-1] [MQTT-3.6.1-1] [MQTT-3.14.1-1] [MQTT-3.15.1-1] [v3 MQTT-2.2.2-1]
         * [v3 MQTT-2.2.2-2] [v3 MQTT-3.6.1-1] */
        client_refuse(client, now_ms, REASON_MALFORMED_PACKET);
        return;
    }
    if (is_connecting != (type == PACKET_CONNACK) &&
        !(client_is_v5(client) && (type == PACKET_AUTH || type == PACKET_DISCONNECT))) {
        client_refuse(client, now_ms, REASON_PROTOCOL_ERROR); /* CONNACK first, and once */
        return;
    }
    struct answer answer;
    switch (type) {
    case PACKET_CONNACK: take_connack(client, now_ms, frame); return;
    case PACKET_SUBACK:
    case PACKET_UNSUBACK: take_suback(client, now_ms, frame); return;
    case PACKET_PINGRESP:
        client->flags &= (uint16_t)~FLAG_PING_WAITING;
        if (frame->body.size > 0)
            client_refuse(client, now_ms, REASON_MALFORMED_PACKET);
        return;
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
        if (read_answer(client, now_ms, frame, &answer))
            take_ack(client, frame, &answer);
        return;
    case PACKET_DISCONNECT:
    case PACKET_AUTH:
        if (!client_is_v5(client))
            break;
        if (!read_answer(client, now_ms, frame, &answer))
            return;
        if (type == PACKET_AUTH)
            take_auth(client, now_ms, &answer);
        else
            take_disconnect(client, now_ms, &answer);
        return;
    default: break;
    }
    client_refuse(client, now_ms, REASON_PROTOCOL_ERROR); /* a packet that only clients send */
}

static void take_connack(struct umqtt *client, uint32_t now_ms, const struct frame *frame)
{
    struct reader reader = reader_of(frame->body);
    struct bytes section = {0};
    uint8_t acknowledge_flags = reader_byte(&reader);
    uint8_t code = reader_byte(&reader);
    if (client_version(client) == PROTOCOL_3_1)
        acknowledge_flags = 0; /* means nothing there */
    enum reason_code reason = acknowledge_flags > 1 ? REASON_MALFORMED_PACKET : REASON_SUCCESS;
    if (client_is_v5(client) && reason == REASON_SUCCESS)
        reason = v5_read_section(&reader, PACKET_CONNACK, &section);
    if (reason == REASON_SUCCESS && !reader_is_finished(&reader))
        reason = REASON_MALFORMED_PACKET;
    if (reason == REASON_SUCCESS && client_is_v5(client) &&
        !reason_code_is_allowed((enum reason_code)code, PACKET_CONNACK))
        reason = REASON_PROTOCOL_ERROR;
    bool session_present = acknowledge_flags == 1;
    if (reason == REASON_SUCCESS && session_present && client_has(client, FLAG_CLEAN_SENT))
        reason = REASON_PROTOCOL_ERROR; /* [MQTT-3.2.2-4] */
    if (reason != REASON_SUCCESS) {
        client_refuse(client, now_ms, reason);
        return;
    }
    if (code != 0) { /* [MQTT-4.13.2-1] */
        client_fail(client, now_ms, UMQTT_REFUSED, code);
        raise_ending(client, section);
        return;
    }
    if (client_is_v5(client) && !v5_take_grants(client, section)) {
        client_refuse(client, now_ms, REASON_PROTOCOL_ERROR); /* [MQTT-4.12.0-5] */
        return;
    }
    client->state = UMQTT_CONNECTED;
    client->state_since_ms = now_ms;
    client->attempts = 0;
    client->send_quota = client->server_receive_max; /* [MQTT-4.9.0-1] */
    /* 3.1 does not say whether it remembers: it should if it was asked to. */
    bool asked = client_version(client) == PROTOCOL_3_1 && !client_has(client, FLAG_CLEAN_SENT);
    begin_session(client, session_present || asked);
    if (client->state != UMQTT_CONNECTED)
        return; /* the program has ended it already */
    client_raise(client, &(struct umqtt_event){.type = UMQTT_EVENT_CONNECTED,
                                               .session_present = session_present,
                                               .properties = bytes_out(section)});
}

/* The server remembers: go on where we were. [MQTT-4.4.0-1] [v3 MQTT-2.3.1-3] [v3 MQTT-4.4.0-1]
 * It does not: nor do we, and what is not yet acknowledged is sent as something new.
 * [MQTT-3.1.2-4] [MQTT-3.2.2-5] [v3 MQTT-3.1.2-6] */
static void begin_session(struct umqtt *client, bool session_present)
{
    outbox_rewind(&client->outbox, session_present);
    if (!session_present)
        client->receipt_count = 0;
    struct record record;
    struct umqtt_outbox *outbox = &client->outbox;
    if (client_is_v5(client)) {
        for (uint32_t at = outbox->begin; outbox_read(outbox, at, &record);) {
            uint32_t size = record.size;
            if (record_state(&record) == PACKET_PUBLISH)
                v5_drop_alias(client, &record); /* [MQTT-3.3.2-7] */
            at += size;
        }
        while (drop_one_not_granted(client))
            ;
    }
    /* What the former session had by PUBREC has arrived; its end is lost with that session. */
    while (!session_present) {
        uint32_t at = outbox->begin;
        while (outbox_read(outbox, at, &record) && record_state(&record) != PACKET_PUBREL)
            at += record.size;
        if (at >= outbox->end)
            break;
        end_publish(client, &record, &(struct answer){.packet_id = record_packet_id(&record)});
    }
}

/* The first PUBLISH in the outbox that this server may not be sent. */
static bool drop_one_not_granted(struct umqtt *client)
{
    struct umqtt_outbox *outbox = &client->outbox;
    struct record record;
    for (uint32_t at = outbox->begin; outbox_read(outbox, at, &record); at += record.size) {
        if (record_state(&record) != PACKET_PUBLISH)
            continue;
        struct umqtt_event event = {.type = UMQTT_EVENT_ACKNOWLEDGED,
                                    .error = UMQTT_UNSUPPORTED,
                                    .packet_id = record_packet_id(&record)};
        if (record_qos(&record) > client->server_qos_max)
            event.reason = REASON_QOS_NOT_SUPPORTED; /* [MQTT-3.2.2-11] */
        else if ((record.packet[0] & 1) != 0 && client_has(client, FLAG_RETAIN_REFUSED))
            event.reason = REASON_RETAIN_NOT_SUPPORTED; /* [MQTT-3.2.2-14] */
        else if (record.packet_size + record.payload.size > client->server_packet_size_max)
            event.reason = REASON_PACKET_TOO_LARGE; /* [MQTT-3.2.2-15] */
        else if (record_has_no_topic(&record))
            event.reason = REASON_TOPIC_ALIAS_INVALID; /* its alias was another connection's */
        else
            continue;
        outbox_remove(outbox, &record);
        client_raise(client, &event);
        return true;
    }
    return false;
}

static void take_ack(struct umqtt *client, const struct frame *frame, const struct answer *answer)
{
    struct record record;
    enum packet_type type = (enum packet_type)frame->type;
    switch (type) {
    case PACKET_PUBREC: take_pubrec(client, answer); break;
    case PACKET_PUBREL: {
        /* Whatever has become of the message. [MQTT-4.3.3-11] [MQTT-4.3.3-12] [MQTT-4.3.3-13]
         * [v3 MQTT-4.3.3-2] */
        bool known = receipts_remove(client, answer->packet_id);
        uint8_t reason = known || !client_is_v5(client) ? 0 : REASON_PACKET_IDENTIFIER_NOT_FOUND;
        control_append_ack(&client->control, PACKET_PUBCOMP, answer->packet_id, reason);
        break;
    }
    default: /* PUBACK, PUBCOMP: ends what waits for it, if anything does */
        if (outbox_find(&client->outbox, type, answer->packet_id, &record))
            end_publish(client, &record, answer); /* [MQTT-4.3.2-3] [MQTT-4.3.3-5] */
    }
}

static void take_pubrec(struct umqtt *client, const struct answer *answer)
{
    struct record record;
    uint8_t reason = 0;
    if (outbox_find(&client->outbox, PACKET_PUBREC, answer->packet_id, &record)) {
        if (answer->reason >= 0x80) {
            end_publish(client, &record, answer); /* [MQTT-4.4.0-2] */
            return;
        }
        record_set_state(&record, PACKET_PUBCOMP); /* [MQTT-4.3.3-6] */
    } else if (outbox_find(&client->outbox, PACKET_PUBREL, answer->packet_id, &record)) {
        record_set_state(&record, PACKET_PUBCOMP);
    } else if (!outbox_find(&client->outbox, PACKET_PUBCOMP, answer->packet_id, &record)) {
        if (answer->reason >= 0x80)
            return;
        reason = client_is_v5(client) ? REASON_PACKET_IDENTIFIER_NOT_FOUND : 0;
    }
    /* [MQTT-4.3.3-4] [MQTT-4.6.0-4] [v3 MQTT-4.3.3-1] [v3 MQTT-4.6.0-4] */
    control_append_ack(&client->control, PACKET_PUBREL, answer->packet_id, reason);
}

static void end_publish(struct umqtt *client, const struct record *record,
                        const struct answer *answer)
{
    if (client->send_quota < client->server_receive_max)
        client->send_quota++; /* [MQTT-4.9.0-1] */
    /* A PUBCOMP that knows no such identifier: an earlier one got lost, the message did not. */
    bool is_refused = answer->reason >= 0x80 && record_state(record) != PACKET_PUBCOMP;
    outbox_remove(&client->outbox, record);
    client_raise(client, &(struct umqtt_event){
                             .type = UMQTT_EVENT_ACKNOWLEDGED,
                             .error = is_refused ? UMQTT_REFUSED : UMQTT_OK,
                             .reason = answer->reason,
                             .packet_id = answer->packet_id,
                             .properties = bytes_out(answer->section),
                         });
}

static void take_suback(struct umqtt *client, uint32_t now_ms, const struct frame *frame)
{
    enum packet_type type = (enum packet_type)frame->type;
    struct reader reader = reader_of(frame->body);
    uint16_t packet_id = reader_two_bytes(&reader);
    struct bytes section = {0};
    enum reason_code reason = REASON_SUCCESS;
    if (client_is_v5(client))
        reason = v5_read_section(&reader, type, &section);
    struct bytes codes = reader_rest(&reader);
    if (reason == REASON_SUCCESS && reader.failed)
        reason = REASON_MALFORMED_PACKET;
    for (size_t i = 0; i < codes.size && reason == REASON_SUCCESS && client_is_v5(client); i++) {
        if (!reason_code_is_allowed((enum reason_code)codes.data[i], type))
            reason = REASON_PROTOCOL_ERROR;
    }
    if (reason != REASON_SUCCESS) {
        client_refuse(client, now_ms, reason);
        return;
    }
    struct record record;
    if (!outbox_find(&client->outbox, type, packet_id, &record))
        return;
    outbox_remove(&client->outbox, &record);
    client_raise(client, &(struct umqtt_event){
                             .type = type == PACKET_SUBACK ? UMQTT_EVENT_SUBSCRIBED
                                                           : UMQTT_EVENT_UNSUBSCRIBED,
                             .packet_id = packet_id,
                             .reasons = bytes_out(codes),
                             .properties = bytes_out(section),
                         });
}

static void take_disconnect(struct umqtt *client, uint32_t now_ms, const struct answer *answer)
{
    client_fail(client, now_ms, UMQTT_ENDED_BY_SERVER, answer->reason);
    raise_ending(client, answer->section);
}

/* The properties are here now; DISCONNECTED comes when the transport is closed. */
static void raise_ending(struct umqtt *client, struct bytes section)
{
    client_raise(client, &(struct umqtt_event){.type = UMQTT_EVENT_ENDING,
                                               .error = (enum umqtt_error)client->error,
                                               .reason = client->reason,
                                               .properties = bytes_out(section)});
}

static void take_auth(struct umqtt *client, uint32_t now_ms, const struct answer *answer)
{
    bool is_end = answer->reason == REASON_SUCCESS && client->state == UMQTT_CONNECTED;
    if (!v5_method_is_ours(client->options, answer->section) ||
        (answer->reason != REASON_CONTINUE_AUTHENTICATION && !is_end)) {
        client_refuse(client, now_ms, REASON_PROTOCOL_ERROR); /* [MQTT-4.12.0-5] */
        return;
    }
    client_raise(client, &(struct umqtt_event){.type = UMQTT_EVENT_AUTH,
                                               .reason = answer->reason,
                                               .properties = bytes_out(answer->section)});
}

/* An identifier (acknowledgements only), then in 5.0 a reason and a section if they are not left
 * out. False: the connection is ending. */
static bool read_answer(struct umqtt *client, uint32_t now_ms, const struct frame *frame,
                        struct answer *answer)
{
    enum packet_type type = (enum packet_type)frame->type;
    bool is_ack = type >= PACKET_PUBACK && type <= PACKET_PUBCOMP;
    struct reader reader = reader_of(frame->body);
    *answer = (struct answer){0};
    enum reason_code reason = REASON_SUCCESS;
    if (is_ack) {
        answer->packet_id = reader_two_bytes(&reader);
        if (answer->packet_id == 0 && !reader.failed)
            reason = REASON_PROTOCOL_ERROR;
    }
    if (client_is_v5(client) && reader_left(&reader) > 0)
        answer->reason = reader_byte(&reader);
    if (client_is_v5(client) && reader_left(&reader) > 0 && reason == REASON_SUCCESS)
        reason = v5_read_section(&reader, type, &answer->section);
    if (reason == REASON_SUCCESS && !reader_is_finished(&reader))
        reason = REASON_MALFORMED_PACKET;
    if (reason == REASON_SUCCESS && client_is_v5(client) &&
        !reason_code_is_allowed((enum reason_code)answer->reason, type))
        reason = REASON_PROTOCOL_ERROR;
    if (reason != REASON_SUCCESS)
        client_refuse(client, now_ms, reason);
    return reason == REASON_SUCCESS;
}
