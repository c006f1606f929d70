/* core_alias_test.c — topic aliases, both ways (3.3.2.3.4). */
#include "core/story_testing.h"

static void aliases_of_the_client(void **state)
{
    struct world *world = *state;
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "#", 0);
    given_connected(world, "bob", PROTOCOL_5);
    when_sends_publish(world, "bob", .topic = BYTES("a"), .payload = BYTES("1"), .topic_alias = 1);
    when_sends_publish(world, "bob", .topic = BYTES("b"), .payload = BYTES("2"), .topic_alias = 10);
    when_sends_publish(world, "bob", .payload = BYTES("3"), .topic_alias = 1);
    when_sends_publish(world, "bob", .topic = BYTES("c"), .payload = BYTES("4"), .topic_alias = 1);
    when_sends_publish(world, "bob", .payload = BYTES("5"), .topic_alias = 1);
    when_sends_publish(world, "bob", .payload = BYTES("6"), .topic_alias = 10);
    then_receives(world, "alice", "PUBLISH a=1 q0");
    then_receives(world, "alice", "PUBLISH b=2 q0");
    then_receives(world, "alice", "PUBLISH a=3 q0");
    then_receives(world, "alice", "PUBLISH c=4 q0");
    then_receives(world, "alice", "PUBLISH c=5 q0");
    then_receives(world, "alice", "PUBLISH b=6 q0");
}

static void alias_out_of_range(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    when_sends_publish(world, "bob", .topic = BYTES("a"), .topic_alias = 11);
    then_receives(world, "bob", "DISCONNECT 94 why");
    then_closed(world, "bob");
    given_connected(world, "carol", PROTOCOL_5);
    when_sends_bytes(world, "carol", "30 07 00 01 'a' 03 23 00 00");
    then_receives(world, "carol", "DISCONNECT 94");
    then_closed(world, "carol");
    world->listener.topic_alias_max_in = 0;
    when_connects(world, "dave", .version = PROTOCOL_5, .clean_start = true);
    then_receives(world, "dave", "CONNACK 00");
    when_sends_publish(world, "dave", .topic = BYTES("a"), .topic_alias = 1);
    then_receives(world, "dave", "DISCONNECT 94 why");
    then_closed(world, "dave");
}

static void aliases_end_with_the_connection(void **state)
{
    struct world *world = *state;
    given_kept(world, "bob", PROTOCOL_5);
    when_sends_publish(world, "bob", .topic = BYTES("a"), .topic_alias = 1);
    when_breaks(world, "bob");
    given_kept(world, "bob", PROTOCOL_5);
    when_sends_publish(world, "bob", .topic_alias = 1);
    then_receives(world, "bob", "DISCONNECT 82 why");
    then_closed(world, "bob");
}

static void given_alias_taker(struct world *world, uint16_t maximum)
{
    when_connects(
        world, "alice", .version = PROTOCOL_5, .clean_start = true,
        .properties = {.present = HAVE(topic_alias_maximum), .topic_alias_maximum = maximum});
    then_takes_all(world, "alice");
    given_subscribed(world, "alice", "#", 1);
    given_connected(world, "bob", PROTOCOL_5);
}

static void aliases_of_ours(void **state)
{
    struct world *world = *state;
    given_alias_taker(world, 2);
    for (int i = 0; i < 2; i++) {
        when_publishes(world, "bob", "a", "x", 0);
        when_publishes(world, "bob", "b", "x", 0);
        when_publishes(world, "bob", "c", "x", 0);
    }
    then_receives(world, "alice", "PUBLISH a=x q0 [topic_alias=1]");
    then_receives(world, "alice", "PUBLISH b=x q0 [topic_alias=2]");
    then_receives(world, "alice", "PUBLISH c=x q0");
    then_receives(world, "alice", "PUBLISH =x q0 [topic_alias=1]");
    then_receives(world, "alice", "PUBLISH =x q0 [topic_alias=2]");
    then_receives(world, "alice", "PUBLISH c=x q0");
}

static void client_that_takes_none(void **state)
{
    struct world *world = *state;
    given_alias_taker(world, 0);
    when_publishes(world, "bob", "a", "x", 0);
    then_receives(world, "alice", "PUBLISH a=x q0");
    given_connected(world, "carol", PROTOCOL_5);
    given_subscribed(world, "carol", "a", 0);
    when_publishes(world, "bob", "a", "x", 0);
    then_receives(world, "carol", "PUBLISH a=x q0");
}

static void repeats_bring_the_name_again(void **state)
{
    struct world *world = *state;
    struct packet_connect connect = {
        .version = PROTOCOL_5,
        .properties = {.present = HAVE(topic_alias_maximum) | HAVE(session_expiry_interval_s),
                       .topic_alias_maximum = 5,
                       .session_expiry_interval_s = 100}};
    story_connect(world, "alice", connect);
    then_takes_all(world, "alice");
    given_subscribed(world, "alice", "#", 1);
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "1", 1);
    when_publishes(world, "bob", "a", "2", 1);
    then_receives(world, "alice", "PUBLISH a=1 q1 #1 [topic_alias=1]");
    then_receives(world, "alice", "PUBLISH =2 q1 #2 [topic_alias=1]");
    when_breaks(world, "alice");
    story_connect(world, "alice", connect);
    then_receives(world, "alice", "CONNACK 00 present [topic_alias_maximum=10]");
    then_receives(world, "alice", "PUBLISH a=1 q1 #1 dup [topic_alias=1]");
    then_receives(world, "alice", "PUBLISH =2 q1 #2 dup [topic_alias=1]");
}

static void alias_does_not_make_a_packet_too_large(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {.present = HAVE(topic_alias_maximum) | HAVE(maximum_packet_size),
                                 .topic_alias_maximum = 5,
                                 .maximum_packet_size = 20});
    then_takes_all(world, "alice");
    given_subscribed(world, "alice", "#", 1);
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "0123456789abc", 0);
    then_receives(world, "alice", "PUBLISH a=0123456789abc q0");
    when_publishes(world, "bob", "a", "0123", 0);
    then_receives(world, "alice", "PUBLISH a=0123 q0 [topic_alias=1]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY("[MQTT-3.3.2-12] a client may use as many aliases as it was told",
              aliases_of_the_client),
        STORY("an alias out of range ends the connection", alias_out_of_range),
        STORY("[MQTT-3.3.2-7] aliases end with their connection", aliases_end_with_the_connection),
        STORY("[MQTT-3.1.2-26][MQTT-3.3.2-8, -11] we use as many aliases as the client takes",
              aliases_of_ours),
        STORY("[MQTT-3.1.2-27] and none when it takes none", client_that_takes_none),
        STORY("[MQTT-3.3.2-7] what is sent again brings the name again",
              repeats_bring_the_name_again),
        STORY("[MQTT-3.1.2-24] an alias makes no packet too large",
              alias_does_not_make_a_packet_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
