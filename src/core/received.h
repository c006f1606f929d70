/* received.h — QoS 2 messages that were received and not yet released: their identifiers (section
 * 4.3.3). Those of a durable session are written down. */
#ifndef MIDGE_CORE_RECEIVED_H
#define MIDGE_CORE_RECEIVED_H

#include "core/core_state.h"

/* Takes an identifier that is free. False: no memory. PUBREC may leave when the batch that is open
 * now is persisted. [MQTT-4.3.3-9] */
MUST_USE bool received_take(struct core *core, struct session *session, uint16_t packet_id);
/* Frees it. False: it was not taken. PUBCOMP may leave when the batch that is open now is
 * persisted: until then its client must not use it again. [MQTT-4.3.3-11] */
bool received_free(struct core *core, struct session *session, uint16_t packet_id);

#endif
