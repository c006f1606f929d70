/* moving_in_counts.h — what moved in, and what stayed behind. */
#ifndef MIDGE_STORE_MOVING_IN_COUNTS_H
#define MIDGE_STORE_MOVING_IN_COUNTS_H

#include "base/bytes.h"

struct moving_in_counts {
    uint32_t version; /* of the file */
    uint64_t sessions, subscriptions, retained;
    uint64_t deliveries; /* messages owed to sessions, on their way or waiting */
    uint64_t releasing;  /* of QoS 2, PUBREC has come: no message any more */
    uint64_t received;   /* QoS 2 identifiers of publishers */
    uint64_t moved_on;   /* of their messages, those that were not delivered before */
    uint64_t reordered;  /* sessions whose messages in flight are in the order of identifiers */
    /* what stays behind */
    uint64_t sessions_ended; /* expiry interval 0 */
    uint64_t qos_0;          /* messages */
    uint64_t unowned;        /* what names a client or message that is not there */
    uint64_t illegal;        /* identifiers, topics, filters, properties that MQTT forbids */
    uint64_t damaged;        /* chunks; the offset of the first: */
    size_t damaged_at;
    uint64_t unknown; /* chunks */
    bool is_cut_off;
};

#endif
