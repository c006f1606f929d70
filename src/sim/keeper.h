/* keeper.h — the keeper's role in simulated time: batches are taken, committed after a while, and
 * what came of it is told to the workers; at the start, what there was is told to them. */
#ifndef MIDGE_SIM_KEEPER_H
#define MIDGE_SIM_KEEPER_H

#include "base/random.h"
#include "core/core.h"
#include "core/record.h"
#include "sim/worker.h"

struct keeper {
    struct workforce *force;
    struct random random;
    struct appointment work, restore;
    struct batch *first, *last; /* given by workers, not yet taken */
    uint32_t commit_us_max;
};

void keeper_init(struct keeper *keeper, struct workforce *force, uint32_t commit_us_max,
                 uint64_t seed);
void keeper_fini(struct keeper *keeper);
/* Opens the store; *birth learns what it says. What there is comes by mail, bit by bit. */
void keeper_start(struct keeper *keeper, struct core_birth *birth);
void keeper_take(struct keeper *keeper, struct batch *batch); /* given */
/* Writes everything and closes. False: it could not be written, and is lost. */
bool keeper_stop(struct keeper *keeper, uint32_t tries_max);
void keeper_crash(struct keeper *keeper);
/* Everything given is written, everything there was is told. */
bool keeper_is_quiet(const struct keeper *keeper);

/* The disk: full, or failing, or its n-th write or commit from now fails (0: none; `happens`: what
 * that commit wrote is there all the same). And well again. */
void keeper_break_disk(struct keeper *keeper, bool is_full, bool is_failing, uint64_t nth_write,
                       uint64_t nth_commit, bool happens);
void keeper_heal_disk(struct keeper *keeper);

#endif
