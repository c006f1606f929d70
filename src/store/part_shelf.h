/* part_shelf.h — batches that were taken, and when which piece of them may be written.
 *
 *   batch 7:  [entries …][part of group A][entries …][part of group B][entries …]
 *   pieces:       1            2              3             4             5
 *
 * Most pieces are ready at once. A part waits until its group is whole; nothing waits for it. When
 * something later about the same thing (a place in a queue, a retained topic …) is written before
 * it, what the part says about that is left out in the end: as if it had been overwritten.
 *
 * Parts must be taken in the order of cause: a part before those that follow from it. */
#ifndef MIDGE_STORE_PART_SHELF_H
#define MIDGE_STORE_PART_SHELF_H

#include "base/list.h"
#include "base/map.h"
#include "core/record.h"
#include "store/held.h"
#include "store/store_backend.h"
#include "store/store_terms.h"

struct shelf_batch;
struct shelf_group;

/* Entries of one batch, one behind the other. */
struct piece {
    struct piece *next; /* in the order of writing */
    struct list link;   /* in its group, while it waits */
    struct shelf_batch *home;
    size_t from, to;
    bool has_waited;
    bool begins_unit;       /* not to be written together with the one before it */
    struct holding holding; /* of what it is about, while it waits */
};

struct part_shelf {
    struct batch *inbox, **inbox_end;
    struct shelf_batch *sorting; /* the batch that is being cut into pieces, or NULL */
    size_t sorting_at;
    struct shelf_batch *oldest[STORE_WORKERS_MAX], *newest[STORE_WORKERS_MAX];
    struct piece *ready, *ready_last;
    struct list groups; /* those that wait */
    struct map groups_by_number;
    struct map held; /* what waiting pieces are about */
    size_t bytes;    /* of all batches that were taken and not given back */
};

void part_shelf_init(struct part_shelf *shelf);
void part_shelf_fini(struct part_shelf *shelf);

/* Takes `batch`. */
void part_shelf_take(struct part_shelf *shelf, struct batch *batch);
/* Cuts what was taken into pieces and finds which of them are ready. False: no memory; nothing is
 * to be written until the next call, which goes on. */
MUST_USE bool part_shelf_sort(struct part_shelf *shelf);
/* The first piece to be written, or NULL; follow `next`. */
const struct piece *part_shelf_ready(const struct part_shelf *shelf);
/* The next entry of a piece; *at begins at piece->from. */
bool piece_next(const struct piece *piece, size_t *at, struct entry *entry);
/* All pieces up to `last` are written, and gone. */
void part_shelf_written(struct part_shelf *shelf, const struct piece *last);
/* A batch (given) of `worker` that is written with all before it, or NULL. */
struct batch *part_shelf_pop(struct part_shelf *shelf, uint32_t worker);

/* Whether something that waits is about this record. */
bool part_shelf_holds(const struct part_shelf *shelf, enum store_table table, uint64_t first,
                      uint64_t second);

#endif
