/* world_kept_testing.h — what the tests' store keeps: entries in one array, sorted by kind and
 * numbers. */
#ifndef MIDGE_CORE_WORLD_KEPT_TESTING_H
#define MIDGE_CORE_WORLD_KEPT_TESTING_H

#include "core/record.h"

struct world_entry {
    enum entry_kind kind;   /* of a delivery always ENTRY_DELIVERY */
    uint64_t first, second; /* what it is found by, within its kind */
    struct batch *alone;    /* the entry itself, as it was written */
};

struct world_kept {
    struct world_entry *entries;
    size_t count, capacity;
    uint64_t written; /* added or replaced, ever */
};

void world_kept_fini(struct world_kept *kept);
/* Does what the entries of a batch say. */
void world_kept_write(struct world_kept *kept, const struct batch *batch);
/* Forgets bodies that no delivery refers to any more. */
void world_kept_sweep(struct world_kept *kept);
/* Where that entry is, or would be. */
size_t world_kept_find(const struct world_kept *kept, enum entry_kind kind, uint64_t first,
                       uint64_t second, bool *is_there);
/* The entry at an index, as it was written. */
struct entry world_kept_at(const struct world_kept *kept, size_t index);
/* The answer to a question, for its worker (given). */
struct batch *world_kept_fetch(const struct world_kept *kept, uint32_t worker,
                               const struct fetch_entry *fetch);
/* The session at an index and all that belongs to it, for the start (given). */
struct batch *world_kept_session(const struct world_kept *kept, size_t index, uint32_t worker);
/* Fails the test when something refers to what is not there. */
void world_kept_check(const struct world_kept *kept);

#endif
