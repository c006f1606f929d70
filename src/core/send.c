/* send.c — see send.h. */
#include "core/send.h"

#include "core/links.h"
#include "core/timers.h"
#include "wire/publish.h"
#include "wire/wire.h"

#include <assert.h>

static struct properties *problem_properties(struct packet *packet);
static enum send_result send_publish_v3(struct core *core, struct link *link,
                                        const struct delivery *delivery, uint16_t packet_id);
static enum send_result put_publish(struct core *core, struct link *link, struct message *message,
                                    const struct packet_publish *publish);
static void count_publish(struct core *core, struct link *link, const struct message *message);

static struct bytes unmounted(const struct link *link, struct bytes topic);
static bool fits(const struct link *link, const struct packet_publish *publish, size_t spare);

enum {
    ALIAS_SIZE_MAX = 5
}; /* bytes an alias adds: the property, and lengths that grow by a byte */
enum { REASON_PROPERTIES = 1u << PROPERTY_reason_string | 1u << PROPERTY_user_property };

enum send_result send_packet(struct core *core, struct link *link, struct packet *packet)
{
    enum protocol_version version = (enum protocol_version)link->version;
    struct properties *properties = problem_properties(packet);
    bool is_always_explained = packet->type == PACKET_CONNACK || packet->type == PACKET_DISCONNECT;
    if (properties && !link->problem_information && !is_always_explained) {
        properties->present &= ~REASON_PROPERTIES; /* [MQTT-3.1.2-29] */
    }
    size_t size = wire_size(packet, version);
    if (size > link->packet_size_max && properties) {
        /* [MQTT-3.2.2-19] [MQTT-3.2.2-20] [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2]
         * [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3]
         * [MQTT-3.9.2-1] [MQTT-3.9.2-2] [MQTT-3.11.2-1] [MQTT-3.11.2-2] [MQTT-3.14.2-3]
         * [MQTT-3.14.2-4] [MQTT-3.15.2-2] [MQTT-3.15.2-3] */
        properties->present &= ~REASON_PROPERTIES;
        size = wire_size(packet, version);
    }
    if (size == 0 || size > link->packet_size_max) {
        return SEND_TOO_LARGE; /* [MQTT-3.1.2-24] */
    }
    uint8_t *room = outbox_reserve(&link->outbox, &core->pool, size);
    if (!room) {
        return SEND_NO_MEMORY;
    }
    outbox_commit(&link->outbox, wire_encode(packet, version, room, size));
    link->answers_size += (uint32_t)size;
    core->counters.packets_sent++;
    send_mark_dirty(core, link);
    return SEND_OK;
}

enum send_result send_ack(struct core *core, struct link *link, enum packet_type type,
                          uint16_t packet_id, enum reason_code reason, const char *words)
{
    if (!link_is_v5(link) || (reason == REASON_SUCCESS && !words)) {
        uint8_t flags = type == PACKET_PUBREL ? 2 : 0; /* [MQTT-3.6.1-1] */
        uint8_t *room = outbox_reserve(&link->outbox, &core->pool, 4);
        if (!room) {
            return SEND_NO_MEMORY;
        }
        room[0] = (uint8_t)((unsigned)type << 4 | flags);
        room[1] = 2;
        room[2] = (uint8_t)(packet_id >> 8);
        room[3] = (uint8_t)packet_id;
        outbox_commit(&link->outbox, 4);
        link->answers_size += 4;
        core->counters.packets_sent++;
        send_mark_dirty(core, link);
        return SEND_OK;
    }
    struct packet packet = {.type = type,
                            .ack = {.packet_id = packet_id, .reason = (uint8_t)reason}};
    if (words) {
        packet.ack.properties.present = 1u << PROPERTY_reason_string;
        packet.ack.properties.reason_string = bytes_of_text(words);
    }
    return send_packet(core, link, &packet);
}

enum send_result send_publish(struct core *core, struct link *link, const struct delivery *delivery,
                              uint16_t packet_id)
{
    struct message *message = delivery->message;
    if (!link_is_v5(link)) {
        return send_publish_v3(core, link, delivery, packet_id);
    }
    struct packet_publish publish = {.dup = delivery->dup &&
                                            delivery->qos > 0, /* [MQTT-3.3.1-2, -3] */
                                     .retain = delivery->retain,
                                     .qos = delivery->qos,
                                     .packet_id = packet_id,
                                     .topic = unmounted(link, message_topic(message)),
                                     .payload = message_payload(message),
                                     .properties = message_properties(message),
                                     .passed_on_size = message->properties_size};
    if (message->expires_us != 0) { /* [MQTT-3.3.2-6] */
        uint64_t left_us =
            message->expires_us > core->now_us ? message->expires_us - core->now_us : 0;
        publish.has_message_expiry = true;
        publish.message_expiry_interval_s =
            (uint32_t)((left_us + MICROSECONDS_A_SECOND - 1) / MICROSECONDS_A_SECOND);
    }
    if (delivery->tag) { /* [MQTT-3.3.4-3] [MQTT-3.3.4-4] */
        publish.subscription_ids = delivery->tag->ids;
        publish.subscription_id_count = delivery->tag->id_count;
    }
    if (!fits(link, &publish, 0)) {
        return SEND_TOO_LARGE; /* [MQTT-3.1.2-24] */
    }
    if (link->aliases && link->aliases->out.maximum > 0 && fits(link, &publish, ALIAS_SIZE_MAX)) {
        bool is_new;
        publish.topic_alias = topic_aliases_assign(&link->aliases->out, publish.topic, &is_new);
        if (publish.topic_alias != 0 && !is_new) {
            publish.topic = (struct bytes){0};
        }
    }
    return put_publish(core, link, message, &publish);
}

void send_mark_dirty(struct core *core, struct link *link)
{
    if (!list_is_linked(&link->dirty)) {
        list_append(&core->dirty, &link->dirty);
    }
}

/* 3.x carries no properties: topic and payload lie in the message just as they are sent. */
static enum send_result send_publish_v3(struct core *core, struct link *link,
                                        const struct delivery *delivery, uint16_t packet_id)
{
    struct message *message = delivery->message;
    /* DUP is this delivery's own. [v3 MQTT-3.3.1-2, -3] [v3 MQTT-4.3.1-1] */
    struct packet_publish publish = {.dup = delivery->dup && delivery->qos > 0,
                                     .retain = delivery->retain,
                                     .qos = delivery->qos,
                                     .packet_id = packet_id,
                                     .topic = unmounted(link, message_topic(message)),
                                     .payload = message_payload(message)};
    return put_publish(core, link, message, &publish);
}

/* Clients of a listener with a mount point do not see it. */
static struct bytes unmounted(const struct link *link, struct bytes topic)
{
    const char *mount_point = link->options->mount_point;
    if (mount_point[0] == 0) {
        return topic;
    }
    struct bytes mount = bytes_of_text(mount_point);
    return topic.size > mount.size && bytes_start_with(topic, mount)
               ? bytes_of(topic.data + mount.size, topic.size - mount.size)
               : topic;
}

static enum send_result put_publish(struct core *core, struct link *link, struct message *message,
                                    const struct packet_publish *publish)
{
    enum protocol_version version = (enum protocol_version)link->version;
    bool is_referred = message->payload_size >= OUTBOX_REFERENCE_SIZE_MIN;
    size_t size =
        is_referred ? publish_header_size(publish, version) : publish_size(publish, version);
    if (size == 0) {
        return SEND_TOO_LARGE;
    }
    uint8_t *room = outbox_reserve(&link->outbox, &core->pool, size);
    if (!room) {
        return SEND_NO_MEMORY;
    }
    if (!is_referred) {
        outbox_commit(&link->outbox, publish_encode(publish, version, room, size));
    } else {
        outbox_commit(&link->outbox, publish_encode_header(publish, version, room, size));
        if (!outbox_refer(&link->outbox, &core->pool, message)) {
            links_end(core, link); /* half a packet stands there: this link cannot go on */
            return SEND_NO_MEMORY;
        }
    }
    count_publish(core, link, message);
    return SEND_OK;
}

static bool fits(const struct link *link, const struct packet_publish *publish, size_t spare)
{
    if (link->packet_size_max == UINT32_MAX) {
        return true;
    }
    size_t size = publish_size(publish, PROTOCOL_5);
    return size > 0 && size + spare <= link->packet_size_max;
}

static void count_publish(struct core *core, struct link *link, const struct message *message)
{
    core->counters.packets_sent++;
    core->counters.publish_sent++;
    core->counters.publish_bytes_sent += message->payload_size;
    send_mark_dirty(core, link);
}

/* The properties that may hold a reason string, or NULL. */
static struct properties *problem_properties(struct packet *packet)
{
    switch (packet->type) {
    case PACKET_CONNACK: return &packet->connack.properties;
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP: return &packet->ack.properties;
    case PACKET_SUBACK:
    case PACKET_UNSUBACK: return &packet->suback.properties;
    case PACKET_DISCONNECT:
    case PACKET_AUTH: return &packet->disconnect.properties;
    default: return NULL;
    }
}
