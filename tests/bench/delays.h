/* delays.h — how long things took: counted in buckets six per cent wide, so that a quantile of
 * millions costs a few kilobytes. */
#ifndef MIDGE_BENCH_DELAYS_H
#define MIDGE_BENCH_DELAYS_H

#include <stdint.h>

enum { DELAYS_PER_OCTAVE = 16, DELAYS_BUCKETS = 48 * DELAYS_PER_OCTAVE };

/* All zero: nothing counted yet. */
struct delays {
    uint64_t counts[DELAYS_BUCKETS], count, longest_ns;
};

void delays_add(struct delays *delays, uint64_t ns);
/* The delay, in microseconds, that `part` (0 to 1) of them do not exceed. */
double delays_quantile_us(const struct delays *delays, double part);

#endif
