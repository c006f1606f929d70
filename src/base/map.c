/* map.c — see map.h. Removal shifts later items of the same run back, so that no tombstones pile
 * up. */
#include "base/map.h"

#include <assert.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 16 };

static bool grow(struct map *map);
static void place(struct map *map, struct map_slot slot);

void map_init(struct map *map)
{
    *map = (struct map){0};
}

void map_fini(struct map *map)
{
    free(map->slots);
    *map = (struct map){0};
}

void *map_find(const struct map *map, uint64_t hash,
               bool (*is_equal)(const void *item, const void *key), const void *key)
{
    if (map->count == 0) {
        return NULL;
    }
    uint32_t mask = map->capacity - 1;
    for (uint32_t at = (uint32_t)hash & mask; map->slots[at].item; at = (at + 1) & mask) {
        if (map->slots[at].hash == hash && is_equal(map->slots[at].item, key)) {
            return map->slots[at].item;
        }
    }
    return NULL;
}

bool map_add(struct map *map, uint64_t hash, void *item)
{
    assert(item);
    if ((uint64_t)(map->count + 1) * 4 > (uint64_t)map->capacity * 3 && !grow(map)) {
        return false;
    }
    place(map, (struct map_slot){hash, item});
    map->count++;
    return true;
}

void map_remove(struct map *map, uint64_t hash, const void *item)
{
    if (map->count == 0) {
        return;
    }
    uint32_t mask = map->capacity - 1;
    uint32_t at = (uint32_t)hash & mask;
    while (map->slots[at].item != item) {
        if (!map->slots[at].item) {
            return;
        }
        at = (at + 1) & mask;
    }
    map->slots[at].item = NULL;
    map->count--;
    for (uint32_t next = (at + 1) & mask; map->slots[next].item; next = (next + 1) & mask) {
        uint32_t wanted = (uint32_t)map->slots[next].hash & mask;
        if (((next - wanted) & mask) >= ((next - at) & mask)) {
            map->slots[at] = map->slots[next];
            map->slots[next].item = NULL;
            at = next;
        }
    }
}

void *map_next(const struct map *map, uint32_t *cursor)
{
    while (*cursor < map->capacity) {
        void *item = map->slots[(*cursor)++].item;
        if (item) {
            return item;
        }
    }
    return NULL;
}

static bool grow(struct map *map)
{
    uint32_t capacity = map->capacity ? map->capacity * 2 : CAPACITY_MIN;
    if (capacity < map->capacity) {
        return false;
    }
    struct map larger = {calloc(capacity, sizeof *larger.slots), map->count, capacity};
    if (!larger.slots) {
        return false;
    }
    for (uint32_t i = 0; i < map->capacity; i++) {
        if (map->slots[i].item) {
            place(&larger, map->slots[i]);
        }
    }
    free(map->slots);
    *map = larger;
    return true;
}

static void place(struct map *map, struct map_slot slot)
{
    uint32_t mask = map->capacity - 1;
    uint32_t at = (uint32_t)slot.hash & mask;
    while (map->slots[at].item) {
        at = (at + 1) & mask;
    }
    map->slots[at] = slot;
}
