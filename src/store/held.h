/* held.h — what waiting pieces are about, and which of their entries came too late.
 *
 *   "queue of 17, place 4":  piece 2 ──▶ piece 9 ──▶ piece 12      in the order they were made
 *
 * When one of a row is written, what those before it have to say about the same thing is out of
 * date: when they are written at last, these entries are left out. The map's items are the rows;
 * each goes when nobody stands in it. */
#ifndef MIDGE_STORE_HELD_H
#define MIDGE_STORE_HELD_H

#include "base/map.h"
#include "core/record.h"
#include "store/store_backend.h"

struct holder;

/* The places of one piece in rows. Lies inside it; begins as zeros. */
struct holding {
    struct holder *holders;
    size_t count;
    bool *is_late; /* for each entry of the piece */
};

/* Puts `holding` at the end of every row that the entries of `batch` between `from` and `to` are
 * about. False: no memory; it stands in none. */
MUST_USE bool held_take(struct map *held, struct holding *holding, const struct batch *batch,
                        size_t from, size_t to);
/* The piece is to be written next, before all that waits. */
void held_release(struct map *held, struct holding *holding);
/* These entries, the newest of all, are to be written next. */
void held_overtake(struct map *held, const struct batch *batch, size_t from, size_t to);
/* At any time. */
void holding_fini(struct map *held, struct holding *holding);

bool held_has(const struct map *held, enum store_table table, uint64_t first, uint64_t second);

#endif
