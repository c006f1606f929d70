/* outbox.c — see outbox.h. */
#include "core/outbox.h"

#include <assert.h>
#include <stdlib.h>

struct outbox_chunk {
    struct outbox_chunk *next;
    struct message *message; /* whose payload this piece is; NULL: `bytes` */
    uint32_t start, end;     /* what of the piece still has to be sent */
    uint32_t capacity;
    uint8_t bytes[];
};

static struct outbox_chunk *chunk_new(struct outbox_pool *pool, size_t size);
static void chunk_free(struct outbox_pool *pool, struct outbox_chunk *chunk);
static void append(struct outbox *outbox, struct outbox_chunk *chunk);

void outbox_pool_init(struct outbox_pool *pool, struct counters *counters)
{
    *pool = (struct outbox_pool){.counters = counters};
}

void outbox_pool_fini(struct outbox_pool *pool)
{
    while (pool->free) {
        struct outbox_chunk *next = pool->free->next;
        free(pool->free);
        pool->free = next;
    }
    pool->free_count = 0;
}

void outbox_pool_trim(struct outbox_pool *pool)
{
    for (uint32_t i = (pool->free_count + 1) / 2; i > 0; i--) {
        struct outbox_chunk *chunk = pool->free;
        pool->free = chunk->next;
        pool->free_count--;
        free(chunk);
    }
}

uint8_t *outbox_reserve(struct outbox *outbox, struct outbox_pool *pool, size_t size)
{
    struct outbox_chunk *tail = outbox->tail;
    if (!tail || tail->message || tail->capacity - tail->end < size) {
        tail = chunk_new(pool, size);
        if (!tail) {
            return NULL;
        }
        append(outbox, tail);
    }
    return tail->bytes + tail->end;
}

void outbox_commit(struct outbox *outbox, size_t size)
{
    struct outbox_chunk *tail = outbox->tail;
    assert(tail && !tail->message && size <= tail->capacity - tail->end);
    tail->end += (uint32_t)size;
    outbox->size += size;
}

bool outbox_refer(struct outbox *outbox, struct outbox_pool *pool, struct message *message)
{
    struct outbox_chunk *chunk = malloc(sizeof *chunk);
    if (!chunk) {
        return false;
    }
    *chunk = (struct outbox_chunk){.message = message_ref(message), .end = message->payload_size};
    pool->counters->memory_held += sizeof *chunk;
    append(outbox, chunk);
    outbox->size += message->payload_size;
    return true;
}

size_t outbox_pieces(const struct outbox *outbox, struct iovec *pieces, size_t count_max)
{
    size_t count = 0;
    for (const struct outbox_chunk *chunk = outbox->head; chunk && count < count_max;
         chunk = chunk->next) {
        const uint8_t *bytes = chunk->message ? message_payload(chunk->message).data : chunk->bytes;
        if (chunk->end > chunk->start) {
            pieces[count++] = (struct iovec){(void *)(uintptr_t)(bytes + chunk->start),
                                             chunk->end - chunk->start};
        }
    }
    return count;
}

void outbox_sent(struct outbox *outbox, struct outbox_pool *pool, size_t size)
{
    assert(size <= outbox->size);
    outbox->size -= size;
    while (outbox->head) {
        struct outbox_chunk *head = outbox->head;
        size_t there = head->end - head->start;
        if (size < there) {
            head->start += (uint32_t)size;
            return;
        }
        size -= there;
        outbox->head = head->next;
        chunk_free(pool, head);
    }
    outbox->tail = NULL;
    assert(size == 0 && outbox->size == 0);
}

void outbox_clear(struct outbox *outbox, struct outbox_pool *pool)
{
    outbox_sent(outbox, pool, outbox->size);
}

static struct outbox_chunk *chunk_new(struct outbox_pool *pool, size_t size)
{
    struct outbox_chunk *chunk;
    size_t capacity = size > OUTBOX_CHUNK_SIZE ? size : OUTBOX_CHUNK_SIZE;
    assert(capacity <= UINT32_MAX);
    if (capacity == OUTBOX_CHUNK_SIZE && pool->free) {
        chunk = pool->free;
        pool->free = chunk->next;
        pool->free_count--;
    } else {
        chunk = malloc(sizeof *chunk + capacity);
        if (!chunk) {
            return NULL;
        }
    }
    chunk->next = NULL;
    chunk->message = NULL;
    chunk->start = chunk->end = 0;
    chunk->capacity = (uint32_t)capacity;
    pool->counters->memory_held += sizeof *chunk + capacity;
    return chunk;
}

static void chunk_free(struct outbox_pool *pool, struct outbox_chunk *chunk)
{
    pool->counters->memory_held -= sizeof *chunk + chunk->capacity;
    if (chunk->message) {
        message_unref(chunk->message, pool->counters);
    } else if (chunk->capacity == OUTBOX_CHUNK_SIZE && pool->free_count < OUTBOX_POOL_CHUNKS_MAX) {
        chunk->next = pool->free;
        pool->free = chunk;
        pool->free_count++;
        return;
    }
    free(chunk);
}

static void append(struct outbox *outbox, struct outbox_chunk *chunk)
{
    if (outbox->tail) {
        outbox->tail->next = chunk;
    } else {
        outbox->head = chunk;
    }
    outbox->tail = chunk;
}
