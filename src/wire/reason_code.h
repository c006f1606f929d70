/* reason_code.h — what reason codes say to a person, and which packet may carry which (MQTT 5.0
 * section 2.4). */
#ifndef MIDGE_WIRE_REASON_CODE_H
#define MIDGE_WIRE_REASON_CODE_H

#include "wire/packet.h"

/* A few words such as "not authorized"; "unknown reason" for a code the standard does not know. */
const char *reason_code_words(enum reason_code code);

/* The same for a CONNACK return code of 3.1 and 3.1.1. */
const char *return_code_words(enum connect_return_code code);

/* True when a packet of type `type` may carry `code`. [MQTT-3.2.2-8] [MQTT-3.4.2-1] [MQTT-3.5.2-1]
 * [MQTT-3.6.2-1] [MQTT-3.7.2-1] [MQTT-3.9.3-2] [MQTT-3.11.3-2] [MQTT-3.14.2-1] [MQTT-3.15.2-1] */
bool reason_code_is_allowed(enum reason_code code, enum packet_type type);

#endif
