/* core_share_test.c — shared subscriptions: one of several gets it (4.8.2). */
#include "core/story_testing.h"

#include <stdio.h>

/* All but its SUBACK and CONNACK. */
static size_t then_takes_messages(struct world *world, const char *name, bool acknowledges)
{
    struct packet packet;
    size_t count = 0;
    while (world_read(world_client(world, name), &packet)) {
        count += packet.type == PACKET_PUBLISH;
        if (packet.type == PACKET_PUBLISH && packet.publish.qos == 1 && acknowledges) {
            when_acks(world, name, PACKET_PUBACK, packet.publish.packet_id, REASON_SUCCESS);
        }
    }
    return count;
}

static void members_take_turns(void **state)
{
    struct world *world = *state;
    const char *names[] = {"alice", "bella", "carol"};
    given_connected(world, "bob", PROTOCOL_5);
    for (size_t i = 0; i < 3; i++) {
        given_connected(world, names[i], i == 2 ? PROTOCOL_3_1_1 : PROTOCOL_5);
        given_subscribed(world, names[i], "$share/g/a/+", 1);
    }
    given_connected(world, "dave", PROTOCOL_5);
    given_subscribed(world, "dave", "$share/h/a/#", 1);
    given_subscribed(world, "dave", "a/b", 0);
    for (int i = 0; i < 30; i++) {
        when_publishes(world, "bob", "a/b", "x", 1);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(then_takes_messages(world, names[i], true), 10);
    }
    assert_int_equal(then_takes_messages(world, "dave", true), 60);
    assert_int_equal(world_counters(world).shared_subscriptions, 4);
}

static void granted_qos_is_respected(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "alice", PROTOCOL_5);
    when_sends_subscribe(world, "alice", 9, {.filter = BYTES("$share/g/a"), .qos = 1});
    then_takes_all(world, "alice");
    when_publishes(world, "bob", "a", "x", 2);
    then_receives(world, "alice", "PUBLISH a=x q1 #1 [subscription_identifier=9]");
    when_publishes(world, "bob", "a", "x", 0);
    then_receives(world, "alice", "PUBLISH a=x q0 [subscription_identifier=9]");
}

static void no_retained_for_shared(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    when_retains(world, "bob", "a", "kept", 0);
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "$share/g/a", 1);
    then_receives_nothing(world, "alice");
    when_retains(world, "bob", "a", "new", 0);
    then_receives(world, "alice", "PUBLISH a=new q0");
}

static void who_leaves_gets_no_more(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "alice", PROTOCOL_5);
    given_connected(world, "carol", PROTOCOL_5);
    given_subscribed(world, "alice", "$share/g/a", 1);
    given_subscribed(world, "carol", "$share/g/a", 1);
    when_unsubscribes(world, "alice", "$share/g/a");
    then_receives(world, "alice", "UNSUBACK #2 00");
    for (int i = 0; i < 4; i++) {
        when_publishes(world, "bob", "a", "x", 1);
    }
    then_receives_nothing(world, "alice");
    assert_int_equal(then_takes_messages(world, "carol", true), 4);
    when_disconnects(world, "carol");
    then_takes_all(world, "bob");
    when_publishes(world, "bob", "a", "x", 1);
    then_receives(world, "bob", "PUBACK #5 10");
}

static void unacknowledged_goes_to_another(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "$share/g/a", 1);
    for (int i = 0; i < 30; i++) { /* 20 in flight, 10 in the queue */
        when_publishes(world, "bob", "a", "x", 1);
    }
    given_connected(world, "carol", PROTOCOL_5);
    given_subscribed(world, "carol", "$share/g/a", 1);
    then_receives_nothing(world, "carol");
    when_breaks(world, "alice");
    assert_int_equal(then_takes_messages(world, "carol", true), 30);
    when_publishes(world, "bob", "a", "x", 1);
    assert_int_equal(then_takes_messages(world, "carol", true), 1);
    given_kept(world, "alice", PROTOCOL_5);
    then_receives_nothing(world, "alice");
    assert_int_equal(world_counters(world).owed, 31);
    assert_int_equal(world_counters(world).delivered, 31);
}

static void alone_and_away_it_waits(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "$share/g/a", 1);
    when_breaks(world, "alice");
    when_publishes(world, "bob", "a", "waits", 1);
    then_receives(world, "bob", "PUBACK #1");
    given_kept(world, "alice", PROTOCOL_5);
    then_receives(world, "alice", "PUBLISH a=waits q1 #1");
}

static void session_that_ends_passes_on(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "$share/g/a", 1);
    given_kept(world, "carol", PROTOCOL_5);
    given_subscribed(world, "carol", "$share/g/a", 1);
    when_breaks(world, "alice");
    when_breaks(world, "carol");
    for (int i = 0; i < 6; i++) {
        when_publishes(world, "bob", "a", "x", 1);
    }
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true);
    then_takes_all(world, "alice");
    given_kept(world, "carol", PROTOCOL_5);
    assert_int_equal(then_takes_messages(world, "carol", true), 6);
}

static void qos_2_stays_with_its_session(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "$share/g/a", 2);
    when_publishes(world, "bob", "a", "begun", 2);
    then_receives(world, "alice", "PUBLISH a=begun q2 #1");
    given_connected(world, "carol", PROTOCOL_5);
    given_subscribed(world, "carol", "$share/g/a", 2);
    when_breaks(world, "alice");
    then_receives_nothing(world, "carol");
    given_kept(world, "alice", PROTOCOL_5);
    then_receives(world, "alice", "PUBLISH a=begun q2 #1 dup");
    when_acks(world, "alice", PACKET_PUBREC, 1, REASON_SUCCESS);
    then_receives(world, "alice", "PUBREL #1");
}

static void qos_2_of_an_ended_session_goes_to_nobody(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "$share/g/a", 2);
    when_publishes(world, "bob", "a", "begun", 2);
    given_connected(world, "carol", PROTOCOL_5);
    given_subscribed(world, "carol", "$share/g/a", 2);
    when_breaks(world, "alice");
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true);
    then_receives_nothing(world, "carol");
    assert_int_equal(world_counters(world).dropped[DROP_SESSION_ENDED], 1);
}

static void refused_is_not_tried_elsewhere(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "$share/g/a", 2);
    when_publishes(world, "bob", "a", "one", 1);
    when_publishes(world, "bob", "a", "two", 2);
    given_connected(world, "carol", PROTOCOL_5);
    given_subscribed(world, "carol", "$share/g/a", 2);
    when_acks(world, "alice", PACKET_PUBACK, 1, REASON_NOT_AUTHORIZED);
    when_acks(world, "alice", PACKET_PUBREC, 2, REASON_NOT_AUTHORIZED);
    then_receives_nothing(world, "carol");
    assert_int_equal(world_counters(world).dropped[DROP_REFUSED], 2);
}

static void busy_member_is_passed_over(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "alice", PROTOCOL_5);
    given_connected(world, "carol", PROTOCOL_5);
    given_subscribed(world, "alice", "$share/g/a", 1);
    given_subscribed(world, "carol", "$share/g/a", 1);
    for (int i = 0; i < 100; i++) { /* alice acknowledges nothing */
        when_publishes(world, "bob", "a", "x", 1);
        then_takes_messages(world, "carol", true);
    }
    assert_in_range(then_takes_messages(world, "alice", false), 20, 22);
    assert_int_equal(world_counters(world).queued, 1);
}

static void groups_are_told_apart(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_connected(world, "alice", PROTOCOL_5);
    for (int i = 0; i < 12; i++) {
        char filter[32];
        snprintf(filter, sizeof filter, "$share/g%d/a", i);
        given_subscribed(world, "alice", filter, 0);
    }
    given_subscribed(world, "alice", "$share/g1/+", 0);
    when_publishes(world, "bob", "a", "x", 0);
    assert_int_equal(then_takes_messages(world, "alice", true), 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY("members take turns", members_take_turns),
        STORY("[MQTT-4.8.2-3] the granted QoS is respected", granted_qos_is_respected),
        STORY("shared subscriptions get nothing retained", no_retained_for_shared),
        STORY("who leaves gets no more", who_leaves_gets_no_more),
        STORY("what an absent member has not acknowledged goes to another",
              unacknowledged_goes_to_another),
        STORY("a member that is alone and away gets it when it returns", alone_and_away_it_waits),
        STORY("a session that ends passes on what waits for it", session_that_ends_passes_on),
        STORY("[MQTT-4.8.2-4] a QoS 2 delivery that has begun stays with its session",
              qos_2_stays_with_its_session),
        STORY("[MQTT-4.8.2-5] it goes to nobody else when that session ends",
              qos_2_of_an_ended_session_goes_to_nobody),
        STORY("[MQTT-4.8.2-6] what one refuses no other is tried with",
              refused_is_not_tried_elsewhere),
        STORY("a busy member is passed over", busy_member_is_passed_over),
        STORY("groups differ by name and by filter", groups_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
