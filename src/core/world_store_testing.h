/* world_store_testing.h — a store for the tests' world, as simple as can be: what it keeps lies in
 * an array, see world_kept_testing.h.
 *
 *   core ──batch──▶ taken, in this order ──(written at once; groups whole)──▶ kept
 *   core ◀──mail─── RESTORED · PERSISTED · FETCHED · STORE_CHANGED
 *
 * It writes when the world gives it a turn; held, only when it is told to. At a crash it forgets
 * what was taken and not written, as a disk would. A batch is written whole, after all before it of
 * its worker; one with a part of a group only together with all its other parts. */
#ifndef MIDGE_CORE_WORLD_STORE_TESTING_H
#define MIDGE_CORE_WORLD_STORE_TESTING_H

#include "core/world_kept_testing.h"
#include "core/world_state_testing.h"

enum { WORLD_BATCHES_MAX = 8192 };

struct world_mail {
    struct world_mail *next;
    struct event event;
    struct batch *batch; /* that the event refers to; owned */
};

struct world_store {
    bool is_held;
    bool has_news; /* something was taken since it last tried to write */
    enum store_state state;
    uint64_t start;
    uint64_t wall_offset_us;
    struct world_kept kept;
    struct batch *taken[WORLD_BATCHES_MAX];
    uint32_t taken_count;
    uint64_t taken_last[WORLD_WORKERS_MAX]; /* number of each worker's last batch */
    struct world_mail *mail[WORLD_WORKERS_MAX];
    uint64_t fetches_answered;
};

/* Gives the world a store, before world_start. */
void world_store_new(struct world *world);
void world_store_free(struct world *world);
/* What is kept is on its way to the cores, which were just born. */
void world_store_begin(struct world *world);

void world_store_take(struct world *world, struct batch *batch); /* given */
/* True: it would write something if it were given a turn. */
bool world_store_wants_turn(const struct world *world);
/* Writes what it may of the first `count` batches that were taken, and says so, unless the broker
 * is gone before it can: `says` is false then. */
void world_store_write(struct world *world, uint32_t count, bool says);
bool world_store_has_mail(const struct world *world, uint32_t worker);
void world_store_hear_one(struct world *world, uint32_t worker); /* the worker does */

void world_store_change(struct world *world, enum store_state state, const char *words);
/* How many entries of this kind are kept; of deliveries, those that are releasing, too. */
size_t world_store_count(const struct world *world, enum entry_kind kind);

/* The process ends between two steps, and with it all links. */
void world_store_crash(struct world *world);
/* At the end of a world: fails the test when a session has left something behind. */
void world_store_check_end(const struct world *world);

#endif
