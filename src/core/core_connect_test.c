/* core_connect_test.c — CONNECT and CONNACK: who may come in, and what he is told (3.1, 3.2). */
#include "core/story_testing.h"

#define WELCOME "CONNACK 00 [topic_alias_maximum=10]"

static void first_packet_is_connect(void **state)
{
    struct world *world = *state;
    world_connect(world, world_client(world, "alice"));
    when_sends_bytes(world, "alice", "c0 00");
    then_closed(world, "alice");
}

static void second_connect_ends(void **state)
{
    struct world *world = *state;
    given_connected(world, "alice", PROTOCOL_5);
    when_sends_bytes(world, "alice", "10 12 00 04 'MQTT' 05 02 00 00 00 00 05 'alice'");
    then_receives(world, "alice", "DISCONNECT 82 why");
    then_closed(world, "alice");
    given_connected(world, "carol", PROTOCOL_3_1_1);
    when_sends_bytes(world, "carol", "10 11 00 04 'MQTT' 04 02 00 00 00 05 'carol'");
    then_closed(world, "carol");
}

static void connack_comes_first(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 1);
    when_breaks(world, "alice");
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "waits", 1);
    when_connects(world, "alice", .version = PROTOCOL_5);
    then_receives(world, "alice", "CONNACK 00 present [topic_alias_maximum=10]");
    then_receives(world, "alice", "PUBLISH a=waits q1 #1");
    then_receives_nothing(world, "alice");
}

static void every_version_is_welcome(void **state)
{
    struct world *world = *state;
    when_connects(world, "old", .version = PROTOCOL_3_1, .clean_start = true);
    then_receives(world, "old", "CONNACK 00");
    when_connects(world, "mid", .version = PROTOCOL_3_1_1, .clean_start = true);
    then_receives(world, "mid", "CONNACK 00");
    when_connects(world, "new", .version = PROTOCOL_5, .clean_start = true);
    then_receives(world, "new", WELCOME);
}

static void unwanted_version_is_told(void **state)
{
    struct world *world = *state;
    world->listener.versions = 1 << PROTOCOL_5;
    when_connects(world, "mid", .version = PROTOCOL_3_1_1, .clean_start = true);
    then_receives(world, "mid", "CONNACK 01");
    then_closed(world, "mid");
    world->listener.versions = 1 << PROTOCOL_3_1_1;
    when_connects(world, "new", .version = PROTOCOL_5, .clean_start = true);
    then_receives(world, "new", "CONNACK 84 why");
    then_closed(world, "new");
}

static void unknown_version_is_told(void **state)
{
    struct world *world = *state;
    world_connect(world, world_client(world, "alice"));
    when_sends_bytes(world, "alice", "10 11 00 04 'MQTT' 09 02 00 00 00 05 'alice'");
    then_receives(world, "alice", "CONNACK 84");
    then_closed(world, "alice");
}

static void wrong_name_is_closed(void **state)
{
    struct world *world = *state;
    world_client(world, "alice")->version = PROTOCOL_3_1_1;
    world_connect(world, world_client(world, "alice"));
    when_sends_bytes(world, "alice", "10 12 00 04 'MQTS' 05 02 00 00 00 00 05 'alice'");
    then_receives(world, "alice", "CONNACK 01");
    then_closed(world, "alice");
}

static void reserved_flag_is_closed(void **state)
{
    struct world *world = *state;
    world_connect(world, world_client(world, "alice"));
    when_sends_bytes(world, "alice", "10 12 00 04 'MQTT' 05 03 00 00 00 00 05 'alice'");
    then_receives(world, "alice", "CONNACK 81");
    then_closed(world, "alice");
    world_client(world, "carol")->version = PROTOCOL_3_1_1;
    world_connect(world, world_client(world, "carol"));
    when_sends_bytes(world, "carol", "10 11 00 04 'MQTT' 04 03 00 00 00 05 'carol'");
    then_closed(world, "carol");
}

static void nothing_behind_a_refused_connect(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_subscribed(world, "bob", "a", 0);
    world->listener.allow_anonymous = false;
    world_connect(world, world_client(world, "alice"));
    when_sends_bytes(world, "alice",
                     "10 12 00 04 'MQTT' 05 02 00 00 00 00 05 'alice' 30 05 00 01 'a' 00 'x'");
    then_receives(world, "alice", "CONNACK 87 why");
    then_closed(world, "alice");
    then_receives_nothing(world, "bob");
    world_client(world, "carol")->version = PROTOCOL_3_1_1;
    world_connect(world, world_client(world, "carol"));
    when_sends_bytes(world, "carol",
                     "10 11 00 04 'MQTT' 04 02 00 00 00 05 'carol' 30 04 00 01 'a' 'x'");
    then_receives(world, "carol", "CONNACK 05");
    then_closed(world, "carol");
    then_receives_nothing(world, "bob");
}

static void eager_client_is_heard(void **state)
{
    struct world *world = *state;
    world_connect(world, world_client(world, "alice"));
    when_sends_bytes(world, "alice",
                     "10 12 00 04 'MQTT' 05 02 00 00 00 00 05 'alice' c0 00 30 04 00 01 'a' 00");
    then_receives(world, "alice", WELCOME);
    then_receives(world, "alice", "PINGRESP");
    then_receives_nothing(world, "alice");
}

static void bytes_one_by_one(void **state)
{
    struct world *world = *state;
    static const char *const bytes[] = {"10",  "12",  "00",  "04",  "'M'", "'Q'", "'T'",
                                        "'T'", "05",  "02",  "00",  "00",  "00",  "00",
                                        "05",  "'a'", "'l'", "'i'", "'c'"};
    world_connect(world, world_client(world, "alice"));
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        when_sends_bytes(world, "alice", bytes[i]);
        then_receives_nothing(world, "alice");
    }
    when_sends_bytes(world, "alice", "'e'");
    then_receives(world, "alice", WELCOME);
}

static void identifiers_of_23(void **state)
{
    struct world *world = *state;
    when_connects(world, "five", .version = PROTOCOL_5, .clean_start = true,
                  .client_id = BYTES("0123456789abcdefgABCDEF"));
    then_receives(world, "five", WELCOME);
    when_connects(world, "three", .version = PROTOCOL_3_1_1, .clean_start = true,
                  .client_id = BYTES("ghijklmnopqrstuvwxyzGHI"));
    then_receives(world, "three", "CONNACK 00");
    when_connects(world, "one", .version = PROTOCOL_3_1_1, .clean_start = true,
                  .client_id = BYTES("Z"));
    then_receives(world, "one", "CONNACK 00");
}

static void identifier_is_assigned(void **state)
{
    struct world *world = *state;
    struct packet packet;
    struct bytes assigned[2];
    uint8_t first[128];
    for (size_t i = 0; i < 2; i++) {
        const char *name = i == 0 ? "alice" : "bob";
        when_connects(world, name, .version = PROTOCOL_5, .clean_start = true, .client_id = NO_ID);
        assert_true(world_read(world_client(world, name), &packet));
        assert_int_equal(packet.type, PACKET_CONNACK);
        assert_int_equal(packet.connack.reason, 0);
        assigned[i] = packet.connack.properties.assigned_client_identifier;
        assert_true(bytes_start_with(assigned[i], BYTES("auto-")));
        assert_true(assigned[i].size > 20 && assigned[i].size < sizeof first);
        if (i == 0) {
            memcpy(first, assigned[i].data, assigned[i].size);
            assigned[i].data = first;
        }
    }
    assert_false(bytes_equal(assigned[0], assigned[1]));
    given_subscribed(world, "bob", "a", 1);
    when_publishes(world, "alice", "a", "hi", 1);
    then_receives(world, "alice", "PUBACK #1");
    then_receives(world, "bob", "PUBLISH a=hi q1 #1");
}

static void identifier_of_311_is_unique(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_3_1_1, .clean_start = true,
                  .client_id = NO_ID);
    when_connects(world, "bob", .version = PROTOCOL_3_1_1, .clean_start = true, .client_id = NO_ID);
    then_receives(world, "alice", "CONNACK 00");
    then_receives(world, "bob", "CONNACK 00");
    when_sends_bytes(world, "alice", "c0 00");
    then_receives(world, "alice", "PINGRESP");
}

static void empty_identifier_with_a_session_to_keep(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_3_1_1, .client_id = NO_ID);
    then_receives(world, "alice", "CONNACK 02");
    then_closed(world, "alice");
    when_connects(world, "old", .version = PROTOCOL_3_1, .clean_start = true, .client_id = NO_ID);
    then_receives(world, "old", "CONNACK 02");
    then_closed(world, "old");
}

static void empty_identifier_is_refused(void **state)
{
    struct world *world = *state;
    world->options.allow_zero_length_client_id = false;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true, .client_id = NO_ID);
    then_receives(world, "alice", "CONNACK 85 why");
    then_closed(world, "alice");
    when_connects(world, "carol", .version = PROTOCOL_3_1_1, .clean_start = true,
                  .client_id = NO_ID);
    then_receives(world, "carol", "CONNACK 02");
    then_closed(world, "carol");
}

static void user_name_becomes_the_identifier(void **state)
{
    struct world *world = *state;
    world->listener.use_user_name_as_client_id = true;
    when_connects(world, "one", .version = PROTOCOL_5, .clean_start = true, .has_user_name = true,
                  .user_name = BYTES("alice"));
    then_receives(world, "one", WELCOME);
    when_connects(world, "two", .version = PROTOCOL_5, .clean_start = true, .has_user_name = true,
                  .user_name = BYTES("alice"));
    then_receives(world, "two", WELCOME);
    then_receives(world, "one", "DISCONNECT 8E why");
    then_closed(world, "one");
    when_connects(world, "nobody", .version = PROTOCOL_5, .clean_start = true);
    then_receives(world, "nobody", "CONNACK 85 why");
    then_closed(world, "nobody");
}

static void listener_limits_are_told(void **state)
{
    struct world *world = *state;
    world->listener.qos_max = 1;
    world->listener.topic_alias_max_in = 0;
    world->listener.packet_size_max = 5000;
    world->options.packet_size_max = 4000;
    world->options.retain_available = false;
    world->options.receive_maximum = 7;
    world->options.keep_alive_s_max = 60;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true, .keep_alive_s = 300);
    then_receives(
        world, "alice",
        "CONNACK 00 [server_keep_alive_s=60 receive_maximum=7 maximum_qos=1 retain_available=0 "
        "maximum_packet_size=4000]");
    when_subscribes(world, "alice", "a", 2);
    then_receives(world, "alice", "SUBACK #1 02");
    when_publishes(world, "alice", "a", "x", 2);
    then_receives(world, "alice", "DISCONNECT 9B why");
    then_closed(world, "alice");
}

static void will_above_the_limits(void **state)
{
    struct world *world = *state;
    world->listener.qos_max = 1;
    world->options.retain_available = false;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true, .has_will = true,
                  .will = {.qos = 2, .topic = BYTES("w")});
    then_receives(world, "alice", "CONNACK 9B why");
    then_closed(world, "alice");
    when_connects(world, "bob", .version = PROTOCOL_5, .clean_start = true, .has_will = true,
                  .will = {.retain = true, .topic = BYTES("w")});
    then_receives(world, "bob", "CONNACK 9A why");
    then_closed(world, "bob");
    when_connects(world, "carol", .version = PROTOCOL_3_1_1, .clean_start = true, .has_will = true,
                  .will = {.qos = 2, .topic = BYTES("w")});
    then_closed(world, "carol");
    when_connects(world, "dave", .version = PROTOCOL_3_1_1, .clean_start = true, .has_will = true,
                  .will = {.topic = BYTES("$SYS/broker/uptime")});
    then_receives(world, "dave", "CONNACK 05");
    then_closed(world, "dave");
}

static void retaining_without_support_ends(void **state)
{
    struct world *world = *state;
    given_connected(world, "alice", PROTOCOL_5);
    world->options.retain_available = false;
    when_retains(world, "alice", "a", "x", 0);
    then_receives(world, "alice", "DISCONNECT 9A why");
    then_closed(world, "alice");
}

static void reason_string_is_left_out_when_too_large(void **state)
{
    struct world *world = *state;
    world->listener.allow_anonymous = false;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {.present = HAVE(maximum_packet_size), .maximum_packet_size = 8});
    then_receives(world, "alice", "CONNACK 87");
    then_closed(world, "alice");
}

static void connack_that_does_not_fit(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {.present = HAVE(maximum_packet_size), .maximum_packet_size = 4});
    then_closed(world, "alice");
}

static void no_response_information(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {.present = HAVE(request_response_information) |
                                            HAVE(request_problem_information),
                                 .request_response_information = 0,
                                 .request_problem_information = 0});
    then_receives(world, "alice", WELCOME);
}

static void nobody_is_answered_before_connack(void **state)
{
    struct world *world = *state;
    world_connect(world, world_client(world, "alice"));
    when_passes_s(world, 29);
    then_receives_nothing(world, "alice");
    when_passes_s(world, 2);
    then_closed(world, "alice");
    world_connect(world, world_client(world, "bob"));
    world_tell_all(world, EVENT_STOPPING);
    world->is_stopped = true;
    world_settle(world);
    then_closed(world, "bob");
}

static void stopping_says_goodbye(void **state)
{
    struct world *world = *state;
    given_connected(world, "alice", PROTOCOL_5);
    given_connected(world, "carol", PROTOCOL_3_1_1);
    world_tell_all(world, EVENT_STOPPING);
    world->is_stopped = true;
    world_settle(world);
    then_receives(world, "alice", "DISCONNECT 8B");
    then_closed(world, "alice");
    then_closed(world, "carol");
    when_connects(world, "bob", .version = PROTOCOL_5, .clean_start = true);
    then_receives(world, "bob", "CONNACK 88");
    then_closed(world, "bob");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY("[MQTT-4.13.1-1][v3 MQTT-4.8.0-1] the first packet is CONNECT, or it is the last",
              first_packet_is_connect),
        STORY("[MQTT-3.1.0-2][v3 MQTT-3.1.0-2] a second CONNECT ends the connection",
              second_connect_ends),
        STORY("[MQTT-3.2.0-1][MQTT-3.2.0-2][MQTT-3.1.4-5][v3 MQTT-3.2.0-1][v3 MQTT-3.1.4-4] "
              "CONNACK comes first, once",
              connack_comes_first),
        STORY("[MQTT-3.1.4-5][v3 MQTT-3.1.4-4] clients of 3.1, 3.1.1 and 5.0 are welcome",
              every_version_is_welcome),
        STORY("[MQTT-3.1.2-2][MQTT-3.2.2-7][v3 MQTT-3.1.2-2][v3 MQTT-3.2.2-5] a version that is "
              "not wanted is told so",
              unwanted_version_is_told),
        STORY("[MQTT-3.1.2-2][v3 MQTT-3.1.2-2] a version nobody knows is told so",
              unknown_version_is_told),
        STORY("[MQTT-3.1.2-1][v3 MQTT-3.1.2-1] another protocol's name ends the connection",
              wrong_name_is_closed),
        STORY("[MQTT-3.1.2-3][MQTT-3.1.4-1][v3 MQTT-3.1.2-3][v3 MQTT-3.1.4-1] a reserved flag in "
              "CONNECT ends the connection",
              reserved_flag_is_closed),
        STORY("[MQTT-3.1.4-6][MQTT-3.1.4-2][MQTT-3.2.2-6][MQTT-3.2.2-7][v3 MQTT-3.1.4-5]"
              "[v3 MQTT-3.2.2-4][v3 MQTT-3.2.2-5] nothing behind a refused CONNECT is done",
              nothing_behind_a_refused_connect),
        STORY("what an eager client sends behind CONNECT is heard", eager_client_is_heard),
        STORY("packets may come byte by byte", bytes_one_by_one),
        STORY("[MQTT-3.1.3-5][v3 MQTT-3.1.3-5] identifiers of 1 to 23 letters and digits",
              identifiers_of_23),
        STORY("[MQTT-3.1.3-6][MQTT-3.1.3-7][MQTT-3.2.2-16] an empty identifier is replaced by a "
              "new one",
              identifier_is_assigned),
        STORY("[v3 MQTT-3.1.3-6] an empty identifier of 3.1.1 gets a unique one",
              identifier_of_311_is_unique),
        STORY("[v3 MQTT-3.1.3-8][v3 MQTT-3.1.3-9] no identifier, but a session to keep: refused",
              empty_identifier_with_a_session_to_keep),
        STORY("[MQTT-3.1.3-8][v3 MQTT-3.1.3-9] empty identifiers can be refused",
              empty_identifier_is_refused),
        STORY("a user name can be the identifier", user_name_becomes_the_identifier),
        STORY("[MQTT-3.2.2-9][MQTT-3.2.2-10][MQTT-3.2.2-22] what is limited is told in CONNACK",
              listener_limits_are_told),
        STORY("[MQTT-3.2.2-12][MQTT-3.2.2-13][v3 MQTT-3.2.2-6] a will above the limits is refused",
              will_above_the_limits),
        STORY("retaining where that is not supported ends the connection",
              retaining_without_support_ends),
        STORY("[MQTT-3.2.2-8, -19, -20] CONNACK without its reason string, when that is too "
              "large",
              reason_string_is_left_out_when_too_large),
        STORY("[MQTT-3.1.2-24] a client too small for CONNACK gets none",
              connack_that_does_not_fit),
        STORY("[MQTT-3.1.2-28] no response information unasked", no_response_information),
        STORY("[MQTT-3.14.0-1] no DISCONNECT before CONNACK", nobody_is_answered_before_connack),
        STORY("[MQTT-4.13.2-1] who stops says goodbye", stopping_says_goodbye),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
