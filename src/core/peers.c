/* peers.c — see peers.h. Parcels never leave the process, so that a record is its struct as it
 * lies in memory. */
#include "core/peers.h"

#include "core/counters.h"

#include <assert.h>
#include <stdlib.h>

enum { PARCEL_SIZE_MIN = 4096, ALIGNMENT = 8 };

struct record_head {
    uint32_t kind;
    uint32_t rest_size;
};

static const size_t fixed_sizes[RECORD_KIND_COUNT] = {
    [RECORD_FORWARD] = sizeof(struct publish_record),
    [RECORD_HOME_PUBLISH] = sizeof(struct publish_record),
    [RECORD_ROUTED] = sizeof(struct publish_record),
    [RECORD_SETTLED] = sizeof(struct settled_record),
    [RECORD_RESTORED] = sizeof(struct restored_record),
    [RECORD_HOLD] = sizeof(struct publish_record),
    [RECORD_RELEASE] = sizeof(struct publish_record),
    [RECORD_SHARE_JOIN] = sizeof(struct share_record),
    [RECORD_SHARE_JOINED] = sizeof(struct share_record),
    [RECORD_SHARE_LEAVE] = sizeof(struct share_record),
    [RECORD_SHARE_STATUS] = sizeof(struct share_record),
    [RECORD_SHARE_ASSIGN] = sizeof(struct share_record),
    [RECORD_SHARE_RETURN] = sizeof(struct share_record),
    [RECORD_SHARE_RECALL] = sizeof(struct share_record),
    [RECORD_RETAINED_BEGIN] = sizeof(struct retained_record),
    [RECORD_RETAINED_BEGUN] = sizeof(struct retained_record),
    [RECORD_RETAINED_MORE] = sizeof(struct retained_record),
    [RECORD_RETAINED_STOP] = sizeof(struct retained_record),
    [RECORD_RETAINED_MESSAGE] = sizeof(struct retained_record),
    [RECORD_RETAINED_PORTION] = sizeof(struct retained_record),
    [RECORD_COUNTERS] = sizeof(struct counters),
};

static size_t aligned(size_t size);
static bool say(uint32_t from, struct parcel **parcel, enum record_kind kind, const void *fixed,
                struct bytes rest, struct bytes more_rest);
static uint8_t *make_room(uint32_t from, struct parcel **place, size_t size);

bool peers_say(struct peers *peers, uint32_t worker, enum record_kind kind, const void *fixed,
               struct bytes rest, struct bytes more_rest)
{
    assert(worker < peers->count);
    return say(peers->self, &peers->outgoing[worker], kind, fixed, rest, more_rest);
}

bool peers_say_late(struct peers *peers, uint32_t worker, enum record_kind kind, const void *fixed,
                    struct bytes rest, struct bytes more_rest)
{
    assert(worker < peers->count && worker != peers->self);
    return say(peers->self, &peers->late[worker], kind, fixed, rest, more_rest);
}

void peers_seal(struct peers *peers)
{
    for (uint32_t i = 0; i < peers->count; i++) {
        struct parcel *parcel = i == peers->self ? NULL : peers->outgoing[i];
        if (!parcel) {
            continue;
        }
        peers->outgoing[i] = NULL;
        parcel->to = i;
        if (peers->sealed) {
            peers->sealed_last->next = parcel;
        } else {
            peers->sealed = parcel;
        }
        peers->sealed_last = parcel;
    }
}

struct parcel *peers_take(struct peers *peers, uint32_t worker)
{
    struct parcel *parcel = peers->sealed;
    if (parcel) {
        if (parcel->to != worker) {
            return NULL;
        }
        peers->sealed = parcel->next;
        parcel->next = NULL;
        return parcel;
    }
    struct parcel **place = &peers->outgoing[worker];
    for (uint32_t i = 0; !*place && i < peers->count; i++) {
        if (peers->outgoing[i]) {
            return NULL;
        }
    }
    if (!*place) {
        place = &peers->late[worker];
    }
    parcel = *place;
    *place = NULL;
    return parcel;
}

bool parcel_next(const struct parcel *parcel, size_t *at, struct record *record)
{
    if (*at == parcel->size) {
        return false;
    }
    struct record_head head;
    assert(parcel->size - *at >= sizeof head);
    memcpy(&head, parcel->bytes + *at, sizeof head);
    assert(head.kind < RECORD_KIND_COUNT);
    record->kind = (enum record_kind)head.kind;
    record->fixed = parcel->bytes + *at + sizeof head;
    record->rest =
        bytes_of(parcel->bytes + *at + sizeof head + fixed_sizes[head.kind], head.rest_size);
    *at += sizeof head + fixed_sizes[head.kind] + aligned(head.rest_size);
    assert(*at <= parcel->size);
    return true;
}

void parcel_free(struct parcel *parcel)
{
    if (parcel) {
        free(parcel->bytes);
        free(parcel);
    }
}

void peers_fini(struct peers *peers)
{
    while (peers->sealed) {
        struct parcel *next = peers->sealed->next;
        parcel_free(peers->sealed);
        peers->sealed = next;
    }
    for (uint32_t i = 0; i < peers->count; i++) {
        parcel_free(peers->outgoing[i]);
        parcel_free(peers->late[i]);
        peers->outgoing[i] = peers->late[i] = NULL;
    }
}

static bool say(uint32_t from, struct parcel **parcel, enum record_kind kind, const void *fixed,
                struct bytes rest, struct bytes more_rest)
{
    assert(kind < RECORD_KIND_COUNT);
    size_t rest_size = rest.size + more_rest.size;
    assert(rest_size <= UINT32_MAX);
    struct record_head head = {(uint32_t)kind, (uint32_t)rest_size};
    assert(fixed_sizes[kind] == aligned(fixed_sizes[kind]));
    uint8_t *at = make_room(from, parcel, sizeof head + fixed_sizes[kind] + aligned(rest_size));
    if (!at) {
        return false;
    }
    memcpy(at, &head, sizeof head);
    at += sizeof head;
    if (fixed_sizes[kind] > 0) {
        memcpy(at, fixed, fixed_sizes[kind]);
        at += fixed_sizes[kind];
    }
    if (rest.size > 0) {
        memcpy(at, rest.data, rest.size);
    }
    if (more_rest.size > 0) {
        memcpy(at + rest.size, more_rest.data, more_rest.size);
    }
    return true;
}

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static uint8_t *make_room(uint32_t from, struct parcel **place, size_t size)
{
    struct parcel *parcel = *place;
    if (!parcel) {
        parcel = calloc(1, sizeof *parcel);
        if (!parcel) {
            return NULL;
        }
        parcel->from = from;
        *place = parcel;
    }
    if (parcel->capacity - parcel->size < size) {
        size_t capacity = parcel->capacity ? parcel->capacity * 2 : PARCEL_SIZE_MIN;
        while (capacity - parcel->size < size) {
            capacity *= 2;
        }
        uint8_t *larger = realloc(parcel->bytes, capacity);
        if (!larger) {
            return NULL;
        }
        parcel->bytes = larger;
        parcel->capacity = capacity;
    }
    uint8_t *room = parcel->bytes + parcel->size;
    parcel->size += size;
    return room;
}
