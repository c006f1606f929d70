/* connect.h — CONNECT (MQTT 5.0 section 3.1): encoded by clients, decoded by servers. */
#ifndef MIDGE_WIRE_CONNECT_H
#define MIDGE_WIRE_CONNECT_H

#include "wire/packet.h"

/* Decodes a body; *connect borrows from it. Whatever the result, connect->version is set: refused,
 * it is the version in which an answer would be understood best (3.1.1 until 5.0 is certain).
 *   REASON_UNSUPPORTED_PROTOCOL_VERSION  another protocol name or level
 *   REASON_MALFORMED_PACKET              flags that contradict each other, cut off, trailing bytes,
 *                                        ill-formed; in 3.x a bad will topic
 *   REASON_PROTOCOL_ERROR                illegal properties
 *   REASON_TOPIC_NAME_INVALID            a will topic that is empty or has a wildcard
 * An empty client identifier is let through: whether it is welcome is the server's to say. */
MUST_USE enum reason_code connect_decode(uint8_t flags, struct bytes body,
                                         struct packet_connect *connect);

/* Of the whole packet, in the version of connect->version; 0: it cannot be encoded (too large, will
 * QoS above 2, no will topic, in 3.x a password without user name). */
size_t connect_size(const struct packet_connect *connect);
size_t connect_encode(const struct packet_connect *connect, uint8_t *out, size_t out_size);

#endif
