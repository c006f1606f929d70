/* keep_alive.h — is the client still there? One timer a link, moved only when it fires (section
 * 3.1.2.10). */
#ifndef MIDGE_CORE_KEEP_ALIVE_H
#define MIDGE_CORE_KEEP_ALIVE_H

#include "core/core_state.h"

/* A new link has connect_timeout seconds for its CONNECT. */
void keep_alive_await_connect(struct core *core, struct link *link);
/* False: longer than we grant, and the client speaks 3.x, where no other can be offered. */
bool keep_alive_is_welcome(const struct core *core, const struct link *link, uint16_t asked_s);
/* From CONNECT on: `asked_s` seconds, or what we grant at most. [MQTT-3.1.2-21] */
void keep_alive_begin(struct core *core, struct link *link, uint16_t asked_s);
/* The timer fired: too long silent, or to be set again. [MQTT-3.1.2-22] [v3 MQTT-3.1.2-24] */
void keep_alive_judge(struct core *core, struct link *link);

#endif
