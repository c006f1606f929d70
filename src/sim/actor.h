/* actor.h — a client that keeps to the rules: umqtt over a simulated line, and moods of its own.
 *
 * It publishes, subscribes, leaves and comes back as its own seed says. Every packet it sends or
 * receives is told to the judge. */
#ifndef MIDGE_SIM_ACTOR_H
#define MIDGE_SIM_ACTOR_H

#include "sim/actor_body.h"

struct actor *actor_new(struct stage *stage, uint32_t client, uint64_t seed); /* given */
void actor_free(struct actor *actor);

/* No more ideas: it wakes up, comes back, answers everything. Ends with actor_go_on. */
void actor_rest(struct actor *actor);
void actor_go_on(struct actor *actor);
/* It rests, and has answered all it got, and everything it said is answered. */
bool actor_is_settled(const struct actor *actor);

/* Lets bytes flow both ways, and looks what umqtt wants. */
void actor_pump(struct actor *actor);

#endif
