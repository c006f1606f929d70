/* heap.c — the binary heap behind every deadline.
 *
 * slots[0] is the earliest; the children of slots[i] are slots[2i + 1] and slots[2i + 2], and never
 * earlier than it. Deadlines lie in the array itself, so that ordering touches no entry's memory;
 * only a slot that moves writes its new place into its entry. The array doubles when it is full and
 * halves when three quarters are empty. Only growing can fail, and then nothing has changed. */
#include "base/heap.h"

#include <assert.h>
#include <stdlib.h>

#define CAPACITY_MIN 16

static bool make_room(struct heap *heap);
static void give_room_back(struct heap *heap);
static void place_slot(struct heap *heap, struct heap_slot slot, uint32_t place);
static void sift_up(struct heap *heap, struct heap_slot slot, uint32_t place);
static void sift_down(struct heap *heap, struct heap_slot slot, uint32_t place);

void heap_init(struct heap *heap)
{
    *heap = (struct heap){.slots = NULL, .count = 0, .capacity = 0};
}

void heap_fini(struct heap *heap)
{
    free(heap->slots);
    heap_init(heap);
}

bool heap_set(struct heap *heap, struct heap_entry *entry, uint64_t deadline_us)
{
    struct heap_slot slot = {.deadline_us = deadline_us, .entry = entry};
    if (entry->place == HEAP_NOWHERE) {
        if (!make_room(heap)) {
            return false;
        }
        sift_up(heap, slot, heap->count++);
        return true;
    }
    assert(entry->place < heap->count && heap->slots[entry->place].entry == entry);
    if (deadline_us < heap->slots[entry->place].deadline_us) {
        sift_up(heap, slot, entry->place);
    } else {
        sift_down(heap, slot, entry->place);
    }
    return true;
}

void heap_remove(struct heap *heap, struct heap_entry *entry)
{
    uint32_t place = entry->place;
    if (place == HEAP_NOWHERE) {
        return;
    }
    assert(place < heap->count && heap->slots[place].entry == entry);
    uint64_t deadline_us = heap->slots[place].deadline_us;
    entry->place = HEAP_NOWHERE;
    heap->count--;
    if (place < heap->count) {
        struct heap_slot last = heap->slots[heap->count]; /* fills the gap */
        if (last.deadline_us < deadline_us) {
            sift_up(heap, last, place);
        } else {
            sift_down(heap, last, place);
        }
    }
    give_room_back(heap);
}

struct heap_entry *heap_first(const struct heap *heap, uint64_t *deadline_us)
{
    if (heap->count == 0) {
        return NULL;
    }
    *deadline_us = heap->slots[0].deadline_us;
    return heap->slots[0].entry;
}

static bool make_room(struct heap *heap)
{
    if (heap->count < heap->capacity) {
        return true;
    }
    if (heap->capacity > HEAP_NOWHERE / 2) {
        return false; /* places would not fit into 32 bits */
    }
    uint32_t capacity = heap->capacity ? heap->capacity * 2 : CAPACITY_MIN;
    struct heap_slot *slots = realloc(heap->slots, capacity * sizeof(*slots));
    if (!slots) {
        return false;
    }
    heap->slots = slots;
    heap->capacity = capacity;
    return true;
}

static void give_room_back(struct heap *heap)
{
    if (heap->capacity <= CAPACITY_MIN || heap->count > heap->capacity / 4) {
        return;
    }
    uint32_t capacity = heap->capacity / 2;
    struct heap_slot *slots = realloc(heap->slots, capacity * sizeof(*slots));
    if (slots) { /* otherwise the larger array serves as well */
        heap->slots = slots;
        heap->capacity = capacity;
    }
}

static void place_slot(struct heap *heap, struct heap_slot slot, uint32_t place)
{
    heap->slots[place] = slot;
    slot.entry->place = place;
}

/* Puts `slot` at `place` (whose own slot is free to be overwritten) or above it. */
static void sift_up(struct heap *heap, struct heap_slot slot, uint32_t place)
{
    while (place > 0) {
        uint32_t parent = (place - 1) / 2;
        if (heap->slots[parent].deadline_us <= slot.deadline_us) {
            break;
        }
        place_slot(heap, heap->slots[parent], place);
        place = parent;
    }
    place_slot(heap, slot, place);
}

/* Puts `slot` at `place` (whose own slot is free to be overwritten) or below it. */
static void sift_down(struct heap *heap, struct heap_slot slot, uint32_t place)
{
    for (;;) {
        uint64_t child = 2 * (uint64_t)place + 1;
        if (child >= heap->count) {
            break;
        }
        if (child + 1 < heap->count &&
            heap->slots[child + 1].deadline_us < heap->slots[child].deadline_us) {
            child++;
        }
        if (heap->slots[child].deadline_us >= slot.deadline_us) {
            break;
        }
        place_slot(heap, heap->slots[child], place);
        place = (uint32_t)child;
    }
    place_slot(heap, slot, place);
}
