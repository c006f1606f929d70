/* core_subscribe_test.c — SUBSCRIBE and UNSUBSCRIBE: who gets what (3.8 to 3.11, 4.7). */
#include "core/story_testing.h"

static void one_suback_for_all(void **state)
{
    struct world *world = *state;
    given_connected(world, "alice", PROTOCOL_5);
    when_sends_subscribe(world, "alice", 0, {.filter = BYTES("a"), .qos = 2},
                         {.filter = BYTES("b/#/c"), .qos = 1}, {.filter = BYTES("c"), .qos = 0},
                         {.filter = BYTES("$CONTROL/x"), .qos = 0},
                         {.filter = BYTES("$share/g"), .qos = 0}, {.filter = BYTES("d"), .qos = 1});
    then_receives(world, "alice", "SUBACK #1 02 8F 00 87 8F 01");
    given_connected(world, "carol", PROTOCOL_3_1_1);
    when_sends_subscribe(world, "carol", 0, {.filter = BYTES("a"), .qos = 2},
                         {.filter = BYTES("b+"), .qos = 1}, {.filter = BYTES("c"), .qos = 0});
    then_receives(world, "carol", "SUBACK #1 02 80 00");
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "d", "x", 2);
    then_receives(world, "alice", "PUBLISH d=x q1 #1");
    then_receives_nothing(world, "carol");
}

static void many_filters_at_once(void **state)
{
    struct world *world = *state;
    struct subscribe_entry entries[40];
    char filters[40][4];
    given_connected(world, "alice", PROTOCOL_3_1_1);
    for (int i = 0; i < 40; i++) {
        filters[i][0] = (char)('0' + i / 10);
        filters[i][1] = (char)('0' + i % 10);
        filters[i][2] = 0;
        entries[i] =
            (struct subscribe_entry){.filter = bytes_of_text(filters[i]), .qos = (uint8_t)(i % 3)};
    }
    story_subscribe(world, "alice", 0, entries, 40);
    struct packet packet;
    assert_true(world_read(world_client(world, "alice"), &packet));
    assert_int_equal(packet.suback.reasons.size, 40);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(packet.suback.reasons.data[i], i % 3);
    }
    assert_int_equal(world_counters(world).subscriptions, 40);
}

static void qos_is_the_lower_one(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "alice", PROTOCOL_5);
    given_connected(world, "carol", PROTOCOL_3_1_1);
    given_subscribed(world, "alice", "a", 1);
    given_subscribed(world, "carol", "a", 1);
    for (uint8_t qos = 0; qos <= 2; qos++) {
        when_publishes(world, "bob", "a", "x", qos);
    }
    const char *names[] = {"alice", "carol"};
    for (size_t i = 0; i < 2; i++) {
        then_receives(world, names[i], "PUBLISH a=x q0");
        then_receives(world, names[i], "PUBLISH a=x q1 #1");
        then_receives(world, names[i], "PUBLISH a=x q1 #2");
    }
}

static void qos_can_be_raised(void **state)
{
    struct world *world = *state;
    world->options.upgrade_outgoing_qos = true;
    given_connected(world, "bob", PROTOCOL_5);
    when_retains(world, "bob", "a", "kept", 0);
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 2);
    then_receives(world, "alice", "PUBLISH a=kept q2 #1 retain");
    when_publishes(world, "bob", "a", "x", 0);
    then_receives(world, "alice", "PUBLISH a=x q2 #2");
}

static void overlapping_filters(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "alice", PROTOCOL_5);
    when_sends_subscribe(world, "alice", 7, {.filter = BYTES("a/b"), .qos = 0});
    when_sends_subscribe(world, "alice", 300, {.filter = BYTES("a/+"), .qos = 2});
    when_sends_subscribe(world, "alice", 0, {.filter = BYTES("a/#"), .qos = 1});
    then_takes_all(world, "alice");
    given_connected(world, "carol", PROTOCOL_3_1_1);
    given_subscribed(world, "carol", "a/b", 1);
    given_subscribed(world, "carol", "#", 2);
    when_publishes(world, "bob", "a/b", "x", 2);
    struct packet packet;
    char line[200];
    assert_true(world_read(world_client(world, "alice"), &packet));
    story_write_packet(&packet, line, sizeof line);
    bool is_either = strcmp(line, "PUBLISH a/b=x q2 #1 [subscription_identifier=7 "
                                  "subscription_identifier=300]") == 0 ||
                     strcmp(line, "PUBLISH a/b=x q2 #1 [subscription_identifier=300 "
                                  "subscription_identifier=7]") == 0;
    assert_true(is_either);
    then_receives_nothing(world, "alice");
    then_receives(world, "carol", "PUBLISH a/b=x q2 #1");
    then_receives_nothing(world, "carol");
    when_publishes(world, "bob", "a/b/c", "x", 2);
    then_receives(world, "alice", "PUBLISH a/b/c=x q1 #2");
}

static void identifiers_come_back(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_kept(world, "alice", PROTOCOL_5);
    when_sends_subscribe(world, "alice", 268435455, {.filter = BYTES("a"), .qos = 1});
    then_takes_all(world, "alice");
    when_publishes(world, "bob", "a", "x", 1);
    then_receives(world, "alice", "PUBLISH a=x q1 #1 [subscription_identifier=268435455]");
    when_breaks(world, "alice");
    given_kept(world, "alice", PROTOCOL_5);
    then_receives(world, "alice", "PUBLISH a=x q1 #1 dup [subscription_identifier=268435455]");
}

static void same_filter_replaces(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    when_retains(world, "bob", "a", "kept", 1);
    given_connected(world, "alice", PROTOCOL_5);
    when_sends_subscribe(world, "alice", 1, {.filter = BYTES("a"), .qos = 0});
    then_receives(world, "alice", "SUBACK #1 00");
    then_receives(world, "alice", "PUBLISH a=kept q0 retain [subscription_identifier=1]");
    when_sends_subscribe(world, "alice", 2, {.filter = BYTES("a"), .qos = 1});
    then_receives(world, "alice", "SUBACK #2 01");
    then_receives(world, "alice", "PUBLISH a=kept q1 #1 retain [subscription_identifier=2]");
    when_publishes(world, "bob", "a", "x", 2);
    then_receives(world, "alice", "PUBLISH a=x q1 #2 [subscription_identifier=2]");
    then_receives_nothing(world, "alice");
    given_connected(world, "carol", PROTOCOL_3_1_1);
    given_subscribed(world, "carol", "a", 0);
    then_receives(world, "carol", "PUBLISH a=kept q0 retain");
    given_subscribed(world, "carol", "a", 1);
    then_receives(world, "carol", "PUBLISH a=kept q1 #1 retain");
    when_publishes(world, "bob", "a", "x", 2);
    then_receives(world, "carol", "PUBLISH a=x q1 #2");
    then_receives_nothing(world, "carol");
    assert_int_equal(world_counters(world).subscriptions, 2);
}

static void no_local(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "alice", PROTOCOL_5);
    when_sends_subscribe(world, "alice", 0, {.filter = BYTES("a"), .qos = 1, .no_local = true});
    when_sends_subscribe(world, "bob", 0, {.filter = BYTES("a"), .qos = 1});
    then_takes_all(world, "alice");
    then_takes_all(world, "bob");
    when_publishes(world, "alice", "a", "mine", 0);
    then_receives_nothing(world, "alice");
    then_receives(world, "bob", "PUBLISH a=mine q0");
    when_retains(world, "alice", "a", "kept", 0);
    then_receives_nothing(world, "alice");
    when_publishes(world, "bob", "a", "his", 0);
    then_receives(world, "alice", "PUBLISH a=his q0");
    when_sends_subscribe(world, "alice", 0, {.filter = BYTES("+"), .qos = 0});
    then_takes_all(world, "alice");
    when_publishes(world, "alice", "a", "both", 1);
    then_receives(world, "alice", "PUBLISH a=both q0");
}

static void wildcards_and_dollars(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "#", 0);
    given_subscribed(world, "alice", "+/x", 0);
    when_publishes(world, "bob", "$other/x", "reserved", 0);
    then_receives_nothing(world, "alice");
    given_subscribed(world, "alice", "$other/+", 0);
    when_publishes(world, "bob", "$other/x", "reserved", 0);
    then_receives(world, "alice", "PUBLISH $other/x=reserved q0");
    when_publishes(world, "bob", "/x", "empty level", 0);
    then_receives(world, "alice", "PUBLISH /x=empty level q0");
    given_connected(world, "carol", PROTOCOL_3_1_1);
    given_subscribed(world, "carol", "A/B", 0);
    when_publishes(world, "bob", "a/b", "small", 0);
    when_publishes(world, "bob", "A/B", "large", 0);
    then_receives(world, "carol", "PUBLISH A/B=large q0");
    then_receives_nothing(world, "carol");
}

static void unsubscribed_gets_no_more(void **state)
{
    struct world *world = *state;
    enum protocol_version versions[] = {PROTOCOL_3_1_1, PROTOCOL_5};
    given_connected(world, "bob", PROTOCOL_5);
    for (size_t i = 0; i < 2; i++) {
        const char *name = i == 0 ? "carol" : "alice";
        given_connected(world, name, versions[i]);
        given_subscribed(world, name, "a/+", 2);
        given_subscribed(world, name, "a/#", 0);
        when_publishes(world, "bob", "a/b", "before", 2);
        then_receives(world, name, "PUBLISH a/b=before q2 #1");
        when_unsubscribes(world, name, "a/+");
        then_receives(world, name, i == 0 ? "UNSUBACK #3" : "UNSUBACK #3 00");
        when_publishes(world, "bob", "a/b", "between", 2);
        then_receives(world, name, "PUBLISH a/b=between q0");
        when_unsubscribes(world, name, "a/#");
        then_receives(world, name, i == 0 ? "UNSUBACK #4" : "UNSUBACK #4 00");
        when_publishes(world, "bob", "a/b", "after", 2);
        when_acks(world, name, PACKET_PUBREC, 1, REASON_SUCCESS);
        then_receives(world, name, "PUBREL #1"); /* what has begun is finished */
        when_acks(world, name, PACKET_PUBCOMP, 1, REASON_SUCCESS);
        then_receives_nothing(world, name);
    }
    assert_int_equal(world_counters(world).subscriptions, 0);
}

static void one_unsuback_for_all(void **state)
{
    struct world *world = *state;
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 0);
    given_subscribed(world, "alice", "$share/g/c", 0);
    when_sends_bytes(world, "alice",
                     "a2 19 00 09 00 00 01 'a' 00 01 'b' 00 02 'c+' 00 0a '$share/g/c'");
    then_receives(world, "alice", "UNSUBACK #9 00 11 8F 00");
    given_connected(world, "carol", PROTOCOL_3_1_1);
    when_sends_bytes(world, "carol", "a2 08 00 09 00 01 'a' 00 01 'b'");
    then_receives(world, "carol", "UNSUBACK #9");
    then_receives_nothing(world, "carol");
}

static void small_client_gets_bare_answers(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {.present = HAVE(maximum_packet_size), .maximum_packet_size = 12});
    then_takes_all(world, "alice");
    when_subscribes(world, "alice", "$CONTROL/a", 0);
    then_receives(world, "alice", "SUBACK #1 87");
    when_unsubscribes(world, "alice", "a");
    then_receives(world, "alice", "UNSUBACK #2 11");
    struct subscribe_entry entries[8];
    for (int i = 0; i < 8; i++) {
        entries[i] = (struct subscribe_entry){.filter = BYTES("a")};
    }
    story_subscribe(world, "alice", 0, entries, 8);
    then_receives(world, "alice", "DISCONNECT 95");
    then_closed(world, "alice");
}

static void no_message_before_suback(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    when_retains(world, "bob", "a", "kept", 0);
    given_connected(world, "alice", PROTOCOL_5);
    when_subscribes(world, "alice", "a", 0);
    then_receives(world, "alice", "SUBACK #1 00");
    then_receives(world, "alice", "PUBLISH a=kept q0 retain");
}

static void ping_is_answered(void **state)
{
    struct world *world = *state;
    given_connected(world, "alice", PROTOCOL_5);
    given_connected(world, "carol", PROTOCOL_3_1);
    when_sends_bytes(world, "alice", "c0 00");
    when_sends_bytes(world, "carol", "c0 00");
    then_receives(world, "alice", "PINGRESP");
    then_receives(world, "carol", "PINGRESP");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY("[MQTT-3.8.4-1, -2, -5, -6, -7][MQTT-3.9.3-1, -2][MQTT-2.2.1-6]"
              "[v3 MQTT-3.8.4-1, -2, -4, -5][v3 MQTT-3.9.3-1, -2][v3 MQTT-2.3.1-7] one SUBACK, a "
              "reason for each filter",
              one_suback_for_all),
        STORY("[MQTT-3.8.4-5][v3 MQTT-3.8.4-5] many filters at once", many_filters_at_once),
        STORY("[MQTT-3.8.4-8][v3 MQTT-3.8.4-6] delivered at the lower of published and granted QoS",
              qos_is_the_lower_one),
        STORY("delivered at the granted QoS, when so configured", qos_can_be_raised),
        STORY("[MQTT-3.3.4-2, -3, -4, -5][v3 MQTT-3.3.5-1] overlapping filters: one copy, the "
              "highest QoS, all identifiers",
              overlapping_filters),
        STORY("[MQTT-3.3.4-3] a subscription identifier comes with every message, repeats included",
              identifiers_come_back),
        STORY("[MQTT-3.8.4-3, -4][v3 MQTT-3.8.4-3] the same filter again replaces the subscription",
              same_filter_replaces),
        STORY("[MQTT-3.8.3-3] No Local", no_local),
        STORY("[MQTT-4.7.2-1][MQTT-4.7.3-4][MQTT-3.3.2-3][v3 MQTT-4.7.2-1][v3 MQTT-4.7.3-4]"
              "[v3 MQTT-3.3.2-3][v3 MQTT-3.8.3-2] wildcards match, but not what begins with $",
              wildcards_and_dollars),
        STORY("[MQTT-3.10.4-1, -2, -3][v3 MQTT-3.10.4-1, -2, -3] who unsubscribed gets no more, "
              "but what has begun is finished",
              unsubscribed_gets_no_more),
        STORY("[MQTT-3.10.4-4, -5, -6][MQTT-3.11.3-1, -2][v3 MQTT-3.10.4-4, -5, -6] one UNSUBACK, "
              "whatever matched",
              one_unsuback_for_all),
        STORY("[MQTT-3.9.2-1, -2][MQTT-3.11.2-1, -2] a small client gets bare answers",
              small_client_gets_bare_answers),
        STORY("retained messages come after SUBACK", no_message_before_suback),
        STORY("[MQTT-3.12.4-1][v3 MQTT-3.12.4-1] PINGREQ is answered", ping_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
