/* connack.h — CONNACK (MQTT 5.0 section 3.2): encoded by servers, decoded by clients. */
#ifndef MIDGE_WIRE_CONNACK_H
#define MIDGE_WIRE_CONNACK_H

#include "wire/packet.h"

/* Decodes a body; *connack borrows from it.
 *   REASON_MALFORMED_PACKET  wrong flags, cut off, trailing bytes, ill-formed
 *   REASON_PROTOCOL_ERROR    an unknown reason, a session present though refused, illegal
 *                            properties */
MUST_USE enum reason_code connack_decode(uint8_t flags, struct bytes body,
                                         enum protocol_version version,
                                         struct packet_connack *connack);

/* Of the whole packet; 0: it cannot be encoded. */
size_t connack_size(const struct packet_connack *connack, enum protocol_version version);
size_t connack_encode(const struct packet_connack *connack, enum protocol_version version,
                      uint8_t *out, size_t out_size);

#endif
