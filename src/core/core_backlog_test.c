/* core_backlog_test.c — what waits for clients that are away: on the disk, not in memory, in order,
 * and within its bounds (backlog.h). */
#include "core/durable_story_testing.h"

#include <stdio.h>
#include <stdlib.h>

static void publish_numbers(struct world *world, const char *name, int from, int to)
{
    char payload[16];
    for (int i = from; i <= to; i++) {
        snprintf(payload, sizeof payload, "%d", i);
        when_publishes(world, name, "a", payload, (uint8_t)(1 + i % 2));
    }
}

/* Takes what there is, up to number `end`, and acknowledges it; the numbers go on from *last. */
static void read_up_to(struct world *world, const char *name, int *last, int end)
{
    struct packet packet;
    while (*last < end && world_read(world_client(world, name), &packet)) {
        if (packet.type == PACKET_PUBREL) {
            when_acks(world, name, PACKET_PUBCOMP, packet.ack.packet_id, 0);
            continue;
        }
        assert_int_equal(packet.type, PACKET_PUBLISH);
        uint16_t packet_id = packet.publish.packet_id;
        uint8_t qos = packet.publish.qos;
        char text[16];
        snprintf(text, sizeof text, "%.*s", (int)packet.publish.payload.size,
                 (const char *)packet.publish.payload.data);
        assert_int_equal((int)strtol(text, NULL, 10), *last + 1);
        ++*last;
        when_acks(world, name, qos == 1 ? PACKET_PUBACK : PACKET_PUBREC, packet_id, 0);
    }
}

static void read_numbers(struct world *world, const char *name, int *last)
{
    read_up_to(world, name, last, 1 << 20);
}

static void queue_is_not_in_memory(void **state)
{
    struct world *world = *state;
    given_away(world, "alice", PROTOCOL_3_1_1, "a", 2);
    given_connected(world, "bob", PROTOCOL_5);
    when_written(world);
    struct counters before = world_counters(world);
    publish_numbers(world, "bob", 1, 500);
    when_written(world);
    struct counters after = world_counters(world);
    assert_int_equal(after.messages_held, before.messages_held);
    assert_int_equal(after.queued, 500);
    assert_true(after.memory_held - before.memory_held < 10000); /* nor anything else of them */
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 500);
}

static void portions_come_in_order(void **state)
{
    struct world *world = *state;
    int last = 0;
    given_away(world, "alice", PROTOCOL_5, "a", 2);
    given_connected(world, "bob", PROTOCOL_3_1_1);
    publish_numbers(world, "bob", 1, 700);
    when_connects(world, "alice", .version = PROTOCOL_5,
                  .properties = {.present = HAVE(receive_maximum) | HAVE(session_expiry_interval_s),
                                 .receive_maximum = 3,
                                 .session_expiry_interval_s = UINT32_MAX});
    then_receives(world, "alice", "CONNACK 00 present [topic_alias_maximum=10]");
    int next = 701;
    while (next <= 1900) { /* they come as fast as she reads */
        publish_numbers(world, "bob", next, next + 39);
        read_up_to(world, "alice", &last, last + 40);
        then_takes_all(world, "bob");
        next += 40;
    }
    assert_true(world->store->fetches_answered > 5);
    when_written(world);
    read_numbers(world, "alice", &last);
    when_written(world);
    assert_int_equal(last, 1900);
    assert_int_equal(world_counters(world).queued + world_counters(world).in_flight, 0);
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 0);
}

static void client_comes_and_goes(void **state)
{
    struct world *world = *state;
    int last = 0;
    world->options.in_flight_messages_max = 5;
    given_away(world, "alice", PROTOCOL_3_1_1, "a", 1);
    given_connected(world, "bob", PROTOCOL_3_1_1);
    char payload[16];
    for (int i = 1; i <= 300; i++) {
        snprintf(payload, sizeof payload, "%d", i);
        when_publishes(world, "bob", "a", payload, 1);
        if (i % 50 == 0) {
            when_returns(world, "alice");
            if (i % 100 == 0) {
                read_numbers(world, "alice", &last);
            }
            when_breaks(world, "alice");
        }
    }
    when_returns(world, "alice");
    read_numbers(world, "alice", &last);
    assert_int_equal(last, 300);
}

static void large_ones_share_a_body(void **state)
{
    struct world *world = *state;
    char payload[3000];
    memset(payload, 'x', sizeof payload);
    payload[sizeof payload - 1] = 0;
    const char *names[] = {"alice", "anna", "amy", "ada", "ann", "abby", "alma", "agnes"};
    for (size_t i = 0; i < 8; i++) {
        given_away(world, names[i], PROTOCOL_5, "a", (uint8_t)(1 + i % 2));
    }
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", payload, 2);
    when_publishes(world, "bob", "a", payload, 1);
    when_written(world);
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 16);
    assert_true(world_store_count(world, ENTRY_MESSAGE) >= 2);
    assert_true(world_store_count(world, ENTRY_MESSAGE) <= 2 * world->worker_count);
    when_crashes(world);
    for (size_t i = 0; i < 8; i++) {
        when_returns(world, names[i]);
        struct packet packet;
        for (uint16_t id = 1; id <= 2; id++) {
            assert_true(world_read(world_client(world, names[i]), &packet));
            assert_int_equal(packet.publish.payload.size, sizeof payload - 1);
            bool is_qos_2 = packet.publish.qos == 2;
            when_acks(world, names[i], is_qos_2 ? PACKET_PUBREC : PACKET_PUBACK, id, 0);
            when_acks(world, names[i], PACKET_PUBCOMP, is_qos_2 ? id : 99, 0);
        }
    }
    for (size_t i = 0; i < 8; i++) {
        then_takes_all(world, names[i]);
        when_acks(world, names[i], PACKET_PUBCOMP, 1, 0);
    }
    when_written(world);
    assert_int_equal(world_store_count(world, ENTRY_MESSAGE), 0);
}

static void policy_drop_newest(void **state)
{
    struct world *world = *state;
    int last = 0;
    world->options.queued_messages_max = 5;
    given_away(world, "alice", PROTOCOL_3_1_1, "a", 2);
    given_connected(world, "bob", PROTOCOL_5);
    publish_numbers(world, "bob", 1, 4);
    when_written(world);
    when_crashes(world); /* what waited counts again */
    given_connected(world, "bob", PROTOCOL_5);
    publish_numbers(world, "bob", 5, 8);
    when_returns(world, "alice");
    read_numbers(world, "alice", &last);
    assert_int_equal(last, 5);
    assert_int_equal(world_counters(world).dropped[DROP_QUEUE_MESSAGES], 3);
}

static void policy_drop_oldest(void **state)
{
    struct world *world = *state;
    int last = 3;
    world->options.queued_messages_max = 5;
    world->options.queue_policy = QUEUE_DROP_OLDEST;
    given_away(world, "alice", PROTOCOL_3_1_1, "a", 2);
    given_connected(world, "bob", PROTOCOL_5);
    publish_numbers(world, "bob", 1, 4);
    when_written(world);
    when_crashes(world);
    given_connected(world, "bob", PROTOCOL_5);
    publish_numbers(world, "bob", 5, 8);
    when_written(world);
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 5);
    when_crashes(world);
    when_returns(world, "alice");
    read_numbers(world, "alice", &last);
    assert_int_equal(last, 8);
}

/* What has begun at QoS 2 before a crash is on the disk, too, but it is not dropped: its client
 * would take the next message with that identifier for a repeat. */
static void handshakes_are_not_dropped(void **state)
{
    struct world *world = *state;
    world->options.queued_messages_max = 3;
    world->options.queue_policy = QUEUE_DROP_OLDEST;
    given_kept(world, "alice", PROTOCOL_3_1_1);
    given_subscribed(world, "alice", "a", 2);
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "released", 2);
    when_publishes(world, "bob", "a", "sent", 2);
    when_acks(world, "alice", PACKET_PUBREC, 1, 0);
    when_breaks(world, "alice");
    when_written(world);
    when_crashes(world);
    given_connected(world, "bob", PROTOCOL_5);
    for (int i = 0; i < 5; i++) {
        when_publishes(world, "bob", "a", "new", 2);
    }
    when_returns(world, "alice");
    then_takes_all(world, "bob");
    struct packet packet;
    assert_true(world_read(world_client(world, "alice"), &packet));
    assert_int_equal(packet.type, PACKET_PUBREL);
    then_receives(world, "alice", "PUBLISH a=sent q2 #2 dup");
    then_receives(world, "alice", "PUBLISH a=new q2 #3");
    then_receives_nothing(world, "alice");
    assert_int_equal(world_counters(world).dropped[DROP_QUEUE_MESSAGES], 4);
}

static void policy_reject(void **state)
{
    struct world *world = *state;
    world->options.queued_messages_max = 1;
    world->options.queue_policy = QUEUE_REJECT;
    given_away(world, "alice", PROTOCOL_5, "a", 2);
    given_connected(world, "carol", PROTOCOL_5);
    given_subscribed(world, "carol", "a", 0);
    given_kept(world, "bob", PROTOCOL_5);
    given_connected(world, "ben", PROTOCOL_3_1_1);
    when_publishes(world, "bob", "a", "taken", 1);
    when_written(world);
    then_receives(world, "bob", "PUBACK #1");
    when_publishes(world, "bob", "a", "refused", 1);
    when_publishes(world, "bob", "a", "refused", 2);
    when_publishes(world, "ben", "a", "refused", 1);
    when_written(world);
    then_receives(world, "bob", "PUBACK #2 97 why");
    struct packet packet;
    assert_true(world_read(world_client(world, "bob"), &packet));
    assert_int_equal(packet.type, PACKET_PUBREC);
    assert_int_equal(packet.ack.reason, 0x97);
    then_receives(world, "ben", "PUBACK #1");
    assert_int_equal(world_store_count(world, ENTRY_RECEIVED), 0);
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 1);
    assert_int_equal(then_takes_all(world, "carol"), 4);
    when_returns(world, "alice");
    then_receives(world, "alice", "PUBLISH a=taken q1 #1");
    when_acks(world, "alice", PACKET_PUBACK, 1, 0);
    when_sends_publish(world, "bob", .topic = bytes_of_text("a"), .payload = bytes_of_text("anew"),
                       .qos = 2, .packet_id = 3);
    when_written(world);
    then_receives(world, "alice", "PUBLISH a=anew q2 #2");
}

/* The client is free to use the identifier again; so must we be, after a crash. */
static void refusal_waits_for_the_disk(void **state)
{
    struct world *world = *state;
    world->options.queued_messages_max = 1;
    world->options.queue_policy = QUEUE_REJECT;
    given_away(world, "alice", PROTOCOL_5, "a", 2);
    given_away(world, "carol", PROTOCOL_5, "b", 2);
    given_kept(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "taken", 1);
    when_written(world);
    then_receives(world, "bob", "PUBACK #1");
    for (int i = 0; i < 20; i++) {
        given_held_store(world);
        when_sends_publish(world, "bob", .topic = bytes_of_text("a"),
                           .payload = bytes_of_text("refused"), .qos = 2, .packet_id = 7);
        struct packet packet;
        uint32_t count = 0;
        while (!world_read(world_client(world, "bob"), &packet)) {
            assert_true(count++ < WORLD_BATCHES_MAX);
            world_store_write(world, count, true); /* as few batches as will do */
            world_settle(world);
        }
        assert_int_equal(packet.type, PACKET_PUBREC);
        assert_int_equal(packet.ack.reason, 0x97);
        when_crashes(world);
        world->store->is_held = false;
        when_returns(world, "bob");
        when_sends_publish(world, "bob", .topic = bytes_of_text("b"),
                           .payload = bytes_of_text("another"), .qos = 2, .packet_id = 7);
        when_written(world);
        then_takes_all(world, "bob");
        when_acks(world, "bob", PACKET_PUBREL, 7, 0);
        when_written(world);
        then_receives(world, "bob", "PUBCOMP #7");
        when_returns(world, "carol");
        assert_int_equal(then_takes_all(world, "carol"), 1);
        when_acks(world, "carol", PACKET_PUBREC, (uint16_t)(i + 1), 0);
        when_acks(world, "carol", PACKET_PUBCOMP, (uint16_t)(i + 1), 0);
        when_breaks(world, "carol");
    }
}

/* One that is not acknowledged keeps its identifier, however many come behind it. */
static void identifiers_go_round(void **state)
{
    struct world *world = *state;
    world->options.queued_messages_max = 10;
    world->options.queue_policy = QUEUE_DROP_OLDEST;
    given_kept(world, "alice", PROTOCOL_3_1_1);
    given_subscribed(world, "alice", "a", 1);
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "first", 1);
    then_receives(world, "alice", "PUBLISH a=first q1 #1");
    when_breaks(world, "alice");
    uint8_t publish[] = {0x32, 6, 0, 1, 'a', 0, 1, 0};
    for (int i = 0; i < 65544; i++) {
        world_write(world_client(world, "bob"), bytes_of(publish, sizeof publish));
        if (i % 100 == 0) {
            world_settle(world);
            world_client(world, "bob")->from_server.start = 0;
            world_client(world, "bob")->from_server.end = 0;
        }
    }
    when_written(world);
    when_returns(world, "alice");
    then_receives(world, "alice", "PUBLISH a=first q1 #1 dup");
    when_acks(world, "alice", PACKET_PUBACK, 1, 0);
    assert_int_equal(then_takes_all(world, "alice"), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DURABLE_STORY("a queue on the disk takes no memory", queue_is_not_in_memory),
        DURABLE_STORY("[MQTT-4.6.0-5] [v3 MQTT-4.6.0-6] portions and new messages come in order",
                      portions_come_in_order),
        DURABLE_STORY("[MQTT-4.4.0-1] [v3 MQTT-4.6.0-6] a client that comes and goes misses none",
                      client_comes_and_goes),
        DURABLE_STORY("a large message is written once for several sessions",
                      large_ones_share_a_body),
        DURABLE_STORY("a full queue on the disk: drop_newest", policy_drop_newest),
        DURABLE_STORY("a full queue on the disk: drop_oldest", policy_drop_oldest),
        DURABLE_STORY("[MQTT-4.3.3-5] a full queue on the disk: what has begun stays",
                      handshakes_are_not_dropped),
        DURABLE_STORY("[MQTT-3.4.2-1] [MQTT-4.3.3-9] a full queue on the disk: reject",
                      policy_reject),
        DURABLE_STORY("[MQTT-4.3.3-9] an identifier that was refused is free after a crash",
                      refusal_waits_for_the_disk),
        DURABLE_STORY("[MQTT-2.2.1-4] an identifier in use is not used again",
                      identifiers_go_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
