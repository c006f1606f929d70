/* properties.h — a whole property section of MQTT 5.0 at once, for the packet it stands in.
 *
 * What a section may hold depends on its packet: properties.def says it. A program for 3.1 and
 * 3.1.1 alone links properties_none.c instead, which refuses every packet of 5.0. */
#ifndef MIDGE_WIRE_PROPERTIES_H
#define MIDGE_WIRE_PROPERTIES_H

#include "wire/reader.h"
#include "wire/writer.h"

/* The packet type that stands for the will properties inside CONNECT. */
#define PROPERTIES_OF_WILL ((enum packet_type)0)

/* Decodes `section` (without its length) into *properties, which borrow from it; what is not there
 * is zero. Of several subscription identifiers the last stays.
 *   REASON_MALFORMED_PACKET     cut off, ill-formed text, unknown, or not for this packet
 *   REASON_PROTOCOL_ERROR       twice what may be there once, a value the standard forbids,
 *                               authentication data without a method
 *   REASON_TOPIC_ALIAS_INVALID  topic alias 0 */
MUST_USE enum reason_code properties_decode(struct bytes section, enum packet_type type,
                                            struct properties *properties);

/* The same, from the reader, the length first. A reader that runs out has failed, as ever. */
MUST_USE enum reason_code properties_read(struct reader *reader, enum packet_type type,
                                          struct properties *properties);

/* The same checks for PUBLISH, filling the fields of *publish that come from its properties. With
 * `is_from_client` a subscription identifier is REASON_PROTOCOL_ERROR. [MQTT-3.3.4-6] */
MUST_USE enum reason_code properties_read_publish(struct reader *reader, bool is_from_client,
                                                  struct packet_publish *publish);

/* Bytes of the encoded section without its length; UNENCODABLE when a text is too long, a property
 * is not for this packet, or the user properties are no well-formed section. */
size_t properties_size(const struct properties *properties, enum packet_type type);

/* Writes those bytes, which properties_size has found encodable, to `out` and returns their
 * number. `out_size` is asserted to suffice. */
size_t properties_encode(const struct properties *properties, uint8_t *out, size_t out_size);

/* Writes the length and then the section; `size` is what properties_size said. */
void properties_write(struct writer *writer, const struct properties *properties, size_t size);

/* The same two for PUBLISH, from the fields of *publish. */
size_t properties_publish_size(const struct packet_publish *publish);
void properties_write_publish(struct writer *writer, const struct packet_publish *publish,
                              size_t size);

/* The properties of a well-formed PUBLISH or will section that travel on unaltered with the
 * message, in their order: payload format, content type, response topic, correlation data, user
 * properties. Their size, and a copy of them to `out`, which has room for that many; it returns how
 * many. [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18]
 * [MQTT-3.3.2-20] [MQTT-3.1.3-10] */
size_t properties_passed_on_size(struct bytes section);
size_t properties_copy_passed_on(struct bytes section, uint8_t *out);

#endif
