/* core_limits_test.c — every bound: what happens there, and that nobody else suffers for it. */
#include "core/story_testing.h"

#include <stdio.h>
#include <stdlib.h>

static size_t then_takes_messages(struct world *world, const char *name)
{
    struct packet packet;
    size_t count = 0;
    while (world_read(world_client(world, name), &packet)) {
        if (packet.type == PACKET_PUBLISH && packet.publish.qos == 1) {
            when_acks(world, name, PACKET_PUBACK, packet.publish.packet_id, REASON_SUCCESS);
        }
        count += packet.type == PACKET_PUBLISH;
    }
    return count;
}

static void clients_and_connections(void **state)
{
    struct world *world = *state;
    world->options.clients_max = 2;
    given_kept(world, "alice", PROTOCOL_5);
    when_breaks(world, "alice");
    given_connected(world, "bob", PROTOCOL_5);
    when_connects(world, "carol", .version = PROTOCOL_5, .clean_start = true);
    then_receives(world, "carol", "CONNACK 97 why");
    then_closed(world, "carol");
    when_connects(world, "carol", .version = PROTOCOL_3_1_1, .clean_start = true);
    then_receives(world, "carol", "CONNACK 03");
    then_closed(world, "carol");
    given_kept(world, "alice", PROTOCOL_5); /* who has a session may return */
    world->options.clients_max = CORE_NO_LIMIT;
    world->options.connections_max = 2;
    when_connects(world, "carol", .version = PROTOCOL_5, .clean_start = true);
    then_receives(world, "carol", "CONNACK 89 why");
    then_closed(world, "carol");
    when_connects(world, "alice 2", .version = PROTOCOL_5, .client_id = BYTES("alice"));
    then_receives(world, "alice 2", "CONNACK 00 present [topic_alias_maximum=10]");
}

static void packet_sizes(void **state)
{
    struct world *world = *state;
    world->options.packet_size_max = 40;
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "12345678901234567890123456789012", 1);
    then_receives(world, "bob", "PUBACK #1 10");
    when_sends_bytes(world, "bob", "30 27"); /* 41 bytes, of which two have come */
    then_receives(world, "bob", "DISCONNECT 95 why");
    then_closed(world, "bob");
    world->options.packet_size_max = CORE_NO_LIMIT;
    world_connect(world, world_client(world, "carol"));
    when_sends_bytes(world, "carol", "10 81 80 40"); /* a CONNECT of more than a mebibyte */
    then_closed(world, "carol");
}

static void payload_sizes(void **state)
{
    struct world *world = *state;
    world->options.message_size_max = 4;
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "1234", 1);
    then_receives(world, "bob", "PUBACK #1 10");
    when_publishes(world, "bob", "a", "12345", 1);
    then_receives(world, "bob", "PUBACK #2 97 why");
    when_publishes(world, "bob", "a", "12345", 0);
    assert_int_equal(world_counters(world).publish_refused, 2);
}

static void topic_levels(void **state)
{
    struct world *world = *state;
    world->options.topic_levels_max = 3;
    given_connected(world, "bob", PROTOCOL_5);
    when_subscribes(world, "bob", "a/b/#", 0);
    when_subscribes(world, "bob", "a/b/c/#", 0);
    then_receives(world, "bob", "SUBACK #1 00");
    then_receives(world, "bob", "SUBACK #2 8F");
    when_publishes(world, "bob", "a/b/c", "x", 1);
    then_receives(world, "bob", "PUBLISH a/b/c=x q0");
    then_receives(world, "bob", "PUBACK #3");
    when_publishes(world, "bob", "a/b/c/d", "x", 1);
    then_receives(world, "bob", "PUBACK #4 90 why");
}

static void topics_too_long_with_their_mount_point(void **state)
{
    struct world *world = *state;
    char *topic = malloc(65536);
    assert_non_null(topic);
    memset(topic, 't', 65535);
    topic[65535] = 0;
    given_connected(world, "alice", PROTOCOL_5);
    when_sends_publish(world, "alice", .topic = bytes_of(topic, 65535), .qos = 1);
    then_receives(world, "alice", "PUBACK #1 10");
    world_client(world, "bob")->is_at_other_listener = true;
    snprintf(world->other_listener.mount_point, sizeof world->other_listener.mount_point, "m/");
    given_connected(world, "bob", PROTOCOL_5);
    when_sends_publish(world, "bob", .topic = bytes_of(topic, 65533), .qos = 1);
    then_receives(world, "bob", "PUBACK #1 10");
    when_sends_publish(world, "bob", .topic = bytes_of(topic, 65534), .qos = 1);
    then_receives(world, "bob", "PUBACK #2 90 why");
    free(topic);
}

static void subscriptions(void **state)
{
    struct world *world = *state;
    world->options.subscriptions_max = 2;
    given_connected(world, "alice", PROTOCOL_5);
    when_sends_subscribe(world, "alice", 0, {.filter = BYTES("a")}, {.filter = BYTES("b")},
                         {.filter = BYTES("c")}, {.filter = BYTES("a"), .qos = 1});
    then_receives(world, "alice", "SUBACK #1 00 00 97 01");
    when_unsubscribes(world, "alice", "b");
    then_takes_all(world, "alice");
    when_subscribes(world, "alice", "c", 0);
    then_receives(world, "alice", "SUBACK #3 00");
}

static void queue_of_an_absent_client(void **state)
{
    struct world *world = *state;
    world->options.queued_messages_max = 3;
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 1);
    when_breaks(world, "alice");
    given_connected(world, "bob", PROTOCOL_5);
    for (int i = 0; i < 5; i++) {
        when_publishes(world, "bob", "a", "x", 1);
    }
    assert_int_equal(world_counters(world).dropped[DROP_QUEUE_MESSAGES], 2);
    world->options.queued_messages_max = CORE_NO_LIMIT;
    world->options.queued_bytes_max = 1000;
    when_sends_publish(world, "bob", .topic = BYTES("a"), .qos = 1,
                       .payload = {(const uint8_t *)world, 1000});
    assert_int_equal(world_counters(world).dropped[DROP_QUEUE_BYTES], 1);
    given_kept(world, "alice", PROTOCOL_5);
    assert_int_equal(then_takes_messages(world, "alice"), 3);
}

static void in_flight(void **state)
{
    struct world *world = *state;
    world->options.in_flight_messages_max = 2;
    given_connected(world, "alice", PROTOCOL_3_1_1);
    given_subscribed(world, "alice", "a", 1);
    given_connected(world, "bob", PROTOCOL_5);
    for (int i = 0; i < 5; i++) {
        when_publishes(world, "bob", "a", "x", 1);
    }
    assert_int_equal(world_counters(world).in_flight, 2);
    assert_int_equal(then_takes_messages(world, "alice"), 5);
    world->options.in_flight_messages_max = CORE_NO_LIMIT;
    world->options.in_flight_bytes_max = 100;
    for (int i = 0; i < 5; i++) {
        when_publishes(world, "bob", "a", "x", 1);
    }
    assert_in_range(world_counters(world).in_flight, 1, 3);
    assert_int_equal(then_takes_messages(world, "alice"), 5);
}

static void many_in_flight_out_of_order(void **state)
{
    struct world *world = *state;
    world->options.in_flight_messages_max = 10;
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 1);
    given_connected(world, "bob", PROTOCOL_5);
    struct packet packet;
    uint16_t held = 0;
    int count = 0;
    for (int i = 0; i < 500; i++) { /* the first is never acknowledged */
        when_publishes(world, "bob", "a", "x", 1);
        while (world_read(world_client(world, "alice"), &packet)) {
            count++;
            if (held == 0) {
                held = packet.publish.packet_id;
            } else {
                when_acks(world, "alice", PACKET_PUBACK, packet.publish.packet_id, REASON_SUCCESS);
            }
        }
    }
    assert_int_equal(count, 500);
    assert_int_equal(world_counters(world).in_flight, 1);
}

/* Fills alice's queue, who does not read. Returns with how many messages. */
static int when_bob_floods(struct world *world, int count, bool stops_when_held)
{
    static uint8_t payload[2000];
    struct world_client *bob = world_client(world, "bob");
    int sent = 0;
    while (sent < count && !(stops_when_held && core_link_is_held(bob->link))) {
        when_sends_publish(world, "bob", .topic = BYTES("a"), .payload = {payload, sizeof payload});
        sent++;
    }
    return sent;
}

static void given_flood(struct world *world)
{
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 0);
    given_connected(world, "carol", PROTOCOL_5);
    given_subscribed(world, "carol", "a", 0);
    given_connected(world, "bob", PROTOCOL_5);
    when_reads(world, "alice", 0);
}

static void slow_reader_holds_publishers_back(void **state)
{
    struct world *world = *state;
    given_flood(world);
    int sent = when_bob_floods(world, 10000, true);
    assert_in_range(sent, 500, 1000);
    when_publishes(world, "bob", "a", "not read yet", 0);
    assert_int_equal(then_takes_messages(world, "carol"), (size_t)sent);
    when_reads(world, "alice", SIZE_MAX);
    assert_int_equal(then_takes_messages(world, "alice"), (size_t)sent + 1);
    assert_int_equal(then_takes_messages(world, "carol"), 1);
    assert_int_equal(counters_dropped(&(struct counters[]){world_counters(world)}[0]), 0);
}

static void patience_has_an_end(void **state)
{
    struct world *world = *state;
    given_flood(world);
    when_bob_floods(world, 10000, true);
    when_passes_s(world, 2);
    assert_false(core_link_is_held(world_client(world, "bob")->link));
    when_bob_floods(world, 2000, false);
    assert_false(core_link_is_held(world_client(world, "bob")->link));
    struct counters counters = world_counters(world);
    assert_true(counters.dropped[DROP_SLOW_READER] > 0);
    assert_int_equal(counters.queued, 1000);
    then_takes_messages(world, "carol");
    when_reads(world, "alice", SIZE_MAX);
    assert_true(then_takes_messages(world, "alice") > 1000);
    when_publishes(world, "bob", "a", "again", 0);
    then_receives(world, "alice", "PUBLISH a=again q0");
}

static void progress_renews_patience(void **state)
{
    struct world *world = *state;
    given_flood(world);
    when_bob_floods(world, 10000, true);
    for (int i = 0; i < 10; i++) {
        when_reads(world, "alice", 100);
        world_pass_us(world, 900000);
        assert_true(core_link_is_held(world_client(world, "bob")->link));
    }
    when_passes_s(world, 30);
    assert_false(core_link_is_held(world_client(world, "bob")->link));
}

static void lost_reader_releases_publishers(void **state)
{
    struct world *world = *state;
    given_flood(world);
    when_bob_floods(world, 10000, true);
    when_breaks(world, "alice");
    assert_false(core_link_is_held(world_client(world, "bob")->link));
}

static void lost_publisher_is_forgotten(void **state)
{
    struct world *world = *state;
    given_flood(world);
    when_bob_floods(world, 10000, true);
    when_breaks(world, "bob");
    given_connected(world, "bob", PROTOCOL_5);
    when_reads(world, "alice", SIZE_MAX);
    when_publishes(world, "bob", "a", "again", 0);
    assert_true(then_takes_messages(world, "alice") > 500);
}

static void publisher_to_himself_is_not_held(void **state)
{
    struct world *world = *state;
    world->options.queued_messages_max = 10;
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 1);
    for (int i = 0; i < 100; i++) {
        when_publishes(world, "alice", "a", "x", 1);
        assert_false(core_link_is_held(world_client(world, "alice")->link));
    }
    assert_int_equal(then_takes_messages(world, "alice"), 100);
}

static void busy_worker_holds_publishers_back(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 0);
    struct world_client *bob = world_client(world, "bob");
    struct world_client *alice = world_client(world, "alice");
    if (bob->worker == alice->worker) {
        return;
    }
    world_tell(world, bob->worker, &(struct event){.kind = EVENT_PEER_BUSY, .peer = alice->worker});
    when_publishes(world, "bob", "a", "one", 0);
    when_publishes(world, "bob", "a", "two", 0);
    then_receives(world, "alice", "PUBLISH a=one q0");
    then_receives_nothing(world, "alice");
    world_tell(world, bob->worker,
               &(struct event){.kind = EVENT_PEER_READY, .peer = alice->worker});
    world_settle(world);
    then_receives(world, "alice", "PUBLISH a=two q0");
}

static void memory(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 1);
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "carol", PROTOCOL_3_1_1);
    when_breaks(world, "alice");
    world->options.memory_max = world_counters(world).memory_held + 100000;
    static uint8_t payload[10000];
    struct packet packet = {0};
    int sent = 0;
    do {
        when_sends_publish(world, "bob", .topic = BYTES("a"), .qos = 1,
                           .payload = {payload, sizeof payload});
        sent++;
        if (core_link_is_held(world_client(world, "bob")->link)) {
            when_passes_s(world, 2); /* held a while, then told */
        }
    } while (sent < 100 && world_read(world_client(world, "bob"), &packet) &&
             packet.ack.reason == 0);
    assert_in_range(sent, 8, 14);
    assert_true(world_counters(world).memory_held <= world->options.memory_max + 20000);
    when_connects(world, "dave", .version = PROTOCOL_5, .clean_start = true);
    then_receives(world, "dave", "CONNACK 97 why");
    then_closed(world, "dave");
    when_subscribes(world, "carol", "b", 0);
    then_receives(world, "carol", "SUBACK #1 80");
    world->options.memory_max = CORE_NO_LIMIT;
    given_kept(world, "alice", PROTOCOL_5);
    assert_true(then_takes_messages(world, "alice") > 5);
}

static void full_memory_holds_311_back(void **state)
{
    struct world *world = *state;
    given_connected(world, "carol", PROTOCOL_3_1_1);
    world->options.memory_max = 1;
    when_publishes(world, "carol", "a", "one", 1);
    then_receives(world, "carol", "PUBACK #1");
    assert_true(core_link_is_held(world_client(world, "carol")->link));
    when_publishes(world, "carol", "a", "two", 1);
    when_passes_s(world, 5);
    then_receives_nothing(world, "carol");
    world->options.memory_max = CORE_NO_LIMIT;
    when_passes_s(world, 1);
    then_receives(world, "carol", "PUBACK #2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY("sessions and connections of the whole broker", clients_and_connections),
        STORY("packets too large end the connection before they are whole", packet_sizes),
        STORY("payloads too large are refused", payload_sizes),
        STORY("topics with too many levels are refused", topic_levels),
        STORY("[MQTT-4.7.3-3][v3 MQTT-4.7.3-3] topics of 65535 bytes, mount point included",
              topics_too_long_with_their_mount_point),
        STORY("subscriptions of one client", subscriptions),
        STORY("the queue of an absent client", queue_of_an_absent_client),
        STORY("messages and bytes in flight", in_flight),
        STORY("[MQTT-2.2.1-4] one that is never acknowledged holds up no other",
              many_in_flight_out_of_order),
        STORY("a slow reader holds its publishers back, and loses nothing",
              slow_reader_holds_publishers_back),
        STORY("patience with a slow reader has an end", patience_has_an_end),
        STORY("a slow reader that moves is waited for longer", progress_renews_patience),
        STORY("a reader that is gone holds nobody back", lost_reader_releases_publishers),
        STORY("a publisher that is gone is held no more", lost_publisher_is_forgotten),
        STORY("who publishes to himself does not wait for himself",
              publisher_to_himself_is_not_held),
        STORY("a busy worker holds publishers back", busy_worker_holds_publishers_back),
        STORY("[v3 MQTT-3.8.4-5] memory of the whole broker", memory),
        STORY("full memory holds clients of 3.1.1 back", full_memory_holds_311_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
