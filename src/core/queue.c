/* queue.c — see queue.h. The counters' levels `queued` and `queued_bytes` follow every change. */
#include "core/queue.h"

#include <assert.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 4, CAPACITY_KEPT_MAX = 64 };

static bool grow(struct queue *queue, struct counters *counters);
static void release_ring(struct queue *queue, struct counters *counters);
static void count_out(struct queue *queue, size_t bytes, struct counters *counters);

bool queue_add(struct queue *queue, const struct delivery *delivery, struct counters *counters)
{
    assert(delivery->message || delivery->state == DELIVERY_RELEASING);
    if (queue->count == queue->capacity && !grow(queue, counters)) {
        return false;
    }
    queue->ring[(queue->head + queue->count++) & (queue->capacity - 1)] = *delivery;
    size_t bytes = delivery_size(delivery);
    queue->bytes += bytes;
    counters->queued++;
    counters->queued_bytes += bytes;
    return true;
}

struct delivery *queue_first(struct queue *queue)
{
    return queue->count > 0 ? &queue->ring[queue->head] : NULL;
}

struct delivery queue_take(struct queue *queue, struct counters *counters)
{
    assert(queue->count > 0);
    struct delivery delivery = queue->ring[queue->head];
    queue->head = (queue->head + 1) & (queue->capacity - 1);
    queue->count--;
    count_out(queue, delivery_size(&delivery), counters);
    if (queue->count == 0 && queue->capacity > CAPACITY_KEPT_MAX) {
        release_ring(queue, counters);
    }
    return delivery;
}

struct delivery *queue_at(struct queue *queue, uint32_t index)
{
    assert(index < queue->count);
    return &queue->ring[(queue->head + index) & (queue->capacity - 1)];
}

void queue_filter(struct queue *queue, bool (*keep)(void *context, struct delivery *delivery),
                  void *context, struct counters *counters)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < queue->count; i++) {
        struct delivery *delivery = queue_at(queue, i);
        size_t bytes = delivery_size(delivery);
        if (keep(context, delivery)) {
            *queue_at(queue, kept++) = *delivery;
        } else {
            count_out(queue, bytes, counters);
        }
    }
    queue->count = kept;
}

void queue_fini(struct queue *queue, struct counters *counters)
{
    while (queue->count > 0) {
        struct delivery delivery = queue_take(queue, counters);
        delivery_fini(&delivery, counters);
    }
    release_ring(queue, counters);
}

static bool grow(struct queue *queue, struct counters *counters)
{
    uint32_t capacity = queue->capacity ? queue->capacity * 2 : CAPACITY_MIN;
    struct delivery *ring = calloc(capacity, sizeof *ring);
    if (!ring) {
        return false;
    }
    for (uint32_t i = 0; i < queue->count; i++) {
        ring[i] = *queue_at(queue, i);
    }
    counters->memory_held += (capacity - queue->capacity) * sizeof *ring;
    free(queue->ring);
    queue->ring = ring;
    queue->capacity = capacity;
    queue->head = 0;
    return true;
}

static void release_ring(struct queue *queue, struct counters *counters)
{
    counters->memory_held -= queue->capacity * sizeof *queue->ring;
    free(queue->ring);
    *queue = (struct queue){0};
}

static void count_out(struct queue *queue, size_t bytes, struct counters *counters)
{
    queue->bytes -= bytes;
    counters->queued--;
    counters->queued_bytes -= bytes;
}
