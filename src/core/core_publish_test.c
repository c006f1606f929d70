/* core_publish_test.c — messages in and out, at every QoS (3.3 to 3.7, 4.3, 4.6, 4.9). */
#include "core/story_testing.h"

#include <stdio.h>
#include <stdlib.h>

static void given_publisher_and_subscriber(struct world *world, enum protocol_version version,
                                           uint8_t qos)
{
    given_connected(world, "bob", version);
    given_connected(world, "alice", version);
    given_subscribed(world, "alice", "a/+", qos);
}

static void qos_0(void **state)
{
    struct world *world = *state;
    given_publisher_and_subscriber(world, PROTOCOL_5, 0);
    when_publishes(world, "bob", "a/b", "hello", 0);
    then_receives(world, "alice", "PUBLISH a/b=hello q0");
    then_receives_nothing(world, "bob");
    given_connected(world, "carol", PROTOCOL_3_1_1);
    given_subscribed(world, "carol", "#", 2);
    when_publishes(world, "bob", "a/b", "", 0);
    then_receives(world, "carol", "PUBLISH a/b= q0");
    then_receives(world, "alice", "PUBLISH a/b= q0");
}

static void qos_1(void **state)
{
    struct world *world = *state;
    given_publisher_and_subscriber(world, PROTOCOL_5, 1);
    when_sends_publish(world, "bob", .topic = BYTES("a/b"), .qos = 1, .packet_id = 77);
    then_receives(world, "bob", "PUBACK #77");
    when_sends_publish(world, "bob", .topic = BYTES("a/b"), .qos = 1, .packet_id = 77, .dup = true);
    then_receives(world, "bob", "PUBACK #77");
    then_receives(world, "alice", "PUBLISH a/b= q1 #1");
    then_receives(world, "alice", "PUBLISH a/b= q1 #2"); /* a new message, and DUP is ours */
    assert_int_equal(world_counters(world).in_flight, 2);
    when_acks(world, "alice", PACKET_PUBACK, 2, REASON_SUCCESS);
    when_acks(world, "alice", PACKET_PUBACK, 1, REASON_SUCCESS);
    assert_int_equal(world_counters(world).in_flight, 0);
    assert_int_equal(world_counters(world).delivered, 2);
}

static void qos_1_of_311(void **state)
{
    struct world *world = *state;
    given_publisher_and_subscriber(world, PROTOCOL_3_1_1, 1);
    when_sends_publish(world, "bob", .topic = BYTES("a/b"), .qos = 1, .packet_id = 77, .dup = true);
    then_receives(world, "bob", "PUBACK #77");
    then_receives(world, "alice", "PUBLISH a/b= q1 #1");
    when_acks(world, "alice", PACKET_PUBACK, 1, REASON_SUCCESS);
    assert_int_equal(world_counters(world).delivered, 1);
}

static void play_qos_2(struct world *world)
{
    when_sends_publish(world, "bob", .topic = BYTES("a/b"), .qos = 2, .packet_id = 5);
    then_receives(world, "bob", "PUBREC #5");
    when_sends_publish(world, "bob", .topic = BYTES("a/b"), .qos = 2, .packet_id = 5, .dup = true);
    then_receives(world, "bob", "PUBREC #5");
    when_acks(world, "bob", PACKET_PUBREL, 5, REASON_SUCCESS);
    then_receives(world, "bob", "PUBCOMP #5");
    then_receives(world, "alice", "PUBLISH a/b= q2 #1");
    then_receives_nothing(world, "alice");
    when_acks(world, "alice", PACKET_PUBREC, 1, REASON_SUCCESS);
    then_receives(world, "alice", "PUBREL #1");
    when_acks(world, "alice", PACKET_PUBREC, 1, REASON_SUCCESS);
    then_receives(world, "alice", "PUBREL #1");
    assert_int_equal(world_counters(world).in_flight, 1);
    when_acks(world, "alice", PACKET_PUBCOMP, 1, REASON_SUCCESS);
    assert_int_equal(world_counters(world).in_flight, 0);
    when_sends_publish(world, "bob", .topic = BYTES("a/b"), .qos = 2, .packet_id = 5);
    then_receives(world, "bob", "PUBREC #5");
    then_receives(world, "alice", "PUBLISH a/b= q2 #2"); /* PUBCOMP made the identifier free */
}

static void qos_2(void **state)
{
    struct world *world = *state;
    given_publisher_and_subscriber(world, PROTOCOL_5, 2);
    play_qos_2(world);
}

static void qos_2_of_311(void **state)
{
    struct world *world = *state;
    given_publisher_and_subscriber(world, PROTOCOL_3_1_1, 2);
    play_qos_2(world);
}

static void nobody_subscribes(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "x", 1);
    then_receives(world, "bob", "PUBACK #1 10");
    when_publishes(world, "bob", "a", "x", 2);
    then_receives(world, "bob", "PUBREC #2 10");
    when_acks(world, "bob", PACKET_PUBREL, 2, REASON_SUCCESS);
    then_receives(world, "bob", "PUBCOMP #2");
}

static void unknown_identifiers(void **state)
{
    struct world *world = *state;
    given_connected(world, "alice", PROTOCOL_5);
    when_acks(world, "alice", PACKET_PUBREL, 9, REASON_SUCCESS);
    then_receives(world, "alice", "PUBCOMP #9 92");
    when_acks(world, "alice", PACKET_PUBREC, 9, REASON_SUCCESS);
    then_receives(world, "alice", "PUBREL #9 92");
    when_acks(world, "alice", PACKET_PUBREC, 9, REASON_UNSPECIFIED_ERROR);
    when_acks(world, "alice", PACKET_PUBACK, 9, REASON_SUCCESS);
    when_acks(world, "alice", PACKET_PUBCOMP, 9, REASON_SUCCESS);
    then_receives_nothing(world, "alice");
    given_connected(world, "carol", PROTOCOL_3_1_1);
    when_acks(world, "carol", PACKET_PUBREL, 9, REASON_SUCCESS);
    then_receives(world, "carol", "PUBCOMP #9");
}

static void refusing_ends_a_delivery(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 2);
    when_publishes(world, "bob", "a", "one", 1);
    when_publishes(world, "bob", "a", "two", 2);
    then_takes_all(world, "alice");
    when_acks(world, "alice", PACKET_PUBACK, 1, REASON_QUOTA_EXCEEDED);
    when_acks(world, "alice", PACKET_PUBREC, 2, REASON_QUOTA_EXCEEDED);
    assert_int_equal(world_counters(world).in_flight, 0);
    assert_int_equal(world_counters(world).dropped[DROP_REFUSED], 2);
    when_breaks(world, "alice");
    given_kept(world, "alice", PROTOCOL_5);
    then_receives_nothing(world, "alice");
}

static void acknowledgement_of_the_wrong_kind(void **state)
{
    struct world *world = *state;
    given_publisher_and_subscriber(world, PROTOCOL_5, 2);
    when_publishes(world, "bob", "a/b", "x", 2);
    then_takes_all(world, "alice");
    when_acks(world, "alice", PACKET_PUBACK, 1, REASON_SUCCESS);
    then_receives(world, "alice", "DISCONNECT 82 why");
    then_closed(world, "alice");
}

static void quota_holds_back_only_what_it_counts(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {.present = HAVE(receive_maximum), .receive_maximum = 2});
    then_takes_all(world, "alice");
    given_subscribed(world, "alice", "a", 2);
    for (int i = 0; i < 5; i++) {
        char text[] = {(char)('1' + i), 0};
        when_publishes(world, "bob", "a", text, i == 1 ? 2 : 1);
    }
    then_receives(world, "alice", "PUBLISH a=1 q1 #1");
    then_receives(world, "alice", "PUBLISH a=2 q2 #2");
    then_receives_nothing(world, "alice");
    when_publishes(world, "bob", "a", "at once", 0);
    then_receives(world, "alice", "PUBLISH a=at once q0");
    when_sends_bytes(world, "alice", "c0 00");
    then_receives(world, "alice", "PINGRESP");
    when_acks(world, "alice", PACKET_PUBREC, 2, REASON_SUCCESS);
    then_receives(world, "alice", "PUBREL #2");
    then_receives_nothing(world, "alice"); /* until PUBCOMP it counts */
    when_acks(world, "alice", PACKET_PUBCOMP, 2, REASON_SUCCESS);
    then_receives(world, "alice", "PUBLISH a=3 q1 #3");
    when_acks(world, "alice", PACKET_PUBACK, 1, REASON_SUCCESS);
    then_receives(world, "alice", "PUBLISH a=4 q1 #4");
    when_acks(world, "alice", PACKET_PUBACK, 4, REASON_SUCCESS);
    then_receives(world, "alice", "PUBLISH a=5 q1 #5");
    then_receives_nothing(world, "alice");
}

static void receive_maximum_of_ours(void **state)
{
    struct world *world = *state;
    world->options.receive_maximum = 2;
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "one", 2);
    when_publishes(world, "bob", "a", "two", 2);
    when_acks(world, "bob", PACKET_PUBREL, 1, REASON_SUCCESS);
    when_publishes(world, "bob", "a", "three", 2);
    then_receives(world, "bob", "PUBREC #1 10");
    then_receives(world, "bob", "PUBREC #2 10");
    then_receives(world, "bob", "PUBCOMP #1");
    then_receives(world, "bob", "PUBREC #3 10");
    when_publishes(world, "bob", "a", "too many", 2);
    then_receives(world, "bob", "DISCONNECT 93 why");
    then_closed(world, "bob");
}

static void messages_stay_in_order(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 1);
    for (int i = 0; i < 200; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        if (i % 3 == 0) { /* retained ones go by the topic's home */
            when_retains(world, "bob", "a", text, 1);
        } else {
            when_publishes(world, "bob", "a", text, 1);
        }
    }
    for (int i = 0; i < 200; i++) {
        char line[64];
        snprintf(line, sizeof line, "PUBLISH a=%d q1 #%d", i, i + 1);
        then_receives(world, "alice", line);
        when_acks(world, "alice", PACKET_PUBACK, (uint16_t)(i + 1), REASON_SUCCESS);
    }
    then_receives_nothing(world, "alice");
}

static void large_payloads_are_shared(void **state)
{
    struct world *world = *state;
    enum { SIZE = 200000 };
    uint8_t *payload = malloc(SIZE);
    assert_non_null(payload);
    for (size_t i = 0; i < SIZE; i++) {
        payload[i] = (uint8_t)(i * 7);
    }
    given_publisher_and_subscriber(world, PROTOCOL_5, 1);
    given_connected(world, "carol", PROTOCOL_3_1_1);
    given_subscribed(world, "carol", "a/b", 0);
    when_sends_publish(world, "bob", .topic = BYTES("a/b"), .qos = 1, .payload = {payload, SIZE});
    const char *names[] = {"alice", "carol"};
    for (size_t i = 0; i < 2; i++) {
        struct packet packet;
        assert_true(world_read(world_client(world, names[i]), &packet));
        assert_int_equal(packet.type, PACKET_PUBLISH);
        assert_int_equal(packet.publish.payload.size, SIZE);
        assert_memory_equal(packet.publish.payload.data, payload, SIZE);
    }
    free(payload);
}

static void properties_travel_on(void **state)
{
    struct world *world = *state;
    given_publisher_and_subscriber(world, PROTOCOL_5, 1);
    given_connected(world, "carol", PROTOCOL_3_1_1);
    given_subscribed(world, "carol", "a/b", 0);
    when_sends_publish(world, "bob", .topic = BYTES("a/b"), .payload = BYTES("x"), .qos = 1,
                       .has_message_expiry = true, .message_expiry_interval_s = 60,
                       .properties = BYTES("\x01\x01\x03\0\1t\x08\0\1r\x09\0\1c"
                                           "\x26\0\1a\0\1z\x26\0\1a\0\1y\x26\0\1b\0\1x"));
    then_receives(world, "alice",
                  "PUBLISH a/b=x q1 #1 [message_expiry_interval_s=60 payload_format_indicator=1 "
                  "content_type=t response_topic=r correlation_data=c user_property=a:z "
                  "user_property=a:y user_property=b:x]");
    then_receives(world, "carol", "PUBLISH a/b=x q0");
}

static void own_topics_are_refused(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "carol", PROTOCOL_3_1_1);
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "$SYS/#", 0);
    when_publishes(world, "bob", "$SYS/broker/uptime", "lies", 1);
    then_receives(world, "bob", "PUBACK #1 87 why");
    when_publishes(world, "bob", "$CONTROL/x", "lies", 2);
    then_receives(world, "bob", "PUBREC #2 87 why");
    when_acks(world, "bob", PACKET_PUBREL, 2, REASON_SUCCESS);
    then_receives(world, "bob", "PUBCOMP #2 92");
    when_publishes(world, "carol", "$SYS/broker/uptime", "lies", 1);
    then_receives(world, "carol", "PUBACK #1");
    then_receives_nothing(world, "alice");
    assert_int_equal(world_counters(world).publish_refused, 3);
}

static void small_client_gets_no_reason_strings(void **state)
{
    struct world *world = *state;
    when_connects(world, "bob", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {.present = HAVE(maximum_packet_size), .maximum_packet_size = 12});
    then_receives(world, "bob", "CONNACK 00 [topic_alias_maximum=10]");
    when_publishes(world, "bob", "$SYS/a", "x", 1);
    then_receives(world, "bob", "PUBACK #1 87");
    when_publishes(world, "bob", "$SYS/a", "x", 2);
    then_receives(world, "bob", "PUBREC #2 87");
    when_acks(world, "bob", PACKET_PUBREC, 8, REASON_SUCCESS);
    then_receives(world, "bob", "PUBREL #8 92");
    when_acks(world, "bob", PACKET_PUBREL, 9, REASON_SUCCESS);
    then_receives(world, "bob", "PUBCOMP #9 92");
    when_sends_bytes(world, "bob", "10 00");
    then_receives(world, "bob", "DISCONNECT 82");
    then_closed(world, "bob");
}

static void problem_information_is_not_wanted(void **state)
{
    struct world *world = *state;
    when_connects(world, "bob", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {.present = HAVE(request_problem_information),
                                 .request_problem_information = 0});
    then_takes_all(world, "bob");
    when_publishes(world, "bob", "$SYS/a", "x", 1);
    then_receives(world, "bob", "PUBACK #1 87");
    when_sends_bytes(world, "bob", "10 00");
    then_receives(world, "bob", "DISCONNECT 82 why");
}

static void message_too_large_for_its_client(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {.present = HAVE(maximum_packet_size), .maximum_packet_size = 20});
    then_takes_all(world, "alice");
    given_subscribed(world, "alice", "a", 2);
    when_publishes(world, "bob", "a", "0123456789", 0);
    then_receives(world, "alice", "PUBLISH a=0123456789 q0");
    when_publishes(world, "bob", "a", "far too long for it", 0);
    when_publishes(world, "bob", "a", "far too long for it", 1);
    when_publishes(world, "bob", "a", "far too long for it", 2);
    then_receives_nothing(world, "alice");
    assert_int_equal(world_counters(world).dropped[DROP_PACKET_TOO_LARGE], 3);
    assert_int_equal(world_counters(world).in_flight, 0);
    when_publishes(world, "bob", "a", "small", 1);
    then_receives(world, "alice", "PUBLISH a=small q1 #3");
}

static void mount_points_are_not_seen(void **state)
{
    struct world *world = *state;
    snprintf(world->other_listener.mount_point, sizeof world->other_listener.mount_point, "home/");
    world_client(world, "alice")->is_at_other_listener = true;
    world_client(world, "carol")->is_at_other_listener = true;
    given_connected(world, "outside", PROTOCOL_5);
    given_subscribed(world, "outside", "home/#", 0);
    given_connected(world, "alice", PROTOCOL_5);
    given_connected(world, "carol", PROTOCOL_3_1_1);
    given_subscribed(world, "alice", "a", 0);
    given_subscribed(world, "carol", "#", 1);
    when_publishes(world, "alice", "a", "x", 0);
    then_receives(world, "alice", "PUBLISH a=x q0");
    then_receives(world, "carol", "PUBLISH a=x q0");
    when_unsubscribes(world, "alice", "a");
    then_receives(world, "alice", "UNSUBACK #2 00");
    then_receives(world, "outside", "PUBLISH home/a=x q0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY("[MQTT-3.3.4-1][MQTT-4.3.1-1][MQTT-3.3.1-2][MQTT-2.2.1-2][v3 MQTT-4.3.1-1]"
              "[v3 MQTT-3.3.1-2][v3 MQTT-2.3.1-5] QoS 0 is sent once and not answered",
              qos_0),
        STORY("[MQTT-4.3.2-1, -2, -3, -4, -5][MQTT-3.3.1-3][MQTT-2.2.1-4, -5][MQTT-3.3.4-1] QoS 1",
              qos_1),
        STORY("[v3 MQTT-4.3.2-1, -2][v3 MQTT-3.3.1-3][v3 MQTT-3.3.4-1][v3 MQTT-2.3.1-4, -6] QoS 1 "
              "in 3.1.1",
              qos_1_of_311),
        STORY("[MQTT-4.3.3-1, -2, -3, -4, -5, -6, -8, -10, -11, -12][MQTT-2.2.1-5] QoS 2", qos_2),
        STORY("[v3 MQTT-4.3.3-1, -2][v3 MQTT-2.3.1-6] QoS 2 in 3.1.1", qos_2_of_311),
        STORY("[MQTT-3.4.2-1][MQTT-3.5.2-1] a publisher is told when nobody subscribes",
              nobody_subscribes),
        STORY("[MQTT-3.6.2-1][MQTT-3.7.2-1] identifiers that are not in use are told so",
              unknown_identifiers),
        STORY("[MQTT-4.4.0-2][MQTT-4.3.3-4] who refuses a message does not get it again",
              refusing_ends_a_delivery),
        STORY("[MQTT-4.13.1-1] an acknowledgement of the wrong kind ends the connection",
              acknowledgement_of_the_wrong_kind),
        STORY("[MQTT-3.3.4-9, -10][MQTT-4.9.0-1, -2, -3] no more in flight than the client's "
              "receive maximum",
              quota_holds_back_only_what_it_counts),
        STORY("more unfinished than our receive maximum ends the connection",
              receive_maximum_of_ours),
        STORY("[MQTT-4.6.0-5, -6][v3 MQTT-4.6.0-5, -6] one publisher's messages stay in order",
              messages_stay_in_order),
        STORY("large payloads reach everybody whole", large_payloads_are_shared),
        STORY("[MQTT-3.3.2-4, -6, -15, -16, -17, -18, -20] properties travel on unaltered",
              properties_travel_on),
        STORY("[MQTT-4.3.3-9][v3 MQTT-3.3.5-2] the broker's own topics are not to be written",
              own_topics_are_refused),
        STORY("[MQTT-3.4.2-2, -3][MQTT-3.5.2-2, -3][MQTT-3.6.2-2, -3][MQTT-3.7.2-2, -3]"
              "[MQTT-3.14.2-3, -4] a small client is spared reason strings",
              small_client_gets_no_reason_strings),
        STORY("[MQTT-3.1.2-29] without problem information only some packets explain themselves",
              problem_information_is_not_wanted),
        STORY("[MQTT-3.1.2-24, -25] a message too large for its client counts as sent",
              message_too_large_for_its_client),
        STORY("clients behind a mount point do not see it", mount_points_are_not_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
