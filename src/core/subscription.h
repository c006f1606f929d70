/* subscription.h — one session's wish for one filter; and, at a filter, everybody's for it. */
#ifndef MIDGE_CORE_SUBSCRIPTION_H
#define MIDGE_CORE_SUBSCRIPTION_H

#include "core/session.h"
#include "topic/topic_filter.h"

struct share_group;

enum announced { ANNOUNCED_NOTHING, ANNOUNCED_PLAIN, ANNOUNCED_DURABLE };

/* Who wants the messages of one filter: the value the trie keeps for it. */
struct interest {
    struct subscription **subscriptions; /* of this worker's sessions; [count] of [capacity] */
    uint32_t count, capacity;
    struct share_group *groups; /* shared subscriptions at home here */
    uint64_t peers;             /* other workers that want it, a bit each */
    uint64_t durable_peers;     /* those of them that settle what they get */
    uint32_t durable_count;     /* durable sessions and members of groups among the above */
    uint8_t announced;          /* enum announced: what the other workers know of us */
};

struct subscription {
    struct session *session;
    struct subscription *next, *previous; /* of the same session */
    struct list replays;                  /* of retained messages, made for it; in order */
    uint32_t replay_count;
    struct interest
        *interest; /* NULL for a shared one: its group, wherever it is, has the interest */
    struct delivery_tag *tag; /* its identifier and group, as deliveries carry them; may be NULL */
    uint64_t share_group;     /* the group's number; 0: not shared */
    uint32_t number;          /* in its durable session, for record.h; 0: none yet */
    uint32_t place;           /* in interest->subscriptions */
    uint32_t id;              /* Subscription Identifier; 0: none */
    uint8_t qos;
    bool no_local, retain_as_published;
    uint16_t filter_size;
    uint8_t filter[]; /* as the client wrote it, `$share/NAME/` included */
};

static inline struct bytes subscription_filter(const struct subscription *subscription)
{
    return bytes_of(subscription->filter, subscription->filter_size);
}

#endif
