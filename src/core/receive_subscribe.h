/* receive_subscribe.h — SUBSCRIBE (section 3.8): filter by filter, then one SUBACK, then what is
 * retained. */
#ifndef MIDGE_CORE_RECEIVE_SUBSCRIBE_H
#define MIDGE_CORE_RECEIVE_SUBSCRIBE_H

#include "core/core_state.h"

void receive_subscribe(struct core *core, struct link *link, const struct packet *packet);

#endif
