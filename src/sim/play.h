/* play.h — one world from its beginning to its end, and what came of it. */
#ifndef MIDGE_SIM_PLAY_H
#define MIDGE_SIM_PLAY_H

#include "sim/world.h"

struct play {
    struct plan plan;
    uint64_t steps_max;   /* then everything comes to rest, and it ends */
    uint64_t crashes_max; /* the same; 0: none */
    uint64_t story_max;   /* events told when something is wrong */
};

struct outcome {
    char wrong[WORLD_WORDS_SIZE]; /* empty: nothing */
    uint64_t steps, crashes, stops, checks, simulated_us;
    uint64_t digest;   /* of all that clients were sent, and when */
    uint64_t messages; /* that clients sent */
    uint64_t points;   /* of its plan's kind */
    uint32_t people;   /* actors and hostiles there were, for leaving some out */
    struct judge_tally tally;
};

/* Plays it. With `story` the last events are told there when something is wrong. */
void play(const struct play *play, struct outcome *outcome, FILE *story);

#endif
