/* core_time_test.c — what time does: message expiry and keep alive (3.3.2.3.3, 3.1.2.10). */
#include "core/story_testing.h"

static void publish_expiring(struct world *world, uint32_t interval_s, bool retain)
{
    when_sends_publish(world, "bob", .topic = BYTES("a"), .payload = BYTES("x"), .qos = 1,
                       .retain = retain, .has_message_expiry = true,
                       .message_expiry_interval_s = interval_s);
}

static void expired_is_not_delivered(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 1);
    when_breaks(world, "alice");
    given_connected(world, "bob", PROTOCOL_5);
    publish_expiring(world, 10, false);
    publish_expiring(world, 30, false);
    when_passes_s(world, 10);
    given_kept(world, "alice", PROTOCOL_5);
    then_receives(world, "alice", "PUBLISH a=x q1 #1 [message_expiry_interval_s=20]");
    then_receives_nothing(world, "alice");
    assert_int_equal(world_counters(world).dropped[DROP_EXPIRED], 1);
}

static void waiting_shortens_the_interval(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    publish_expiring(world, 100, true);
    when_passes_s(world, 40);
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 0);
    then_receives(world, "alice", "PUBLISH a=x q0 retain [message_expiry_interval_s=60]");
    given_connected(world, "carol", PROTOCOL_3_1_1);
    given_subscribed(world, "carol", "a", 0);
    then_receives(world, "carol", "PUBLISH a=x q0 retain");
}

static void retained_expires(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    publish_expiring(world, 10, true);
    when_passes_s(world, 9);
    assert_int_equal(world_counters(world).retained, 1);
    when_passes_s(world, 3);
    assert_int_equal(world_counters(world).retained, 0);
    world->options.retain_expiry_s = 5;
    when_retains(world, "bob", "b", "x", 0);
    when_passes_s(world, 5);
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "#", 0);
    then_receives_nothing(world, "alice");
}

static void begun_does_not_expire(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 2);
    given_connected(world, "bob", PROTOCOL_5);
    when_sends_publish(world, "bob", .topic = BYTES("a"), .payload = BYTES("x"), .qos = 2,
                       .packet_id = 3, .has_message_expiry = true, .message_expiry_interval_s = 5);
    then_receives(world, "alice", "PUBLISH a=x q2 #1 [message_expiry_interval_s=5]");
    then_receives(world, "bob", "PUBREC #3");
    when_breaks(world, "alice");
    when_passes_s(world, 60);
    when_acks(world, "bob", PACKET_PUBREL, 3, REASON_SUCCESS);
    then_receives(world, "bob", "PUBCOMP #3");
    given_kept(world, "alice", PROTOCOL_5);
    then_receives(world, "alice", "PUBLISH a=x q2 #1 dup [message_expiry_interval_s=0]");
    when_acks(world, "alice", PACKET_PUBREC, 1, REASON_SUCCESS);
    then_receives(world, "alice", "PUBREL #1");
    when_acks(world, "alice", PACKET_PUBCOMP, 1, REASON_SUCCESS);
    assert_int_equal(world_counters(world).delivered, 1);
}

static void silence_ends_the_connection(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true, .keep_alive_s = 10);
    when_connects(world, "carol", .version = PROTOCOL_3_1_1, .clean_start = true,
                  .keep_alive_s = 10);
    when_connects(world, "dave", .version = PROTOCOL_3_1_1, .clean_start = true);
    then_takes_all(world, "alice");
    then_takes_all(world, "carol");
    then_takes_all(world, "dave");
    when_passes_s(world, 14);
    when_sends_bytes(world, "alice", "c0 00");
    then_receives(world, "alice", "PINGRESP");
    when_passes_s(world, 2);
    then_closed(world, "carol");
    when_passes_s(world, 12);
    then_receives_nothing(world, "alice");
    when_passes_s(world, 2);
    then_receives(world, "alice", "DISCONNECT 8D");
    then_closed(world, "alice");
    when_passes_s(world, 100000);
    when_sends_bytes(world, "dave", "c0 00");
    then_receives(world, "dave", "PINGRESP");
}

static void long_packet_is_a_sign_of_life(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true, .keep_alive_s = 10);
    then_takes_all(world, "alice");
    when_sends_bytes(world, "alice", "30 88 27 00 01 'a'");
    for (int i = 0; i < 3; i++) {
        when_passes_s(world, 12);
        when_sends_bytes(world, "alice", "00");
    }
    then_receives_nothing(world, "alice");
    when_passes_s(world, 15);
    then_receives(world, "alice", "DISCONNECT 8D");
    then_closed(world, "alice");
}

static void keep_alive_is_limited(void **state)
{
    struct world *world = *state;
    world->options.keep_alive_s_max = 60;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true, .keep_alive_s = 0);
    then_receives(world, "alice", "CONNACK 00 [server_keep_alive_s=60 topic_alias_maximum=10]");
    when_connects(world, "bob", .version = PROTOCOL_5, .clean_start = true, .keep_alive_s = 60);
    then_receives(world, "bob", "CONNACK 00 [topic_alias_maximum=10]");
    when_connects(world, "carol", .version = PROTOCOL_3_1_1, .clean_start = true,
                  .keep_alive_s = 61);
    then_receives(world, "carol", "CONNACK 02");
    then_closed(world, "carol");
    when_passes_s(world, 91);
    then_receives(world, "alice", "DISCONNECT 8D");
    then_receives(world, "bob", "DISCONNECT 8D");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY("[MQTT-3.3.2-5] what has expired is not delivered", expired_is_not_delivered),
        STORY("[MQTT-3.3.2-6] the interval is sent less the time waited",
              waiting_shortens_the_interval),
        STORY("[MQTT-3.3.2-5] retained messages expire", retained_expires),
        STORY("[MQTT-4.3.3-7, -13] what has begun is finished, expired or not",
              begun_does_not_expire),
        STORY("[MQTT-3.1.2-22][v3 MQTT-3.1.2-24] one and a half keep alives of silence end the "
              "connection",
              silence_ends_the_connection),
        STORY("a long packet on its way is a sign of life", long_packet_is_a_sign_of_life),
        STORY("[MQTT-3.2.2-22] keep alive can be limited", keep_alive_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
