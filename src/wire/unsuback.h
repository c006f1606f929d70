/* unsuback.h — UNSUBACK (MQTT 5.0 section 3.11): encoded by servers, decoded by clients. */
#ifndef MIDGE_WIRE_UNSUBACK_H
#define MIDGE_WIRE_UNSUBACK_H

#include "wire/packet.h"

/* Decodes a body; *unsuback borrows from it. In 3.x there are no reasons.
 *   REASON_MALFORMED_PACKET  wrong flags, cut off, ill-formed, in 3.x trailing bytes
 *   REASON_PROTOCOL_ERROR    packet identifier 0, no or an unknown reason, illegal properties */
MUST_USE enum reason_code unsuback_decode(uint8_t flags, struct bytes body,
                                          enum protocol_version version,
                                          struct packet_suback *unsuback);

/* Of the whole packet; 0: it cannot be encoded. In 3.x the reasons are not looked at. */
size_t unsuback_size(const struct packet_suback *unsuback, enum protocol_version version);
size_t unsuback_encode(const struct packet_suback *unsuback, enum protocol_version version,
                       uint8_t *out, size_t out_size);

#endif
