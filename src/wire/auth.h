/* auth.h — AUTH (MQTT 5.0 section 3.15), both directions. There is none before 5.0. */
#ifndef MIDGE_WIRE_AUTH_H
#define MIDGE_WIRE_AUTH_H

#include "wire/packet.h"

/* Decodes a body; *auth borrows from it.
 *   REASON_MALFORMED_PACKET  wrong flags, cut off, trailing bytes, ill-formed
 *   REASON_PROTOCOL_ERROR    a reason that is not for AUTH, no authentication method unless the
 *                            reason is success, illegal properties */
MUST_USE enum reason_code auth_decode(uint8_t flags, struct bytes body,
                                      struct packet_disconnect *auth);

/* Of the whole packet, in its shortest form; 0: it cannot be encoded. */
size_t auth_size(const struct packet_disconnect *auth);
size_t auth_encode(const struct packet_disconnect *auth, uint8_t *out, size_t out_size);

#endif
