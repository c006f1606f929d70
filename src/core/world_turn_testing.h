/* world_turn_testing.h — what a worker of the tests' world does, in small steps. */
#ifndef MIDGE_CORE_WORLD_TURN_TESTING_H
#define MIDGE_CORE_WORLD_TURN_TESTING_H

#include "core/world_state_testing.h"

/* The next small step of a worker: post, or write, or hear, or read. */
void world_turn_take(struct world *world, uint32_t index);
/* True: it has none to take. */
bool world_turn_is_idle(const struct world *world, uint32_t index);

#endif
