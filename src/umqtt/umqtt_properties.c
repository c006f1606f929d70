/* umqtt_properties.c — the public way to write and read properties of 5.0, over wire/property. */
#include "umqtt.h"

#include "base/utf8.h"
#include "umqtt/client.h"
#include "wire/property.h"

enum { KIND_NUMBER, KIND_TEXT, KIND_PAIR };

static bool text_is_legal(const struct property *property);
static enum umqtt_error add(struct umqtt_properties *properties, struct property *property,
                            enum umqtt_property_id id, int kind);
static int kind_of(enum property_index index);

enum umqtt_error umqtt_property_add(struct umqtt_properties *properties,
                                    const struct umqtt_property *property)
{
    enum property_index index;
    if (!property_find((uint8_t)property->id, &index))
        return UMQTT_INVALID;
    struct property encodable = {.number = property->number,
                                 .text = bytes_in(property->text),
                                 .value = bytes_in(property->value)};
    return add(properties, &encodable, property->id, kind_of(index));
}

enum umqtt_error umqtt_property_add_number(struct umqtt_properties *properties,
                                           enum umqtt_property_id id, uint32_t number)
{
    return add(properties, &(struct property){.number = number}, id, KIND_NUMBER);
}

enum umqtt_error umqtt_property_add_text(struct umqtt_properties *properties,
                                         enum umqtt_property_id id, struct umqtt_bytes text)
{
    return add(properties, &(struct property){.text = bytes_in(text)}, id, KIND_TEXT);
}

enum umqtt_error umqtt_property_add_pair(struct umqtt_properties *properties,
                                         struct umqtt_bytes name, struct umqtt_bytes value)
{
    struct property pair = {.text = bytes_in(name), .value = bytes_in(value)};
    return add(properties, &pair, UMQTT_USER_PROPERTY, KIND_PAIR);
}

bool umqtt_property_next(struct umqtt_bytes section, size_t *offset,
                         struct umqtt_property *property)
{
    struct property found;
    if (property_next(bytes_in(section), offset, &found) != PROPERTY_FOUND)
        return false;
    *property =
        (struct umqtt_property){.id = (enum umqtt_property_id)property_identifier_of(found.index),
                                .number = found.number,
                                .text = bytes_out(found.text),
                                .value = bytes_out(found.value)};
    return true;
}

bool umqtt_property_find(struct umqtt_bytes section, enum umqtt_property_id id,
                         struct umqtt_property *property)
{
    for (size_t at = 0; umqtt_property_next(section, &at, property);) {
        if (property->id == id)
            return true;
    }
    return false;
}

static enum umqtt_error add(struct umqtt_properties *properties, struct property *property,
                            enum umqtt_property_id id, int kind)
{
    if (!property_find((uint8_t)id, &property->index) || kind_of(property->index) != kind)
        return UMQTT_INVALID;
    size_t size = property_size(property);
    if (size == 0 || !text_is_legal(property))
        return UMQTT_INVALID;
    size_t room = properties->size_max - properties->size;
    if (size > room)
        return UMQTT_FULL;
    properties->size += property_encode(property, properties->data + properties->size, room);
    return UMQTT_OK;
}

static int kind_of(enum property_index index)
{
    switch (property_type_of(index)) {
    case PROPERTY_TYPE_TEXT:
    case PROPERTY_TYPE_BINARY: return KIND_TEXT;
    case PROPERTY_TYPE_TEXT_PAIR: return KIND_PAIR;
    default: return KIND_NUMBER;
    }
}

/* Binary data may be anything; texts may not. [MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT-1.5.7-1]
 * [MQTT-3.3.2-13] [MQTT-3.3.2-19] */
static bool text_is_legal(const struct property *property)
{
    switch (property_type_of(property->index)) {
    case PROPERTY_TYPE_TEXT: return utf8_is_valid(property->text);
    case PROPERTY_TYPE_TEXT_PAIR:
        return utf8_is_valid(property->text) && utf8_is_valid(property->value);
    default: return true;
    }
}
