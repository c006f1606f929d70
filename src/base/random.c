/* random.c — SplitMix64: one 64-bit counter, stirred.
 *
 * Equal seeds give equal numbers on every machine; that is what lets one seed replay a failure. */
#include "base/random.h"

#include <assert.h>

void random_seed(struct random *random, uint64_t seed)
{
    random->state = seed;
}

uint64_t random_next(struct random *random)
{
    random->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t mixed = random->state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ (mixed >> 31);
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    assert(bound > 0);
    /* 2^64 is not a multiple of most bounds: the first 2^64 mod bound numbers would come up once
     * too often, so they are drawn again. That happens less than every second time. */
    uint64_t uneven = (0 - bound) % bound;
    uint64_t number;
    do {
        number = random_next(random);
    } while (number < uneven);
    return number % bound;
}
