/* receive_unsubscribe.h — UNSUBSCRIBE (section 3.10). */
#ifndef MIDGE_CORE_RECEIVE_UNSUBSCRIBE_H
#define MIDGE_CORE_RECEIVE_UNSUBSCRIBE_H

#include "core/core_state.h"

void receive_unsubscribe(struct core *core, struct link *link, const struct packet *packet);

/* Sends UNSUBACK now: what it says is written. */
void unsuback_send(struct core *core, struct link *link, uint16_t packet_id, struct bytes reasons);

#endif
