/* keeper.c — see keeper.h. */
#include "sim/keeper.h"

void keeper_init(struct keeper *keeper, struct workforce *force, uint32_t commit_us_max,
                 uint64_t seed)
{
    *keeper = (struct keeper){.force = force, .commit_us_max = commit_us_max};
    random_seed(&keeper->random, seed);
}

void keeper_fini(struct keeper *keeper)
{
    (void)keeper;
}

void keeper_start(struct keeper *keeper, struct core_birth *birth)
{
    (void)keeper;
    (void)birth;
}

void keeper_take(struct keeper *keeper, struct batch *batch)
{
    (void)keeper;
    batch_free(batch);
}

bool keeper_stop(struct keeper *keeper, uint32_t tries_max)
{
    (void)keeper;
    (void)tries_max;
    return true;
}

void keeper_crash(struct keeper *keeper)
{
    (void)keeper;
}

bool keeper_is_quiet(const struct keeper *keeper)
{
    (void)keeper;
    return true;
}

void keeper_break_disk(struct keeper *keeper, bool is_full, bool is_failing, uint64_t nth_write,
                       uint64_t nth_commit, bool happens)
{
    (void)keeper;
    (void)is_full;
    (void)is_failing;
    (void)nth_write;
    (void)nth_commit;
    (void)happens;
}

void keeper_heal_disk(struct keeper *keeper)
{
    (void)keeper;
}
