/* counters.h — the numbers of one worker, and the balance they must keep.
 *
 * At every moment, over all sessions of a worker:
 *     owed = delivered + Σ dropped[reason] + queued + in flight
 * QoS 0 is delivered when it is handed to the network, QoS 1 and 2 when acknowledged. */
#ifndef MIDGE_CORE_COUNTERS_H
#define MIDGE_CORE_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

enum drop_reason {
#define DROP_REASON(name, key, words) DROP_##name,
#include "core/drop_reasons.def"
#undef DROP_REASON
    DROP_REASON_COUNT
};

/* Only 64-bit members: workers add theirs up member by member (counters_add). */
struct counters {
    uint64_t bytes_received, bytes_sent;
    uint64_t packets_received, packets_sent;
    uint64_t publish_received, publish_sent;             /* PUBLISH packets */
    uint64_t publish_bytes_received, publish_bytes_sent; /* their payloads */
    uint64_t publish_refused;    /* answered with a reason of 0x80 or more */
    uint64_t connections_opened; /* network connections */
    uint64_t connects_accepted;  /* CONNACK 0 */
    uint64_t sessions_expired;
    uint64_t owed, delivered, dropped[DROP_REASON_COUNT];
    /* levels, not sums over time */
    uint64_t queued, queued_bytes, in_flight;
    uint64_t connected, sessions, subscriptions, shared_subscriptions;
    uint64_t retained, retained_bytes;
    uint64_t messages_held, message_bytes_held; /* in memory, whoever refers to them */
    uint64_t memory_held;                       /* bytes held for clients, all told */
};

void counters_add(struct counters *sum, const struct counters *more);
uint64_t counters_dropped(const struct counters *counters);
const char *drop_reason_key(enum drop_reason reason);
const char *drop_reason_words(enum drop_reason reason);

#endif
