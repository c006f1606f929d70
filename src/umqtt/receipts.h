/* receipts.h — identifiers of QoS 2 messages that came and are not yet released by PUBREL.
 *
 * They outlive the connection: that is what makes exactly once of a message sent twice. */
#ifndef MIDGE_UMQTT_RECEIPTS_H
#define MIDGE_UMQTT_RECEIPTS_H

#include "umqtt/client.h"

bool receipts_have(const struct umqtt *client, uint16_t packet_id);
/* The caller has asked receipts_are_full before. */
void receipts_add(struct umqtt *client, uint16_t packet_id);
/* False: there was none. */
bool receipts_remove(struct umqtt *client, uint16_t packet_id);

static inline bool receipts_are_full(const struct umqtt *client)
{
    return client->receipt_count >= client->options->receipt_count_max;
}

#endif
