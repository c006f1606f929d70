/* delays.c — a bucket is the number's highest bit and the four bits below it. */
#include "delays.h"

void delays_add(struct delays *delays, uint64_t ns)
{
    uint64_t value = ns < 16 ? 16 : ns;
    unsigned octave = 63 - (unsigned)__builtin_clzll(value);
    unsigned bucket =
        (octave - 4) * DELAYS_PER_OCTAVE + (unsigned)((value >> (octave - 4)) % DELAYS_PER_OCTAVE);
    delays->counts[bucket < DELAYS_BUCKETS ? bucket : DELAYS_BUCKETS - 1]++;
    delays->count++;
    if (ns > delays->longest_ns)
        delays->longest_ns = ns;
}

double delays_quantile_us(const struct delays *delays, double part)
{
    uint64_t wanted = (uint64_t)((double)delays->count * part), seen = 0;
    for (unsigned bucket = 0; bucket < DELAYS_BUCKETS; bucket++) {
        seen += delays->counts[bucket];
        if (seen > wanted)
            return (double)((DELAYS_PER_OCTAVE + (uint64_t)(bucket % DELAYS_PER_OCTAVE))
                            << (bucket / DELAYS_PER_OCTAVE)) /
                   1000;
    }
    return 0;
}
