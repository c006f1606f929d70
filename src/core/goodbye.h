/* goodbye.h — the last words on a link (section 3.14). */
#ifndef MIDGE_CORE_GOODBYE_H
#define MIDGE_CORE_GOODBYE_H

#include "core/core_state.h"

/* DISCONNECT with `reason` and `words` (may be NULL), where the protocol has it: 5.0, after a
 * CONNACK of success. [MQTT-3.14.0-1] [MQTT-3.14.2-2] */
void goodbye_say(struct core *core, struct link *link, enum reason_code reason, const char *words);

#endif
