/* packet_ids.c — see packet_ids.h. */
#include "core/packet_ids.h"

#include <assert.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 8 };

static uint32_t find(const struct packet_ids *ids, uint16_t packet_id);
static uint32_t wanted_slot(const struct packet_ids *ids, uint16_t packet_id);
static bool resize(struct packet_ids *ids, uint32_t capacity);

void packet_ids_fini(struct packet_ids *ids)
{
    free(ids->slots);
    *ids = (struct packet_ids){0};
}

bool packet_ids_have(const struct packet_ids *ids, uint16_t packet_id)
{
    return ids->count > 0 && ids->slots[find(ids, packet_id)] == packet_id;
}

bool packet_ids_add(struct packet_ids *ids, uint16_t packet_id)
{
    assert(packet_id != 0 && !packet_ids_have(ids, packet_id));
    if (ids->count * 4 >= ids->capacity * 3 &&
        !resize(ids, ids->capacity ? ids->capacity * 2 : CAPACITY_MIN)) {
        return false;
    }
    ids->slots[find(ids, packet_id)] = packet_id;
    ids->count++;
    return true;
}

bool packet_ids_remove(struct packet_ids *ids, uint16_t packet_id)
{
    assert(packet_id != 0);
    if (ids->count == 0) {
        return false;
    }
    uint32_t mask = ids->capacity - 1;
    uint32_t at = find(ids, packet_id);
    if (ids->slots[at] != packet_id) {
        return false;
    }
    ids->slots[at] = 0;
    ids->count--;
    for (uint32_t next = (at + 1) & mask; ids->slots[next] != 0; next = (next + 1) & mask) {
        uint32_t wanted = wanted_slot(ids, ids->slots[next]);
        if (((next - wanted) & mask) >= ((next - at) & mask)) {
            ids->slots[at] = ids->slots[next];
            ids->slots[next] = 0;
            at = next;
        }
    }
    if (ids->count == 0) {
        packet_ids_fini(ids);
    }
    return true;
}

/* Where `packet_id` is, or the free slot where it would go. */
static uint32_t find(const struct packet_ids *ids, uint16_t packet_id)
{
    uint32_t mask = ids->capacity - 1;
    uint32_t at = wanted_slot(ids, packet_id);
    while (ids->slots[at] != 0 && ids->slots[at] != packet_id) {
        at = (at + 1) & mask;
    }
    return at;
}

/* Identifiers count up. Side by side they would be one long run, and each removal would have to
 * walk it to its end: Fibonacci hashing leaves gaps between them. */
static uint32_t wanted_slot(const struct packet_ids *ids, uint16_t packet_id)
{
    return packet_id * UINT32_C(0x9e3779b1) >> __builtin_clz(ids->capacity - 1);
}

static bool resize(struct packet_ids *ids, uint32_t capacity)
{
    struct packet_ids larger = {calloc(capacity, sizeof *larger.slots), ids->count, capacity};
    if (!larger.slots) {
        return false;
    }
    for (uint32_t i = 0; i < ids->capacity; i++) {
        if (ids->slots[i] != 0) {
            larger.slots[find(&larger, ids->slots[i])] = ids->slots[i];
        }
    }
    free(ids->slots);
    *ids = larger;
    return true;
}
