/* property.h — one property of MQTT 5.0 at a time (section 2.2.2).
 *
 * To walk a section, which needs no more memory than this:
 *     struct property property;
 *     for (size_t at = 0; property_next(section, &at, &property) == PROPERTY_FOUND;)
 *         …
 * Whether a property belongs to its packet, and may be there twice, is what properties.h knows. */
#ifndef MIDGE_WIRE_PROPERTY_H
#define MIDGE_WIRE_PROPERTY_H

#include "wire/packet.h"

enum property_type {
    PROPERTY_TYPE_BYTE = 1,
    PROPERTY_TYPE_TWO_BYTES,
    PROPERTY_TYPE_FOUR_BYTES,
    PROPERTY_TYPE_VARIABLE,
    PROPERTY_TYPE_TEXT,
    PROPERTY_TYPE_BINARY,
    PROPERTY_TYPE_TEXT_PAIR,
};

struct property {
    enum property_index index;
    uint32_t number;    /* of the first four types */
    struct bytes text;  /* of TEXT and BINARY; of TEXT_PAIR its name */
    struct bytes value; /* of TEXT_PAIR */
};

enum property_result {
    PROPERTY_END = 0,
    PROPERTY_FOUND,
    PROPERTY_MALFORMED, /* cut off, an unknown identifier, or ill-formed UTF-8 */
};

/* Reads the property at `*offset` of `section` (a property section without its length), whose views
 * borrow from it, and moves the offset behind it. Only PROPERTY_FOUND sets *property. */
MUST_USE enum property_result property_next(struct bytes section, size_t *offset,
                                            struct property *property);

enum property_type property_type_of(enum property_index index);
uint8_t property_identifier_of(enum property_index index);
/* False when the standard knows no such identifier. */
MUST_USE bool property_find(uint8_t identifier, enum property_index *index);

/* Bytes that `property` takes, identifier included; 0: it cannot be encoded (a text or binary of
 * more than 65535 bytes, a number its type cannot hold). */
size_t property_size(const struct property *property);
/* Writes property_size bytes to `out` and returns their number. `out_size` is asserted to
 * suffice. */
size_t property_encode(const struct property *property, uint8_t *out, size_t out_size);

#endif
