/* core_durable_random_test.c — a long story nobody wrote, in a world that crashes: publishers and
 * subscribers with kept sessions come and go, the store lags behind, and now and then the broker is
 * gone between two steps and back with more or fewer workers. At the end
 *
 *   each message of QoS 1 has reached everybody at least once, each of QoS 2 exactly once, those of
 *   one publisher, topic and QoS in order; of a shared subscription's members, one has each. */
#include "core/durable_story_testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "wire/wire.h"

enum {
    STEPS = 400,
    PUBLISHERS = 2,
    READERS = 4, /* two of them share */
    TOPICS = 2,
    NUMBERS_MAX = 400,
    WINDOW = 6,
    PACKET_SIZE_MAX_HERE = 200,
};

struct outgoing {
    uint16_t number; /* and identifier */
    uint8_t topic, qos;
    bool retain, is_released;
};

struct actor {
    char name[8];
    enum protocol_version version;
    struct world_client *client;
    bool is_publisher, is_sharing;
    bool is_welcome;                /* on this connection */
    struct outgoing window[WINDOW]; /* published and not finished, oldest first */
    uint32_t window_count;
    uint16_t number;   /* of what it published last */
    bool began[65536]; /* QoS 2 identifiers received and not released */
    uint16_t seen[PUBLISHERS][NUMBERS_MAX];
    uint16_t last[PUBLISHERS][TOPICS][3];
};

struct drama {
    struct world *world;
    struct random random;
    struct actor actors[PUBLISHERS + READERS];
    uint8_t qos_of[PUBLISHERS][NUMBERS_MAX];
    uint32_t crashes;
};

static void send(struct actor *actor, const struct packet *packet)
{
    uint8_t bytes[PACKET_SIZE_MAX_HERE];
    world_write(actor->client,
                bytes_of(bytes, wire_encode(packet, actor->version, bytes, sizeof bytes)));
}

static void send_ack(struct actor *actor, enum packet_type type, uint16_t id)
{
    send(actor, &(struct packet){.type = type, .ack = {.packet_id = id}});
}

static void send_publish(struct actor *actor, const struct outgoing *out, bool dup)
{
    char topic[16], payload[32];
    snprintf(topic, sizeof topic, "t/%d", out->topic);
    snprintf(payload, sizeof payload, "%c:%d:%d", actor->name[1], out->topic, out->number);
    send(actor, &(struct packet){.type = PACKET_PUBLISH,
                                 .publish = {.topic = bytes_of_text(topic),
                                             .payload = bytes_of_text(payload),
                                             .qos = out->qos,
                                             .retain = out->retain,
                                             .dup = dup,
                                             .packet_id = out->number}});
}

static void connect(struct drama *drama, struct actor *actor)
{
    struct packet packet = {
        .type = PACKET_CONNECT,
        .connect = {.version = actor->version, .client_id = bytes_of_text(actor->name)}};
    if (actor->version == PROTOCOL_5) {
        packet.connect.properties.present = HAVE(session_expiry_interval_s);
        packet.connect.properties.session_expiry_interval_s = UINT32_MAX;
    }
    world_connect(drama->world, actor->client);
    actor->is_welcome = false;
    send(actor, &packet);
}

/* What was left unfinished, in order, once the broker has said that it knows us. */
static void resume(struct actor *actor, const struct packet_connack *connack)
{
    assert_int_equal(connack->reason, 0);
    assert_true(connack->session_present);
    actor->is_welcome = true;
    for (uint32_t i = 0; i < actor->window_count; i++) {
        if (actor->window[i].is_released) {
            send_ack(actor, PACKET_PUBREL, actor->window[i].number);
        } else {
            send_publish(actor, &actor->window[i], true);
        }
    }
}

static void note_message(struct actor *actor, const struct packet_publish *publish)
{
    char text[32], publisher;
    int topic, number;
    snprintf(text, sizeof text, "%.*s", (int)publish->payload.size,
             (const char *)publish->payload.data);
    assert_int_equal(sscanf(text, "%c:%d:%d", &publisher, &topic, &number), 3);
    int who = publisher - '0';
    bool is_new = ++actor->seen[who][number] == 1;
    assert_true(is_new || publish->qos < 2);
    if (is_new && !actor->is_sharing) {
        assert_true(number > actor->last[who][topic][publish->qos]);
        actor->last[who][topic][publish->qos] = (uint16_t)number;
    }
}

static void finish(struct actor *actor, uint16_t number, bool is_only_released)
{
    for (uint32_t i = 0; i < actor->window_count; i++) {
        if (actor->window[i].number != number) {
            continue;
        }
        if (is_only_released) {
            actor->window[i].is_released = true;
            return;
        }
        actor->window_count--;
        memmove(&actor->window[i], &actor->window[i + 1],
                (actor->window_count - i) * sizeof actor->window[0]);
        return;
    }
}

/* What a client does with what it gets. False: there was nothing. */
static bool react(struct actor *actor)
{
    struct packet packet;
    if (!actor->client->link || !world_read(actor->client, &packet)) {
        return false;
    }
    uint16_t id = packet.ack.packet_id;
    switch (packet.type) {
    case PACKET_CONNACK: resume(actor, &packet.connack); break;
    case PACKET_PUBLISH:
        id = packet.publish.packet_id;
        if (packet.publish.qos < 2 || !actor->began[id]) {
            note_message(actor, &packet.publish);
        }
        actor->began[id] |= packet.publish.qos == 2;
        if (packet.publish.qos > 0) {
            send_ack(actor, packet.publish.qos == 1 ? PACKET_PUBACK : PACKET_PUBREC, id);
        }
        break;
    case PACKET_PUBREL:
        actor->began[id] = false;
        send_ack(actor, PACKET_PUBCOMP, id);
        break;
    case PACKET_PUBREC:
        assert_true(packet.ack.reason < 0x80);
        finish(actor, id, true);
        send_ack(actor, PACKET_PUBREL, id);
        break;
    case PACKET_PUBACK:
        assert_true(packet.ack.reason < 0x80);
        finish(actor, id, false);
        break;
    case PACKET_PUBCOMP: finish(actor, id, false); break;
    case PACKET_SUBACK: break;
    default: fail_msg("a client is told %d", packet.type);
    }
    return true;
}

static void publish_something(struct drama *drama, struct actor *actor)
{
    if (actor->window_count == WINDOW || actor->number + 1 >= NUMBERS_MAX || !actor->client->link ||
        !actor->is_welcome) {
        return;
    }
    struct outgoing out = {.number = ++actor->number,
                           .topic = (uint8_t)random_below(&drama->random, TOPICS),
                           .qos = (uint8_t)(1 + random_below(&drama->random, 2)),
                           .retain = random_below(&drama->random, 4) == 0};
    actor->window[actor->window_count++] = out;
    drama->qos_of[actor->name[1] - '0'][out.number] = out.qos;
    send_publish(actor, &out, false);
}

/* What had come from the network was not lost with the broker; what was still to come was. */
static void crash(struct drama *drama)
{
    struct world *world = drama->world;
    uint32_t count = (uint32_t)random_below(&drama->random, world->store->taken_count + 1);
    if (random_below(&drama->random, 2) == 0 && world->store->state != STORE_FAILING) {
        world_store_write(world, count, false); /* and nobody was told */
    }
    world->store->state = STORE_WELL;
    world_crash(world, 1 + (uint32_t)random_below(&drama->random, 4),
                random_below(&drama->random, 1000000));
    drama->crashes++;
    for (uint32_t i = 0; i < PUBLISHERS + READERS; i++) {
        drama->actors[i].client->from_server.start = drama->actors[i].client->from_server.end = 0;
    }
}

static void step(struct drama *drama)
{
    struct actor *actor = &drama->actors[random_below(&drama->random, PUBLISHERS + READERS)];
    uint64_t dice = random_below(&drama->random, 100);
    if (dice < 3) {
        crash(drama);
    } else if (!actor->client->link) {
        connect(drama, actor);
    } else if (dice < 10) {
        world_disconnect(drama->world, actor->client);
    } else if (dice < 20) {
        drama->world->store->is_held = !drama->world->store->is_held;
    } else if (dice < 60 && actor->is_publisher) {
        publish_something(drama, actor);
    } else if (dice < 65) {
        world_pass_us(drama->world, random_below(&drama->random, 3000));
    } else {
        react(actor);
    }
    for (uint64_t acts = random_below(&drama->random, 30); acts > 0; acts--) {
        world_act(drama->world);
        react(&drama->actors[random_below(&drama->random, PUBLISHERS + READERS)]);
    }
}

static void finale(struct drama *drama)
{
    drama->world->store->is_held = false;
    for (uint32_t i = 0; i < PUBLISHERS + READERS; i++) {
        if (!drama->actors[i].client->link) {
            connect(drama, &drama->actors[i]);
        }
    }
    for (bool moved = true; moved;) {
        when_written(drama->world);
        moved = false;
        for (uint32_t i = 0; i < PUBLISHERS + READERS; i++) {
            while (react(&drama->actors[i])) {
                moved = true;
            }
        }
    }
}

static void check_promises(struct drama *drama)
{
    struct actor *readers = &drama->actors[PUBLISHERS];
    for (uint32_t who = 0; who < PUBLISHERS; who++) {
        assert_int_equal(drama->actors[who].window_count, 0);
        for (uint32_t number = 1; number <= drama->actors[who].number; number++) {
            uint32_t shared = readers[2].seen[who][number] + readers[3].seen[who][number];
            if (drama->qos_of[who][number] == 2) {
                assert_int_equal(readers[0].seen[who][number], 1);
                assert_int_equal(readers[1].seen[who][number], 1);
                assert_int_equal(shared, 1);
            } else {
                assert_true(readers[0].seen[who][number] > 0);
                assert_true(readers[1].seen[who][number] > 0 && shared > 0);
            }
        }
    }
    struct counters counters = world_counters(drama->world);
    assert_int_equal(counters.queued + counters.in_flight, 0);
    assert_int_equal(world_store_count(drama->world, ENTRY_DELIVERY), 0);
    assert_int_equal(world_store_count(drama->world, ENTRY_RECEIVED), 0);
}

static void play(uint64_t seed)
{
    struct drama *drama = calloc(1, sizeof *drama);
    assert_non_null(drama);
    random_seed(&drama->random, seed);
    drama->world = world_new(1 + (uint32_t)(seed % 4), seed);
    drama->world->options.queued_messages_max = CORE_NO_LIMIT;
    drama->world->options.in_flight_messages_max = (uint16_t)(1 + seed % 20);
    world_store_new(drama->world);
    world_start(drama->world);
    for (uint32_t i = 0; i < PUBLISHERS + READERS; i++) {
        struct actor *actor = &drama->actors[i];
        actor->is_publisher = i < PUBLISHERS;
        actor->is_sharing = i >= PUBLISHERS + 2;
        actor->version = i % 2 ? PROTOCOL_3_1_1 : PROTOCOL_5;
        snprintf(actor->name, sizeof actor->name, "%c%u", actor->is_publisher ? 'p' : 'r', i);
        given_kept(drama->world, actor->name, actor->version);
        if (!actor->is_publisher) {
            given_subscribed(drama->world, actor->name, actor->is_sharing ? "$share/s/#" : "t/+",
                             2);
        }
        actor->client = world_client(drama->world, actor->name);
        actor->is_welcome = true;
    }
    for (int i = 0; i < STEPS; i++) {
        step(drama);
    }
    finale(drama);
    check_promises(drama);
    world_end(drama->world);
    free(drama);
}

static void no_crash_breaks_a_promise(void **state)
{
    (void)state;
    const char *wanted = getenv("MIDGE_SEEDS"), *first = getenv("MIDGE_SEED");
    uint64_t from = first ? strtoull(first, NULL, 10) : 1;
    uint64_t seeds = wanted ? strtoull(wanted, NULL, 10) : 100;
    for (uint64_t seed = from; seed < from + seeds; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        play(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"[MQTT-4.3.3-6] [MQTT-4.3.2-1] [MQTT-4.6.0-5] [MQTT-3.1.2-5] no crash breaks a promise",
         no_crash_breaks_a_promise, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
