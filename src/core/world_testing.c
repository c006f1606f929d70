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

#include "core/world_store_testing.h"
#include "core/world_turn_testing.h"
#include "wire/wire.h"

enum { BIRTH_US = 1000000, ACTIONS_MAX = 1000000 };

static void write_the_rest(struct world *world);
static void act_as(struct world *world, uint32_t index);
static void end_session(struct world *world, const char *client_id);
static bool ask(void *context, const struct authentication_request *request);
static void note_line(void *context, enum log_kind kind, const char *line);
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
        if (world->store) {
            birth.has_store = true;
            birth.start = world->store->start + 1;
            birth.wall_us = world->now_us + world->store->wall_offset_us;
        }
        world->workers[i].core = core_new(&birth);
        assert_non_null(world->workers[i].core);
    }
    world_tell_all(world, EVENT_TIME);
    world->memory_at_start = world_counters(world).memory_held;
    if (world->store) {
        world->store->start++;
        world_store_begin(world);
    }
}

void world_end(struct world *world)
{
    core_options_default(&world->options);
    world->options.sys_interval_s = 0;
    link_options_default(&world->listener);
    world->listener.allow_anonymous = true;
    if (world->store) {
        world->store->is_held = false;
        world_store_change(world, STORE_WELL, "");
    }
    for (uint32_t i = 0; i < world->client_count; i++) {
        world_disconnect(world, &world->clients[i]);
    }
    world_settle(world);
    for (uint32_t i = 0; i < world->id_count && !world->is_stopped; i++) {
        end_session(world, world->ids[i]);
    }
    if (world->store && !world->is_stopped) {
        write_the_rest(world);
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
    if (world->store) {
        world_store_free(world);
    }
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
    uint32_t able[WORLD_WORKERS_MAX + 1], count = 0;
    for (uint32_t i = 0; i < world->worker_count; i++) {
        if (!world_turn_is_idle(world, i)) {
            able[count++] = i;
        }
    }
    if (world_store_wants_turn(world)) {
        able[count++] = WORLD_WORKERS_MAX;
    }
    bool goes_on =
        random_below(&world->random, 4) > 0; /* one may do much while others stand still */
    for (uint32_t i = 0; goes_on && i < count; i++) {
        if (able[i] == world->last_worker) {
            act_as(world, able[i]);
            return true;
        }
    }
    if (count > 0) {
        world->last_worker = able[random_below(&world->random, count)];
        act_as(world, world->last_worker);
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

void world_tell_all(struct world *world, enum event_kind kind)
{
    for (uint32_t i = 0; i < world->worker_count; i++) {
        world_tell(world, i, &(struct event){.kind = kind});
    }
}

void world_crash(struct world *world, uint32_t worker_count, uint64_t down_us)
{
    world_store_crash(world);
    world->worker_count = worker_count;
    world->now_us += down_us;
    world_start(world);
}

struct counters world_counters(const struct world *world)
{
    struct counters sum = {0};
    for (uint32_t i = 0; i < world->worker_count; i++) {
        counters_add(&sum, core_counters(world->workers[i].core));
    }
    return sum;
}

/* What could wait is given at the end, too. */
static void write_the_rest(struct world *world)
{
    for (uint32_t i = 0; i < world->worker_count; i++) {
        struct batch *batch;
        while ((batch = core_next_batch(world->workers[i].core, true)) != NULL) {
            world_store_take(world, batch);
        }
    }
    world_settle(world);
    world_store_check_end(world);
}

/* A worker, or the store. */
static void act_as(struct world *world, uint32_t index)
{
    if (index == WORLD_WORKERS_MAX) {
        world_store_write(world, WORLD_BATCHES_MAX, true);
    } else {
        world_turn_take(world, index);
    }
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

/* Each message owed to a session is delivered, dropped for a reason, queued or in flight. */
static void check_balance(const struct world *world)
{
    struct counters sum = world_counters(world);
    uint64_t accounted = sum.delivered + counters_dropped(&sum) + sum.queued + sum.in_flight;
    assert_int_equal(sum.owed, accounted);
}
