/* byte_queue.c — see byte_queue.h. */
#include "sim/byte_queue.h"

#include <assert.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 256 };

void byte_queue_add(struct byte_queue *queue, struct bytes bytes)
{
    if (bytes.size == 0) {
        return;
    }
    if (queue->start == queue->end) {
        queue->start = queue->end = 0;
    }
    if (queue->capacity - queue->end < bytes.size && queue->start > 0) {
        memmove(queue->bytes, queue->bytes + queue->start, queue->end - queue->start);
        queue->end -= queue->start;
        queue->start = 0;
    }
    if (queue->capacity - queue->end < bytes.size) {
        size_t capacity = queue->capacity ? queue->capacity : CAPACITY_MIN;
        while (capacity - queue->end < bytes.size) {
            capacity *= 2;
        }
        queue->bytes = realloc(queue->bytes, capacity);
        if (!queue->bytes) {
            abort();
        }
        queue->capacity = capacity;
    }
    memcpy(queue->bytes + queue->end, bytes.data, bytes.size);
    queue->end += bytes.size;
}

void byte_queue_take(struct byte_queue *queue, size_t size)
{
    assert(size <= queue->end - queue->start);
    queue->start += size;
}

void byte_queue_cut(struct byte_queue *queue, size_t size)
{
    assert(size <= queue->end - queue->start);
    queue->end -= size;
}

void byte_queue_fini(struct byte_queue *queue)
{
    free(queue->bytes);
    *queue = (struct byte_queue){0};
}
