/* packet_ids.h — a set of packet identifiers: QoS 2 messages received and not yet released.
 *
 * Open addressing over 16-bit slots; 0 is a free slot, for no packet bears it. Empty, it holds
 * no memory; at most 65535 identifiers exist, so it never takes more than 256 KiB. */
#ifndef MIDGE_CORE_PACKET_IDS_H
#define MIDGE_CORE_PACKET_IDS_H

#include "base/bytes.h"

struct packet_ids {
    uint16_t *slots;
    uint32_t count, capacity;
};

void packet_ids_fini(struct packet_ids *ids);
bool packet_ids_have(const struct packet_ids *ids, uint16_t packet_id);
/* Adds an identifier that is not in. False: no memory. */
MUST_USE bool packet_ids_add(struct packet_ids *ids, uint16_t packet_id);
/* False: it was not in. */
bool packet_ids_remove(struct packet_ids *ids, uint16_t packet_id);

#endif
