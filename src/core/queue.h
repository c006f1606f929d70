/* queue.h — deliveries that wait for one session: a ring, first in, first out.
 *
 * Empty, it holds no memory. Its bound is kept by whoever adds (session limits, see dispatch.h). */
#ifndef MIDGE_CORE_QUEUE_H
#define MIDGE_CORE_QUEUE_H

#include "core/delivery.h"

struct queue {
    struct delivery *ring;
    uint32_t head, count, capacity; /* capacity: a power of two, or 0 */
    size_t bytes;                   /* of the messages that wait */
};

/* Puts `delivery` (its references are taken) at the end. False: no memory; the references stay
 * the caller's. */
MUST_USE bool queue_add(struct queue *queue, const struct delivery *delivery,
                        struct counters *counters);
/* The first one, or NULL. Valid until the queue changes. */
struct delivery *queue_first(struct queue *queue);
/* Takes the first one out (its references are given). The queue is not empty. */
struct delivery queue_take(struct queue *queue, struct counters *counters);
/* The one at `index`, counted from the first; index < count. */
struct delivery *queue_at(struct queue *queue, uint32_t index);
/* Keeps only those for which `keep` holds, in order; for the others `keep` has taken the
 * references. */
void queue_filter(struct queue *queue, bool (*keep)(void *context, struct delivery *delivery),
                  void *context, struct counters *counters);
void queue_fini(struct queue *queue, struct counters *counters); /* gives all references back */

#endif
