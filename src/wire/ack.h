/* ack.h — PUBACK, PUBREC, PUBREL, PUBCOMP (MQTT 5.0 sections 3.4 to 3.7), both directions. */
#ifndef MIDGE_WIRE_ACK_H
#define MIDGE_WIRE_ACK_H

#include "wire/packet.h"

/* Decodes a body; *ack borrows from it. Without properties only properties.present is set.
 *   REASON_MALFORMED_PACKET  wrong flags, cut off, trailing bytes, ill-formed
 *   REASON_PROTOCOL_ERROR    packet identifier 0, a reason that is not for this packet */
MUST_USE enum reason_code ack_decode(enum packet_type type, uint8_t flags, struct bytes body,
                                     enum protocol_version version, struct packet_ack *ack);

/* Of the whole packet, in its shortest form; 0: it cannot be encoded. */
size_t ack_size(enum packet_type type, const struct packet_ack *ack, enum protocol_version version);
size_t ack_encode(enum packet_type type, const struct packet_ack *ack,
                  enum protocol_version version, uint8_t *out, size_t out_size);

#endif
