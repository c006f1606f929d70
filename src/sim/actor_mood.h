/* actor_mood.h — what an actor does of its own accord. */
#ifndef MIDGE_SIM_ACTOR_MOOD_H
#define MIDGE_SIM_ACTOR_MOOD_H

#include "sim/actor_body.h"

void actor_draw_nature(struct actor_nature *nature, struct random *random);
/* One act, whatever comes to its mind. */
void actor_do_something(struct actor *actor);
/* Wants a connection, with newly drawn options. Only when umqtt is idle. */
void actor_start(struct actor *actor);
/* Every CONNECT has a will of its own. */
void actor_renew_will(struct actor *actor);

#endif
