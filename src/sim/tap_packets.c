/* tap_packets.c — see tap_packets.h. */
#include "sim/tap_packets.h"

#include "wire/subscribe.h"
#include "wire/unsubscribe.h"
#include "wire/wire.h"

#include <assert.h>

#define HAS(properties, name) properties_have(&(properties), PROPERTY_##name)

static void tell_connect(struct tap *tap, const struct packet_connect *connect);
static void tell_publish_sent(struct tap *tap, const struct packet_publish *publish);
static uint64_t number_of_empty(struct tap *tap, const struct packet_publish *publish);
static void tell_subscribe(struct tap *tap, const struct packet_subscribe *subscribe);
static void tell_unsubscribe(struct tap *tap, const struct packet_unsubscribe *unsubscribe);
static void tell_disconnect(struct tap *tap, const struct packet_disconnect *disconnect);
static void tell_connack(struct tap *tap, const struct packet_connack *connack);
static void tell_publish_received(struct tap *tap, const struct packet_publish *publish);
static const char *resolve(char aliases[][TAP_TEXT_SIZE], const struct packet_publish *publish,
                           char *text);
static bool copy_text(struct bytes from, char *text);
static enum judge_ack ack_kind(enum packet_type type);

void tap_packet_sent(struct tap *tap, const struct frame *frame)
{
    struct packet packet;
    uint64_t now_us = tap->agenda->now_us;
    enum protocol_version version = (enum protocol_version)tap->version;
    if (wire_decode_from_client(frame, version, &packet) != REASON_SUCCESS ||
        (packet.type == PACKET_CONNECT) == tap->has_connect || tap->is_goodbye_sent) {
        tap->is_spoilt = true;
        return;
    }
    switch (packet.type) {
    case PACKET_CONNECT: tell_connect(tap, &packet.connect); break;
    case PACKET_PUBLISH: tell_publish_sent(tap, &packet.publish); break;
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
        if (tap->is_hostile) {
            break; /* its acknowledgements mean nothing, nor do answers to them */
        }
        judge_ack_sent(tap->judge, now_us, tap->link, ack_kind(packet.type), packet.ack.packet_id,
                       packet.ack.reason);
        break;
    case PACKET_SUBSCRIBE: tell_subscribe(tap, &packet.subscribe); break;
    case PACKET_UNSUBSCRIBE: tell_unsubscribe(tap, &packet.unsubscribe); break;
    case PACKET_DISCONNECT: tell_disconnect(tap, &packet.disconnect); break;
    case PACKET_AUTH: tap->is_spoilt = true; break;
    default: break;
    }
}

void tap_packet_received(struct tap *tap, const struct frame *frame)
{
    struct packet packet;
    uint64_t now_us = tap->agenda->now_us;
    enum protocol_version version = (enum protocol_version)tap->version;
    if (wire_decode_from_server(frame, version, &packet) != REASON_SUCCESS) {
        judge_nonsense_received(tap->judge, now_us, tap->link, "a packet that is ill-formed");
        return;
    }
    switch (packet.type) {
    case PACKET_CONNACK: tell_connack(tap, &packet.connack); break;
    case PACKET_PUBLISH: tell_publish_received(tap, &packet.publish); break;
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
        if (tap->is_hostile) {
            break;
        } /* fallthrough */
    case PACKET_PUBACK:
    case PACKET_PUBREC:
        judge_ack_received(tap->judge, now_us, tap->link, ack_kind(packet.type),
                           packet.ack.packet_id, packet.ack.reason);
        break;
    case PACKET_SUBACK:
        judge_suback_received(tap->judge, now_us, tap->link, packet.suback.packet_id,
                              packet.suback.reasons.data, packet.suback.reasons.size);
        break;
    case PACKET_UNSUBACK:
        judge_unsuback_received(tap->judge, now_us, tap->link, packet.suback.packet_id,
                                packet.suback.reasons.size ? packet.suback.reasons.data : NULL,
                                packet.suback.reasons.size);
        break;
    case PACKET_DISCONNECT:
        judge_disconnect_received(tap->judge, now_us, tap->link, packet.disconnect.reason);
        break;
    case PACKET_PINGRESP: judge_other_received(tap->judge, now_us, tap->link, "PINGRESP"); break;
    default: judge_other_received(tap->judge, now_us, tap->link, "AUTH"); break;
    }
}

uint64_t tap_message_number(struct bytes payload)
{
    uint64_t number = 0;
    for (size_t i = 0; i < payload.size && payload.data[i] >= '0' && payload.data[i] <= '9'; i++) {
        number = number * 10 + (uint64_t)(payload.data[i] - '0');
    }
    return number;
}

static void tell_connect(struct tap *tap, const struct packet_connect *connect)
{
    char will_topic[TAP_TEXT_SIZE] = "";
    bool is_v5 = connect->version == PROTOCOL_5;
    struct judge_will will = {.message = tap_message_number(connect->will.payload),
                              .topic = will_topic,
                              .qos = connect->will.qos,
                              .retain = connect->will.retain,
                              .empty = connect->will.payload.size == 0};
    if (connect->has_will && !copy_text(connect->will.topic, will_topic)) {
        tap->is_spoilt = true;
        return;
    }
    if (HAS(connect->will.properties, will_delay_interval_s)) {
        will.delay_s = connect->will.properties.will_delay_interval_s;
    }
    if (HAS(connect->will.properties, message_expiry_interval_s)) {
        will.expiry_s = connect->will.properties.message_expiry_interval_s;
    }
    struct judge_connect told = {.link = tap->link,
                                 .version = (uint8_t)connect->version,
                                 .clean_start = connect->clean_start,
                                 .hostile = tap->is_hostile,
                                 .expiry_s = is_v5 || connect->clean_start ? 0 : UINT32_MAX,
                                 .will = connect->has_will ? &will : NULL};
    if (HAS(connect->properties, session_expiry_interval_s)) {
        told.expiry_s = connect->properties.session_expiry_interval_s;
    }
    if (HAS(connect->properties, receive_maximum)) {
        told.receive_max = connect->properties.receive_maximum;
    }
    tap->has_connect = true;
    judge_connect_sent(tap->judge, tap->agenda->now_us, tap->client, &told);
}

static void tell_publish_sent(struct tap *tap, const struct packet_publish *publish)
{
    char text[TAP_TEXT_SIZE];
    const char *topic = resolve(tap->aliases_sent, publish, text);
    if (!topic) {
        tap->is_spoilt = true;
        return;
    }
    struct judge_publish told = {
        .link = tap->link,
        .message = publish->payload.size > 0 ? tap_message_number(publish->payload)
                                             : number_of_empty(tap, publish),
        .packet_id = publish->packet_id,
        .qos = publish->qos,
        .retain = publish->retain,
        .dup = publish->dup,
        .empty = publish->payload.size == 0,
        .expiry_s = publish->has_message_expiry ? publish->message_expiry_interval_s : 0,
        .topic = topic};
    judge_publish_sent(tap->judge, tap->agenda->now_us, &told);
}

/* A message without a payload has a number, too; when it is sent again it has the same one. */
static uint64_t number_of_empty(struct tap *tap, const struct packet_publish *publish)
{
    uint16_t id = publish->packet_id;
    if (publish->qos == 0) {
        return ++*tap->messages;
    }
    if (!publish->dup || tap->empties[id % TAP_EMPTIES_MAX].packet_id != id) {
        tap->empties[id % TAP_EMPTIES_MAX].packet_id = id;
        tap->empties[id % TAP_EMPTIES_MAX].message = ++*tap->messages;
    }
    return tap->empties[id % TAP_EMPTIES_MAX].message;
}

static void tell_subscribe(struct tap *tap, const struct packet_subscribe *subscribe)
{
    struct judge_filter filters[TAP_FILTERS_MAX];
    char texts[TAP_FILTERS_MAX][TAP_TEXT_SIZE];
    struct subscribe_entry entry;
    size_t offset = 0, count = 0;
    while (subscribe_next(subscribe, (enum protocol_version)tap->version, &offset, &entry)) {
        if (count == TAP_FILTERS_MAX || !copy_text(entry.filter, texts[count])) {
            tap->is_spoilt = true;
            return;
        }
        filters[count] = (struct judge_filter){.filter = texts[count],
                                               .qos = entry.qos,
                                               .no_local = entry.no_local,
                                               .retain_as_published = entry.retain_as_published,
                                               .retain_handling = entry.retain_handling};
        count++;
    }
    judge_subscribe_sent(tap->judge, tap->agenda->now_us, tap->link, subscribe->packet_id, filters,
                         count);
}

static void tell_unsubscribe(struct tap *tap, const struct packet_unsubscribe *unsubscribe)
{
    const char *filters[TAP_FILTERS_MAX];
    char texts[TAP_FILTERS_MAX][TAP_TEXT_SIZE];
    struct bytes filter;
    size_t offset = 0, count = 0;
    while (unsubscribe_next(unsubscribe, &offset, &filter)) {
        if (count == TAP_FILTERS_MAX || !copy_text(filter, texts[count])) {
            tap->is_spoilt = true;
            return;
        }
        filters[count] = texts[count];
        count++;
    }
    judge_unsubscribe_sent(tap->judge, tap->agenda->now_us, tap->link, unsubscribe->packet_id,
                           filters, count);
}

static void tell_disconnect(struct tap *tap, const struct packet_disconnect *disconnect)
{
    bool has_expiry = HAS(disconnect->properties, session_expiry_interval_s);
    tap->is_goodbye_sent = true;
    judge_disconnect_sent(tap->judge, tap->agenda->now_us, tap->link, disconnect->reason,
                          has_expiry,
                          has_expiry ? disconnect->properties.session_expiry_interval_s : 0);
}

static void tell_connack(struct tap *tap, const struct packet_connack *connack)
{
    bool has_expiry = HAS(connack->properties, session_expiry_interval_s);
    struct judge_connack told = {
        .session_present = connack->session_present,
        .reason = connack->reason,
        .has_expiry = has_expiry,
        .expiry_s = has_expiry ? connack->properties.session_expiry_interval_s : 0};
    tap->has_connack = connack->reason == 0;
    judge_connack_received(tap->judge, tap->agenda->now_us, tap->link, &told);
}

static void tell_publish_received(struct tap *tap, const struct packet_publish *publish)
{
    char text[TAP_TEXT_SIZE];
    const char *topic = resolve(tap->aliases_received, publish, text);
    if (!topic) {
        judge_nonsense_received(tap->judge, tap->agenda->now_us, tap->link,
                                "a topic alias that means nothing, or a topic nobody published to");
        return;
    }
    struct judge_received told = {.link = tap->link,
                                  .message = tap_message_number(publish->payload),
                                  .packet_id = publish->packet_id,
                                  .qos = publish->qos,
                                  .retain = publish->retain,
                                  .dup = publish->dup,
                                  .topic = topic};
    judge_publish_received(tap->judge, tap->agenda->now_us, &told);
}

/* The topic in words; NULL: there is none. */
static const char *resolve(char aliases[][TAP_TEXT_SIZE], const struct packet_publish *publish,
                           char *text)
{
    char *alias = publish->topic_alias > 0 && publish->topic_alias < TAP_ALIASES_MAX
                      ? aliases[publish->topic_alias]
                      : NULL;
    if (publish->topic_alias > 0 && !alias) {
        return NULL;
    }
    if (publish->topic.size > 0) {
        if (!copy_text(publish->topic, text)) {
            return NULL;
        }
        if (alias) {
            memcpy(alias, text, TAP_TEXT_SIZE);
        }
        return text;
    }
    return alias && alias[0] ? alias : NULL;
}

static bool copy_text(struct bytes from, char *text)
{
    if (from.size >= TAP_TEXT_SIZE) {
        return false;
    }
    memset(text, 0, TAP_TEXT_SIZE);
    memcpy(text, from.data, from.size);
    return true;
}

static enum judge_ack ack_kind(enum packet_type type)
{
    switch (type) {
    case PACKET_PUBACK: return JUDGE_PUBACK;
    case PACKET_PUBREC: return JUDGE_PUBREC;
    case PACKET_PUBREL: return JUDGE_PUBREL;
    default: assert(type == PACKET_PUBCOMP); return JUDGE_PUBCOMP;
    }
}
