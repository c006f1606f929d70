/* world_store_testing.c — see world_store_testing.h. */
#include "core/world_store_testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { GROUPS_MAX = 4096, WALL_OFFSET_S = 1700000000, HASH_SEED = 7 };

struct group_parts {
    uint64_t group;
    uint64_t parts, announced, chosen;
};

static uint32_t choose_batches(const struct world_store *store, uint32_t count, bool *is_chosen);
static uint32_t count_parts(const struct world_store *store, uint32_t count, const bool *is_chosen,
                            struct group_parts *groups);
static bool has_broken_group(const struct batch *batch, const struct group_parts *groups,
                             uint32_t group_count);
static struct group_parts *find_group(struct group_parts *groups, uint32_t count, uint64_t number);
static void answer(struct world *world, const struct batch *batch);
static void post(struct world *world, uint32_t worker, struct event event, struct batch *batch);
static void post_to_all(struct world *world, struct event event);
static uint32_t home_of(const struct world *world, struct bytes text, size_t size);

void world_store_new(struct world *world)
{
    world->store = calloc(1, sizeof *world->store);
    assert_non_null(world->store);
    world->store->wall_offset_us = (uint64_t)WALL_OFFSET_S * 1000000;
}

void world_store_free(struct world *world)
{
    struct world_store *store = world->store;
    world_kept_fini(&store->kept);
    free(store);
    world->store = NULL;
}

void world_store_begin(struct world *world)
{
    const struct world_kept *kept = &world->store->kept;
    struct event event = {.kind = EVENT_RESTORED, .restored = {.phase = RESTORE_SESSIONS}};
    for (size_t i = 0; i < kept->count; i++) {
        if (kept->entries[i].kind == ENTRY_SESSION) {
            struct entry entry = world_kept_at(kept, i);
            const struct session_entry *session = entry.fixed;
            uint32_t home = home_of(world, entry.rest, session->client_id_size);
            post(world, home, event, world_kept_session(kept, i, home));
        }
    }
    event.restored.phase = RESTORE_RETAINED;
    post_to_all(world, event);
    for (size_t i = 0; i < kept->count; i++) {
        if (kept->entries[i].kind == ENTRY_RETAINED) {
            struct entry entry = world_kept_at(kept, i);
            const struct retained_entry *retained = entry.fixed;
            uint32_t home = home_of(world, entry.rest, retained->message.topic_size);
            struct batch *batch = batch_new(home);
            assert_true(batch && batch_add(batch, ENTRY_RETAINED, retained, &entry.rest, 1));
            post(world, home, event, batch);
        }
    }
    event.restored.phase = RESTORE_DONE;
    post_to_all(world, event);
}

void world_store_take(struct world *world, struct batch *batch)
{
    struct world_store *store = world->store;
    assert_true(store->taken_count < WORLD_BATCHES_MAX);
    assert_int_equal(batch->number, store->taken_last[batch->worker] + 1);
    store->taken_last[batch->worker] = batch->number;
    store->taken[store->taken_count++] = batch;
    store->has_news = true;
}

bool world_store_wants_turn(const struct world *world)
{
    const struct world_store *store = world->store;
    return store && !store->is_held && store->has_news && store->state != STORE_FAILING;
}

void world_store_write(struct world *world, uint32_t count, bool says)
{
    struct world_store *store = world->store;
    bool is_chosen[WORLD_BATCHES_MAX];
    uint64_t persisted[WORLD_WORKERS_MAX] = {0};
    count = count < store->taken_count ? count : store->taken_count;
    store->has_news = false;
    if (choose_batches(store, count, is_chosen) == 0) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (is_chosen[i]) {
            world_kept_write(&store->kept, store->taken[i]);
            persisted[store->taken[i]->worker] = store->taken[i]->number;
        }
    }
    world_kept_sweep(&store->kept);
    for (uint32_t i = 0; says && i < world->worker_count; i++) {
        if (persisted[i] > 0) {
            post(world, i, (struct event){.kind = EVENT_PERSISTED, .persisted = persisted[i]},
                 NULL);
        }
    }
    uint32_t left = 0;
    for (uint32_t i = 0; i < store->taken_count; i++) {
        if (i < count && is_chosen[i]) {
            if (says) {
                answer(world, store->taken[i]);
            }
            batch_free(store->taken[i]);
        } else {
            store->taken[left++] = store->taken[i];
        }
    }
    store->taken_count = left;
}

bool world_store_has_mail(const struct world *world, uint32_t worker)
{
    return world->store && world->store->mail[worker];
}

void world_store_hear_one(struct world *world, uint32_t worker)
{
    struct world_mail *mail = world->store->mail[worker];
    world->store->mail[worker] = mail->next;
    world_tell(world, worker, &mail->event);
    batch_free(mail->batch);
    free(mail);
}

void world_store_change(struct world *world, enum store_state state, const char *words)
{
    world->store->state = state;
    world->store->has_news = true;
    struct event event = {.kind = EVENT_STORE_CHANGED, .store = {.state = state, .words = words}};
    post_to_all(world, event);
}

size_t world_store_count(const struct world *world, enum entry_kind kind)
{
    size_t count = 0;
    const struct world_kept *kept = &world->store->kept;
    for (size_t i = 0; i < kept->count; i++) {
        count += kept->entries[i].kind == kind || world_kept_at(kept, i).kind == kind;
    }
    return count;
}

void world_store_crash(struct world *world)
{
    struct world_store *store = world->store;
    world_kept_check(&store->kept);
    for (uint32_t i = 0; i < world->client_count; i++) {
        struct world_client *client = &world->clients[i];
        client->is_closed_by_server |= client->link != NULL;
        client->link = NULL;
        client->is_ending = client->is_flushing = client->wants_turn = false;
        client->to_server.start = client->to_server.end = 0;
    }
    for (uint32_t i = 0; i < world->worker_count; i++) {
        struct world_worker *worker = &world->workers[i];
        core_free(worker->core);
        for (uint32_t at = 0; at < worker->mail_count; at++) {
            parcel_free(worker->mail[(worker->mail_first + at) % WORLD_PARCELS_MAX]);
        }
        for (uint32_t at = 0; at < worker->post_count; at++) {
            parcel_free(worker->posts[(worker->post_first + at) % WORLD_PARCELS_MAX]);
        }
        memset(worker, 0, sizeof *worker);
        while (store->mail[i]) {
            struct world_mail *mail = store->mail[i];
            store->mail[i] = mail->next;
            batch_free(mail->batch);
            free(mail);
        }
    }
    for (uint32_t i = 0; i < store->taken_count; i++) {
        batch_free(store->taken[i]);
    }
    store->taken_count = 0;
    store->has_news = false;
    memset(store->taken_last, 0, sizeof store->taken_last);
    memset(&world->tally, 0, sizeof world->tally);
}

void world_store_check_end(const struct world *world)
{
    assert_int_equal(world->store->taken_count, 0);
    world_kept_check(&world->store->kept);
    assert_int_equal(world_store_count(world, ENTRY_SESSION), 0);
    assert_int_equal(world_store_count(world, ENTRY_MESSAGE), 0);
    for (uint32_t i = 0; i < world->worker_count; i++) {
        assert_false(world_store_has_mail(world, i));
    }
}

/* As many as may be: each after those before it of its worker, groups whole. */
static uint32_t choose_batches(const struct world_store *store, uint32_t count, bool *is_chosen)
{
    struct group_parts *groups = malloc(GROUPS_MAX * sizeof *groups);
    assert_non_null(groups);
    memset(is_chosen, true, count * sizeof *is_chosen);
    uint32_t chosen = count;
    for (bool has_changed = true; has_changed;) {
        bool stops[WORLD_WORKERS_MAX] = {false};
        uint32_t group_count = count_parts(store, count, is_chosen, groups);
        has_changed = false;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t worker = store->taken[i]->worker;
            stops[worker] |=
                !is_chosen[i] || has_broken_group(store->taken[i], groups, group_count);
            if (is_chosen[i] && stops[worker]) {
                is_chosen[i] = false;
                has_changed = true;
                chosen--;
            }
        }
    }
    free(groups);
    return chosen;
}

static uint32_t count_parts(const struct world_store *store, uint32_t count, const bool *is_chosen,
                            struct group_parts *groups)
{
    uint32_t group_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct entry entry;
        size_t at = 0;
        while (batch_next(store->taken[i], &at, &entry)) {
            const struct group_entry *part = entry.fixed;
            if (entry.kind != ENTRY_GROUP) {
                continue;
            }
            struct group_parts *group = find_group(groups, group_count, part->group);
            if (!group) {
                assert_true(group_count < GROUPS_MAX);
                group = &groups[group_count++];
                *group = (struct group_parts){.group = part->group};
            }
            group->parts++;
            group->announced += part->more;
            group->chosen += is_chosen[i];
        }
    }
    return group_count;
}

static bool has_broken_group(const struct batch *batch, const struct group_parts *groups,
                             uint32_t group_count)
{
    struct entry entry;
    size_t at = 0;
    while (batch_next(batch, &at, &entry)) {
        if (entry.kind == ENTRY_GROUP) {
            const struct group_entry *part = entry.fixed;
            const struct group_parts *group =
                find_group((struct group_parts *)groups, group_count, part->group);
            if (!group || group->parts != 1 + group->announced || group->chosen != group->parts) {
                return true;
            }
        }
    }
    return false;
}

static struct group_parts *find_group(struct group_parts *groups, uint32_t count, uint64_t number)
{
    for (uint32_t i = 0; i < count; i++) {
        if (groups[i].group == number) {
            return &groups[i];
        }
    }
    return NULL;
}

static void answer(struct world *world, const struct batch *batch)
{
    struct entry entry;
    size_t at = 0;
    while (batch_next(batch, &at, &entry)) {
        if (entry.kind == ENTRY_FETCH) {
            struct batch *found = world_kept_fetch(&world->store->kept, batch->worker, entry.fixed);
            post(world, batch->worker, (struct event){.kind = EVENT_FETCHED, .fetched = found},
                 found);
            world->store->fetches_answered++;
        }
    }
}

static void post(struct world *world, uint32_t worker, struct event event, struct batch *batch)
{
    struct world_mail **end = &world->store->mail[worker];
    while (*end) {
        end = &(*end)->next;
    }
    *end = malloc(sizeof **end);
    assert_non_null(*end);
    **end = (struct world_mail){.event = event, .batch = batch};
    if (event.kind == EVENT_RESTORED) {
        (*end)->event.restored.batch = batch;
    }
}

static void post_to_all(struct world *world, struct event event)
{
    for (uint32_t i = 0; i < world->worker_count; i++) {
        post(world, i, event, NULL);
    }
}

/* Of the name that is the first `size` bytes of `text`. */
static uint32_t home_of(const struct world *world, struct bytes text, size_t size)
{
    return core_home_of(HASH_SEED, world->worker_count, bytes_of(text.data, size));
}
