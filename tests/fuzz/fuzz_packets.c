/* fuzz_packets.c — see fuzz_packets.h. */
#include "tests/fuzz/fuzz_packets.h"

#include "wire/subscribe.h"

enum { LARGE_PAYLOAD_SIZE = 9000 }; /* referenced, not copied */

static const uint8_t large_payload[LARGE_PAYLOAD_SIZE];

uint32_t fuzz_draw(struct bytes *input, uint32_t bound)
{
    if (input->size == 0) {
        return 0;
    }
    uint8_t byte = input->data[0];
    *input = bytes_of(input->data + 1, input->size - 1);
    return byte % bound;
}

bool fuzz_toss(struct bytes *input)
{
    return fuzz_draw(input, 2) == 1;
}

uint32_t fuzz_draw_wide(struct bytes *input)
{
    uint32_t exponent = fuzz_draw(input, 33);
    return exponent == 32 ? UINT32_MAX : (1u << exponent) - 1;
}

struct bytes fuzz_draw_bytes(struct bytes *input)
{
    size_t size = fuzz_draw(input, 40);
    size = size < input->size ? size : input->size;
    struct bytes drawn = bytes_of(input->data, size);
    *input = bytes_of(input->data + size, input->size - size);
    return drawn;
}

static struct bytes draw_topic(struct bytes *input)
{
    static const char *const names[] = {"a", "a/b", "a/b/c", "/", "$SYS/broker/uptime", "b", "a/c"};
    uint32_t which = fuzz_draw(input, sizeof names / sizeof names[0] + 1);
    return which < sizeof names / sizeof names[0] ? bytes_of_text(names[which])
                                                  : fuzz_draw_bytes(input);
}

static struct bytes draw_filter(struct bytes *input)
{
    static const char *const filters[] = {"#",          "a",          "+",           "a/+",
                                          "a/#",        "$SYS/#",     "+/b",         "a/b",
                                          "$share/g/a", "$share/g/#", "$share/h/a",  "$share/h/+/b",
                                          "/",          "b",          "$share/g/a/b"};
    uint32_t which = fuzz_draw(input, sizeof filters / sizeof filters[0] + 1);
    return which < sizeof filters / sizeof filters[0] ? bytes_of_text(filters[which])
                                                      : fuzz_draw_bytes(input);
}

static struct bytes draw_payload(struct bytes *input)
{
    switch (fuzz_draw(input, 4)) {
    case 0: return (struct bytes){0};
    case 1: return bytes_of(large_payload, sizeof large_payload);
    default: return fuzz_draw_bytes(input);
    }
}

static void draw_connect(struct bytes *input, enum protocol_version *version, struct packet *packet)
{
    static const char *const ids[] = {"c", "d", "e", "f", "", "g"};
    static const uint8_t versions[] = {5, 5, 4, 3};
    struct packet_connect *connect = &packet->connect;
    struct properties *properties = &connect->properties;
    *version = (enum protocol_version)versions[fuzz_draw(input, 4)];
    connect->version = *version;
    connect->clean_start = fuzz_toss(input);
    connect->keep_alive_s = (uint16_t)fuzz_draw(input, 8);
    connect->client_id = bytes_of_text(ids[fuzz_draw(input, sizeof ids / sizeof ids[0])]);
    connect->has_will = fuzz_toss(input);
    if (connect->has_will) {
        connect->will = (struct packet_will){.retain = fuzz_toss(input),
                                             .qos = (uint8_t)fuzz_draw(input, 3),
                                             .topic = draw_topic(input),
                                             .payload = draw_payload(input)};
        connect->will.properties.will_delay_interval_s = fuzz_draw(input, 8);
        connect->will.properties.present =
            *version == PROTOCOL_5 ? 1u << PROPERTY_will_delay_interval_s : 0;
    }
    if (*version == PROTOCOL_5) {
        properties->session_expiry_interval_s = fuzz_draw_wide(input);
        properties->receive_maximum = (uint16_t)(1 + fuzz_draw(input, 4));
        properties->topic_alias_maximum = (uint16_t)fuzz_draw(input, 4);
        properties->maximum_packet_size = 1 + fuzz_draw_wide(input) / 2;
        uint32_t mask = fuzz_draw(input, 16);
        properties->present = (mask & 1 ? 1u << PROPERTY_session_expiry_interval_s : 0) |
                              (mask & 2 ? 1u << PROPERTY_receive_maximum : 0) |
                              (mask & 4 ? 1u << PROPERTY_topic_alias_maximum : 0) |
                              (mask & 8 ? 1u << PROPERTY_maximum_packet_size : 0);
    }
}

static void draw_publish(struct bytes *input, enum protocol_version *version, struct packet *packet)
{
    struct packet_publish *publish = &packet->publish;
    publish->qos = (uint8_t)fuzz_draw(input, 3);
    publish->packet_id = publish->qos ? (uint16_t)(1 + fuzz_draw(input, 8)) : 0;
    publish->dup = publish->qos && fuzz_toss(input);
    publish->retain = fuzz_toss(input);
    publish->topic = draw_topic(input);
    publish->payload = draw_payload(input);
    if (*version == PROTOCOL_5) {
        publish->topic_alias = (uint16_t)fuzz_draw(input, 4);
        publish->has_message_expiry = fuzz_toss(input);
        publish->message_expiry_interval_s = fuzz_draw(input, 8);
        if (publish->topic_alias && fuzz_toss(input)) {
            publish->topic = (struct bytes){0};
        }
    }
}

static void draw_subscribe(struct bytes *input, enum protocol_version *version,
                           struct packet *packet, uint8_t *room)
{
    size_t size = 0;
    struct packet_subscribe *subscribe = &packet->subscribe;
    subscribe->packet_id = (uint16_t)(1 + fuzz_draw(input, 8));
    for (uint32_t i = fuzz_draw(input, 4) + 1; i > 0; i--) {
        struct subscribe_entry entry = {.filter = draw_filter(input),
                                        .qos = (uint8_t)fuzz_draw(input, 3),
                                        .no_local = fuzz_draw(input, 8) == 1,
                                        .retain_as_published = fuzz_toss(input),
                                        .retain_handling = (uint8_t)fuzz_draw(input, 3)};
        size_t entry_size = subscribe_entry_size(&entry);
        if (entry_size > 0 && size + entry_size <= FUZZ_ENTRIES_SIZE) {
            size += subscribe_entry_encode(&entry, *version, room + size, entry_size);
        }
    }
    subscribe->entries = bytes_of(room, size);
    if (*version == PROTOCOL_5 && fuzz_toss(input)) {
        subscribe->properties.present = 1u << PROPERTY_subscription_identifier;
        subscribe->properties.subscription_identifier = 1 + fuzz_draw(input, 4);
    }
}

static void draw_unsubscribe(struct bytes *input, struct packet *packet, uint8_t *room)
{
    struct bytes filter = draw_filter(input);
    room[0] = (uint8_t)(filter.size >> 8);
    room[1] = (uint8_t)filter.size;
    if (filter.size > 0) {
        memcpy(room + 2, filter.data, filter.size);
    }
    packet->unsubscribe.packet_id = (uint16_t)(1 + fuzz_draw(input, 8));
    packet->unsubscribe.entries = bytes_of(room, 2 + filter.size);
}

void fuzz_draw_packet(struct bytes *input, enum protocol_version *version, struct packet *packet,
                      uint8_t entries[FUZZ_ENTRIES_SIZE])
{
    static const uint8_t kinds[] = {
        PACKET_CONNECT, PACKET_PUBLISH, PACKET_PUBLISH,   PACKET_SUBSCRIBE, PACKET_SUBSCRIBE,
        PACKET_PUBACK,  PACKET_PUBREC,  PACKET_PUBREL,    PACKET_PUBCOMP,   PACKET_UNSUBSCRIBE,
        PACKET_PINGREQ, PACKET_AUTH,    PACKET_DISCONNECT};
    packet->type = (enum packet_type)kinds[fuzz_draw(input, sizeof kinds)];
    switch (packet->type) {
    case PACKET_CONNECT: draw_connect(input, version, packet); break;
    case PACKET_PUBLISH: draw_publish(input, version, packet); break;
    case PACKET_SUBSCRIBE: draw_subscribe(input, version, packet, entries); break;
    case PACKET_UNSUBSCRIBE: draw_unsubscribe(input, packet, entries); break;
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
        packet->ack.packet_id = (uint16_t)(1 + fuzz_draw(input, 8));
        packet->ack.reason = fuzz_draw(input, 8) == 1 ? REASON_UNSPECIFIED_ERROR : REASON_SUCCESS;
        break;
    case PACKET_DISCONNECT:
        packet->disconnect.reason = fuzz_toss(input) ? REASON_DISCONNECT_WITH_WILL : REASON_SUCCESS;
        break;
    default: break;
    }
}
