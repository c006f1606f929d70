/* ping.h — PINGREQ and PINGRESP (MQTT 5.0 sections 3.12 and 3.13): two bytes each. */
#ifndef MIDGE_WIRE_PING_H
#define MIDGE_WIRE_PING_H

#include "wire/packet.h"

enum { PING_SIZE = 2 };

/* REASON_MALFORMED_PACKET for wrong flags or a body that is not empty. */
MUST_USE enum reason_code ping_decode(enum packet_type type, uint8_t flags, struct bytes body,
                                      enum protocol_version version);

/* Writes PING_SIZE bytes; `type` is PACKET_PINGREQ or PACKET_PINGRESP. */
size_t ping_encode(enum packet_type type, uint8_t *out, size_t out_size);

#endif
