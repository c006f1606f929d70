/* receive_auth.h — AUTH, and what an authenticator says (section 4.12). */
#ifndef MIDGE_CORE_RECEIVE_AUTH_H
#define MIDGE_CORE_RECEIVE_AUTH_H

#include "core/core_state.h"

void receive_auth(struct core *core, struct link *link, const struct packet *packet);
/* The answer to a request: welcome, go on, or refused. */
void receive_verdict(struct core *core, struct link *link, const struct event *event);

#endif
