/* core_random_test.c — a long story nobody wrote: publishers and subscribers come, go, read slowly
 * and change their minds while workers act in any order. Then the promises are checked:
 *
 *   who is subscribed throughout gets every message of QoS 1 at least once, of QoS 2 exactly once,
 *   those of one publisher, topic and QoS in order; so do a shared one's members, all told. */
#include "core/story_testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "wire/wire.h"

enum {
    STEPS = 3000,
    PUBLISHERS = 4,
    ACTORS_MAX = 16,
    TOPICS = 3,
    NUMBERS_MAX = 4000,
    WINDOW = 10,
    PACKET_MAX = 300,
};

enum role { ROLE_PUBLISHER, ROLE_FAITHFUL, ROLE_SHARING, ROLE_NOISE };

struct outgoing {
    uint16_t id, number;
    uint8_t topic, qos;
    bool retain, is_released;
};

struct actor {
    char name[8];
    enum role role;
    enum protocol_version version;
    struct world_client *client;
    bool is_connected, is_kept;
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
    struct actor *actors[ACTORS_MAX];
    uint32_t actor_count;
    uint8_t published[PUBLISHERS][NUMBERS_MAX]; /* its QoS + 1 */
};

static void send(struct actor *actor, const struct packet *packet)
{
    uint8_t bytes[PACKET_MAX];
    size_t size = wire_encode(packet, actor->version, bytes, sizeof bytes);
    world_write(actor->client, bytes_of(bytes, size));
}

static void send_ack(struct actor *actor, enum packet_type type, uint16_t id)
{
    send(actor, &(struct packet){.type = type, .ack = {.packet_id = id}});
}

static void send_publish(struct drama *drama, struct actor *actor, const struct outgoing *out,
                         bool dup)
{
    char topic[16], payload[32];
    (void)drama;
    snprintf(topic, sizeof topic, "t/%d", out->topic);
    snprintf(payload, sizeof payload, "%c:%d:%d", actor->name[1], out->topic, out->number);
    send(actor, &(struct packet){.type = PACKET_PUBLISH,
                                 .publish = {.topic = bytes_of_text(topic),
                                             .payload = bytes_of_text(payload),
                                             .qos = out->qos,
                                             .retain = out->retain,
                                             .dup = dup && out->qos > 0,
                                             .packet_id = out->id}});
}

static void connect(struct drama *drama, struct actor *actor)
{
    struct packet packet = {.type = PACKET_CONNECT,
                            .connect = {.version = actor->version,
                                        .clean_start = !actor->is_kept,
                                        .client_id = bytes_of_text(actor->name)}};
    if (actor->is_kept && actor->version == PROTOCOL_5) {
        packet.connect.properties.present = HAVE(session_expiry_interval_s);
        packet.connect.properties.session_expiry_interval_s = UINT32_MAX;
    }
    world_settle(drama->world);
    world_connect(drama->world, actor->client);
    actor->is_connected = true;
    if (!actor->is_kept) {
        memset(actor->began, 0, sizeof actor->began);
    }
    send(actor, &packet);
    for (uint32_t i = 0; i < actor->window_count; i++) {
        if (actor->window[i].is_released) {
            send_ack(actor, PACKET_PUBREL, actor->window[i].id);
        } else {
            send_publish(drama, actor, &actor->window[i], true);
        }
    }
}

static void subscribe(struct actor *actor, const char *filter, uint8_t qos, bool wanted)
{
    struct packet packet = {.type = wanted ? PACKET_SUBSCRIBE : PACKET_UNSUBSCRIBE};
    uint8_t entry[64] = {0, (uint8_t)strlen(filter)};
    memcpy(entry + 2, filter, entry[1]);
    entry[2 + entry[1]] = qos;
    struct bytes entries = bytes_of(entry, (size_t)entry[1] + (wanted ? 3 : 2));
    if (wanted) {
        packet.subscribe = (struct packet_subscribe){.packet_id = 9, .entries = entries};
    } else {
        packet.unsubscribe = (struct packet_unsubscribe){.packet_id = 9, .entries = entries};
    }
    send(actor, &packet);
}

static struct actor *cast(struct drama *drama, const char *name, enum role role,
                          enum protocol_version version, bool is_kept)
{
    struct actor *actor = calloc(1, sizeof *actor);
    assert_non_null(actor);
    snprintf(actor->name, sizeof actor->name, "%s", name);
    actor->role = role;
    actor->version = version;
    actor->is_kept = is_kept;
    actor->client = world_client(drama->world, name);
    actor->client->version = version;
    world_note_id(drama->world, bytes_of_text(name));
    drama->actors[drama->actor_count++] = actor;
    connect(drama, actor);
    return actor;
}

static void note_message(struct actor *actor, const struct packet_publish *publish)
{
    char publisher;
    int topic, number;
    char text[64] = "";
    memcpy(text, publish->payload.data,
           publish->payload.size < sizeof text ? publish->payload.size : sizeof text - 1);
    assert_int_equal(sscanf(text, "%c:%d:%d", &publisher, &topic, &number), 3);
    int who = publisher - '0';
    actor->seen[who][number]++;
    bool is_new = actor->seen[who][number] == 1;
    bool is_live = actor->role == ROLE_FAITHFUL && !publish->retain;
    if (actor->role == ROLE_FAITHFUL && publish->qos == 2) {
        assert_true(is_new);
    }
    if (is_live && is_new) {
        assert_true(number > actor->last[who][topic][publish->qos]);
        actor->last[who][topic][publish->qos] = (uint16_t)number;
    }
}

static void finish(struct actor *actor, uint16_t id, bool is_only_released)
{
    for (uint32_t i = 0; i < actor->window_count; i++) {
        if (actor->window[i].id == id && is_only_released) {
            actor->window[i].is_released = true;
            return;
        }
        if (actor->window[i].id == id) {
            actor->window_count--;
            memmove(&actor->window[i], &actor->window[i + 1],
                    (actor->window_count - i) * sizeof actor->window[0]);
            return;
        }
    }
}

/* What a client does with what it gets. False: there was nothing. */
static bool react(struct actor *actor)
{
    struct packet packet;
    if (!actor->is_connected || !world_read(actor->client, &packet)) {
        return false;
    }
    uint16_t id = packet.ack.packet_id;
    switch (packet.type) {
    case PACKET_PUBLISH:
        id = packet.publish.packet_id;
        if (packet.publish.qos < 2 || !actor->began[id]) {
            note_message(actor, &packet.publish);
        }
        if (packet.publish.qos == 1) {
            send_ack(actor, PACKET_PUBACK, id);
        } else if (packet.publish.qos == 2) {
            actor->began[id] = true;
            send_ack(actor, PACKET_PUBREC, id);
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
    case PACKET_CONNACK: assert_int_equal(packet.connack.reason, 0); break;
    case PACKET_SUBACK:
    case PACKET_UNSUBACK: break;
    default: fail_msg("a client is told %d", packet.type);
    }
    return true;
}

static void publish_something(struct drama *drama, struct actor *actor)
{
    if (actor->window_count == WINDOW || actor->number + 1 >= NUMBERS_MAX) {
        return;
    }
    struct outgoing out = {.number = ++actor->number,
                           .topic = (uint8_t)random_below(&drama->random, TOPICS),
                           .qos = (uint8_t)random_below(&drama->random, 3),
                           .retain = random_below(&drama->random, 3) == 0};
    if (out.qos > 0) {
        out.id = out.number; /* never used twice */
        actor->window[actor->window_count++] = out;
    }
    drama->published[actor->name[1] - '0'][out.number] = (uint8_t)(out.qos + 1);
    send_publish(drama, actor, &out, false);
}

static void change_mind(struct drama *drama, struct actor *actor)
{
    static const char *const filters[] = {"t/+",          "t/#",        "t/1", "#",
                                          "$share/n/t/+", "$share/m/#", "+/2", "t/3"};
    subscribe(actor, filters[random_below(&drama->random, 8)],
              (uint8_t)random_below(&drama->random, 3), random_below(&drama->random, 3) > 0);
}

static void step(struct drama *drama)
{
    struct actor *actor = drama->actors[random_below(&drama->random, drama->actor_count)];
    uint64_t dice = random_below(&drama->random, 100);
    if (!actor->is_connected) {
        if (dice < 30) {
            connect(drama, actor);
        }
    } else if (dice < 3) {
        world_disconnect(drama->world, actor->client);
        actor->is_connected = false;
    } else if (dice < 6) {
        actor->client->appetite = actor->client->appetite == 0 ? SIZE_MAX : 0;
        actor->client->is_flushing = true;
    } else if (actor->role == ROLE_PUBLISHER) {
        for (uint64_t count = random_below(&drama->random, 4); count > 0; count--) {
            publish_something(drama, actor);
        }
    } else if (actor->role == ROLE_NOISE && dice < 20) {
        change_mind(drama, actor);
    } else {
        react(actor);
    }
    for (uint64_t acts = random_below(&drama->random, 20); acts > 0; acts--) {
        world_act(drama->world);
    }
    for (uint32_t i = 0; i < drama->actor_count; i++) {
        if (random_below(&drama->random, 2) == 0) {
            react(drama->actors[i]);
        }
    }
    if (dice == 50) {
        world_pass_us(drama->world, random_below(&drama->random, 2000000));
    }
}

static void finale(struct drama *drama)
{
    for (uint32_t i = 0; i < drama->actor_count; i++) {
        drama->actors[i]->client->appetite = SIZE_MAX;
        if (!drama->actors[i]->is_connected) {
            connect(drama, drama->actors[i]);
        }
    }
    for (bool moved = true; moved;) {
        world_settle(drama->world);
        moved = false;
        for (uint32_t i = 0; i < drama->actor_count; i++) {
            while (react(drama->actors[i])) {
                moved = true;
            }
        }
    }
}

static void check_promises(struct drama *drama)
{
    struct actor **actors = drama->actors;
    for (uint32_t who = 0; who < PUBLISHERS; who++) {
        assert_int_equal(actors[who]->window_count, 0);
        for (uint32_t number = 1; number <= actors[who]->number; number++) {
            uint32_t shared = actors[PUBLISHERS + 2]->seen[who][number] +
                              actors[PUBLISHERS + 3]->seen[who][number];
            uint32_t first = actors[PUBLISHERS]->seen[who][number];
            uint32_t second = actors[PUBLISHERS + 1]->seen[who][number];
            uint8_t qos = drama->published[who][number] - 1;
            if (qos == 1) {
                assert_true(first >= 1 && second >= 1 && shared >= 1);
            } else if (qos == 2) {
                assert_int_equal(first, 1);
                assert_int_equal(second, 1);
                assert_int_equal(shared, 1);
            }
        }
    }
    struct counters counters = world_counters(drama->world);
    assert_int_equal(counters.queued + counters.in_flight, 0);
    assert_true(counters.delivered > STEPS);
}

/* Plays the story of a seed; returns what all clients were sent, as one number. */
static uint64_t play(uint32_t worker_count, uint64_t seed)
{
    struct drama *drama = calloc(1, sizeof *drama);
    assert_non_null(drama);
    drama->world = world_new(worker_count, seed);
    drama->world->options.queued_messages_max = CORE_NO_LIMIT;
    world_start(drama->world);
    random_seed(&drama->random, seed);
    for (int i = 0; i < PUBLISHERS; i++) {
        char name[] = {'p', (char)('0' + i), 0};
        cast(drama, name, ROLE_PUBLISHER, i % 2 ? PROTOCOL_3_1_1 : PROTOCOL_5, true);
    }
    subscribe(cast(drama, "anna", ROLE_FAITHFUL, PROTOCOL_5, true), "t/#", 2, true);
    subscribe(cast(drama, "ben", ROLE_FAITHFUL, PROTOCOL_3_1_1, true), "t/+", 2, true);
    subscribe(cast(drama, "sam", ROLE_SHARING, PROTOCOL_5, true), "$share/s/t/#", 2, true);
    subscribe(cast(drama, "sue", ROLE_SHARING, PROTOCOL_3_1_1, true), "$share/s/t/#", 2, true);
    for (int i = 0; i < 6; i++) {
        char name[] = {'n', (char)('0' + i), 0};
        cast(drama, name, ROLE_NOISE, i % 3 ? PROTOCOL_5 : PROTOCOL_3_1_1, i % 2);
    }
    world_settle(drama->world);
    for (int i = 0; i < STEPS; i++) {
        step(drama);
    }
    finale(drama);
    check_promises(drama);
    uint64_t digest = drama->world->digest;
    world_end(drama->world);
    for (uint32_t i = 0; i < drama->actor_count; i++) {
        free(drama->actors[i]);
    }
    free(drama);
    return digest;
}

static void promises_are_kept(void **state)
{
    uint32_t worker_count = *(uint32_t *)*state;
    const char *wanted = getenv("MIDGE_SEEDS");
    uint64_t seeds = wanted ? strtoull(wanted, NULL, 10) : 3;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        play(worker_count, seed);
    }
}

static void same_story_same_bytes(void **state)
{
    uint32_t worker_count = *(uint32_t *)*state;
    uint64_t digest = play(worker_count, 11);
    assert_true(digest == play(worker_count, 11));
    assert_true(digest != play(worker_count, 12));
}

int main(void)
{
    static uint32_t one = 1, two = 2, three = 3;
    const struct CMUnitTest tests[] = {
        {"promises are kept (1 worker)", promises_are_kept, NULL, NULL, &one},
        {"promises are kept (2 workers)", promises_are_kept, NULL, NULL, &two},
        {"promises are kept (3 workers)", promises_are_kept, NULL, NULL, &three},
        {"the same events give the same bytes (1 worker)", same_story_same_bytes, NULL, NULL, &one},
        {"the same events give the same bytes (3 workers)", same_story_same_bytes, NULL, NULL,
         &three},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
