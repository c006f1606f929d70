/* map.h — items of the caller's, found by a hash: open addressing, linear probing.
 *
 *   slots:  [hash|item] [hash|item] [    ] [hash|item] …      a power of two, at most 3/4 full
 *
 * The map keeps pointers only; what an item's key is, and when two are equal, the caller says. */
#ifndef MIDGE_BASE_MAP_H
#define MIDGE_BASE_MAP_H

#include "base/bytes.h"

struct map_slot {
    uint64_t hash;
    void *item; /* NULL: free */
};

struct map {
    struct map_slot *slots;
    uint32_t count, capacity;
};

void map_init(struct map *map); /* takes no memory until the first item */
void map_fini(struct map *map); /* the items stay the caller's */

/* The first item with this hash for which `is_equal(item, key)` holds, or NULL. */
void *map_find(const struct map *map, uint64_t hash,
               bool (*is_equal)(const void *item, const void *key), const void *key);
/* Puts `item` (not NULL) in, whether an equal one is there or not. False: no memory, nothing
 * changed. */
MUST_USE bool map_add(struct map *map, uint64_t hash, void *item);
void map_remove(struct map *map, uint64_t hash,
                const void *item); /* does nothing when it is not in */

/* Any item, or NULL when empty (to empty a map one by one); *cursor walks: start at 0.
 * No item may be added or removed during a walk. */
void *map_next(const struct map *map, uint32_t *cursor);

#endif
