/* suback.h — SUBACK (MQTT 5.0 section 3.9): encoded by servers, decoded by clients. */
#ifndef MIDGE_WIRE_SUBACK_H
#define MIDGE_WIRE_SUBACK_H

#include "wire/packet.h"

/* Decodes a body; *suback borrows from it. Whether there are as many reasons as there were filters
 * is the caller's to compare.
 *   REASON_MALFORMED_PACKET  wrong flags, cut off, ill-formed
 *   REASON_PROTOCOL_ERROR    packet identifier 0, no or an unknown reason, illegal properties */
MUST_USE enum reason_code suback_decode(uint8_t flags, struct bytes body,
                                        enum protocol_version version,
                                        struct packet_suback *suback);

/* Of the whole packet; 0: it cannot be encoded. In 3.x every reason of 0x80 or more is written as
 * 0x80, the one failure that version knows. */
size_t suback_size(const struct packet_suback *suback, enum protocol_version version);
size_t suback_encode(const struct packet_suback *suback, enum protocol_version version,
                     uint8_t *out, size_t out_size);

#endif
