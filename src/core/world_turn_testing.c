/* world_turn_testing.c — see world_turn_testing.h. */
#include "core/world_turn_testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/world_store_testing.h"

enum { PIECES_MAX = 8 };

static void collect(struct world *world, uint32_t index);
static void post_one(struct world *world, struct world_worker *worker);
static bool hear_one(struct world *world, uint32_t index);
static bool read_some(struct world *world, uint32_t index);
static bool write_some(struct world *world, uint32_t index);
static bool end_one(struct world *world, uint32_t index);
static void fetch(struct world *world, struct world_client *client);
static void end_link(struct world *world, struct world_client *client, uint32_t to_worker);
static struct world_client *client_of(struct world *world, const struct link *link);

void world_turn_take(struct world *world, uint32_t index)
{
    struct world_worker *worker = &world->workers[index];
    if (worker->has_stepped) {
        collect(world, index);
    }
    if (worker->post_count > 0) {
        post_one(world, worker);
    } else if (!write_some(world, index) && !hear_one(world, index)) {
        read_some(world, index);
    }
}

bool world_turn_is_idle(const struct world *world, uint32_t index)
{
    const struct world_worker *worker = &world->workers[index];
    bool idle = !worker->has_stepped && worker->post_count == 0 && worker->mail_count == 0 &&
                !world_store_has_mail(world, index);
    for (uint32_t i = 0; idle && i < world->client_count; i++) {
        const struct world_client *client = &world->clients[i];
        idle = client->worker != index || !client->link ||
               (!client->is_flushing && !client->wants_turn && !client->is_ending);
    }
    return idle;
}

/* Takes from the core what it has to say, parcels in the order in which they are to be posted. */
static void collect(struct world *world, uint32_t index)
{
    struct world_worker *worker = &world->workers[index];
    bool found = true;
    worker->has_stepped = false;
    struct batch *batch = core_next_batch(worker->core, false);
    if (batch) { /* before the parcels */
        world_store_take(world, batch);
    }
    while (found) {
        found = false;
        for (uint32_t i = 0; i < world->worker_count; i++) {
            struct parcel *parcel = i == index ? NULL : core_next_parcel(worker->core, i);
            if (parcel) {
                assert_true(worker->post_count < WORLD_PARCELS_MAX);
                uint32_t at = (worker->post_first + worker->post_count++) % WORLD_PARCELS_MAX;
                worker->posts[at] = parcel;
                worker->post_to[at] = i;
                found = true;
            }
        }
    }
    struct link *link;
    while ((link = core_next_dirty(worker->core)) != NULL) {
        client_of(world, link)->is_flushing = true;
    }
    while ((link = core_next_resumed(worker->core)) != NULL) {
        client_of(world, link)->wants_turn = true;
    }
    uint32_t to_worker;
    while ((link = core_next_ending(worker->core, &to_worker)) != NULL) {
        client_of(world, link)->is_ending = true;
        client_of(world, link)->ending_to = to_worker;
    }
}

static void post_one(struct world *world, struct world_worker *worker)
{
    struct world_worker *to = &world->workers[worker->post_to[worker->post_first]];
    assert_true(to->mail_count < WORLD_PARCELS_MAX);
    to->mail[(to->mail_first + to->mail_count++) % WORLD_PARCELS_MAX] =
        worker->posts[worker->post_first];
    worker->post_first = (worker->post_first + 1) % WORLD_PARCELS_MAX;
    worker->post_count--;
}

static bool hear_one(struct world *world, uint32_t index)
{
    struct world_worker *worker = &world->workers[index];
    bool has_store_mail = world_store_has_mail(world, index);
    if (has_store_mail && (worker->mail_count == 0 || random_below(&world->random, 2) == 0)) {
        world_store_hear_one(world, index);
        return true;
    }
    if (worker->mail_count == 0) {
        return false;
    }
    struct event event = {.kind = EVENT_PARCEL, .parcel = worker->mail[worker->mail_first]};
    worker->mail_first = (worker->mail_first + 1) % WORLD_PARCELS_MAX;
    worker->mail_count--;
    world_tell(world, index, &event);
    return true;
}

static bool read_some(struct world *world, uint32_t index)
{
    for (uint32_t i = 0; i < world->client_count; i++) {
        struct world_client *client = &world->clients[i];
        struct world_bytes *to = &client->to_server;
        if (client->worker != index || !client->link || !client->wants_turn) {
            continue;
        }
        client->wants_turn = false;
        if (to->start == to->end || core_link_is_held(client->link)) {
            continue;
        }
        struct event event = {.kind = EVENT_LINK_RECEIVED,
                              .now_us = world->now_us,
                              .link = client->link,
                              .received = bytes_of(to->bytes + to->start, to->end - to->start)};
        struct effects effects;
        core_step(world->workers[index].core, &event, &effects);
        world->workers[index].deadline_us = effects.deadline_us;
        world->workers[index].has_stepped = true;
        assert_true(effects.consumed <= to->end - to->start);
        to->start += effects.consumed;
        return true;
    }
    return false;
}

/* After the parcels: bytes to links, links that end. */
static bool write_some(struct world *world, uint32_t index)
{
    for (uint32_t i = 0; i < world->client_count; i++) {
        struct world_client *client = &world->clients[i];
        if (client->worker == index && client->link && client->is_flushing) {
            client->is_flushing = false;
            fetch(world, client);
            return true;
        }
    }
    return end_one(world, index);
}

static bool end_one(struct world *world, uint32_t index)
{
    for (uint32_t i = 0; i < world->client_count; i++) {
        struct world_client *client = &world->clients[i];
        if (client->worker == index && client->is_ending) {
            end_link(world, client, client->ending_to);
            return true;
        }
    }
    return false;
}

static void fetch(struct world *world, struct world_client *client)
{
    struct iovec pieces[PIECES_MAX];
    size_t count, size = 0;
    while (client->link && client->appetite > 0 &&
           (count = core_link_pieces(client->link, pieces, PIECES_MAX)) > 0) {
        size = 0;
        for (size_t i = 0; i < count; i++) {
            size_t taken =
                pieces[i].iov_len < client->appetite ? pieces[i].iov_len : client->appetite;
            world_bytes_append(&client->from_server, pieces[i].iov_base, taken);
            for (size_t at = 0; at < taken; at++) {
                world->digest =
                    (world->digest ^ ((uint8_t *)pieces[i].iov_base)[at]) * UINT64_C(0x100000001b3);
            }
            client->appetite -= client->appetite == SIZE_MAX ? 0 : taken;
            size += taken;
        }
        world->digest ^= world->now_us;
        struct event event = {.kind = EVENT_LINK_SENT, .link = client->link, .sent_size = size};
        world_tell(world, client->worker, &event);
    }
}

static void end_link(struct world *world, struct world_client *client, uint32_t to_worker)
{
    uint32_t from_worker = client->worker;
    struct event event = {.kind = EVENT_LINK_LOST};
    fetch(world, client);
    event.link = client->link;
    client->link = NULL;
    client->is_ending = false;
    world_tell(world, from_worker, &event);
    if (to_worker == from_worker) {
        client->is_closed_by_server = true;
        client->to_server.start = client->to_server.end = 0;
        return;
    }
    struct world_bytes kept = client->to_server;
    client->to_server = (struct world_bytes){0};
    uint32_t next = world->next_worker;
    world->next_worker = to_worker;
    world_connect(world, client);
    world->next_worker = next;
    client->to_server = kept;
    client->wants_turn = true;
}

static struct world_client *client_of(struct world *world, const struct link *link)
{
    for (uint32_t i = 0; i < world->client_count; i++) {
        if (world->clients[i].link == link) {
            return &world->clients[i];
        }
    }
    fail_msg("a link that no client has");
    return NULL;
}
