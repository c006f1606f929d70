/* held.c — see held.h. */
#include "store/held.h"

#include <stdlib.h>

#include "base/hash.h"

/* What an entry is about, and the body it refers to. */
enum { TOUCHES_MAX = 2 };

struct touch {
    enum store_table table;
    uint64_t first, second;
};

struct held {
    struct touch touch;
    uint64_t hash;
    struct holder *oldest, *newest;
};

struct holder {
    struct holder *before, *after;
    struct held *held;
    bool *is_late; /* or NULL: it only refers to it */
};

static size_t touches_of(const struct entry *entry, struct touch touches[TOUCHES_MAX]);
static bool make_room(struct holding *holding, const struct batch *batch, size_t from, size_t to);
static bool hold(struct map *held, struct holder *holder, const struct touch *touch);
static void mark_late(struct holder *holder);
static void let_go(struct map *held, struct holder *holder);
static struct held *find_held(const struct map *held, const struct touch *touch);
static uint64_t hash_touch(const struct touch *touch);
static bool is_same_touch(const void *item, const void *key);

bool held_take(struct map *held, struct holding *holding, const struct batch *batch, size_t from,
               size_t to)
{
    if (!make_room(holding, batch, from, to)) {
        return false;
    }
    struct entry entry;
    size_t index = 0;
    for (size_t at = from; at < to && batch_next(batch, &at, &entry); index++) {
        struct touch touches[TOUCHES_MAX];
        size_t count = touches_of(&entry, touches);
        for (size_t i = 0; i < count; i++) {
            struct holder *holder = &holding->holders[holding->count];
            holder->is_late = i == 0 ? &holding->is_late[index] : NULL;
            if (!hold(held, holder, &touches[i])) {
                holding_fini(held, holding);
                return false;
            }
            holding->count++;
        }
    }
    return true;
}

void held_release(struct map *held, struct holding *holding)
{
    for (size_t i = 0; i < holding->count; i++) {
        if (holding->holders[i].is_late) {
            mark_late(holding->holders[i].before);
        }
        let_go(held, &holding->holders[i]);
    }
    holding->count = 0;
}

void held_overtake(struct map *held, const struct batch *batch, size_t from, size_t to)
{
    struct entry entry;
    for (size_t at = from; held->count > 0 && at < to && batch_next(batch, &at, &entry);) {
        struct touch touches[TOUCHES_MAX];
        const struct held *row =
            touches_of(&entry, touches) > 0 ? find_held(held, &touches[0]) : NULL;
        if (row) {
            mark_late(row->newest);
        }
    }
}

void holding_fini(struct map *held, struct holding *holding)
{
    for (size_t i = 0; i < holding->count; i++) {
        let_go(held, &holding->holders[i]);
    }
    free(holding->holders);
    free(holding->is_late);
    *holding = (struct holding){NULL, 0, NULL};
}

bool held_has(const struct map *held, enum store_table table, uint64_t first, uint64_t second)
{
    const struct touch touch = {table, first, second};
    return held->count > 0 && find_held(held, &touch) != NULL;
}

/* The first is what it changes. */
static size_t touches_of(const struct entry *entry, struct touch touches[TOUCHES_MAX])
{
    const union {
        struct session_entry session;
        struct subscription_entry subscription;
        struct message_entry message;
        struct delivery_entry delivery;
        struct received_entry received;
        struct retained_entry retained;
    } *fixed = entry->fixed;
    switch (entry->kind) {
    case ENTRY_SESSION:
    case ENTRY_SESSION_GONE:
        touches[0] = (struct touch){TABLE_SESSIONS, fixed->session.number, 0};
        return 1;
    case ENTRY_SUBSCRIPTION:
    case ENTRY_SUBSCRIPTION_GONE:
        touches[0] = (struct touch){TABLE_SUBSCRIPTIONS, fixed->subscription.session,
                                    fixed->subscription.number};
        return 1;
    case ENTRY_MESSAGE:
        touches[0] = (struct touch){TABLE_MESSAGES, fixed->message.number, 0};
        return 1;
    case ENTRY_DELIVERY:
    case ENTRY_RELEASING:
    case ENTRY_DELIVERY_GONE:
        touches[0] = (struct touch){TABLE_QUEUE, fixed->delivery.session, fixed->delivery.place};
        touches[1] = (struct touch){TABLE_MESSAGES, fixed->delivery.body, 0};
        return entry->kind == ENTRY_DELIVERY && fixed->delivery.body ? 2 : 1;
    case ENTRY_RECEIVED:
    case ENTRY_RECEIVED_GONE:
        touches[0] =
            (struct touch){TABLE_RECEIVED, fixed->received.session, fixed->received.packet_id};
        return 1;
    case ENTRY_RETAINED:
    case ENTRY_RETAINED_GONE:
        touches[0] = (struct touch){TABLE_RETAINED, fixed->retained.number, 0};
        return 1;
    default: return 0;
    }
}

static bool make_room(struct holding *holding, const struct batch *batch, size_t from, size_t to)
{
    struct touch touches[TOUCHES_MAX];
    struct entry entry;
    size_t touch_count = 1, entry_count = 1; /* none asks for nothing */
    for (size_t at = from; at < to && batch_next(batch, &at, &entry); entry_count++) {
        touch_count += touches_of(&entry, touches);
    }
    *holding = (struct holding){calloc(touch_count, sizeof *holding->holders), 0,
                                calloc(entry_count, sizeof *holding->is_late)};
    if (!holding->holders || !holding->is_late) {
        free(holding->holders);
        free(holding->is_late);
        *holding = (struct holding){NULL, 0, NULL};
    }
    return holding->holders != NULL;
}

static bool hold(struct map *held, struct holder *holder, const struct touch *touch)
{
    struct held *row = find_held(held, touch);
    if (!row) {
        row = calloc(1, sizeof *row);
        if (!row) {
            return false;
        }
        row->touch = *touch;
        row->hash = hash_touch(touch);
        if (!map_add(held, row->hash, row)) {
            free(row);
            return false;
        }
    }
    holder->held = row;
    holder->before = row->newest;
    if (row->newest) {
        row->newest->after = holder;
    } else {
        row->oldest = holder;
    }
    row->newest = holder;
    return true;
}

/* It, and all before it. */
static void mark_late(struct holder *holder)
{
    for (; holder; holder = holder->before) {
        if (holder->is_late) {
            *holder->is_late = true;
        }
    }
}

static void let_go(struct map *held, struct holder *holder)
{
    struct held *row = holder->held;
    *(holder->before ? &holder->before->after : &row->oldest) = holder->after;
    *(holder->after ? &holder->after->before : &row->newest) = holder->before;
    if (!row->oldest) {
        map_remove(held, row->hash, row);
        free(row);
    }
}

static struct held *find_held(const struct map *held, const struct touch *touch)
{
    return map_find(held, hash_touch(touch), is_same_touch, touch);
}

static uint64_t hash_touch(const struct touch *touch)
{
    const uint64_t numbers[] = {touch->table, touch->first, touch->second};
    return hash_bytes(bytes_of(numbers, sizeof numbers), 0);
}

static bool is_same_touch(const void *item, const void *key)
{
    const struct touch *a = &((const struct held *)item)->touch, *b = key;
    return a->table == b->table && a->first == b->first && a->second == b->second;
}
