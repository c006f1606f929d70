/* subscribe.h — SUBSCRIBE (MQTT 5.0 section 3.8): encoded by clients, decoded by servers. */
#ifndef MIDGE_WIRE_SUBSCRIBE_H
#define MIDGE_WIRE_SUBSCRIBE_H

#include "wire/packet.h"

/* Decodes a body and checks all its entries; *subscribe borrows from it. Whether a filter is legal
 * is not judged here, but answered entry by entry.
 *   REASON_MALFORMED_PACKET  wrong flags or reserved option bits, cut off, ill-formed
 *   REASON_PROTOCOL_ERROR    packet identifier 0, no entry, QoS or retain handling 3, No Local on a
 *                            shared subscription, illegal properties */
MUST_USE enum reason_code subscribe_decode(uint8_t flags, struct bytes body,
                                           enum protocol_version version,
                                           struct packet_subscribe *subscribe);

/* Walks the entries of a packet that subscribe_decode let through: from *offset 0 on, each call
 * gives the entry there and moves the offset behind it; false at the end. *entry borrows. */
bool subscribe_next(const struct packet_subscribe *subscribe, enum protocol_version version,
                    size_t *offset, struct subscribe_entry *entry);

/* Bytes of one encoded entry; 0: the filter is empty or too long, or an option out of range.
 * Entries encoded one after another are what packet_subscribe.entries shows. In 3.x only the QoS
 * counts. */
size_t subscribe_entry_size(const struct subscribe_entry *entry);
size_t subscribe_entry_encode(const struct subscribe_entry *entry, enum protocol_version version,
                              uint8_t *out, size_t out_size);

/* Of the whole packet; 0: it cannot be encoded (no entries, packet identifier 0, too large).
 * subscribe->entry_count is not looked at. */
size_t subscribe_size(const struct packet_subscribe *subscribe, enum protocol_version version);
size_t subscribe_encode(const struct packet_subscribe *subscribe, enum protocol_version version,
                        uint8_t *out, size_t out_size);

#endif
