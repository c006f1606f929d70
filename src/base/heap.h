/* heap.h — deadlines in order: a binary heap of entries that lie inside the caller's structs.
 *
 * Each entry remembers its place, so that it can be moved or taken out in O(log n). The same calls
 * always give the same order, ties included. Nothing bounds the count but the caller's entries. */
#ifndef MIDGE_BASE_HEAP_H
#define MIDGE_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_NOWHERE UINT32_MAX

struct heap_entry {
    uint32_t place; /* index in the heap, or HEAP_NOWHERE: set so before the first use */
    uint8_t kind;   /* the owner's: what the entry lies in */
};

struct heap_slot {
    uint64_t deadline_us;
    struct heap_entry *entry;
};

struct heap {
    struct heap_slot *slots;
    uint32_t count, capacity;
};

void heap_init(struct heap *heap);
void heap_fini(struct heap *heap);
/* Puts `entry` in at, or moves it to, `deadline_us`. False: no memory (never when it was in). */
bool heap_set(struct heap *heap, struct heap_entry *entry, uint64_t deadline_us);
void heap_remove(struct heap *heap, struct heap_entry *entry); /* does nothing when it is nowhere */
/* The earliest entry, or NULL; *deadline_us is its time (untouched when NULL). */
struct heap_entry *heap_first(const struct heap *heap, uint64_t *deadline_us);

#endif
