/* shrink.h — a shorter story with the same end.
 *
 * A violation need not show in every shorter prefix that ends with a rest, so the halving finds
 * some short one, not the shortest. What is kept in the end has always been played. */
#ifndef MIDGE_SIM_SHRINK_H
#define MIDGE_SIM_SHRINK_H

#include "sim/play.h"

/* Given a play in which something is wrong: finds one with fewer steps, people and faults in which
 * something is wrong, too. *outcome becomes that one's. */
void play_shrink(struct play *play, struct outcome *outcome);

#endif
