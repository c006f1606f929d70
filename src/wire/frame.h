/* frame.h — is a whole packet here yet? The fixed header (MQTT 5.0 section 2.1). */
#ifndef MIDGE_WIRE_FRAME_H
#define MIDGE_WIRE_FRAME_H

#include "wire/packet.h"

enum frame_result { FRAME_WHOLE, FRAME_INCOMPLETE, FRAME_MALFORMED };

struct frame {
    uint8_t type;  /* enum packet_type; 0 is possible: frame_read does not judge it */
    uint8_t flags; /* low four bits of the first byte */
    /* Bytes of the whole packet, fixed header included; set as soon as they are known, else 0. */
    size_t size;
    struct bytes body; /* what follows the fixed header; only when FRAME_WHOLE */
};

/* Looks at the first packet in `input`; frame->body borrows from it. `type` and `flags` are set as
 * soon as there is one byte. FRAME_INCOMPLETE with frame->size 0: not even the length is here.
 * FRAME_MALFORMED: the length takes more than four bytes, or more than it needs. [MQTT-1.5.5-1] */
MUST_USE enum frame_result frame_read(struct bytes input, struct frame *frame);

/* The flags that every packet but PUBLISH must have. [MQTT-2.1.3-1] */
static inline uint8_t frame_flags_of(enum packet_type type)
{
    return type == PACKET_PUBREL || type == PACKET_SUBSCRIBE || type == PACKET_UNSUBSCRIBE ? 2 : 0;
}

/* True when `flags` are those. A client of 3.1 may set DUP where it sends such a packet again. */
static inline bool frame_flags_are_legal(enum packet_type type, uint8_t flags,
                                         enum protocol_version version)
{
    uint8_t expected = frame_flags_of(type);
    return flags == expected || (version == PROTOCOL_3_1 && expected && flags == (expected | 8));
}

#endif
