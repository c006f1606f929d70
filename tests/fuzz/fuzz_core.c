/* fuzz_core.c — a broker of one to three workers, without threads or sockets, as the input says.
 *
 * The input is read as a row of commands: connections come and go, send packets (good ones, bent
 * ones, any bytes) cut anywhere, take what is for them or do not; parcels arrive late; time jumps;
 * options change. After every step each owed message must be accounted for, and at the end
 * everything must have been given back. */
#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "core/core.h"
#include "tests/fuzz/fuzz_packets.h"
#include "wire/wire.h"

enum {
    WORKERS_MAX = 3,
    CLIENTS_MAX = 12,
    INPUT_SIZE_MAX = 32 * 1024,
    MAILS_MAX = 256,
    COMMANDS_MAX = 2000,
    STEPS_OF_TIME_MAX = 30,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A connection, from both its ends. */
struct client {
    struct link *link; /* NULL: there is none */
    uint32_t worker;
    enum protocol_version version;
    size_t unread_size;
    uint8_t unread[INPUT_SIZE_MAX];
};

struct worker {
    struct core *core;
    struct parcel *mail[MAILS_MAX];
    uint32_t mail_first, mail_count;
    uint64_t deadline_us, memory_at_start;
};

struct world {
    struct bytes input; /* what is left of it */
    uint64_t now_us;
    uint32_t worker_count;
    struct worker workers[WORKERS_MAX];
    struct client clients[CLIENTS_MAX];
    struct core_options options;
    struct link_options listener;
    struct log log;
    struct tally tally;
};

static uint32_t draw(struct world *world, uint32_t bound)
{
    return fuzz_draw(&world->input, bound);
}

static struct client *draw_client(struct world *world)
{
    struct client *client = &world->clients[draw(world, CLIENTS_MAX)];
    return client->link ? client : NULL;
}

static void check(const struct worker *worker)
{
    const struct counters *counters = core_counters(worker->core);
    assert(counters->owed == counters->delivered + counters_dropped(counters) + counters->queued +
                                 counters->in_flight);
    assert(counters->memory_held < UINT64_C(1) << 40 && counters->queued < UINT64_C(1) << 40);
}

static void step(struct world *world, uint32_t index, struct event *event, struct effects *effects)
{
    struct worker *worker = &world->workers[index];
    event->now_us = world->now_us;
    core_step(worker->core, event, effects);
    worker->deadline_us = effects->deadline_us;
    check(worker);
}

static void tell(struct world *world, uint32_t index, struct event event)
{
    struct effects effects;
    step(world, index, &event, &effects);
}

static void hear(struct world *world, uint32_t index, uint32_t count)
{
    struct worker *worker = &world->workers[index];
    for (; count > 0 && worker->mail_count > 0; count--) {
        struct parcel *parcel = worker->mail[worker->mail_first];
        worker->mail_first = (worker->mail_first + 1) % MAILS_MAX;
        worker->mail_count--;
        tell(world, index, (struct event){.kind = EVENT_PARCEL, .parcel = parcel});
    }
}

static void post(struct world *world, uint32_t from)
{
    for (uint32_t to = 0; to < world->worker_count; to++) {
        struct worker *worker = &world->workers[to];
        struct parcel *parcel = to == from ? NULL : core_next_parcel(world->workers[from].core, to);
        if (parcel) {
            if (worker->mail_count == MAILS_MAX) {
                hear(world, to, 1);
            }
            worker->mail[(worker->mail_first + worker->mail_count++) % MAILS_MAX] = parcel;
        }
    }
}

static void lose(struct world *world, struct client *client)
{
    struct link *link = client->link;
    client->link = NULL;
    tell(world, client->worker, (struct event){.kind = EVENT_LINK_LOST, .link = link});
}

static void open_link(struct world *world, struct client *client, uint32_t index)
{
    struct event event = {
        .kind = EVENT_LINK_OPENED,
        .opened = {.options = &world->listener, .address = "x", .connection = client}};
    struct effects effects;
    step(world, index, &event, &effects);
    client->link = effects.opened;
    client->worker = index;
}

/* Offers the core what the client sent, or the first part of it. */
static void offer(struct world *world, struct client *client, size_t size)
{
    size = size < client->unread_size ? size : client->unread_size;
    if (size == 0 || !client->link || core_link_is_held(client->link)) {
        return;
    }
    uint8_t *exact = malloc(size); /* so that reading beyond it is seen */
    memcpy(exact, client->unread, size);
    struct event event = {
        .kind = EVENT_LINK_RECEIVED, .link = client->link, .received = bytes_of(exact, size)};
    struct effects effects;
    step(world, client->worker, &event, &effects);
    free(exact);
    assert(effects.consumed <= size);
    client->unread_size -= effects.consumed;
    memmove(client->unread, client->unread + effects.consumed, client->unread_size);
}

/* Takes at most `size` bytes of what is for the client. */
static void take(struct world *world, struct client *client, size_t size)
{
    struct iovec pieces[4];
    size_t count = core_link_pieces(client->link, pieces, 4), there = 0;
    for (size_t i = 0; i < count; i++) {
        there += pieces[i].iov_len;
    }
    size = size < there ? size : there;
    if (size > 0) {
        tell(world, client->worker,
             (struct event){.kind = EVENT_LINK_SENT, .link = client->link, .sent_size = size});
    }
}

/* What a worker does at the end of its turn. */
static void collect(struct world *world, uint32_t index)
{
    struct core *core = world->workers[index].core;
    struct link *link;
    uint32_t home;
    while ((link = core_next_resumed(core)) != NULL) {
        struct client *client = link->connection;
        offer(world, client, SIZE_MAX);
    }
    post(world, index);
    while ((link = core_next_ending(core, &home)) != NULL) {
        struct client *client = link->connection;
        lose(world, client);
        if (home != index) {
            open_link(world, client, home);
            offer(world, client, SIZE_MAX);
        }
    }
    while ((link = core_next_dirty(core)) != NULL) {
        core_link_is_held(link);
    }
    post(world, index);
}

static void pass(struct world *world, uint64_t duration_us)
{
    world->now_us += duration_us;
    for (uint32_t i = 0; i < world->worker_count; i++) {
        for (uint32_t j = 0;
             j < STEPS_OF_TIME_MAX && world->workers[i].deadline_us <= world->now_us; j++) {
            tell(world, i, (struct event){.kind = EVENT_TIME});
        }
    }
}

/* A good packet, or with one bad byte, behind what the client has already sent. */
static void send_packet(struct world *world, struct client *client)
{
    uint8_t entries[FUZZ_ENTRIES_SIZE];
    struct packet packet = {0};
    fuzz_draw_packet(&world->input, &client->version, &packet, entries);
    size_t size = wire_size(&packet, client->version);
    if (size == 0 || client->unread_size + size > INPUT_SIZE_MAX) {
        return;
    }
    uint8_t *at = client->unread + client->unread_size;
    client->unread_size += wire_encode(&packet, client->version, at, size);
    if (draw(world, 16) == 1) {
        at[draw(world, 255) % size] = (uint8_t)draw(world, 256);
    }
}

static void send_bytes(struct world *world, struct client *client)
{
    struct bytes drawn = fuzz_draw_bytes(&world->input);
    if (drawn.size > 0 && client->unread_size + drawn.size <= INPUT_SIZE_MAX) {
        memcpy(client->unread + client->unread_size, drawn.data, drawn.size);
        client->unread_size += drawn.size;
    }
}

static void configure(struct world *world)
{
    struct core_options *options = &world->options;
    options->in_flight_messages_max = (uint16_t)draw(world, 4);
    options->queued_messages_max = draw(world, 8);
    options->queued_bytes_max = draw(world, 4) * 10000;
    options->receive_maximum = (uint16_t)(1 + draw(world, 4));
    options->retained_messages_max = draw(world, 4);
    options->subscriptions_max = draw(world, 6);
    options->clients_max = draw(world, 8);
    options->memory_max = draw(world, 3) * 20000;
    options->slow_reader_patience_ms = draw(world, 2) * 1000;
    options->keep_alive_s_max = (uint16_t)draw(world, 8);
    options->packet_size_max = draw(world, 2) * 10000;
    options->queue_qos0_messages = fuzz_toss(&world->input);
    options->upgrade_outgoing_qos = fuzz_toss(&world->input);
    for (uint32_t i = 0; i < world->worker_count; i++) {
        tell(world, i, (struct event){.kind = EVENT_CONFIGURED});
    }
}

static void act(struct world *world)
{
    uint32_t command = draw(world, 16);
    struct client *client;
    if (command == 0) {
        client = &world->clients[draw(world, CLIENTS_MAX)];
        if (!client->link) {
            client->unread_size = 0;
            client->version = PROTOCOL_5;
            open_link(world, client, draw(world, world->worker_count));
        }
    } else if (command < 10) {
        client = draw_client(world);
        if (!client) {
            return;
        }
        switch (command) {
        case 1: send_bytes(world, client); break;
        case 2: offer(world, client, draw(world, 30)); break;
        case 3: offer(world, client, SIZE_MAX); break;
        case 4: take(world, client, draw(world, 255)); break;
        case 5: take(world, client, SIZE_MAX); break;
        case 6: lose(world, client); break;
        default:
            send_packet(world, client);
            offer(world, client, SIZE_MAX);
            break;
        }
    } else if (command == 10) {
        pass(world, (uint64_t)fuzz_draw_wide(&world->input) * 10);
    } else if (command == 11) {
        hear(world, draw(world, world->worker_count), 1 + draw(world, 4));
    } else if (command < 14) {
        collect(world, draw(world, world->worker_count));
    } else if (command == 14 && world->worker_count > 1) {
        uint32_t worker = draw(world, world->worker_count), peer = draw(world, world->worker_count);
        if (worker != peer) {
            enum event_kind kind = fuzz_toss(&world->input) ? EVENT_PEER_BUSY : EVENT_PEER_READY;
            tell(world, worker, (struct event){.kind = kind, .peer = peer});
        }
    } else if (draw(world, 8) == 1) {
        configure(world);
    }
}

/* Everybody goes, every session expires, every parcel is heard: nothing may be left. */
static void finish(struct world *world)
{
    bool is_quiet = false;
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        if (world->clients[i].link) {
            lose(world, &world->clients[i]);
        }
    }
    world->options.memory_max = CORE_NO_LIMIT;
    for (int round = 0; round < 100 && !is_quiet; round++) {
        pass(world, round < 3 ? UINT64_C(5000000000000000) : 0);
        is_quiet = round > 3;
        for (uint32_t i = 0; i < world->worker_count; i++) {
            is_quiet &= world->workers[i].mail_count == 0;
            hear(world, i, UINT32_MAX);
            collect(world, i);
        }
    }
    assert(is_quiet);
    for (uint32_t i = 0; i < world->worker_count; i++) {
        const struct counters *counters = core_counters(world->workers[i].core);
        assert(counters->connected == 0 && counters->sessions == 0 && counters->subscriptions == 0);
        assert(counters->queued == 0 && counters->queued_bytes == 0 && counters->in_flight == 0);
        assert(counters->messages_held == counters->retained);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world *world = calloc(1, sizeof *world);
    world->input = bytes_of(data, size);
    world->now_us = 1000000;
    world->worker_count = 1 + draw(world, WORKERS_MAX);
    core_options_default(&world->options);
    link_options_default(&world->listener);
    world->listener.allow_anonymous = true;
    world->options.sys_interval_s = draw(world, 2);
    world->options.session_expiry_s_max = 1000000;
    for (uint32_t i = 0; i < world->worker_count; i++) {
        struct core_birth birth = {.worker = i,
                                   .worker_count = world->worker_count,
                                   .hash_seed = 7,
                                   .random_seed = i + 1,
                                   .now_us = world->now_us,
                                   .tally = &world->tally,
                                   .options = &world->options,
                                   .log = &world->log,
                                   .version = "0"};
        world->workers[i].core = core_new(&birth);
        tell(world, i, (struct event){.kind = EVENT_TIME});
    }
    for (int i = 0; i < COMMANDS_MAX && world->input.size > 0; i++) {
        act(world);
    }
    finish(world);
    for (uint32_t i = 0; i < world->worker_count; i++) {
        core_free(world->workers[i].core);
    }
    free(world);
    return 0;
}
