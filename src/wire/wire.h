/* wire.h — the doors of the codec: whole frames to packets and packets to bytes.
 *
 * Decoding answers with a reason code: REASON_SUCCESS, or why the packet is refused
 * (REASON_MALFORMED_PACKET, REASON_PROTOCOL_ERROR, REASON_UNSUPPORTED_PROTOCOL_VERSION for CONNECT,
 * REASON_TOPIC_NAME_INVALID, REASON_TOPIC_ALIAS_INVALID). Nothing is allocated or copied; what is
 * decoded borrows from the frame. Everything the standard says about one packet alone is checked
 * here (flags, UTF-8, properties that belong, packet identifier zero, trailing bytes); what depends
 * on state is the caller's. A packet refused may be half filled, but packet->type is set, and of a
 * CONNECT the version to answer in (connect.h).
 *
 * A microcontroller calls the functions of each packet's own file instead, and links only those. */
#ifndef MIDGE_WIRE_WIRE_H
#define MIDGE_WIRE_WIRE_H

#include "wire/frame.h"

/* CONNECT tells its own version; `version` is then ignored. A packet that only a server sends is
 * REASON_PROTOCOL_ERROR; one that does not exist in `version` is REASON_MALFORMED_PACKET. */
MUST_USE enum reason_code wire_decode_from_client(const struct frame *frame,
                                                  enum protocol_version version,
                                                  struct packet *packet);
MUST_USE enum reason_code wire_decode_from_server(const struct frame *frame,
                                                  enum protocol_version version,
                                                  struct packet *packet);

/* The exact number of bytes `packet` takes, fixed header included; 0: it cannot be encoded (too
 * large, or a field the format or `version` has no room for). CONNECT uses its own version. */
size_t wire_size(const struct packet *packet, enum protocol_version version);
/* Writes exactly wire_size bytes to `out`; returns that number. `out_size` is asserted to
 * suffice. */
size_t wire_encode(const struct packet *packet, enum protocol_version version, uint8_t *out,
                   size_t out_size);

#endif
