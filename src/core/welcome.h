/* welcome.h — CONNACK 0: what the client is told about its session and about us (section 3.2). */
#ifndef MIDGE_CORE_WELCOME_H
#define MIDGE_CORE_WELCOME_H

#include "core/core_state.h"

struct assigned_id {
    char text[128]; /* "": the client brought its own */
};

/* Sends CONNACK 0 for `connect` and prepares the link for what was agreed. [MQTT-3.1.4-5]
 * [MQTT-3.2.0-1] [MQTT-3.2.0-2] */
void welcome_say(struct core *core, struct link *link, const struct packet_connect *connect,
                 bool session_present, const struct assigned_id *assigned, struct bytes data);

#endif
