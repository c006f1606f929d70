/* refuse.h — a link that broke the rules, or that we cannot serve, ends. */
#ifndef MIDGE_CORE_REFUSE_H
#define MIDGE_CORE_REFUSE_H

#include "core/core_state.h"

/* Ends a link for `reason`, told in `words` to the client (5.0) and the log; its will is due.
 * [MQTT-4.13.1-1] [MQTT-4.13.2-1] [v3 MQTT-4.8.0-1] [v3 MQTT-4.8.0-2] */
void refuse_link(struct core *core, struct link *link, enum reason_code reason, const char *words);

/* Answers CONNECT with CONNACK `reason`, in the version's own terms, and ends the link. In 3.x a
 * reason that has no return code is not answered at all. [MQTT-3.2.2-7] [v3 MQTT-3.2.2-5]
 * [v3 MQTT-3.2.2-6] */
void refuse_connect(struct core *core, struct link *link, enum reason_code reason,
                    const char *words);

/* "Client blue" or, before CONNECT, the address: how the log names a link. `size` bytes are
 * written at most. */
const char *refuse_name(const struct link *link, char *text, size_t size);

#endif
