/* journal.h — what this worker writes down: the batch that is open, until it is due.
 *
 *   journal_add … journal_add ──(due)──▶ batch n ──▶ the store ──▶ PERSISTED n
 *
 * What someone waits for is due at the end of the turn; what may prove unnecessary (a message that
 * its receiver is about to acknowledge) lingers a moment; what nobody waits for lingers longer.
 * All of it leaves together, in the order in which it was added.
 *
 * A group is what must be written whole or not at all though several workers write parts of it: a
 * QoS 2 identifier and what its message is owed to. Whoever hears a record that names a group adds
 * one part, which may be empty. */
#ifndef MIDGE_CORE_JOURNAL_H
#define MIDGE_CORE_JOURNAL_H

#include "core/core_state.h"
#include "core/record.h"

enum {
    JOURNAL_LINGER_ACK_US = 8000,    /* for an acknowledgement that saves the writing */
    JOURNAL_LINGER_LAZY_US = 100000, /* for what nobody waits for */
    JOURNAL_BYTES_LONG = 32 << 20,   /* given and not persisted: from here clients are held */
    JOURNAL_BYTES_SHORT = 8 << 20,   /* and go on */
};

/* `is_on`: there is a store, opened for the `start`th time; `wall_us`: what the wall's clock says
 * at now_us. */
void journal_begin(struct core *core, bool is_on, uint64_t start, uint64_t wall_us);
void journal_free(struct core *core);

static inline bool journal_is_on(const struct core *core)
{
    return core->journal.is_on;
}

/* A number for record.h's entries, never used before. */
uint64_t journal_new_number(struct core *core);

/* Adds to the open batch; returns the batch's number. Without memory the process ends: what it
 * has acknowledged is on the disk, what it could not write is not acknowledged. */
uint64_t journal_add(struct core *core, enum entry_kind kind, const void *fixed,
                     const struct bytes *runs, size_t run_count);
/* The open batch is due at the end of this turn; or in `us` at the latest. */
void journal_hurry(struct core *core);
void journal_linger(struct core *core, uint64_t us);
static inline bool journal_is_due(const struct core *core)
{
    return core->journal.due_us <= core->now_us;
}

/* The open batch will be given even if nothing is added to it: somebody waits for it. */
void journal_need_batch(struct core *core);
/* The open batch (given), or NULL when nothing was added; the next one is open. */
struct batch *journal_take(struct core *core);
/* Batch `number` and all before it are written. */
void journal_note_persisted(struct core *core, uint64_t number);
/* True: so much waits for the disk that publishers should. */
bool journal_is_long(const struct core *core);
bool journal_is_short(const struct core *core);

/* From a point of this core's time to one of the wall's, and back (not before 1). 0 stays 0. */
uint64_t journal_to_wall(const struct core *core, uint64_t us);
uint64_t journal_from_wall(const struct core *core, uint64_t wall_us);

/* What is added between begin and end is one part of `group` (0: of none). Pairs may nest; only the
 * outermost counts. */
void journal_group_begin(struct core *core, uint64_t group);
void journal_group_end(struct core *core);
/* The group a record to another worker (or to ourselves) has to name: its hearer adds a part. 0:
 * no group is open. */
uint64_t journal_group_pass_on(struct core *core);

#endif
