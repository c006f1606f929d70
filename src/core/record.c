/* record.c — see record.h. */
#include "core/record.h"

#include <assert.h>
#include <stdlib.h>

enum { BATCH_SIZE_MIN = 4096, ALIGNMENT = 8 };

struct entry_head {
    uint32_t kind;
    uint32_t rest_size;
};

static const size_t fixed_sizes[ENTRY_KIND_COUNT] = {
    [ENTRY_SESSION] = sizeof(struct session_entry),
    [ENTRY_SESSION_GONE] = sizeof(struct session_entry),
    [ENTRY_SUBSCRIPTION] = sizeof(struct subscription_entry),
    [ENTRY_SUBSCRIPTION_GONE] = sizeof(struct subscription_entry),
    [ENTRY_MESSAGE] = sizeof(struct message_entry),
    [ENTRY_DELIVERY] = sizeof(struct delivery_entry),
    [ENTRY_RELEASING] = sizeof(struct delivery_entry),
    [ENTRY_DELIVERY_GONE] = sizeof(struct delivery_entry),
    [ENTRY_RECEIVED] = sizeof(struct received_entry),
    [ENTRY_RECEIVED_GONE] = sizeof(struct received_entry),
    [ENTRY_RETAINED] = sizeof(struct retained_entry),
    [ENTRY_RETAINED_GONE] = sizeof(struct retained_entry),
    [ENTRY_GROUP] = sizeof(struct group_entry),
    [ENTRY_FETCH] = sizeof(struct fetch_entry),
    [ENTRY_BACKLOG] = sizeof(struct backlog_entry),
    [ENTRY_FETCHED] = sizeof(struct fetched_entry),
};

static size_t aligned(size_t size);
static bool make_room(struct batch *batch, size_t size);

struct batch *batch_new(uint32_t worker)
{
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch) {
        batch->worker = worker;
    }
    return batch;
}

void batch_free(struct batch *batch)
{
    if (batch) {
        free(batch->bytes);
        free(batch);
    }
}

bool batch_add(struct batch *batch, enum entry_kind kind, const void *fixed,
               const struct bytes *runs, size_t run_count)
{
    size_t fixed_size = aligned(fixed_sizes[kind]);
    size_t rest_size = 0;
    for (size_t i = 0; i < run_count; i++) {
        rest_size += runs[i].size;
    }
    assert(fixed_size > 0 && rest_size <= UINT32_MAX);
    size_t size = sizeof(struct entry_head) + fixed_size + aligned(rest_size);
    if (!make_room(batch, size)) {
        return false;
    }
    uint8_t *at = batch->bytes + batch->size;
    memset(at, 0, size);
    struct entry_head head = {(uint32_t)kind, (uint32_t)rest_size};
    memcpy(at, &head, sizeof head);
    memcpy(at + sizeof head, fixed, fixed_sizes[kind]);
    at += sizeof head + fixed_size;
    for (size_t i = 0; i < run_count; i++) {
        if (runs[i].size > 0) {
            memcpy(at, runs[i].data, runs[i].size);
            at += runs[i].size;
        }
    }
    batch->size += size;
    return true;
}

size_t batch_mark(const struct batch *batch)
{
    return batch->size;
}

void batch_cut(struct batch *batch, size_t mark)
{
    assert(mark <= batch->size);
    batch->size = mark;
}

bool batch_next(const struct batch *batch, size_t *at, struct entry *entry)
{
    if (*at >= batch->size) {
        return false;
    }
    struct entry_head head;
    memcpy(&head, batch->bytes + *at, sizeof head);
    assert(head.kind < ENTRY_KIND_COUNT);
    size_t fixed_size = aligned(fixed_sizes[head.kind]);
    entry->kind = (enum entry_kind)head.kind;
    entry->fixed = batch->bytes + *at + sizeof head;
    entry->rest = bytes_of(batch->bytes + *at + sizeof head + fixed_size, head.rest_size);
    *at += sizeof head + fixed_size + aligned(head.rest_size);
    assert(*at <= batch->size);
    return true;
}

void *batch_fixed_at(struct batch *batch, size_t mark)
{
    assert(mark < batch->size);
    return batch->bytes + mark + sizeof(struct entry_head);
}

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static bool make_room(struct batch *batch, size_t size)
{
    if (batch->capacity - batch->size >= size) {
        return true;
    }
    size_t capacity = batch->capacity ? batch->capacity * 2 : BATCH_SIZE_MIN;
    while (capacity - batch->size < size) {
        capacity *= 2;
    }
    uint8_t *larger = realloc(batch->bytes, capacity);
    if (!larger) {
        return false;
    }
    batch->bytes = larger;
    batch->capacity = capacity;
    return true;
}
