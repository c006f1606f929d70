/* receive_disconnect.h — DISCONNECT (section 3.14). */
#ifndef MIDGE_CORE_RECEIVE_DISCONNECT_H
#define MIDGE_CORE_RECEIVE_DISCONNECT_H

#include "core/core_state.h"

void receive_disconnect(struct core *core, struct link *link, const struct packet *packet);

#endif
