/* held.h — what waiting pieces are about, so that later entries about the same wait behind them.
 *
 *   "queue of 17, place 4":  piece 2 ──▶ piece 9 ──▶ piece 12      in the order they were made
 *
 * The map's items are these rows; each goes when nobody stands in it. */
#ifndef MIDGE_STORE_HELD_H
#define MIDGE_STORE_HELD_H

#include "base/map.h"
#include "core/record.h"
#include "store/part_shelf.h"

/* Puts `piece` at the end of every row that its entries are about. False: no memory; it stands in
 * none. */
MUST_USE bool held_take(struct map *held, struct piece *piece);
void held_release(struct map *held, struct piece *piece);
/* Whether somebody holds what `entry` is about. */
bool held_meets(const struct map *held, const struct entry *entry);
bool held_has(const struct map *held, enum store_table table, uint64_t first, uint64_t second);
/* Who stands nearest before `piece` in the row of its nth holder, or NULL. */
const struct piece *held_before(const struct piece *piece, size_t nth);

#endif
