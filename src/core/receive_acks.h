/* receive_acks.h — PUBACK, PUBREC, PUBREL, PUBCOMP (sections 3.4 to 3.7, 4.3). */
#ifndef MIDGE_CORE_RECEIVE_ACKS_H
#define MIDGE_CORE_RECEIVE_ACKS_H

#include "core/core_state.h"

void receive_puback(struct core *core, struct link *link, const struct packet *packet);
void receive_pubrec(struct core *core, struct link *link, const struct packet *packet);
void receive_pubrel(struct core *core, struct link *link, const struct packet *packet);
void receive_pubcomp(struct core *core, struct link *link, const struct packet *packet);

/* That PUBREC came with this identifier is written: PUBREL goes to the session's link, if it has
 * one; else when it has. */
void pubrel_send(struct core *core, struct session *session, uint16_t packet_id);

#endif
