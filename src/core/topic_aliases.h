/* topic_aliases.h — numbers that stand for topic names on one link (MQTT 5.0 section 3.3.2.3.4).
 *
 * One table for what the client sends us (it chooses), one for what we send (the first topics
 * that come, as many as the client takes). Neither outlives its link. [MQTT-3.3.2-7] */
#ifndef MIDGE_CORE_TOPIC_ALIASES_H
#define MIDGE_CORE_TOPIC_ALIASES_H

#include "base/bytes.h"

struct topic_alias_name {
    uint8_t *name; /* owned; NULL: the alias is not in use */
    uint16_t size;
};

struct topic_aliases {
    struct topic_alias_name *names; /* [maximum], made at the first use */
    uint16_t maximum, count;
};

void topic_aliases_init(struct topic_aliases *aliases, uint16_t maximum);
void topic_aliases_fini(struct topic_aliases *aliases);

/* Inbound: `alias` from 1 to maximum now stands for `name` (copied). False: no memory. */
MUST_USE bool topic_aliases_set(struct topic_aliases *aliases, uint16_t alias, struct bytes name);
/* Inbound: the name `alias` stands for; empty when none, or when out of range. */
struct bytes topic_aliases_get(const struct topic_aliases *aliases, uint16_t alias);
/* Outbound: the alias for `name`, 0 when there is none and no number is free. *is_new: send the
 * name with it. */
uint16_t topic_aliases_assign(struct topic_aliases *aliases, struct bytes name, bool *is_new);

#endif
