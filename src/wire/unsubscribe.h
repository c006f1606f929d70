/* unsubscribe.h — UNSUBSCRIBE (MQTT 5.0 section 3.10): encoded by clients, decoded by servers. */
#ifndef MIDGE_WIRE_UNSUBSCRIBE_H
#define MIDGE_WIRE_UNSUBSCRIBE_H

#include "wire/packet.h"

/* Decodes a body and checks all its filters' UTF-8; *unsubscribe borrows from it.
 *   REASON_MALFORMED_PACKET  wrong flags, cut off, ill-formed
 *   REASON_PROTOCOL_ERROR    packet identifier 0, no filter, illegal properties */
MUST_USE enum reason_code unsubscribe_decode(uint8_t flags, struct bytes body,
                                             enum protocol_version version,
                                             struct packet_unsubscribe *unsubscribe);

/* Walks the filters, as subscribe_next does. */
bool unsubscribe_next(const struct packet_unsubscribe *unsubscribe, size_t *offset,
                      struct bytes *filter);

/* Bytes of one encoded filter; 0: it is empty or too long. Filters encoded one after another are
 * what packet_unsubscribe.entries shows. */
size_t unsubscribe_entry_size(struct bytes filter);
size_t unsubscribe_entry_encode(struct bytes filter, uint8_t *out, size_t out_size);

/* Of the whole packet; 0: it cannot be encoded (no filter, packet identifier 0, too large).
 * unsubscribe->entry_count is not looked at. */
size_t unsubscribe_size(const struct packet_unsubscribe *unsubscribe,
                        enum protocol_version version);
size_t unsubscribe_encode(const struct packet_unsubscribe *unsubscribe,
                          enum protocol_version version, uint8_t *out, size_t out_size);

#endif
