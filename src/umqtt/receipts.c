/* receipts.c — an unordered table: short in practice, and bounded by the caller's memory. */
#include "umqtt/receipts.h"

#include <assert.h>

static uint16_t *find(const struct umqtt *client, uint16_t packet_id)
{
    uint16_t *receipts = client->options->receipts;
    for (uint16_t i = 0; i < client->receipt_count; i++) {
        if (receipts[i] == packet_id)
            return &receipts[i];
    }
    return NULL;
}

bool receipts_have(const struct umqtt *client, uint16_t packet_id)
{
    return find(client, packet_id) != NULL;
}

void receipts_add(struct umqtt *client, uint16_t packet_id)
{
    assert(!receipts_are_full(client));
    client->options->receipts[client->receipt_count++] = packet_id;
}

bool receipts_remove(struct umqtt *client, uint16_t packet_id)
{
    uint16_t *receipt = find(client, packet_id);
    if (!receipt)
        return false;
    *receipt = client->options->receipts[--client->receipt_count];
    return true;
}
