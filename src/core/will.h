/* will.h — what is published for a client whose connection ended badly (section 3.1.2.5). */
#ifndef MIDGE_CORE_WILL_H
#define MIDGE_CORE_WILL_H

#include "core/core_state.h"

/* Stores the will of a CONNECT with the session, in place of one that may be there. False: no
 * memory. [MQTT-3.1.2-7] */
bool will_keep(struct core *core, struct session *session, const struct packet_connect *connect,
               const struct link_options *options);
/* Publishes it, if there is one, and it is gone. [MQTT-3.1.2-8] [MQTT-3.1.2-10] */
void will_publish(struct core *core, struct session *session);
void will_forget(struct core *core,
                 struct session *session); /* unpublished [MQTT-3.14.4-3] [v3 MQTT-3.14.4-3] */

#endif
