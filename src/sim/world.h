/* world.h — a whole simulated world: a broker of real cores, clients good and bad, a network, a
 * clock, faults, and a judge. A seed decides everything in it.
 *
 *     world = world_new(&plan);
 *     while (world_step(world)) …     until something is wrong
 *     world_settle(world);            everything is healed and comes to rest; the judge looks */
#ifndef MIDGE_SIM_WORLD_H
#define MIDGE_SIM_WORLD_H

#include "sim/actor.h"
#include "sim/faults.h"
#include "sim/hostile.h"
#include "sim/stage.h"

enum { WORLD_ACTORS_MAX = 12, WORLD_HOSTILES_MAX = 4, WORLD_WORDS_SIZE = 512 };

/* Whoever can count the broker's allocations. */
struct allocations {
    void (*begin)(uint64_t nth);
    uint64_t (*count)(void);
    void (*watch)(bool is_watched);
};

/* Something that happens often, and the nth of which may fail. */
enum fault_point { POINT_NONE, POINT_ALLOCATION, POINT_PUT, POINT_COMMIT };

/* What a seed is to be played with. */
struct plan {
    uint64_t seed;
    uint32_t workers;      /* 0: drawn, anew at each start */
    bool has_store;        /* false: nothing survives a crash */
    bool is_hasty;         /* what is acknowledged is written later */
    uint64_t left_out;     /* bits: actors, then hostiles, that do not come */
    uint32_t faults_out;   /* bits of enum fault_kind that do not happen */
    uint32_t crash_rarity; /* about how many steps lie between two faults; 0: drawn */
    enum fault_point point;
    uint64_t point_nth;                    /* 0: they are only counted */
    const struct allocations *allocations; /* how to count those; NULL: not */
};

struct world {
    struct plan plan;
    struct agenda agenda;
    struct random random;
    struct stage stage;
    struct node node;
    struct faults faults;
    struct actor *actors[WORLD_ACTORS_MAX]; /* NULL: left out */
    struct hostile *hostiles[WORLD_HOSTILES_MAX];
    uint32_t actor_count, hostile_count;
    uint64_t next_settle; /* in steps */
    uint64_t checks;
    char wrong[WORLD_WORDS_SIZE]; /* empty: nothing */
};

struct world *world_new(const struct plan *plan); /* given */
void world_free(struct world *world);
/* One step. False: something is wrong, in world->wrong; or, when that is empty, nothing is left
 * that could happen. */
bool world_step(struct world *world);
/* The broker stops in order, and says all it has to. */
void world_stop(struct world *world);
/* How many of its plan's fault points there were. */
uint64_t world_points(const struct world *world);
/* Everything is healed, and plays on until all is said and done; then the judge looks. False: see
 * world->wrong. Afterwards the world goes on. */
bool world_settle(struct world *world);

#endif
