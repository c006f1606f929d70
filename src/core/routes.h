/* routes.h — who wants this topic? All filters of the broker, as this worker knows them.
 *
 * Every worker knows every filter: its own sessions' subscriptions in full, the other workers'
 * as one bit. What was found for a topic is remembered, and holds for as long as no filter comes
 * or goes (the generation). */
#ifndef MIDGE_CORE_ROUTES_H
#define MIDGE_CORE_ROUTES_H

#include "core/subscription.h"
#include "topic/topic_trie.h"

enum { ROUTE_CACHE_COUNT = 4096, ROUTE_CACHED_TOPIC_SIZE_MAX = 256 };

struct route {
    struct interest **interests;
    uint32_t count, capacity;
    uint32_t topic_size, topic_capacity;
    uint8_t *topic;
    uint64_t generation; /* valid when it is the routes' own */
};

struct routes {
    struct topic_trie *trie;
    struct route *cache;   /* [ROUTE_CACHE_COUNT], by hash of the topic */
    struct route uncached; /* for topics too long to be remembered */
    uint64_t generation;
    uint64_t seed;
    bool failed; /* no memory while a route was being made */
};

MUST_USE bool routes_init(struct routes *routes, uint64_t seed);
void routes_fini(struct routes *routes);

/* Everybody who wants `topic`. Valid until the next call. NULL: no memory. */
const struct route *routes_find(struct routes *routes, struct bytes topic);

/* The interest in exactly `filter` (without `$share`), made when there is none. NULL: no memory. */
struct interest *routes_open(struct routes *routes, struct bytes filter);
/* The interest in exactly `filter`, or NULL. */
struct interest *routes_get(struct routes *routes, struct bytes filter);
/* Forgets the interest when nobody has it any more. */
void routes_close_unused(struct routes *routes, struct bytes filter, struct interest *interest);

/* Puts a subscription in its interest's list, or takes it out. */
MUST_USE bool interest_add(struct interest *interest, struct subscription *subscription);
void interest_remove(struct interest *interest, struct subscription *subscription);
/* True when somebody of this worker has it: a session or a group at home here. */
static inline bool interest_is_local(const struct interest *interest)
{
    return interest->count > 0 || interest->groups;
}

#endif
