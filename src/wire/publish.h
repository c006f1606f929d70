/* publish.h — PUBLISH (MQTT 5.0 section 3.3), both directions. */
#ifndef MIDGE_WIRE_PUBLISH_H
#define MIDGE_WIRE_PUBLISH_H

#include "wire/packet.h"

/* Decodes a body; *publish borrows from it.
 *   REASON_MALFORMED_PACKET     QoS 3, DUP with QoS 0, cut off, ill-formed; in 3.x any bad topic
 *   REASON_PROTOCOL_ERROR       packet identifier 0, neither topic nor alias, illegal properties
 *   REASON_TOPIC_NAME_INVALID   a wildcard in the topic
 *   REASON_TOPIC_ALIAS_INVALID  topic alias 0 */
MUST_USE enum reason_code publish_decode(uint8_t flags, struct bytes body,
                                         enum protocol_version version,
                                         struct packet_publish *publish);

/* The same for a server: a client may send no subscription identifier. [MQTT-3.3.4-6] */
MUST_USE enum reason_code publish_decode_from_client(uint8_t flags, struct bytes body,
                                                     enum protocol_version version,
                                                     struct packet_publish *publish);

/* Of the whole packet; 0: it cannot be encoded (too large, QoS above 2, packet identifier 0 with
 * QoS 1 or 2, no topic). */
size_t publish_size(const struct packet_publish *publish, enum protocol_version version);
/* Writes publish_size bytes to `out` and returns their number; 0 when that is 0. `out_size` is
 * asserted to suffice; so it is in all encoders. */
size_t publish_encode(const struct packet_publish *publish, enum protocol_version version,
                      uint8_t *out, size_t out_size);

/* The same for all that stands before the payload, so that the payload can be referenced or
 * streamed: payload.size counts, payload.data is not looked at. */
size_t publish_header_size(const struct packet_publish *publish, enum protocol_version version);
size_t publish_encode_header(const struct packet_publish *publish, enum protocol_version version,
                             uint8_t *out, size_t out_size);

/* Copies the properties that travel on from a decoded *publish, publish->passed_on_size bytes, in
 * their order. [MQTT-3.3.2-17] [MQTT-3.3.2-18] */
void publish_copy_passed_on(const struct packet_publish *publish, uint8_t *out);

#endif
