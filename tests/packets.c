/* packets.c — reads packets.def and malformed.def, and compares packets.
 *
 * The comparison walks properties one by one with property_next, so that it does not matter in
 * which order or between which others they stand. */
#include "tests/packets.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>

#include "wire/frame.h"
#include "wire/properties.h"
#include "wire/property.h"
#include "wire/publish.h"
#include "wire/wire.h"

#define HAVE(property) (1u << PROPERTY_##property)
#define TEXT(literal)                                                                              \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }
#define TEN_A         "aaaaaaaaaa"
#define FIFTY_A       TEN_A TEN_A TEN_A TEN_A TEN_A
#define TWO_HUNDRED_A FIFTY_A FIFTY_A FIFTY_A FIFTY_A

const struct packet_row PACKET_ROWS[] = {
#define PACKET(name, senders, versions, text, ...)                                                 \
    {#name, senders, versions, false, text, {__VA_ARGS__}},
#define LONGHAND(name, senders, versions, text, ...)                                               \
    {#name, senders, versions, true, text, {__VA_ARGS__}},
#include "tests/packets.def"
#undef PACKET
#undef LONGHAND
};

const size_t PACKET_ROW_COUNT = sizeof PACKET_ROWS / sizeof PACKET_ROWS[0];

const struct malformed_row MALFORMED_ROWS[] = {
#define MALFORMED(name, senders, versions, text, reason)                                           \
    {name, senders, versions, text, REASON_##reason},
#include "tests/malformed.def"
#undef MALFORMED
};

const size_t MALFORMED_ROW_COUNT = sizeof MALFORMED_ROWS / sizeof MALFORMED_ROWS[0];

static bool connects_agree(const struct packet_connect *a, const struct packet_connect *b);
static bool publishes_agree(const struct packet_publish *a, const struct packet_publish *b);
static bool properties_agree(const struct properties *a, const struct properties *b,
                             enum packet_type type);
static bool sections_agree(struct bytes a, struct bytes b, uint32_t chosen);
static size_t subscription_ids(const struct packet_publish *publish, uint32_t *ids, size_t max);

uint8_t packet_version_bit(enum protocol_version version)
{
    return version == PROTOCOL_3_1 ? V31 : version == PROTOCOL_3_1_1 ? V311 : V5;
}

size_t packet_row_bytes(const char *text, uint8_t *out)
{
    size_t size = 0;
    while (*text) {
        if (*text == '\'') {
            for (text++; *text != '\''; text++) {
                assert(*text && size < PACKET_ROW_SIZE_MAX);
                out[size++] = (uint8_t)*text;
            }
            text++;
        } else if (isxdigit((unsigned char)text[0])) {
            assert(isxdigit((unsigned char)text[1]));
            char digits[3] = {text[0], text[1], 0};
            unsigned long count = 1;
            text += 2;
            if (*text == '*')
                count = strtoul(text + 1, (char **)&text, 10);
            assert(size + count <= PACKET_ROW_SIZE_MAX);
            memset(out + size, (int)strtoul(digits, NULL, 16), count);
            size += count;
        } else {
            assert(*text == ' ');
            text++;
        }
    }
    return size;
}

enum reason_code packet_decode(struct bytes bytes, uint8_t sender, enum protocol_version version,
                               struct packet *packet)
{
    struct frame frame;
    memset(packet, 0, sizeof *packet);
    if (frame_read(bytes, &frame) != FRAME_WHOLE || frame.size != bytes.size)
        return REASON_UNSPECIFIED_ERROR;
    return sender == CLIENT ? wire_decode_from_client(&frame, version, packet)
                            : wire_decode_from_server(&frame, version, packet);
}

bool packet_is_equal(const struct packet *a, const struct packet *b, enum protocol_version version)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case PACKET_CONNECT: return connects_agree(&a->connect, &b->connect);
    case PACKET_CONNACK:
        return a->connack.session_present == b->connack.session_present &&
               a->connack.reason == b->connack.reason &&
               properties_agree(&a->connack.properties, &b->connack.properties, a->type);
    case PACKET_PUBLISH: return publishes_agree(&a->publish, &b->publish);
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
        return a->ack.packet_id == b->ack.packet_id && a->ack.reason == b->ack.reason &&
               properties_agree(&a->ack.properties, &b->ack.properties, a->type);
    case PACKET_SUBSCRIBE:
        return a->subscribe.packet_id == b->subscribe.packet_id &&
               a->subscribe.entry_count == b->subscribe.entry_count &&
               bytes_equal(a->subscribe.entries, b->subscribe.entries) &&
               properties_agree(&a->subscribe.properties, &b->subscribe.properties, a->type);
    case PACKET_UNSUBSCRIBE:
        return a->unsubscribe.packet_id == b->unsubscribe.packet_id &&
               a->unsubscribe.entry_count == b->unsubscribe.entry_count &&
               bytes_equal(a->unsubscribe.entries, b->unsubscribe.entries) &&
               properties_agree(&a->unsubscribe.properties, &b->unsubscribe.properties, a->type);
    case PACKET_SUBACK:
    case PACKET_UNSUBACK:
        return a->suback.packet_id == b->suback.packet_id &&
               bytes_equal(a->suback.reasons, b->suback.reasons) &&
               properties_agree(&a->suback.properties, &b->suback.properties, a->type);
    case PACKET_PINGREQ:
    case PACKET_PINGRESP: return true;
    case PACKET_DISCONNECT:
    case PACKET_AUTH:
        return version != PROTOCOL_5 ||
               (a->disconnect.reason == b->disconnect.reason &&
                properties_agree(&a->disconnect.properties, &b->disconnect.properties, a->type));
    }
    return false;
}

struct packet packet_to_encode(const struct packet *packet, uint8_t *room, uint32_t *ids,
                               size_t id_count_max)
{
    struct packet copy = *packet;
    struct packet_publish *publish = &copy.publish;
    if (copy.type != PACKET_PUBLISH || publish->properties.size == 0 || publish->subscription_ids)
        return copy;
    publish_copy_passed_on(&packet->publish, room);
    publish->subscription_id_count = subscription_ids(&packet->publish, ids, id_count_max);
    publish->subscription_ids = ids;
    publish->properties = bytes_of(room, packet->publish.passed_on_size);
    return copy;
}

static bool connects_agree(const struct packet_connect *a, const struct packet_connect *b)
{
    return a->version == b->version && a->is_bridge == b->is_bridge &&
           a->clean_start == b->clean_start && a->keep_alive_s == b->keep_alive_s &&
           bytes_equal(a->client_id, b->client_id) && a->has_user_name == b->has_user_name &&
           bytes_equal(a->user_name, b->user_name) && a->has_password == b->has_password &&
           bytes_equal(a->password, b->password) && a->has_will == b->has_will &&
           a->will.qos == b->will.qos && a->will.retain == b->will.retain &&
           bytes_equal(a->will.topic, b->will.topic) &&
           bytes_equal(a->will.payload, b->will.payload) &&
           properties_agree(&a->will.properties, &b->will.properties, PROPERTIES_OF_WILL) &&
           properties_agree(&a->properties, &b->properties, PACKET_CONNECT);
}

static bool publishes_agree(const struct packet_publish *a, const struct packet_publish *b)
{
    static const uint32_t PASSED_ON = HAVE(payload_format_indicator) | HAVE(content_type) |
                                      HAVE(response_topic) | HAVE(correlation_data) |
                                      HAVE(user_property);
    enum { IDS_MAX = 1024 };
    uint32_t a_ids[IDS_MAX], b_ids[IDS_MAX];
    size_t count = subscription_ids(a, a_ids, IDS_MAX);
    return a->dup == b->dup && a->retain == b->retain && a->qos == b->qos &&
           a->packet_id == b->packet_id && a->topic_alias == b->topic_alias &&
           a->has_message_expiry == b->has_message_expiry &&
           a->message_expiry_interval_s == b->message_expiry_interval_s &&
           bytes_equal(a->topic, b->topic) && bytes_equal(a->payload, b->payload) &&
           sections_agree(a->properties, b->properties, PASSED_ON) &&
           count == subscription_ids(b, b_ids, IDS_MAX) &&
           memcmp(a_ids, b_ids, count * sizeof a_ids[0]) == 0;
}

/* Encoded both in the same order, they must be the same bytes. */
static bool properties_agree(const struct properties *a, const struct properties *b,
                             enum packet_type type)
{
    size_t size = properties_size(a, type);
    if (a->present != b->present || size != properties_size(b, type) || size >= PACKET_SIZE_MAX)
        return false;
    uint8_t *room = malloc(2 * size + 1);
    assert(room);
    properties_encode(a, room, size);
    properties_encode(b, room + size, size);
    bool agree = memcmp(room, room + size, size) == 0;
    free(room);
    return agree;
}

/* Do the two hold the same properties, in the same order, looking only at those in `chosen`? */
static bool sections_agree(struct bytes a, struct bytes b, uint32_t chosen)
{
    size_t a_at = 0, b_at = 0;
    for (;;) {
        struct property x = {0}, y = {0};
        enum property_result a_found, b_found;
        do
            a_found = property_next(a, &a_at, &x);
        while (a_found == PROPERTY_FOUND && (chosen >> x.index & 1u) == 0);
        do
            b_found = property_next(b, &b_at, &y);
        while (b_found == PROPERTY_FOUND && (chosen >> y.index & 1u) == 0);
        if (a_found != PROPERTY_FOUND || b_found != PROPERTY_FOUND)
            return a_found == PROPERTY_END && b_found == PROPERTY_END;
        if (x.index != y.index || x.number != y.number || !bytes_equal(x.text, y.text) ||
            !bytes_equal(x.value, y.value))
            return false;
    }
}

/* The subscription identifiers of a PUBLISH, from wherever they are; the first `max` of them. */
static size_t subscription_ids(const struct packet_publish *publish, uint32_t *ids, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < publish->subscription_id_count && count < max; i++)
        ids[count++] = publish->subscription_ids[i];
    struct property property;
    for (size_t at = 0; count < max && publish->subscription_id_count == 0 &&
                        property_next(publish->properties, &at, &property) == PROPERTY_FOUND;)
        if (property.index == PROPERTY_subscription_identifier)
            ids[count++] = property.number;
    return count;
}
