/* points.h — fault points by count: a short life of a broker (start, run, stop) is played once to
 * count its allocations, writes or transactions; then once more for each of them, which fails.
 *
 * Each life is a process of its own, for the broker may decide to end: abort() without a word is
 * such a decision (what it could not write it has not acknowledged). A failed assertion, any other
 * signal, or a broken promise is a violation. */
#ifndef MIDGE_SIM_POINTS_H
#define MIDGE_SIM_POINTS_H

#include "sim/play.h"

struct points_outcome {
    uint64_t points, aborts, violations;
};

/* Violations are told on stdout. */
void points_play_all(const struct play *play, enum fault_point point, uint64_t first,
                     struct points_outcome *outcome);

#endif
