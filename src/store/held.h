/* held.h — what waiting pieces are about, so that later entries about the same wait behind them.
 *
 *   "queue of 17, place 4":  piece 2 ──▶ piece 9 ──▶ piece 12      in the order they were made
 *
 * The map's items are these rows; each goes when nobody stands in it. */
#ifndef MIDGE_STORE_HELD_H
#define MIDGE_STORE_HELD_H

#include "base/map.h"
#include "core/record.h"
#include "store/store_backend.h"

struct holder;

/* The places in rows of one piece. Lies inside it. */
struct holding {
    struct holder *holders;
    size_t count;
};

/* Puts `holding` (empty) at the end of every row that the entries of `batch` between `from` and
 * `to` are about. False: no memory; it stands in none. */
MUST_USE bool held_take(struct map *held, struct holding *holding, const struct batch *batch,
                        size_t from, size_t to);
void held_release(struct map *held, struct holding *holding);
/* Whether somebody holds what `entry` is about. */
bool held_meets(const struct map *held, const struct entry *entry);
bool held_has(const struct map *held, enum store_table table, uint64_t first, uint64_t second);
/* Who stands nearest before `holding` in its nth row, or NULL. */
struct holding *held_before(const struct holding *holding, size_t nth);

#endif
