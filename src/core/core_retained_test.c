/* core_retained_test.c — messages that are kept for those who subscribe later (3.3.1.3). */
#include "core/story_testing.h"

#include <stdio.h>

static void retained_is_replaced(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "alice", PROTOCOL_3_1_1);
    when_retains(world, "bob", "a", "one", 1);
    then_receives(world, "bob", "PUBACK #1 10");
    when_retains(world, "bob", "a", "two", 2);
    then_receives(world, "bob", "PUBREC #2 10");
    given_subscribed(world, "alice", "a", 2);
    then_receives(world, "alice", "PUBLISH a=two q2 #1 retain");
    when_retains(world, "bob", "a", "three", 0);
    then_receives(world, "alice", "PUBLISH a=three q0");
    given_connected(world, "carol", PROTOCOL_5);
    given_subscribed(world, "carol", "+", 2);
    then_receives(world, "carol", "PUBLISH a=three q0 retain");
    assert_int_equal(world_counters(world).retained, 1);
}

static void empty_payload_removes(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 1);
    when_retains(world, "bob", "a", "one", 1);
    then_receives(world, "alice", "PUBLISH a=one q1 #1");
    when_retains(world, "bob", "a", "", 1);
    then_receives(world, "alice", "PUBLISH a= q1 #2");
    when_retains(world, "bob", "never", "", 0);
    given_connected(world, "carol", PROTOCOL_5);
    given_subscribed(world, "carol", "#", 1);
    then_receives_nothing(world, "carol");
    assert_int_equal(world_counters(world).retained, 0);
}

static void not_retained_leaves_what_is_kept(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    when_retains(world, "bob", "a", "kept", 0);
    when_publishes(world, "bob", "a", "passing", 0);
    when_publishes(world, "bob", "a", "", 0);
    given_connected(world, "carol", PROTOCOL_3_1_1);
    given_subscribed(world, "carol", "a", 1);
    then_receives(world, "carol", "PUBLISH a=kept q0 retain");
    then_receives_nothing(world, "carol");
}

static void retained_outlives_its_publisher(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_3_1_1);
    when_retains(world, "bob", "a", "kept", 0);
    when_breaks(world, "bob");
    when_passes_s(world, 1000);
    given_connected(world, "carol", PROTOCOL_3_1_1);
    given_subscribed(world, "carol", "a", 1);
    then_receives(world, "carol", "PUBLISH a=kept q0 retain");
}

static void retain_handling(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    when_retains(world, "bob", "a", "kept", 0);
    given_connected(world, "alice", PROTOCOL_5);
    when_sends_subscribe(world, "alice", 0,
                         {.filter = BYTES("a"), .retain_handling = RETAIN_SEND_IF_NEW});
    then_receives(world, "alice", "SUBACK #1 00");
    then_receives(world, "alice", "PUBLISH a=kept q0 retain");
    when_sends_subscribe(world, "alice", 0,
                         {.filter = BYTES("a"), .retain_handling = RETAIN_SEND_IF_NEW});
    then_receives(world, "alice", "SUBACK #2 00");
    then_receives_nothing(world, "alice");
    when_sends_subscribe(world, "alice", 0, {.filter = BYTES("a"), .retain_handling = RETAIN_SEND});
    then_receives(world, "alice", "SUBACK #3 00");
    then_receives(world, "alice", "PUBLISH a=kept q0 retain");
    when_sends_subscribe(world, "alice", 0,
                         {.filter = BYTES("+"), .retain_handling = RETAIN_SEND_NONE});
    then_receives(world, "alice", "SUBACK #4 00");
    then_receives_nothing(world, "alice");
}

static void retain_as_published(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "alice", PROTOCOL_5);
    given_connected(world, "carol", PROTOCOL_3_1_1);
    given_subscribed(world, "carol", "a", 0);
    when_sends_subscribe(world, "alice", 0, {.filter = BYTES("a"), .retain_as_published = true});
    then_takes_all(world, "alice");
    when_retains(world, "bob", "a", "kept", 0);
    when_publishes(world, "bob", "a", "passing", 0);
    then_receives(world, "alice", "PUBLISH a=kept q0 retain");
    then_receives(world, "alice", "PUBLISH a=passing q0");
    then_receives(world, "carol", "PUBLISH a=kept q0");
    then_receives(world, "carol", "PUBLISH a=passing q0");
}

static void many_are_paced(void **state)
{
    struct world *world = *state;
    enum { COUNT = 500 };
    given_connected(world, "bob", PROTOCOL_5);
    for (int i = 0; i < COUNT; i++) {
        char topic[32];
        snprintf(topic, sizeof topic, "t/%d/x", i);
        when_retains(world, "bob", topic,
                     "a payload of some size, so that an outbox has enough of them before the end",
                     1);
    }
    given_kept(world, "alice", PROTOCOL_5);
    when_reads(world, "alice", 0);
    when_subscribes(world, "alice", "t/+/x", 1);
    assert_true(world_counters(world).queued <= 64);
    when_reads(world, "alice", SIZE_MAX);
    then_receives(world, "alice", "SUBACK #1 01");
    struct packet packet;
    int count = 0;
    bool was_away = false;
    while (world_read(world_client(world, "alice"), &packet)) {
        assert_int_equal(packet.type, PACKET_PUBLISH);
        assert_true(packet.publish.retain);
        when_acks(world, "alice", PACKET_PUBACK, packet.publish.packet_id, REASON_SUCCESS);
        if (++count == COUNT / 2 && !was_away) { /* the rest waits for its return */
            was_away = true;
            when_breaks(world, "alice");
            given_kept(world, "alice", PROTOCOL_5);
        }
    }
    assert_int_equal(count, COUNT);
    assert_int_equal(world_counters(world).in_flight, 0);
}

static void unsubscribing_stops_the_rest(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    for (int i = 0; i < 300; i++) {
        char topic[32];
        snprintf(topic, sizeof topic, "t/%d", i);
        when_retains(world, "bob", topic, "x", 1);
    }
    given_connected(world, "alice", PROTOCOL_5);
    when_subscribes(world, "alice", "t/#", 1); /* 20 are in flight, a portion waits */
    when_unsubscribes(world, "alice", "t/#");
    size_t count = 0;
    struct packet packet;
    while (world_read(world_client(world, "alice"), &packet)) {
        count += packet.type == PACKET_PUBLISH;
        if (packet.type == PACKET_PUBLISH) {
            when_acks(world, "alice", PACKET_PUBACK, packet.publish.packet_id, REASON_SUCCESS);
        }
    }
    assert_in_range(count, 1, 150);
}

static void reserved_names_are_kept_and_expire(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    when_sends_publish(world, "bob", .topic = BYTES("$other/x"), .payload = BYTES("kept"),
                       .retain = true, .has_message_expiry = true, .message_expiry_interval_s = 5);
    when_retains(world, "bob", "$other/y", "left to the end", 0);
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "#", 0);
    then_receives_nothing(world, "alice");
    given_subscribed(world, "alice", "$other/x", 0);
    then_receives(world, "alice", "PUBLISH $other/x=kept q0 retain [message_expiry_interval_s=5]");
    when_passes_s(world, 10);
    assert_int_equal(world_counters(world).retained, 1);
}

static void limit_of_retained_messages(void **state)
{
    struct world *world = *state;
    world->options.retained_messages_max = 3;
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "#", 0);
    when_retains(world, "bob", "a", "1", 1);
    when_retains(world, "bob", "b", "1", 1);
    when_retains(world, "bob", "c", "1", 2);
    assert_int_equal(then_takes_all(world, "bob"), 3);
    assert_int_equal(then_takes_all(world, "alice"), 3);
    when_retains(world, "bob", "d", "1", 1);
    then_receives(world, "bob", "PUBACK #4 97 why");
    when_retains(world, "bob", "e", "1", 2);
    then_receives(world, "bob", "PUBREC #5 97 why");
    then_receives_nothing(world, "alice");
    when_retains(world, "bob", "f", "", 1);
    then_receives(world, "bob", "PUBACK #6");
    then_receives(world, "alice", "PUBLISH f= q0");
    when_retains(world, "bob", "a", "replaced", 1);
    then_receives(world, "bob", "PUBACK #7");
    when_retains(world, "bob", "b", "", 1);
    then_receives(world, "bob", "PUBACK #8");
    when_retains(world, "bob", "d", "1", 1);
    then_receives(world, "bob", "PUBACK #9");
    assert_int_equal(world_counters(world).retained, 3);
}

static void sys_topics_are_retained(void **state)
{
    struct world *world = *state;
    world->options.sys_interval_s = 10;
    world_tell_all(world, EVENT_CONFIGURED);
    when_passes_s(world, 21);
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "$SYS/broker/version", 0);
    then_receives(world, "alice", "PUBLISH $SYS/broker/version=midge version test q0 retain");
    given_subscribed(world, "alice", "$SYS/broker/clients/connected", 0);
    then_receives(world, "alice", "PUBLISH $SYS/broker/clients/connected=0 q0 retain");
    when_passes_s(world, 20);
    then_receives(world, "alice", "PUBLISH $SYS/broker/clients/connected=1 q0");
    given_subscribed(world, "alice", "$SYS/broker/log/#", 0);
    world_tell(world, 0,
               &(struct event){.kind = EVENT_LOGGED,
                               .logged = {.kind = LOG_KIND_NOTICE, .line = "hear, hear"}});
    world_settle(world);
    then_receives(world, "alice", "PUBLISH $SYS/broker/log/N=hear, hear q0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY("[MQTT-3.3.1-5, -9][v3 MQTT-3.3.1-5, -6, -7, -8, -9] the last retained message is "
              "kept and sent to who subscribes",
              retained_is_replaced),
        STORY("[MQTT-3.3.1-6, -7][v3 MQTT-3.3.1-10, -11] an empty payload removes it, and is not "
              "kept itself",
              empty_payload_removes),
        STORY("[MQTT-3.3.1-8][v3 MQTT-3.3.1-12] what is not retained leaves what is kept",
              not_retained_leaves_what_is_kept),
        STORY("[v3 MQTT-3.1.2-7] retained messages are no part of a session",
              retained_outlives_its_publisher),
        STORY("[MQTT-3.3.1-9, -10, -11][MQTT-3.8.4-4] retain handling", retain_handling),
        STORY("[MQTT-3.3.1-12, -13][v3 MQTT-3.3.1-9] retain as published", retain_as_published),
        STORY("many retained messages come as their reader takes them", many_are_paced),
        STORY("[MQTT-3.10.4-2] who unsubscribes is spared the rest", unsubscribing_stops_the_rest),
        STORY("[MQTT-4.7.2-1] retained under a reserved name", reserved_names_are_kept_and_expire),
        STORY("max_retained_messages", limit_of_retained_messages),
        STORY("$SYS is retained, and told when it changes", sys_topics_are_retained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
