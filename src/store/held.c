/* held.c — see held.h. */
#include "store/held.h"

#include <stdlib.h>

#include "base/hash.h"

enum { TOUCHES_MAX = 2 };

/* What a piece is about. */
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
    struct holding *holding;
};

static size_t touches_of(const struct entry *entry, struct touch touches[TOUCHES_MAX]);
static bool hold(struct map *held, struct holder *holder, const struct touch *touch);
static struct held *find_held(const struct map *held, const struct touch *touch);
static uint64_t hash_touch(const struct touch *touch);
static bool is_same_touch(const void *item, const void *key);

bool held_take(struct map *held, struct holding *holding, const struct batch *batch, size_t from,
               size_t to)
{
    struct touch touches[TOUCHES_MAX];
    struct entry entry;
    size_t count = 0;
    for (size_t at = from; at < to && batch_next(batch, &at, &entry);) {
        count += touches_of(&entry, touches);
    }
    holding->holders = calloc(count ? count : 1, sizeof *holding->holders);
    if (!holding->holders) {
        return false;
    }
    for (size_t at = from; at < to && batch_next(batch, &at, &entry);) {
        count = touches_of(&entry, touches);
        for (size_t i = 0; i < count; i++) {
            struct holder *holder = &holding->holders[holding->count];
            holder->holding = holding;
            if (!hold(held, holder, &touches[i])) {
                held_release(held, holding);
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
        struct holder *holder = &holding->holders[i];
        struct held *row = holder->held;
        *(holder->before ? &holder->before->after : &row->oldest) = holder->after;
        *(holder->after ? &holder->after->before : &row->newest) = holder->before;
        if (!row->oldest) {
            map_remove(held, row->hash, row);
            free(row);
        }
    }
    free(holding->holders);
    holding->holders = NULL;
    holding->count = 0;
}

bool held_meets(const struct map *held, const struct entry *entry)
{
    if (held->count == 0) {
        return false;
    }
    struct touch touches[TOUCHES_MAX];
    size_t count = touches_of(entry, touches);
    for (size_t i = 0; i < count; i++) {
        if (find_held(held, &touches[i])) {
            return true;
        }
    }
    return false;
}

bool held_has(const struct map *held, enum store_table table, uint64_t first, uint64_t second)
{
    const struct touch touch = {table, first, second};
    return find_held(held, &touch) != NULL;
}

struct holding *held_before(const struct holding *holding, size_t nth)
{
    const struct holder *before = holding->holders[nth].before;
    return before ? before->holding : NULL;
}

/* What a later entry must not overtake this one about. */
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
