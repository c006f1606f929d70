/* property.c — walks a property section, and writes single properties.
 *
 * Two small tables are made from properties.def: identifier → type and index, index → identifier.
 * A section that breaks off, has an identifier nobody knows or a text that is no UTF-8, ends the
 * walk with PROPERTY_MALFORMED. */
#include "wire/property.h"

#include <assert.h>

#include "wire/reader.h"
#include "wire/writer.h"

struct identifier {
    uint8_t type; /* enum property_type; 0: there is no such identifier */
    uint8_t index;
};

static const struct identifier IDENTIFIERS[] = {
#define PROPERTY(id, name, type, packets) [id] = {PROPERTY_TYPE_##type, PROPERTY_##name},
#include "wire/properties.def"
#undef PROPERTY
};

enum { IDENTIFIER_COUNT = sizeof IDENTIFIERS / sizeof IDENTIFIERS[0] };

static const uint8_t IDENTIFIER_OF[PROPERTY_COUNT] = {
#define PROPERTY(id, name, type, packets) [PROPERTY_##name] = id,
#include "wire/properties.def"
#undef PROPERTY
};

enum property_result property_next(struct bytes section, size_t *offset, struct property *property)
{
    if (*offset >= section.size)
        return PROPERTY_END;
    struct reader reader = reader_of(bytes_of(section.data + *offset, section.size - *offset));
    /* The identifier is a Variable Byte Integer, but none needs a second byte. */
    uint8_t id = reader_byte(&reader);
    struct property found = {0};
    if (!property_find(id, &found.index))
        return PROPERTY_MALFORMED;

    switch (IDENTIFIERS[id].type) {
    case PROPERTY_TYPE_BYTE: found.number = reader_byte(&reader); break;
    case PROPERTY_TYPE_TWO_BYTES: found.number = reader_two_bytes(&reader); break;
    case PROPERTY_TYPE_FOUR_BYTES: found.number = reader_four_bytes(&reader); break;
    case PROPERTY_TYPE_VARIABLE: found.number = reader_variable(&reader); break;
    case PROPERTY_TYPE_BINARY: found.text = reader_binary(&reader); break;
    case PROPERTY_TYPE_TEXT: found.text = reader_text(&reader); break;
    case PROPERTY_TYPE_TEXT_PAIR:
        found.text = reader_text(&reader);
        found.value = reader_text(&reader); /* [MQTT-1.5.7-1] */
        break;
    default: return PROPERTY_MALFORMED;
    }
    if (reader.failed)
        return PROPERTY_MALFORMED;
    *offset = section.size - reader_left(&reader);
    *property = found;
    return PROPERTY_FOUND;
}

enum property_type property_type_of(enum property_index index)
{
    return (enum property_type)IDENTIFIERS[IDENTIFIER_OF[index]].type;
}

uint8_t property_identifier_of(enum property_index index)
{
    return IDENTIFIER_OF[index];
}

bool property_find(uint8_t identifier, enum property_index *index)
{
    if (identifier >= IDENTIFIER_COUNT || IDENTIFIERS[identifier].type == 0)
        return false;
    *index = (enum property_index)IDENTIFIERS[identifier].index;
    return true;
}

size_t property_size(const struct property *property)
{
    size_t size = 1;
    switch (property_type_of(property->index)) {
    case PROPERTY_TYPE_BYTE: size += property->number <= UINT8_MAX ? 1 : UNENCODABLE; break;
    case PROPERTY_TYPE_TWO_BYTES: size += property->number <= UINT16_MAX ? 2 : UNENCODABLE; break;
    case PROPERTY_TYPE_FOUR_BYTES: size += 4; break;
    case PROPERTY_TYPE_VARIABLE:
        size += property->number <= BODY_SIZE_MAX ? variable_size(property->number) : UNENCODABLE;
        break;
    case PROPERTY_TYPE_TEXT:
    case PROPERTY_TYPE_BINARY: size += text_size(property->text); break;
    case PROPERTY_TYPE_TEXT_PAIR:
        size += text_size(property->text) + text_size(property->value);
        break;
    }
    return size < UNENCODABLE ? size : 0;
}

size_t property_encode(const struct property *property, uint8_t *out, size_t out_size)
{
    size_t size = property_size(property);
    if (size == 0)
        return 0;
    struct writer writer = writer_of(out, out_size);
    writer_byte(&writer, IDENTIFIER_OF[property->index]);
    switch (property_type_of(property->index)) {
    case PROPERTY_TYPE_BYTE: writer_byte(&writer, (uint8_t)property->number); break;
    case PROPERTY_TYPE_TWO_BYTES: writer_two_bytes(&writer, (uint16_t)property->number); break;
    case PROPERTY_TYPE_FOUR_BYTES: writer_four_bytes(&writer, property->number); break;
    case PROPERTY_TYPE_VARIABLE: writer_variable(&writer, property->number); break;
    case PROPERTY_TYPE_TEXT:
    case PROPERTY_TYPE_BINARY: writer_text(&writer, property->text); break;
    case PROPERTY_TYPE_TEXT_PAIR:
        writer_text(&writer, property->text);
        writer_text(&writer, property->value);
        break;
    }
    assert(writer.at == out + size);
    return size;
}
