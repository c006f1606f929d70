/* restore.h — tells the cores what there was at the start, home by home, in portions.
 *
 * Sessions are walked in the order of their numbers, and beside them, in step, what lies under
 * these numbers in other tables: a session without queue and received identifiers costs one step.
 * What is found under no session was left behind by one that has gone. */
#ifndef MIDGE_STORE_RESTORE_H
#define MIDGE_STORE_RESTORE_H

#include "store/records.h"
#include "store/store_terms.h"
#include "store/sweep.h"

enum { RESTORE_PORTION_BYTES = 256 * 1024 };

/* The place in a table whose keys begin with a session's number. */
struct restore_follower {
    enum store_table table;
    bool is_at_end;
    uint64_t session; /* the next one that has something there, at least */
};

struct restore {
    struct store_birth birth;
    enum store_phase phase;
    uint64_t numbers_end; /* greater ones were made since the start */
    uint64_t next;        /* number of the next session, or retained topic */
    bool is_walked;       /* this phase has nothing more; what is collected goes out */
    struct restore_follower followers[3];
    struct batch *collected[STORE_WORKERS_MAX];
};

void restore_init(struct restore *restore, const struct store_birth *birth, uint64_t start);
void restore_fini(struct restore *restore);

/* See store_restore_next. What is left behind is noted in `sweep`. */
enum store_phase restore_next(struct restore *restore, struct records *records, struct sweep *sweep,
                              uint32_t *worker, struct batch **batch);

#endif
