/* world_kept_testing.c — see world_kept_testing.h. */
#include "core/world_kept_testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void put(struct world_kept *kept, enum entry_kind kind, uint64_t first, uint64_t second,
                const struct entry *entry);
static void cut(struct world_kept *kept, enum entry_kind kind, uint64_t first, uint64_t second);
static void cut_session(struct world_kept *kept, uint64_t session);
static void give_delivery(const struct world_kept *kept, struct batch *batch,
                          const struct entry *entry);

void world_kept_fini(struct world_kept *kept)
{
    for (size_t i = 0; i < kept->count; i++) {
        batch_free(kept->entries[i].alone);
    }
    free(kept->entries);
    *kept = (struct world_kept){0};
}

void world_kept_write(struct world_kept *kept, const struct batch *batch)
{
    struct entry entry;
    size_t at = 0;
    while (batch_next(batch, &at, &entry)) {
        const struct session_entry *session = entry.fixed;
        const struct subscription_entry *subscription = entry.fixed;
        const struct message_entry *message = entry.fixed;
        const struct delivery_entry *delivery = entry.fixed;
        const struct received_entry *received = entry.fixed;
        const struct retained_entry *retained = entry.fixed;
        switch (entry.kind) {
        case ENTRY_SESSION: put(kept, ENTRY_SESSION, session->number, 0, &entry); break;
        case ENTRY_SESSION_GONE: cut_session(kept, session->number); break;
        case ENTRY_SUBSCRIPTION:
            put(kept, ENTRY_SUBSCRIPTION, subscription->session, subscription->number, &entry);
            break;
        case ENTRY_SUBSCRIPTION_GONE:
            cut(kept, ENTRY_SUBSCRIPTION, subscription->session, subscription->number);
            break;
        case ENTRY_MESSAGE: put(kept, ENTRY_MESSAGE, message->number, 0, &entry); break;
        case ENTRY_DELIVERY:
        case ENTRY_RELEASING:
            put(kept, ENTRY_DELIVERY, delivery->session, delivery->place, &entry);
            break;
        case ENTRY_DELIVERY_GONE:
            cut(kept, ENTRY_DELIVERY, delivery->session, delivery->place);
            break;
        case ENTRY_RECEIVED:
            put(kept, ENTRY_RECEIVED, received->session, received->packet_id, &entry);
            break;
        case ENTRY_RECEIVED_GONE:
            cut(kept, ENTRY_RECEIVED, received->session, received->packet_id);
            break;
        case ENTRY_RETAINED: put(kept, ENTRY_RETAINED, retained->number, 0, &entry); break;
        case ENTRY_RETAINED_GONE: cut(kept, ENTRY_RETAINED, retained->number, 0); break;
        case ENTRY_GROUP:
        case ENTRY_FETCH: break;
        default: fail_msg("a core writes an entry of kind %d", entry.kind);
        }
    }
}

void world_kept_sweep(struct world_kept *kept)
{
    bool is_there;
    size_t at = world_kept_find(kept, ENTRY_MESSAGE, 0, 0, &is_there);
    while (at < kept->count && kept->entries[at].kind == ENTRY_MESSAGE) {
        bool is_used = false;
        for (size_t i = 0; i < kept->count && !is_used; i++) {
            struct entry entry = world_kept_at(kept, i);
            const struct delivery_entry *delivery = entry.fixed;
            is_used = entry.kind == ENTRY_DELIVERY && delivery->body == kept->entries[at].first;
        }
        if (is_used) {
            at++;
        } else {
            cut(kept, ENTRY_MESSAGE, kept->entries[at].first, 0);
        }
    }
}

size_t world_kept_find(const struct world_kept *kept, enum entry_kind kind, uint64_t first,
                       uint64_t second, bool *is_there)
{
    size_t low = 0, high = kept->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct world_entry *entry = &kept->entries[middle];
        bool is_before = entry->kind != kind     ? entry->kind < kind
                         : entry->first != first ? entry->first < first
                                                 : entry->second < second;
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    *is_there = low < kept->count && kept->entries[low].kind == kind &&
                kept->entries[low].first == first && kept->entries[low].second == second;
    return low;
}

struct entry world_kept_at(const struct world_kept *kept, size_t index)
{
    struct entry entry;
    size_t at = 0;
    assert_true(batch_next(kept->entries[index].alone, &at, &entry));
    return entry;
}

struct batch *world_kept_fetch(const struct world_kept *kept, uint32_t worker,
                               const struct fetch_entry *fetch)
{
    struct fetched_entry fetched = {fetch->session, fetch->session_hash, fetch->place, true};
    struct batch *batch = batch_new(worker);
    assert_non_null(batch);
    bool is_there;
    size_t at = world_kept_find(kept, ENTRY_DELIVERY, fetch->session, fetch->place, &is_there);
    for (uint32_t count = 0; at < kept->count; count++, at++) {
        const struct world_entry *found = &kept->entries[at];
        if (found->kind != ENTRY_DELIVERY || found->first != fetch->session) {
            break;
        }
        if (count == fetch->count_max || batch->size >= fetch->bytes_max) {
            fetched.is_all = false;
            break;
        }
        struct entry entry = world_kept_at(kept, at);
        give_delivery(kept, batch, &entry);
        fetched.place_next = found->second + 1;
    }
    assert_true(batch_add(batch, ENTRY_FETCHED, &fetched, NULL, 0));
    return batch;
}

struct batch *world_kept_session(const struct world_kept *kept, size_t index, uint32_t worker)
{
    struct entry session = world_kept_at(kept, index);
    uint64_t number = kept->entries[index].first;
    struct batch *batch = batch_new(worker);
    struct backlog_entry backlog = {.session = number};
    assert_true(batch && batch_add(batch, ENTRY_SESSION, session.fixed, &session.rest, 1));
    for (size_t i = 0; i < kept->count; i++) {
        const struct world_entry *other = &kept->entries[i];
        struct entry entry = world_kept_at(kept, i);
        const struct delivery_entry *delivery = entry.fixed;
        if (other->first != number) {
            continue;
        }
        if (other->kind == ENTRY_SUBSCRIPTION || other->kind == ENTRY_RECEIVED) {
            assert_true(batch_add(batch, entry.kind, entry.fixed, &entry.rest, 1));
        } else if (other->kind == ENTRY_DELIVERY) {
            backlog.place_first = backlog.place_next ? backlog.place_first : delivery->place;
            backlog.place_next = delivery->place + 1;
            backlog.bytes += entry.rest.size;
            backlog.bytes_next = delivery->bytes_before + entry.rest.size;
        }
    }
    assert_true(batch_add(batch, ENTRY_BACKLOG, &backlog, NULL, 0));
    return batch;
}

void world_kept_check(const struct world_kept *kept)
{
    for (size_t i = 0; i < kept->count; i++) {
        const struct world_entry *entry = &kept->entries[i];
        bool is_there = true;
        if (entry->kind == ENTRY_SUBSCRIPTION || entry->kind == ENTRY_DELIVERY ||
            entry->kind == ENTRY_RECEIVED) {
            world_kept_find(kept, ENTRY_SESSION, entry->first, 0, &is_there);
        }
        assert_true(is_there); /* the session it belongs to */
        struct entry written = world_kept_at(kept, i);
        const struct delivery_entry *delivery = written.fixed;
        if (written.kind == ENTRY_DELIVERY && delivery->body != 0) {
            world_kept_find(kept, ENTRY_MESSAGE, delivery->body, 0, &is_there);
            assert_true(is_there); /* its body */
        }
    }
}

static void put(struct world_kept *kept, enum entry_kind kind, uint64_t first, uint64_t second,
                const struct entry *entry)
{
    struct batch *alone = batch_new(0);
    assert_true(alone && batch_add(alone, entry->kind, entry->fixed, &entry->rest, 1));
    bool is_there;
    size_t at = world_kept_find(kept, kind, first, second, &is_there);
    kept->written++;
    if (is_there) {
        batch_free(kept->entries[at].alone);
        kept->entries[at].alone = alone;
        return;
    }
    if (kept->count == kept->capacity) {
        kept->capacity = kept->capacity ? kept->capacity * 2 : 256;
        kept->entries = realloc(kept->entries, kept->capacity * sizeof *kept->entries);
        assert_non_null(kept->entries);
    }
    memmove(&kept->entries[at + 1], &kept->entries[at],
            (kept->count++ - at) * sizeof *kept->entries);
    kept->entries[at] = (struct world_entry){kind, first, second, alone};
}

static void cut(struct world_kept *kept, enum entry_kind kind, uint64_t first, uint64_t second)
{
    bool is_there;
    size_t at = world_kept_find(kept, kind, first, second, &is_there);
    if (is_there) {
        batch_free(kept->entries[at].alone);
        kept->count--;
        memmove(&kept->entries[at], &kept->entries[at + 1],
                (kept->count - at) * sizeof *kept->entries);
    }
}

static void cut_session(struct world_kept *kept, uint64_t session)
{
    for (size_t i = kept->count; i > 0; i--) {
        struct world_entry entry = kept->entries[i - 1];
        if (entry.first == session && entry.kind != ENTRY_MESSAGE && entry.kind != ENTRY_RETAINED) {
            cut(kept, entry.kind, entry.first, entry.second);
        }
    }
}

static void give_delivery(const struct world_kept *kept, struct batch *batch,
                          const struct entry *entry)
{
    const struct delivery_entry *delivery = entry->fixed;
    struct bytes runs[2] = {entry->rest, {NULL, 0}};
    if (entry->kind == ENTRY_DELIVERY && delivery->body != 0) {
        bool is_there;
        size_t at = world_kept_find(kept, ENTRY_MESSAGE, delivery->body, 0, &is_there);
        assert_true(is_there);
        runs[1] = world_kept_at(kept, at).rest;
    }
    assert_true(batch_add(batch, entry->kind, delivery, runs, 2));
}
