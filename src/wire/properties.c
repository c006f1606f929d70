/* properties.c — property sections, checked against the packet they stand in and put into fields.
 *
 * One pass over the section and one bit for each property already seen: thousands of user
 * properties cost no more than their bytes. What may go wrong is listed in properties.h. */
#include "wire/properties.h"

#include <assert.h>

#include "topic/topic_name.h"
#include "wire/property.h"

#define IN(packet) (1u << PACKET_##packet)
#define IN_WILL    (1u << PROPERTIES_OF_WILL)
#define IN_ALL     (0xFFFEu & ~IN(PINGREQ) & ~IN(PINGRESP))

/* A bit for each packet type that may carry the property. */
static const uint16_t PACKETS[PROPERTY_COUNT] = {
#define PROPERTY(id, name, type, packets) [PROPERTY_##name] = (packets),
#include "wire/properties.def"
#undef PROPERTY
};

static const uint16_t FIELD_OFFSETS[PROPERTY_COUNT] = {
#define PROPERTY(id, name, type, packets) [PROPERTY_##name] = offsetof(struct properties, name),
#include "wire/properties.def"
#undef PROPERTY
};

/* Identifiers that PUBLISH writes without a struct property. */
enum { MESSAGE_EXPIRY_INTERVAL = 0x02, SUBSCRIPTION_IDENTIFIER = 0x0B, TOPIC_ALIAS = 0x23 };

/* [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-20] */
static const uint32_t PASSED_ON = 1u << PROPERTY_payload_format_indicator |
                                  1u << PROPERTY_content_type | 1u << PROPERTY_response_topic |
                                  1u << PROPERTY_correlation_data | 1u << PROPERTY_user_property;

static enum reason_code judge(const struct property *property, enum packet_type type,
                              uint32_t *present);
static enum reason_code judge_value(const struct property *property);
static void store(struct properties *properties, const struct property *property,
                  struct bytes section);
static struct property load(const struct properties *properties, enum property_index index);
static size_t copy_chosen(struct bytes section, uint32_t chosen, uint8_t *out);

enum reason_code properties_decode(struct bytes section, enum packet_type type,
                                   struct properties *properties)
{
    memset(properties, 0, sizeof *properties);
    struct property property;
    enum property_result result;
    for (size_t at = 0; (result = property_next(section, &at, &property)) == PROPERTY_FOUND;) {
        enum reason_code reason = judge(&property, type, &properties->present);
        if (reason != REASON_SUCCESS)
            return reason;
        store(properties, &property, section);
    }
    if (result == PROPERTY_MALFORMED)
        return REASON_MALFORMED_PACKET;
    if (properties_have(properties, PROPERTY_authentication_data) &&
        !properties_have(properties, PROPERTY_authentication_method))
        return REASON_PROTOCOL_ERROR; /* sections 3.1.2.11.10, 3.2.2.3.18, 3.15.2.2.3 */
    return REASON_SUCCESS;
}

enum reason_code properties_read(struct reader *reader, enum packet_type type,
                                 struct properties *properties)
{
    return properties_decode(reader_section(reader), type, properties);
}

enum reason_code properties_read_publish(struct reader *reader, bool is_from_client,
                                         struct packet_publish *publish)
{
    struct bytes section = reader_section(reader);
    publish->properties = section;
    uint32_t present = 0;
    struct property property;
    enum property_result result;
    for (size_t at = 0, from = 0;
         (result = property_next(section, &at, &property)) == PROPERTY_FOUND; from = at) {
        enum reason_code reason = judge(&property, PACKET_PUBLISH, &present);
        if (reason != REASON_SUCCESS)
            return reason;
        if (PASSED_ON >> property.index & 1u) {
            publish->passed_on_size += at - from;
        } else if (property.index == PROPERTY_message_expiry_interval_s) {
            publish->has_message_expiry = true;
            publish->message_expiry_interval_s = property.number;
        } else if (property.index == PROPERTY_topic_alias) {
            publish->topic_alias = (uint16_t)property.number;
        } else if (is_from_client) {
            return REASON_PROTOCOL_ERROR; /* a subscription identifier [MQTT-3.3.4-6] */
        }
    }
    return result == PROPERTY_MALFORMED ? REASON_MALFORMED_PACKET : REASON_SUCCESS;
}

size_t properties_size(const struct properties *properties, enum packet_type type)
{
    size_t size = 0;
    for (uint32_t left = properties->present; left != 0; left &= left - 1) {
        enum property_index index = (enum property_index)__builtin_ctz(left);
        if (index >= PROPERTY_COUNT || (PACKETS[index] >> type & 1u) == 0)
            return UNENCODABLE;
        if (index == PROPERTY_user_property) {
            size += copy_chosen(properties->user_property, 1u << index, NULL);
        } else {
            struct property property = load(properties, index);
            size_t one = property_size(&property);
            size += one ? one : (size_t)UNENCODABLE;
        }
        if (size >= UNENCODABLE)
            return UNENCODABLE;
    }
    return size;
}

size_t properties_encode(const struct properties *properties, uint8_t *out, size_t out_size)
{
    size_t size = 0;
    for (uint32_t left = properties->present; left != 0; left &= left - 1) {
        enum property_index index = (enum property_index)__builtin_ctz(left);
        if (index == PROPERTY_user_property) {
            uint32_t chosen = 1u << index;
            assert(copy_chosen(properties->user_property, chosen, NULL) <= out_size - size);
            size += copy_chosen(properties->user_property, chosen, out + size);
        } else {
            struct property property = load(properties, index);
            size += property_encode(&property, out + size, out_size - size);
        }
    }
    return size;
}

void properties_write(struct writer *writer, const struct properties *properties, size_t size)
{
    writer_variable(writer, (uint32_t)size); /* [MQTT-2.2.2-1] */
    size_t written = properties_encode(properties, writer_take(writer, size), size);
    assert(written == size);
}

size_t properties_publish_size(const struct packet_publish *publish)
{
    size_t size = publish->properties.size;
    if (publish->topic_alias != 0)
        size += 3;
    if (publish->has_message_expiry)
        size += 5;
    for (size_t i = 0; i < publish->subscription_id_count; i++) {
        uint32_t id = publish->subscription_ids[i];
        if (id == 0 || id > SUBSCRIPTION_ID_MAX)
            return UNENCODABLE;
        size += 1 + variable_size(id);
    }
    return size;
}

void properties_write_publish(struct writer *writer, const struct packet_publish *publish,
                              size_t size)
{
    writer_variable(writer, (uint32_t)size); /* [MQTT-2.2.2-1] */
    if (publish->topic_alias != 0) {         /* [MQTT-3.3.2-8] */
        writer_byte(writer, TOPIC_ALIAS);
        writer_two_bytes(writer, publish->topic_alias);
    }
    if (publish->has_message_expiry) {
        writer_byte(writer, MESSAGE_EXPIRY_INTERVAL);
        writer_four_bytes(writer, publish->message_expiry_interval_s);
    }
    for (size_t i = 0; i < publish->subscription_id_count; i++) { /* [MQTT-3.3.4-3] */
        writer_byte(writer, SUBSCRIPTION_IDENTIFIER);
        writer_variable(writer, publish->subscription_ids[i]);
    }
    writer_bytes(writer, publish->properties);
}

size_t properties_passed_on_size(struct bytes section)
{
    return copy_chosen(section, PASSED_ON, NULL);
}

size_t properties_copy_passed_on(struct bytes section, uint8_t *out)
{
    return copy_chosen(section, PASSED_ON, out);
}

/* Does it belong here, is it here for the first time, is its value legal? */
static enum reason_code judge(const struct property *property, enum packet_type type,
                              uint32_t *present)
{
    enum property_index index = property->index;
    if ((PACKETS[index] >> type & 1u) == 0)
        return REASON_MALFORMED_PACKET; /* section 2.2.2.2 */
    bool may_repeat = index == PROPERTY_user_property ||
                      (index == PROPERTY_subscription_identifier && type == PACKET_PUBLISH);
    if ((*present >> index & 1u) != 0 && !may_repeat)
        return REASON_PROTOCOL_ERROR;
    *present |= 1u << index;
    return judge_value(property);
}

static enum reason_code judge_value(const struct property *property)
{
    bool is_legal = true;
    switch (property->index) {
    case PROPERTY_receive_maximum:
    case PROPERTY_maximum_packet_size:
    case PROPERTY_subscription_identifier: is_legal = property->number != 0; break;
    case PROPERTY_topic_alias:
        if (property->number == 0)
            return REASON_TOPIC_ALIAS_INVALID; /* [MQTT-3.3.2-8] */
        break;
    case PROPERTY_response_topic:
        is_legal = topic_name_is_valid(property->text); /* [MQTT-3.3.2-13] [MQTT-3.3.2-14] */
        break;
    default:
        /* One byte is a yes or no, or Maximum QoS, where leaving it out means 2. */
        is_legal = property_type_of(property->index) != PROPERTY_TYPE_BYTE || property->number <= 1;
    }
    return is_legal ? REASON_SUCCESS : REASON_PROTOCOL_ERROR;
}

static void store(struct properties *properties, const struct property *property,
                  struct bytes section)
{
    void *field = (uint8_t *)properties + FIELD_OFFSETS[property->index];
    switch (property_type_of(property->index)) {
    case PROPERTY_TYPE_BYTE: *(uint8_t *)field = (uint8_t)property->number; break;
    case PROPERTY_TYPE_TWO_BYTES: *(uint16_t *)field = (uint16_t)property->number; break;
    case PROPERTY_TYPE_FOUR_BYTES:
    case PROPERTY_TYPE_VARIABLE: *(uint32_t *)field = property->number; break;
    case PROPERTY_TYPE_TEXT:
    case PROPERTY_TYPE_BINARY: *(struct bytes *)field = property->text; break;
    case PROPERTY_TYPE_TEXT_PAIR: *(struct bytes *)field = section; break;
    }
}

static struct property load(const struct properties *properties, enum property_index index)
{
    struct property property = {.index = index};
    const void *field = (const uint8_t *)properties + FIELD_OFFSETS[index];
    switch (property_type_of(index)) {
    case PROPERTY_TYPE_BYTE: property.number = *(const uint8_t *)field; break;
    case PROPERTY_TYPE_TWO_BYTES: property.number = *(const uint16_t *)field; break;
    case PROPERTY_TYPE_FOUR_BYTES:
    case PROPERTY_TYPE_VARIABLE: property.number = *(const uint32_t *)field; break;
    case PROPERTY_TYPE_TEXT:
    case PROPERTY_TYPE_BINARY: property.text = *(const struct bytes *)field; break;
    case PROPERTY_TYPE_TEXT_PAIR: break; /* kept encoded: see copy_chosen */
    }
    return property;
}

/* Copies the properties of `section` whose bit is in `chosen` to `out`, or with NULL only adds them
 * up. Returns their size, UNENCODABLE for a malformed section. */
static size_t copy_chosen(struct bytes section, uint32_t chosen, uint8_t *out)
{
    size_t size = 0;
    struct property property;
    enum property_result result;
    for (size_t at = 0, from = 0;
         (result = property_next(section, &at, &property)) == PROPERTY_FOUND; from = at) {
        if ((chosen >> property.index & 1u) == 0)
            continue;
        if (out) /* [MQTT-3.1.3-10] [MQTT-3.3.2-18] */
            memcpy(out + size, section.data + from, at - from);
        size += at - from;
    }
    return result == PROPERTY_END ? size : (size_t)UNENCODABLE;
}
