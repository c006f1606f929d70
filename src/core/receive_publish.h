/* receive_publish.h — PUBLISH (section 3.3): alias, quota, access; then deliver; then PUBACK or
 * PUBREC. */
#ifndef MIDGE_CORE_RECEIVE_PUBLISH_H
#define MIDGE_CORE_RECEIVE_PUBLISH_H

#include "core/core_state.h"

void receive_publish(struct core *core, struct link *link, const struct packet *packet);

#endif
