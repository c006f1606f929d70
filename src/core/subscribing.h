/* subscribing.h — subscriptions come and go: in the session, in the routes, in the groups. */
#ifndef MIDGE_CORE_SUBSCRIBING_H
#define MIDGE_CORE_SUBSCRIBING_H

#include "core/core_state.h"

/* What a SUBSCRIBE says of one filter. `text` is the filter as written, with the mount point
 * before it. */
struct subscribing {
    struct bytes text;
    struct topic_filter filter; /* `text`, taken apart */
    uint32_t id;
    uint32_t number; /* as the store knows it; 0: it is new */
    uint8_t qos;
    bool no_local, retain_as_published;
};

/* The session's subscription to exactly this filter, or NULL. [MQTT-3.10.4-1] [v3 MQTT-3.10.4-1] */
struct subscription *subscribing_find(const struct core *core, const struct session *session,
                                      struct bytes text);
/* Adds it, or replaces the one that is there; *is_new says which. NULL: no memory.
 * [MQTT-3.8.4-3] [v3 MQTT-3.8.4-3] */
struct subscription *subscribing_add(struct core *core, struct session *session,
                                     const struct subscribing *subscribing, bool *is_new);
/* Removes it. `ends`: because its session does. [MQTT-3.10.4-2] [v3 MQTT-3.10.4-2] */
void subscribing_remove(struct core *core, struct subscription *subscription, bool ends);
void subscribing_remove_all(struct core *core, struct session *session); /* the session ends */

#endif
