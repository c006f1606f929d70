/* core_will_test.c — what is said for a client whose connection ended badly (3.1.2.5). */
#include "core/story_testing.h"

#define WILL(...) .has_will = true, .will = {.topic = BYTES("w"), __VA_ARGS__}

static void given_watcher(struct world *world)
{
    given_connected(world, "bob", PROTOCOL_5);
    given_subscribed(world, "bob", "w", 2);
}

static void will_is_published(void **state)
{
    struct world *world = *state;
    given_watcher(world);
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  WILL(.payload = BYTES("gone"), .qos = 1));
    when_breaks(world, "alice");
    then_receives(world, "bob", "PUBLISH w=gone q1 #1");
    when_connects(world, "carol", .version = PROTOCOL_3_1_1, .clean_start = true,
                  WILL(.payload = BYTES("away"), .qos = 2));
    when_breaks(world, "carol");
    then_receives(world, "bob", "PUBLISH w=away q2 #2");
    when_connects(world, "dave", .version = PROTOCOL_3_1_1, .clean_start = true);
    when_breaks(world, "dave");
    then_receives_nothing(world, "bob");
}

static void will_is_published_for_rule_breakers(void **state)
{
    struct world *world = *state;
    given_watcher(world);
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  WILL(.payload = BYTES("gone")));
    when_sends_bytes(world, "alice", "00 00");
    then_receives(world, "bob", "PUBLISH w=gone q0");
    when_connects(world, "carol", .version = PROTOCOL_5, .clean_start = true, .keep_alive_s = 10,
                  WILL(.payload = BYTES("silent")));
    when_passes_s(world, 20);
    then_receives(world, "bob", "PUBLISH w=silent q0");
    then_receives_nothing(world, "bob");
}

static void disconnect_forgets_the_will(void **state)
{
    struct world *world = *state;
    given_watcher(world);
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  WILL(.payload = BYTES("gone")));
    when_disconnects(world, "alice");
    when_connects(world, "carol", .version = PROTOCOL_3_1_1, .clean_start = true,
                  WILL(.payload = BYTES("gone")));
    when_disconnects(world, "carol");
    when_passes_s(world, 100);
    then_receives_nothing(world, "bob");
}

static void disconnect_with_will(void **state)
{
    struct world *world = *state;
    given_watcher(world);
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  WILL(.payload = BYTES("asked for")));
    when_sends(world, "alice",
               &(struct packet){.type = PACKET_DISCONNECT,
                                .disconnect = {.reason = REASON_DISCONNECT_WITH_WILL}});
    then_receives(world, "bob", "PUBLISH w=asked for q0");
}

static void will_is_published_once(void **state)
{
    struct world *world = *state;
    given_watcher(world);
    when_connects(
        world, "alice", .version = PROTOCOL_5,
        .properties = {.present = HAVE(session_expiry_interval_s), .session_expiry_interval_s = 60},
        WILL(.payload = BYTES("gone")));
    when_breaks(world, "alice");
    then_receives(world, "bob", "PUBLISH w=gone q0");
    given_kept(world, "alice", PROTOCOL_5);
    when_breaks(world, "alice");
    when_passes_s(world, 100);
    then_receives_nothing(world, "bob");
}

static void will_waits(void **state)
{
    struct world *world = *state;
    given_watcher(world);
    when_connects(
        world, "alice", .version = PROTOCOL_5,
        .properties = {.present = HAVE(session_expiry_interval_s), .session_expiry_interval_s = 60},
        WILL(.payload = BYTES("late"),
             .properties = {.present = HAVE(will_delay_interval_s), .will_delay_interval_s = 10}));
    when_breaks(world, "alice");
    when_passes_s(world, 9);
    then_receives_nothing(world, "bob");
    when_passes_s(world, 1);
    then_receives(world, "bob", "PUBLISH w=late q0");
    assert_int_equal(world_counters(world).sessions, 2);
}

static void will_comes_with_the_end_of_the_session(void **state)
{
    struct world *world = *state;
    given_watcher(world);
    when_connects(
        world, "alice", .version = PROTOCOL_5,
        .properties = {.present = HAVE(session_expiry_interval_s), .session_expiry_interval_s = 5},
        WILL(.payload = BYTES("end"), .properties = {.present = HAVE(will_delay_interval_s),
                                                     .will_delay_interval_s = 1000}));
    when_breaks(world, "alice");
    when_passes_s(world, 5);
    then_receives(world, "bob", "PUBLISH w=end q0");
}

static void client_that_returns_has_no_will_published(void **state)
{
    struct world *world = *state;
    given_watcher(world);
    for (int i = 0; i < 3; i++) {
        when_connects(
            world, "alice", .version = PROTOCOL_5, .clean_start = i == 2,
            .properties = {.present = HAVE(session_expiry_interval_s),
                           .session_expiry_interval_s = 60},
            WILL(.payload = BYTES("late"), .properties = {.present = HAVE(will_delay_interval_s),
                                                          .will_delay_interval_s = 10}));
        if (i < 2) {
            then_receives_nothing(world, "bob");
            when_breaks(world, "alice");
            when_passes_s(world, 9);
        }
    }
    then_receives(world, "bob", "PUBLISH w=late q0"); /* Clean Start ended the session */
    when_disconnects(world, "alice");
    when_passes_s(world, 100);
    then_receives_nothing(world, "bob");
}

static void will_is_forgotten_by_a_connection_without_one(void **state)
{
    struct world *world = *state;
    given_watcher(world);
    when_connects(
        world, "alice", .version = PROTOCOL_5,
        .properties = {.present = HAVE(session_expiry_interval_s), .session_expiry_interval_s = 60},
        WILL(.payload = BYTES("late"),
             .properties = {.present = HAVE(will_delay_interval_s), .will_delay_interval_s = 10}));
    when_breaks(world, "alice");
    given_kept(world, "alice", PROTOCOL_5);
    when_breaks(world, "alice");
    when_passes_s(world, 100);
    then_receives_nothing(world, "bob");
}

static void will_of_an_old_connection_is_replaced(void **state)
{
    struct world *world = *state;
    given_watcher(world);
    when_connects(world, "alice", .version = PROTOCOL_3_1_1, WILL(.payload = BYTES("first")));
    when_connects(world, "alice 2", .version = PROTOCOL_3_1_1, .client_id = BYTES("alice"),
                  WILL(.payload = BYTES("second")));
    then_receives(world, "bob", "PUBLISH w=first q0");
    when_breaks(world, "alice 2");
    then_receives(world, "bob", "PUBLISH w=second q0");
}

static void will_is_retained(void **state)
{
    struct world *world = *state;
    given_watcher(world);
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  WILL(.payload = BYTES("kept"), .retain = true));
    when_breaks(world, "alice");
    then_receives(world, "bob", "PUBLISH w=kept q0");
    given_connected(world, "carol", PROTOCOL_3_1_1);
    when_subscribes(world, "carol", "w", 0);
    then_receives(world, "carol", "SUBACK #1 00");
    then_receives(world, "carol", "PUBLISH w=kept q0 retain");
}

static void will_is_not_retained(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  WILL(.payload = BYTES("not kept")));
    when_breaks(world, "alice");
    when_connects(world, "dave", .version = PROTOCOL_3_1_1, .clean_start = true,
                  WILL(.payload = BYTES("not kept")));
    when_breaks(world, "dave");
    assert_int_equal(world_counters(world).retained, 0);
}

static void will_beyond_the_retained_limit_is_still_told(void **state)
{
    struct world *world = *state;
    world->options.retained_messages_max = world->worker_count;
    given_watcher(world);
    for (int i = 0; i < 8; i++) {
        char topic[] = {(char)('a' + i), 0};
        when_retains(world, "bob", topic, "x", 0);
    }
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  WILL(.payload = BYTES("told"), .retain = true));
    when_breaks(world, "alice");
    then_receives(world, "bob", "PUBLISH w=told q0");
}

static void properties_travel_on(void **state)
{
    struct world *world = *state;
    static const uint8_t pairs[] = "\x26\0\1a\0\1z\x26\0\1a\0\1y\x26\0\1b\0\1x";
    given_watcher(world);
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  WILL(.payload = BYTES("p"),
                       .properties = {.present = HAVE(user_property) | HAVE(content_type) |
                                                 HAVE(message_expiry_interval_s) |
                                                 HAVE(payload_format_indicator),
                                      .payload_format_indicator = 1,
                                      .content_type = BYTES("text"),
                                      .message_expiry_interval_s = 30,
                                      .user_property = {pairs, sizeof pairs - 1}}));
    when_breaks(world, "alice");
    then_receives(world, "bob",
                  "PUBLISH w=p q0 [message_expiry_interval_s=30 payload_format_indicator=1 "
                  "content_type=text user_property=a:z user_property=a:y user_property=b:x]");
}

static void no_local_holds_for_wills(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_5);
    when_sends_subscribe(world, "alice", 0, {.filter = BYTES("w"), .no_local = true, .qos = 1});
    when_breaks(world, "alice");
    when_connects(
        world, "alice", .version = PROTOCOL_5,
        .properties = {.present = HAVE(session_expiry_interval_s), .session_expiry_interval_s = 60},
        WILL(.payload = BYTES("own"), .qos = 1));
    when_breaks(world, "alice");
    assert_int_equal(world_counters(world).queued, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY("[MQTT-3.1.2-7][MQTT-3.1.2-8][v3 MQTT-3.1.2-8][v3 MQTT-3.1.2-12] a will is published "
              "when the connection breaks, and only then",
              will_is_published),
        STORY("[MQTT-3.1.2-8][v3 MQTT-3.1.2-8] a will is published when we end the connection",
              will_is_published_for_rule_breakers),
        STORY("[MQTT-3.14.4-3][MQTT-3.1.2-10][v3 MQTT-3.14.4-3][v3 MQTT-3.1.2-10] DISCONNECT "
              "forgets the will",
              disconnect_forgets_the_will),
        STORY("[MQTT-3.1.2-8] DISCONNECT can ask for the will", disconnect_with_will),
        STORY("[MQTT-3.1.2-10][v3 MQTT-3.1.2-10] a will is published once", will_is_published_once),
        STORY("[MQTT-3.1.2-8] a will waits for its delay", will_waits),
        STORY("[MQTT-3.1.2-8] a will comes at the latest when its session ends",
              will_comes_with_the_end_of_the_session),
        STORY("[MQTT-3.1.3-9] a client that returns within the delay has no will published",
              client_that_returns_has_no_will_published),
        STORY("[MQTT-3.1.3-9] a new connection without a will forgets the old one",
              will_is_forgotten_by_a_connection_without_one),
        STORY("[MQTT-3.1.2-7] each connection has its own will",
              will_of_an_old_connection_is_replaced),
        STORY("[MQTT-3.1.2-15][v3 MQTT-3.1.2-17] a will is retained when it asks for it",
              will_is_retained),
        STORY("[MQTT-3.1.2-14][v3 MQTT-3.1.2-16] a will is not retained when it does not",
              will_is_not_retained),
        STORY("a will that cannot be retained is still told",
              will_beyond_the_retained_limit_is_still_told),
        STORY("[MQTT-3.1.3-10] a will's properties travel on, in order", properties_travel_on),
        STORY("[MQTT-3.8.3-3] No Local holds for wills", no_local_holds_for_wills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
