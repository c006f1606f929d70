/* random.h — numbers that look random and follow from a seed (SplitMix64). Not for secrets. */
#ifndef MIDGE_BASE_RANDOM_H
#define MIDGE_BASE_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

void random_seed(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);
/* Evenly from 0 to `bound` - 1; `bound` > 0. */
uint64_t random_below(struct random *random, uint64_t bound);

#endif
