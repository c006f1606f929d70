/* byte_queue.h — bytes that wait in memory, first in first out, in one piece. */
#ifndef MIDGE_SIM_BYTE_QUEUE_H
#define MIDGE_SIM_BYTE_QUEUE_H

#include "base/bytes.h"

struct byte_queue {
    uint8_t *bytes;
    size_t start, end, capacity;
};

/* Appends a copy. No memory ends the process. */
void byte_queue_add(struct byte_queue *queue, struct bytes bytes);
void byte_queue_take(struct byte_queue *queue, size_t size); /* the first of them */
void byte_queue_cut(struct byte_queue *queue, size_t size);  /* the last of them */
void byte_queue_fini(struct byte_queue *queue);

static inline struct bytes byte_queue_view(const struct byte_queue *queue)
{
    return bytes_of(queue->bytes + queue->start, queue->end - queue->start);
}

static inline size_t byte_queue_size(const struct byte_queue *queue)
{
    return queue->end - queue->start;
}

#endif
