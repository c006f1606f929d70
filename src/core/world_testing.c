/* world_testing.c — see world_testing.h.
 *
 * The happy path: a client's bytes wait in to_server until its worker takes a turn; what the
 * core puts into an outbox is fetched once the worker's parcels are posted. Whatever goes wrong
 * fails the running test. */
#include "core/world_testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire/wire.h"

enum { BIRTH_US = 1000000, PIECES_MAX = 8, ACTIONS_MAX = 10000000 };

static void end_session(struct world *world, const char *client_id);
static bool ask(void *context, const struct authentication_request *request);
static void note_line(void *context, enum log_kind kind, const char *line);
static void collect(struct world *world, uint32_t index);
static void post_one(struct world *world, struct world_worker *worker);
static void take_turn(struct world *world, uint32_t index);
static bool end_one(struct world *world, uint32_t index);
static bool hear_one(struct world *world, uint32_t index);
static bool read_some(struct world *world, uint32_t index);
static bool write_some(struct world *world, uint32_t index);
static void fetch(struct world *world, struct world_client *client);
static void end_link(struct world *world, struct world_client *client, uint32_t to_worker);
static struct world_client *client_of(struct world *world, const struct link *link);
static bool is_idle(const struct world *world, uint32_t index);
static void check_balance(const struct world *world);

struct world *world_new(uint32_t worker_count, uint64_t seed)
{
    struct world *world = aligned_alloc(_Alignof(struct world), sizeof *world);
    assert_non_null(world);
    memset(world, 0, sizeof *world);
    assert_true(worker_count > 0 && worker_count <= WORLD_WORKERS_MAX);
    world->worker_count = worker_count;
    world->now_us = BIRTH_US;
    random_seed(&world->random, seed);
    core_options_default(&world->options);
    world->options.receive_maximum = UINT16_MAX; /* stories say so when they want one */
    world->options.sys_interval_s = 0;
    link_options_default(&world->listener);
    world->listener.allow_anonymous = true;
    world->other_listener = world->listener;
    world->log = (struct log){~(uint32_t)0, note_line, world};
    world->authenticator = (struct authenticator){ask, world};
    return world;
}

void world_start(struct world *world)
{
    for (uint32_t i = 0; i < world->worker_count; i++) {
        struct core_birth birth = {
            .worker = i,
            .worker_count = world->worker_count,
            .hash_seed = 7,
            .random_seed = i,
            .now_us = world->now_us,
            .options = &world->options,
            .log = &world->log,
            .tally = &world->tally,
            .authenticator = world->has_authenticator ? &world->authenticator : NULL,
            .version = "test",
        };
        world->workers[i].core = core_new(&birth);
        assert_non_null(world->workers[i].core);
    }
    world_tell_all(world, EVENT_TIME);
    world->memory_at_start = world_counters(world).memory_held;
}

void world_end(struct world *world)
{
    core_options_default(&world->options);
    world->options.sys_interval_s = 0;
    link_options_default(&world->listener);
    world->listener.allow_anonymous = true;
    for (uint32_t i = 0; i < world->client_count; i++) {
        world_disconnect(world, &world->clients[i]);
    }
    world_settle(world);
    for (uint32_t i = 0; i < world->id_count && !world->is_stopped; i++) {
        end_session(world, world->ids[i]);
    }
    struct counters left = world_counters(world);
    for (uint32_t i = 0; i < world->worker_count; i++) {
        core_free(world->workers[i].core);
        assert_int_equal(world->workers[i].mail_count, 0);
    }
    for (uint32_t i = 0; i < world->client_count; i++) {
        world_bytes_fini(&world->clients[i].to_server);
        world_bytes_fini(&world->clients[i].from_server);
    }
    uint64_t memory_at_start = world->memory_at_start;
    bool is_stopped = world->is_stopped;
    free(world);
    assert_int_equal(left.connected, 0);
    if (!is_stopped) {
        assert_int_equal(left.sessions, 0);
        assert_int_equal(left.queued + left.in_flight + left.subscriptions, 0);
        assert_int_equal(left.messages_held, left.retained);
        assert_int_equal(left.memory_held, memory_at_start + left.retained_bytes);
    }
}

struct world_client *world_client(struct world *world, const char *name)
{
    for (uint32_t i = 0; i < world->client_count; i++) {
        if (strcmp(world->clients[i].name, name) == 0) {
            return &world->clients[i];
        }
    }
    assert_true(world->client_count < WORLD_CLIENTS_MAX && strlen(name) < WORLD_NAME_SIZE);
    struct world_client *client = &world->clients[world->client_count++];
    snprintf(client->name, sizeof client->name, "%s", name);
    client->appetite = SIZE_MAX;
    client->version = PROTOCOL_5;
    return client;
}

void world_connect(struct world *world, struct world_client *client)
{
    assert_null(client->link);
    client->worker = world->next_worker++ % world->worker_count;
    client->to_server.start = client->to_server.end = 0;
    client->from_server.start = client->from_server.end = 0;
    client->is_closed_by_server = false;
    const struct link_options *options =
        client->is_at_other_listener ? &world->other_listener : &world->listener;
    struct event event = {
        .kind = EVENT_LINK_OPENED,
        .opened = {.options = options, .address = "10.0.0.1:1234", .connection = client}};
    struct effects effects;
    event.now_us = world->now_us;
    core_step(world->workers[client->worker].core, &event, &effects);
    world->workers[client->worker].deadline_us = effects.deadline_us;
    world->workers[client->worker].has_stepped = true;
    client->link = effects.opened;
    assert_non_null(client->link);
}

void world_disconnect(struct world *world, struct world_client *client)
{
    if (client->link) {
        struct event event = {.kind = EVENT_LINK_LOST, .link = client->link};
        client->link = NULL;
        client->is_ending = false;
        world_tell(world, client->worker, &event);
    }
}

void world_note_id(struct world *world, struct bytes client_id)
{
    assert_true(client_id.size < WORLD_NAME_SIZE);
    for (uint32_t i = 0; i < world->id_count; i++) {
        if (bytes_equal(bytes_of_text(world->ids[i]), client_id)) {
            return;
        }
    }
    assert_true(world->id_count < WORLD_IDS_MAX);
    memcpy(world->ids[world->id_count++], client_id.data, client_id.size);
}

bool world_act(struct world *world)
{
    uint32_t able[WORLD_WORKERS_MAX], count = 0;
    for (uint32_t i = 0; i < world->worker_count; i++) {
        if (!is_idle(world, i)) {
            able[count++] = i;
        }
    }
    bool goes_on =
        random_below(&world->random, 4) > 0; /* one may do much while others stand still */
    for (uint32_t i = 0; goes_on && i < count; i++) {
        if (able[i] == world->last_worker) {
            take_turn(world, able[i]);
            return true;
        }
    }
    if (count > 0) {
        world->last_worker = able[random_below(&world->random, count)];
        take_turn(world, world->last_worker);
    }
    return count > 0;
}

void world_settle(struct world *world)
{
    for (uint32_t i = 0; i < world->client_count; i++) {
        world->clients[i].is_flushing = true; /* it may have appetite again */
    }
    for (size_t i = 0; world_act(world); i++) {
        assert_true(i < ACTIONS_MAX);
    }
    check_balance(world);
}

void world_pass_us(struct world *world, uint64_t us)
{
    uint64_t end_us = world->now_us + us;
    world_settle(world);
    while (true) {
        uint64_t next_us = UINT64_MAX;
        uint32_t next = 0;
        for (uint32_t i = 0; i < world->worker_count; i++) {
            if (world->workers[i].deadline_us < next_us) {
                next_us = world->workers[i].deadline_us;
                next = i;
            }
        }
        if (next_us > end_us) {
            break;
        }
        world->now_us = next_us > world->now_us ? next_us : world->now_us;
        world_tell(world, next, &(struct event){.kind = EVENT_TIME});
        world_settle(world);
    }
    world->now_us = end_us;
    world_tell_all(world, EVENT_TIME);
    world_settle(world);
}

void world_tell(struct world *world, uint32_t index, struct event *event)
{
    struct world_worker *worker = &world->workers[index];
    struct effects effects;
    event->now_us = world->now_us;
    core_step(worker->core, event, &effects);
    worker->deadline_us = effects.deadline_us;
    worker->has_stepped = true;
}

void world_tell_all(struct world *world, enum event_kind kind)
{
    for (uint32_t i = 0; i < world->worker_count; i++) {
        world_tell(world, i, &(struct event){.kind = kind});
    }
}

struct counters world_counters(const struct world *world)
{
    struct counters sum = {0};
    for (uint32_t i = 0; i < world->worker_count; i++) {
        counters_add(&sum, core_counters(world->workers[i].core));
    }
    return sum;
}

/* A connection that starts clean ends what there was, and itself leaves nothing. */
static void end_session(struct world *world, const char *client_id)
{
    struct packet packet = {.type = PACKET_CONNECT,
                            .connect = {.version = PROTOCOL_5,
                                        .clean_start = true,
                                        .client_id = bytes_of_text(client_id)}};
    uint8_t bytes[WORLD_NAME_SIZE * 2];
    struct world_client *client = world_client(world, "the end");
    world_connect(world, client);
    world_write(client, bytes_of(bytes, wire_encode(&packet, PROTOCOL_5, bytes, sizeof bytes)));
    world_settle(world);
    world_disconnect(world, client);
    world_settle(world);
}

static bool ask(void *context, const struct authentication_request *request)
{
    struct world *world = context;
    if (world->only_method && request->method.size > 0 &&
        !bytes_equal(request->method, bytes_of_text(world->only_method))) {
        return false;
    }
    assert_true(world->request_count < WORLD_REQUESTS_MAX);
    struct world_request *noted = &world->requests[world->request_count++];
    noted->link = request->link;
    snprintf(noted->words, sizeof noted->words, "%.*s|%.*s|%.*s|%.*s|%.*s|%s",
             (int)request->client_id.size, (const char *)request->client_id.data,
             (int)request->method.size, (const char *)request->method.data, (int)request->data.size,
             (const char *)request->data.data, (int)request->user_name.size,
             (const char *)request->user_name.data, (int)request->password.size,
             (const char *)request->password.data, request->is_first ? "first" : "then");
    return true;
}

static void note_line(void *context, enum log_kind kind, const char *line)
{
    struct world *world = context;
    if (kind != LOG_KIND_DEBUG) {
        snprintf(world->last_log, sizeof world->last_log, "%s", line);
    }
}

/* Takes from the core what it has to say, parcels in the order in which they are to be posted. */
static void collect(struct world *world, uint32_t index)
{
    struct world_worker *worker = &world->workers[index];
    bool found = true;
    worker->has_stepped = false;
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

/* The next small step of a worker: post, or write, or hear, or read. */
static void take_turn(struct world *world, uint32_t index)
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

static bool hear_one(struct world *world, uint32_t index)
{
    struct world_worker *worker = &world->workers[index];
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

static bool is_idle(const struct world *world, uint32_t index)
{
    const struct world_worker *worker = &world->workers[index];
    bool idle = !worker->has_stepped && worker->post_count == 0 && worker->mail_count == 0;
    for (uint32_t i = 0; idle && i < world->client_count; i++) {
        const struct world_client *client = &world->clients[i];
        idle = client->worker != index || !client->link ||
               (!client->is_flushing && !client->wants_turn && !client->is_ending);
    }
    return idle;
}

/* Each message owed to a session is delivered, dropped for a reason, queued or in flight. */
static void check_balance(const struct world *world)
{
    struct counters sum = world_counters(world);
    uint64_t accounted = sum.delivered + counters_dropped(&sum) + sum.queued + sum.in_flight;
    assert_int_equal(sum.owed, accounted);
}
