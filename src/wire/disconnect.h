/* disconnect.h — DISCONNECT (MQTT 5.0 section 3.14), both directions. */
#ifndef MIDGE_WIRE_DISCONNECT_H
#define MIDGE_WIRE_DISCONNECT_H

#include "wire/packet.h"

/* Decodes a body; *disconnect borrows from it. In 3.x it is empty.
 *   REASON_MALFORMED_PACKET  wrong flags, cut off, trailing bytes, ill-formed
 *   REASON_PROTOCOL_ERROR    a reason that is not for DISCONNECT, illegal properties */
MUST_USE enum reason_code disconnect_decode(uint8_t flags, struct bytes body,
                                            enum protocol_version version,
                                            struct packet_disconnect *disconnect);

/* Of the whole packet, in its shortest form; 0: it cannot be encoded. */
size_t disconnect_size(const struct packet_disconnect *disconnect, enum protocol_version version);
size_t disconnect_encode(const struct packet_disconnect *disconnect, enum protocol_version version,
                         uint8_t *out, size_t out_size);

#endif
