/* keeper.h — the keeper's role in simulated time: batches are taken, committed after a while, and
 * what came of it is told to the workers; at the start, what there was is told to them.
 *
 * The store is the real one, its disk a simulated one that outlives crashes. */
#ifndef MIDGE_SIM_KEEPER_H
#define MIDGE_SIM_KEEPER_H

#include "base/random.h"
#include "core/core.h"
#include "core/record.h"
#include "sim/worker.h"
#include "store/store.h"
#include "store/store_memory.h"

struct keeper {
    struct workforce *force;
    struct random random;
    struct memory_disk *disk;
    struct store *store; /* NULL: closed */
    struct appointment work, restore;
    struct batch *first, *last; /* given by workers, not yet taken */
    enum durability durability;
    enum store_state state;
    enum restore_phase phase;
    uint64_t hash_seed;
    uint64_t taken[STORE_WORKERS_MAX], told[STORE_WORKERS_MAX]; /* numbers of batches */
    uint32_t commit_us_max;
    bool has_taken;     /* since the last transaction that was written */
    bool is_committing; /* `work` is the end of a transaction */
    uint64_t commits;
};

void keeper_init(struct keeper *keeper, struct workforce *force, uint32_t commit_us_max,
                 uint64_t seed);
void keeper_fini(struct keeper *keeper);
/* Opens the store; *birth learns what it says. What there is comes by mail, bit by bit. False: the
 * disk does not let us. */
bool keeper_start(struct keeper *keeper, struct core_birth *birth, bool was_stopped_well);
void keeper_take(struct keeper *keeper, struct batch *batch); /* given */
/* Writes everything and closes. False: it could not be written, and is lost. */
bool keeper_stop(struct keeper *keeper, uint32_t tries_max);
void keeper_crash(struct keeper *keeper);
/* Everything given is written, everything there was is told. */
bool keeper_is_quiet(const struct keeper *keeper);

/* The disk's faults, to be changed at any time; the keeper looks at it soon. */
struct memory_faults *keeper_faults(struct keeper *keeper);
void keeper_heal_disk(struct keeper *keeper);

#endif
