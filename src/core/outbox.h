/* outbox.h — bytes that wait to be sent on one link, in the order they were put in.
 *
 *   head ─▶ [chunk: bytes] ─▶ [reference: payload of a message] ─▶ [chunk: bytes] ◀─ tail
 *
 * Small packets are copied one behind the other into chunks from the worker's pool; a large
 * payload is referenced, so that a thousand receivers share it. An empty outbox holds no memory.
 * How full it may get is the business of whoever fills it (see dispatch.h); the pool keeps a
 * bounded number of free chunks. */
#ifndef MIDGE_CORE_OUTBOX_H
#define MIDGE_CORE_OUTBOX_H

#include "core/message.h"

#include <sys/uio.h>

enum {
    OUTBOX_CHUNK_SIZE = 4096 - 64,    /* bytes in a pooled chunk */
    OUTBOX_REFERENCE_SIZE_MIN = 8192, /* payloads from this size on are referenced, not copied */
    OUTBOX_POOL_CHUNKS_MAX = 256,     /* free chunks kept after a burst */
};

struct outbox_chunk;

struct outbox_pool {
    struct outbox_chunk *free;
    uint32_t free_count;
    struct counters *counters; /* where memory held and messages are counted */
};

struct outbox {
    struct outbox_chunk *head, *tail;
    size_t size; /* bytes waiting */
};

void outbox_pool_init(struct outbox_pool *pool, struct counters *counters);
void outbox_pool_fini(struct outbox_pool *pool);
/* Gives half of the free chunks back to the system: called now and then, a burst's memory does
 * not stay. */
void outbox_pool_trim(struct outbox_pool *pool);

/* Room for `size` bytes in one piece at the end, or NULL: no memory. Follow with outbox_commit. */
MUST_USE uint8_t *outbox_reserve(struct outbox *outbox, struct outbox_pool *pool, size_t size);
/* Says that `size` bytes of what was reserved last are there. */
void outbox_commit(struct outbox *outbox, size_t size);
/* Puts the payload of `message` (a reference is taken) at the end. False: no memory. */
MUST_USE bool outbox_refer(struct outbox *outbox, struct outbox_pool *pool,
                           struct message *message);

/* Shows up to `count_max` pieces of what is to be sent next; returns how many. */
size_t outbox_pieces(const struct outbox *outbox, struct iovec *pieces, size_t count_max);
/* Forgets the first `size` bytes: they were sent. */
void outbox_sent(struct outbox *outbox, struct outbox_pool *pool, size_t size);
void outbox_clear(struct outbox *outbox, struct outbox_pool *pool);

#endif
