/* core_session_test.c — what outlives a connection, and what does not (3.1.2.4, 3.1.2.11, 4.1). */
#include "core/story_testing.h"

static void clean_start_begins_anew(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 1);
    when_breaks(world, "alice");
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true);
    then_receives(world, "alice", "CONNACK 00 [topic_alias_maximum=10]");
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "x", 1);
    then_receives(world, "bob", "PUBACK #1 10");
    then_receives_nothing(world, "alice");
}

static void clean_session_begins_anew(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_3_1_1);
    given_subscribed(world, "alice", "a", 1);
    when_disconnects(world, "alice");
    when_connects(world, "alice", .version = PROTOCOL_3_1_1, .clean_start = true);
    then_receives(world, "alice", "CONNACK 00");
    given_subscribed(world, "alice", "b", 1);
    when_disconnects(world, "alice");
    when_connects(world, "alice", .version = PROTOCOL_3_1_1);
    then_receives(world, "alice", "CONNACK 00"); /* the clean one left nothing */
    given_connected(world, "bob", PROTOCOL_3_1_1);
    when_publishes(world, "bob", "a", "x", 1);
    when_publishes(world, "bob", "b", "x", 1);
    then_receives_nothing(world, "alice");
}

static void session_is_resumed(void **state)
{
    struct world *world = *state;
    enum protocol_version versions[] = {PROTOCOL_3_1_1, PROTOCOL_5};
    given_connected(world, "bob", PROTOCOL_5);
    for (size_t i = 0; i < 2; i++) {
        const char *name = i == 0 ? "alice" : "carol";
        given_kept(world, name, versions[i]);
        given_subscribed(world, name, "a/+", 2);
        when_disconnects(world, name);
    }
    when_publishes(world, "bob", "a/b", "kept 1", 1);
    when_publishes(world, "bob", "a/b", "kept 2", 2);
    when_publishes(world, "bob", "a/b", "lost 0", 0);
    when_connects(world, "alice", .version = PROTOCOL_3_1_1);
    then_receives(world, "alice", "CONNACK 00 present");
    then_receives(world, "alice", "PUBLISH a/b=kept 1 q1 #1");
    then_receives(world, "alice", "PUBLISH a/b=kept 2 q2 #2");
    then_receives_nothing(world, "alice");
    when_connects(world, "carol", .version = PROTOCOL_5);
    then_receives(world, "carol", "CONNACK 00 present [topic_alias_maximum=10]");
    then_receives(world, "carol", "PUBLISH a/b=kept 1 q1 #1");
    then_receives(world, "carol", "PUBLISH a/b=kept 2 q2 #2");
    then_receives_nothing(world, "carol");
    assert_int_equal(world_counters(world).dropped[DROP_AWAY], 2);
}

static void qos_0_is_kept_when_asked(void **state)
{
    struct world *world = *state;
    world->options.queue_qos0_messages = true;
    given_kept(world, "alice", PROTOCOL_3_1_1);
    given_subscribed(world, "alice", "a", 0);
    when_breaks(world, "alice");
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "kept", 0);
    when_connects(world, "alice", .version = PROTOCOL_3_1_1);
    then_receives(world, "alice", "CONNACK 00 present");
    then_receives(world, "alice", "PUBLISH a=kept q0");
}

static void session_is_made(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5);
    then_receives(world, "alice", "CONNACK 00 [topic_alias_maximum=10]");
    when_connects(world, "carol", .version = PROTOCOL_3_1_1);
    then_receives(world, "carol", "CONNACK 00");
}

static void session_expires(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5,
                  .properties = {.present = HAVE(session_expiry_interval_s),
                                 .session_expiry_interval_s = 10});
    then_takes_all(world, "alice");
    when_passes_s(world, 100); /* the connection is open */
    when_breaks(world, "alice");
    when_passes_s(world, 9);
    assert_int_equal(world_counters(world).sessions, 1);
    when_connects(world, "alice", .version = PROTOCOL_5,
                  .properties = {.present = HAVE(session_expiry_interval_s),
                                 .session_expiry_interval_s = 10});
    then_receives(world, "alice", "CONNACK 00 present [topic_alias_maximum=10]");
    when_breaks(world, "alice");
    when_passes_s(world, 10);
    assert_int_equal(world_counters(world).sessions, 0);
    assert_int_equal(world_counters(world).sessions_expired, 1);
    when_connects(world, "alice", .version = PROTOCOL_5);
    then_receives(world, "alice", "CONNACK 00 [topic_alias_maximum=10]");
}

static void session_ends_with_its_connection(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5);
    assert_int_equal(world_counters(world).sessions, 1);
    when_breaks(world, "alice");
    assert_int_equal(world_counters(world).sessions, 0);
    given_connected(world, "carol", PROTOCOL_3_1_1);
    when_passes_s(world, 100000);
    assert_int_equal(world_counters(world).sessions, 1);
    when_breaks(world, "carol");
    assert_int_equal(world_counters(world).sessions, 0);
}

static void session_of_311_stays(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_3_1_1);
    when_disconnects(world, "alice");
    when_passes_s(world, 400);
    when_connects(world, "alice", .version = PROTOCOL_3_1_1);
    then_receives(world, "alice", "CONNACK 00 present");
}

static void expiry_is_limited(void **state)
{
    struct world *world = *state;
    world->options.session_expiry_s_max = 60;
    when_connects(world, "alice", .version = PROTOCOL_5,
                  .properties = {.present = HAVE(session_expiry_interval_s),
                                 .session_expiry_interval_s = 3600});
    then_receives(world, "alice",
                  "CONNACK 00 [session_expiry_interval_s=60 topic_alias_maximum=10]");
    given_kept(world, "carol", PROTOCOL_3_1_1);
    when_breaks(world, "alice");
    when_breaks(world, "carol");
    when_passes_s(world, 60);
    assert_int_equal(world_counters(world).sessions, 0);
}

static void disconnect_changes_the_expiry(void **state)
{
    struct world *world = *state;
    struct packet goodbye = {
        .type = PACKET_DISCONNECT,
        .disconnect = {.properties = {.present = HAVE(session_expiry_interval_s),
                                      .session_expiry_interval_s = 5}}};
    given_kept(world, "alice", PROTOCOL_5);
    when_sends(world, "alice", &goodbye);
    then_closed(world, "alice");
    when_passes_s(world, 5);
    assert_int_equal(world_counters(world).sessions, 0);
    given_connected(world, "bob", PROTOCOL_5);
    when_sends(world, "bob", &goodbye);
    then_receives(world, "bob", "DISCONNECT 82 why");
    then_closed(world, "bob");
}

static void session_is_taken_over(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 1);
    when_connects(world, "alice 2", .version = PROTOCOL_5, .client_id = BYTES("alice"));
    then_receives(world, "alice", "DISCONNECT 8E why");
    then_closed(world, "alice");
    then_receives(world, "alice 2", "CONNACK 00 present [topic_alias_maximum=10]");
    when_publishes(world, "alice 2", "a", "mine", 1);
    then_receives(world, "alice 2", "PUBLISH a=mine q1 #1");
    then_receives(world, "alice 2", "PUBACK #1");
    given_kept(world, "carol", PROTOCOL_3_1_1);
    when_connects(world, "carol 2", .version = PROTOCOL_3_1_1, .client_id = BYTES("carol"));
    then_closed(world, "carol");
    then_receives(world, "carol 2", "CONNACK 00 present");
    assert_int_equal(world_counters(world).connected, 2);
}

static void session_not_to_be_kept_is_not_taken_over(void **state)
{
    struct world *world = *state;
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 1);
    when_connects(world, "alice 2", .version = PROTOCOL_5, .client_id = BYTES("alice"));
    then_receives(world, "alice 2", "CONNACK 00 [topic_alias_maximum=10]");
    then_receives(world, "alice", "DISCONNECT 8E why");
    then_closed(world, "alice");
    when_publishes(world, "alice 2", "a", "x", 1);
    then_receives(world, "alice 2", "PUBACK #1 10");
}

static void unfinished_is_sent_again(void **state)
{
    struct world *world = *state;
    enum protocol_version versions[] = {PROTOCOL_3_1_1, PROTOCOL_5};
    given_connected(world, "bob", PROTOCOL_5);
    for (size_t i = 0; i < 2; i++) {
        const char *name = i == 0 ? "alice" : "carol";
        given_kept(world, name, versions[i]);
        given_subscribed(world, name, "a", 2);
    }
    when_publishes(world, "bob", "a", "one", 1);
    when_publishes(world, "bob", "a", "two", 2);
    when_publishes(world, "bob", "a", "three", 1);
    when_publishes(world, "bob", "a", "four", 2);
    for (size_t i = 0; i < 2; i++) {
        const char *name = i == 0 ? "alice" : "carol";
        then_receives(world, name, "PUBLISH a=one q1 #1");
        then_receives(world, name, "PUBLISH a=two q2 #2");
        then_receives(world, name, "PUBLISH a=three q1 #3");
        then_receives(world, name, "PUBLISH a=four q2 #4");
        when_acks(world, name, PACKET_PUBREC, 2, REASON_SUCCESS);
        then_receives(world, name, "PUBREL #2");
        when_acks(world, name, PACKET_PUBACK, 3, REASON_SUCCESS);
        when_passes_s(world, 1000);
        then_receives_nothing(world, name); /* never while the connection lasts */
        when_breaks(world, name);
        when_connects(world, name, .version = versions[i],
                      .properties = {.present = i ? HAVE(session_expiry_interval_s) : 0,
                                     .session_expiry_interval_s = 1000});
        then_receives(world, name,
                      i == 0 ? "CONNACK 00 present"
                             : "CONNACK 00 present [topic_alias_maximum=10]");
        then_receives(world, name, "PUBLISH a=one q1 #1 dup");
        then_receives(world, name, "PUBREL #2");
        then_receives(world, name, "PUBLISH a=four q2 #4 dup");
        then_receives_nothing(world, name);
        when_acks(world, name, PACKET_PUBCOMP, 2, REASON_SUCCESS);
        when_acks(world, name, PACKET_PUBACK, 1, REASON_SUCCESS);
        when_acks(world, name, PACKET_PUBREC, 4, REASON_SUCCESS);
        then_receives(world, name, "PUBREL #4");
        when_acks(world, name, PACKET_PUBCOMP, 4, REASON_SUCCESS);
    }
    assert_int_equal(world_counters(world).in_flight, 0);
    assert_int_equal(world_counters(world).delivered, 8);
}

static void early_acknowledgement_saves_a_repeat(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_kept(world, "alice", PROTOCOL_3_1_1);
    given_subscribed(world, "alice", "a", 2);
    for (int i = 0; i < 3; i++) {
        when_publishes(world, "bob", "a", "x", 2);
    }
    then_takes_all(world, "alice");
    when_breaks(world, "alice");
    when_reads(world, "alice", 0);
    when_connects(world, "alice", .version = PROTOCOL_3_1_1);
    when_acks(world, "alice", PACKET_PUBREC, 1, REASON_SUCCESS);
    when_acks(world, "alice", PACKET_PUBCOMP, 1, REASON_SUCCESS);
    when_reads(world, "alice", SIZE_MAX);
    then_receives(world, "alice", "CONNACK 00 present");
    assert_int_equal(world_counters(world).delivered, 1);
    assert_int_equal(world_counters(world).in_flight, 2);
}

static void received_ids_are_part_of_the_session(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_subscribed(world, "bob", "a", 0);
    given_kept(world, "alice", PROTOCOL_5);
    when_sends_publish(world, "alice", .topic = BYTES("a"), .qos = 2, .packet_id = 9);
    then_receives(world, "alice", "PUBREC #9");
    then_receives(world, "bob", "PUBLISH a= q0");
    when_breaks(world, "alice");
    given_kept(world, "alice", PROTOCOL_5);
    when_sends_publish(world, "alice", .topic = BYTES("a"), .qos = 2, .packet_id = 9, .dup = true);
    then_receives(world, "alice", "PUBREC #9");
    then_receives_nothing(world, "bob");
    when_acks(world, "alice", PACKET_PUBREL, 9, REASON_SUCCESS);
    then_receives(world, "alice", "PUBCOMP #9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY("[MQTT-3.1.2-4][MQTT-3.1.4-4][MQTT-3.2.2-2] Clean Start 1 begins anew",
              clean_start_begins_anew),
        STORY("[v3 MQTT-3.1.2-6][v3 MQTT-3.1.4-3][v3 MQTT-3.2.2-1] Clean Session 1 begins anew and "
              "leaves nothing",
              clean_session_begins_anew),
        STORY("[MQTT-3.1.2-5][MQTT-3.2.2-3][MQTT-4.5.0-1][v3 MQTT-3.1.2-4][v3 MQTT-3.1.2-5]"
              "[v3 MQTT-3.2.2-2][v3 MQTT-4.5.0-1][v3 MQTT-4.1.0-1] a session is resumed with what "
              "it missed",
              session_is_resumed),
        STORY("QoS 0 messages are kept for clients that are away when so configured",
              qos_0_is_kept_when_asked),
        STORY("[MQTT-3.1.2-6][MQTT-3.2.2-3][v3 MQTT-3.2.2-3] Clean Start 0 without a session makes "
              "one",
              session_is_made),
        STORY("[MQTT-3.1.2-23][MQTT-4.1.0-1][MQTT-4.1.0-2] a session ends when it has expired",
              session_expires),
        STORY("[MQTT-4.1.0-2][v3 MQTT-4.1.0-2] a session not to be kept ends with its connection",
              session_ends_with_its_connection),
        STORY("[v3 MQTT-4.1.0-1] a session of 3.1.1 stays", session_of_311_stays),
        STORY("session expiry intervals can be limited", expiry_is_limited),
        STORY("[MQTT-3.1.2-23] DISCONNECT may change the expiry, but not from zero",
              disconnect_changes_the_expiry),
        STORY("[MQTT-3.1.4-3][MQTT-3.1.3-2][v3 MQTT-3.1.4-2][v3 MQTT-3.1.3-2] the same identifier "
              "again takes the session over",
              session_is_taken_over),
        STORY("[MQTT-3.1.4-3][MQTT-4.1.0-2] a session that was to end is not taken over",
              session_not_to_be_kept_is_not_taken_over),
        STORY("[MQTT-4.4.0-1][MQTT-3.3.1-1][v3 MQTT-4.4.0-1][v3 MQTT-3.3.1-1] what is unfinished "
              "is sent again on the next connection, in order, and at no other time",
              unfinished_is_sent_again),
        STORY("an acknowledgement may overtake what would be sent again",
              early_acknowledgement_saves_a_repeat),
        STORY("[MQTT-4.3.3-10][v3 MQTT-4.3.3-2] identifiers of QoS 2 outlive the connection",
              received_ids_are_part_of_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
