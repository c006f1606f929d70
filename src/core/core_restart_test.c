/* core_restart_test.c — what there is after a crash: all that was acknowledged, and no QoS 2
 * message twice (4.1, 4.3, 4.4; restore.h, backlog.h). */
#include "core/durable_story_testing.h"

#include <stdio.h>

static void unacknowledged_may_be_lost(void **state)
{
    struct world *world = *state;
    given_away(world, "alice", PROTOCOL_3_1_1, "a", 1);
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "kept", 1);
    when_written(world);
    then_receives(world, "bob", "PUBACK #1");
    given_held_store(world);
    when_publishes(world, "bob", "a", "lost", 1);
    then_receives_nothing(world, "bob");
    world->store->is_held = false;
    when_crashes(world);
    then_closed(world, "bob");
    when_returns(world, "alice");
    then_receives(world, "alice", "PUBLISH a=kept q1 #1");
    then_receives_nothing(world, "alice");
}

static void session_is_there_again(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_5);
    when_sends_subscribe(
        world, "alice", 7,
        {.filter = bytes_of_text("a/+"), .qos = 2, .no_local = true, .retain_as_published = true});
    then_receives(world, "alice", "SUBACK #1 02");
    given_subscribed(world, "alice", "b", 0);
    when_unsubscribes(world, "alice", "b");
    when_written(world);
    when_crashes_for(world, 4 - world->worker_count, 1);
    when_returns(world, "alice");
    given_connected(world, "bob", PROTOCOL_5);
    when_retains(world, "bob", "a/b", "x", 2);
    when_publishes(world, "bob", "b", "x", 0);
    when_publishes(world, "alice", "a/b", "her own", 1);
    then_takes_all(world, "bob");
    then_receives(world, "alice", "PUBLISH a/b=x q2 #1 retain [subscription_identifier=7]");
    then_receives(world, "alice", "PUBACK #4");
    then_receives_nothing(world, "alice");
    when_unsubscribes(world, "alice", "a/+");
    then_receives(world, "alice", "UNSUBACK #5 00");
    when_written(world);
    assert_int_equal(world_store_count(world, ENTRY_SUBSCRIPTION), 0);
}

static void queue_is_there_again(void **state)
{
    struct world *world = *state;
    char line[64], payload[16];
    given_away(world, "alice", PROTOCOL_5, "a", 2);
    given_connected(world, "bob", PROTOCOL_5);
    for (int i = 1; i <= 9; i++) {
        snprintf(payload, sizeof payload, "%d", i);
        when_publishes(world, "bob", "a", payload, (uint8_t)(i % 3));
        if (i % 4 == 0) {
            when_written(world);
            when_crashes_for(world, world->worker_count, 1);
            given_connected(world, "bob", PROTOCOL_5);
        }
    }
    when_written(world);
    when_crashes(world);
    when_returns(world, "alice");
    int identifier = 0;
    for (int i = 1; i <= 9; i++) {
        if (i % 3 != 0) {
            snprintf(line, sizeof line, "PUBLISH a=%d q%d #%d", i, i % 3, ++identifier);
            then_receives(world, "alice", line);
        }
    }
    then_receives_nothing(world, "alice");
}

static void identifiers_stay_the_same(void **state)
{
    struct world *world = *state;
    world->options.in_flight_messages_max = 2;
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 2);
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "1", 1);
    when_publishes(world, "bob", "a", "2", 2);
    when_publishes(world, "bob", "a", "3", 2);
    when_publishes(world, "bob", "a", "4", 1);
    when_written(world);
    then_receives(world, "alice", "PUBLISH a=1 q1 #1");
    then_receives(world, "alice", "PUBLISH a=2 q2 #2");
    then_receives_nothing(world, "alice");
    when_crashes(world);
    when_returns(world, "alice");
    then_receives(world, "alice", "PUBLISH a=1 q1 #1 dup");
    then_receives(world, "alice", "PUBLISH a=2 q2 #2 dup");
    then_receives_nothing(world, "alice");
    when_acks(world, "alice", PACKET_PUBACK, 1, 0);
    then_receives(world, "alice", "PUBLISH a=3 q2 #3 dup"); /* may have been sent, too */
    when_breaks(world, "alice");                            /* it is known now what was sent */
    when_written(world);
    when_crashes(world);
    when_returns(world, "alice");
    then_receives(world, "alice", "PUBLISH a=2 q2 #2 dup");
    then_receives(world, "alice", "PUBLISH a=3 q2 #3 dup");
    when_acks(world, "alice", PACKET_PUBREC, 2, 0);
    when_written(world);
    then_receives(world, "alice", "PUBREL #2");
    when_acks(world, "alice", PACKET_PUBCOMP, 2, 0);
    then_receives(world, "alice", "PUBLISH a=4 q1 #4 dup");
    then_receives_nothing(world, "alice");
}

/* Those between have been acknowledged, so what is in flight lies far apart. */
static void dup_beyond_the_window(void **state)
{
    struct world *world = *state;
    world->options.in_flight_messages_max = 3;
    given_kept(world, "alice", PROTOCOL_3_1_1);
    given_subscribed(world, "alice", "a", 1);
    given_connected(world, "bob", PROTOCOL_5);
    for (uint16_t i = 1; i <= 8; i++) {
        char payload[16];
        snprintf(payload, sizeof payload, "%d", i);
        when_publishes(world, "bob", "a", payload, 1);
        if (i > 1 && i <= 6) {
            when_acks(world, "alice", PACKET_PUBACK, i, 0);
        }
    }
    then_takes_all(world, "alice"); /* 1, 7 and 8 are not acknowledged */
    when_written(world);
    when_crashes(world);
    when_returns(world, "alice");
    then_receives(world, "alice", "PUBLISH a=1 q1 #1 dup");
    then_receives(world, "alice", "PUBLISH a=7 q1 #7 dup");
    then_receives(world, "alice", "PUBLISH a=8 q1 #8 dup");
    then_receives_nothing(world, "alice");
}

/* What was acknowledged last leaves a hole at the end of the queue. */
static void hole_at_the_end(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_3_1_1);
    given_subscribed(world, "alice", "a", 1);
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "1", 1);
    when_publishes(world, "bob", "a", "2", 1);
    when_publishes(world, "bob", "a", "3", 1);
    when_acks(world, "alice", PACKET_PUBACK, 2, 0);
    when_acks(world, "alice", PACKET_PUBACK, 3, 0);
    when_breaks(world, "alice");
    when_written(world);
    when_crashes(world);
    when_returns(world, "alice");
    then_receives(world, "alice", "PUBLISH a=1 q1 #1 dup");
    when_acks(world, "alice", PACKET_PUBACK, 1, 0);
    given_connected(world, "bob", PROTOCOL_5);
    given_held_store(world);
    when_publishes(world, "bob", "a", "4", 1);
    then_receives(world, "alice", "PUBLISH a=4 q1 #4"); /* the short way, not over the disk */
    assert_int_equal(world_counters(world).queued, 0);
}

static void handshakes_go_on(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_3_1_1);
    given_subscribed(world, "alice", "a", 2);
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "done", 2);
    when_publishes(world, "bob", "a", "released", 2);
    when_publishes(world, "bob", "a", "sent", 2);
    then_takes_all(world, "alice");
    when_acks(world, "alice", PACKET_PUBREC, 1, 0);
    when_acks(world, "alice", PACKET_PUBREC, 2, 0);
    when_written(world);
    when_acks(world, "alice", PACKET_PUBCOMP, 1, 0);
    when_written(world);
    then_receives(world, "alice", "PUBREL #1");
    then_receives(world, "alice", "PUBREL #2");
    when_crashes(world);
    when_returns(world, "alice");
    then_receives(world, "alice", "PUBREL #2");
    then_receives(world, "alice", "PUBLISH a=sent q2 #3 dup");
    then_receives_nothing(world, "alice");
    when_acks(world, "alice", PACKET_PUBCOMP, 2, 0);
    when_acks(world, "alice", PACKET_PUBREC, 3, 0);
    when_written(world);
    then_receives(world, "alice", "PUBREL #3");
    when_acks(world, "alice", PACKET_PUBCOMP, 3, 0);
    when_written(world);
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 0);
}

static void received_is_remembered(void **state)
{
    struct world *world = *state;
    given_away(world, "alice", PROTOCOL_5, "a", 2);
    given_kept(world, "bob", PROTOCOL_3_1_1);
    when_publishes(world, "bob", "a", "once", 2);
    when_written(world);
    when_crashes(world); /* PUBREC got lost */
    when_returns(world, "bob");
    when_sends_publish(world, "bob", .topic = bytes_of_text("a"), .payload = bytes_of_text("once"),
                       .qos = 2, .dup = true, .packet_id = 1);
    when_written(world);
    then_receives(world, "bob", "PUBREC #1");
    when_acks(world, "bob", PACKET_PUBREL, 1, 0);
    when_written(world);
    then_receives(world, "bob", "PUBCOMP #1");
    when_crashes(world);
    when_returns(world, "bob");
    when_acks(world, "bob", PACKET_PUBREL, 1, 0);
    when_written(world);
    then_receives(world, "bob", "PUBCOMP #1");
    when_sends_publish(world, "bob", .topic = bytes_of_text("a"), .payload = bytes_of_text("anew"),
                       .qos = 2, .packet_id = 1);
    when_written(world);
    then_receives(world, "bob", "PUBREC #1");
    when_returns(world, "alice");
    then_receives(world, "alice", "PUBLISH a=once q2 #1");
    then_receives(world, "alice", "PUBLISH a=anew q2 #2");
    then_receives_nothing(world, "alice");
}

static void retained_are_there_again(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    when_retains(world, "bob", "a", "old", 1);
    when_retains(world, "bob", "b", "removed", 1);
    when_retains(world, "bob", "c", "q0", 0);
    when_sends_publish(world, "bob", .topic = bytes_of_text("d"), .payload = bytes_of_text("two"),
                       .qos = 2, .retain = true, .properties = bytes_of("\x03\x00\x04text", 7));
    when_written(world);
    when_retains(world, "bob", "a", "new", 1);
    when_retains(world, "bob", "b", "", 1);
    when_written(world);
    when_crashes_for(world, 1 + world->worker_count % 3, 1);
    given_connected(world, "alice", PROTOCOL_5);
    when_subscribes(world, "alice", "a", 2);
    when_subscribes(world, "alice", "b", 2);
    when_subscribes(world, "alice", "c", 2);
    when_subscribes(world, "alice", "d", 2);
    then_receives(world, "alice", "SUBACK #1 02");
    then_receives(world, "alice", "PUBLISH a=new q1 #1 retain");
    then_receives(world, "alice", "SUBACK #2 02");
    then_receives(world, "alice", "SUBACK #3 02");
    then_receives(world, "alice", "PUBLISH c=q0 q0 retain");
    then_receives(world, "alice", "SUBACK #4 02");
    then_receives(world, "alice", "PUBLISH d=two q2 #2 retain [content_type=text]");
    assert_int_equal(world_counters(world).retained, 3);
}

static void retained_to_a_kept_session(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    when_retains(world, "bob", "a", "x", 1);
    given_kept(world, "alice", PROTOCOL_5);
    when_subscribes(world, "alice", "a", 1);
    then_receives(world, "alice", "SUBACK #1 01");
    then_receives(world, "alice", "PUBLISH a=x q1 #1 retain");
    when_written(world);
    when_crashes(world);
    when_returns(world, "alice");
    then_receives(world, "alice", "PUBLISH a=x q1 #1 dup retain");
    when_acks(world, "alice", PACKET_PUBACK, 1, 0);
    then_receives_nothing(world, "alice");
}

static void expiry_goes_on(void **state)
{
    struct world *world = *state;
    struct properties ten_s = {.present = HAVE(session_expiry_interval_s),
                               .session_expiry_interval_s = 10};
    when_connects(world, "alice", .version = PROTOCOL_5, .properties = ten_s);
    when_connects(world, "anna", .version = PROTOCOL_5, .properties = ten_s);
    when_connects(world, "carol", .version = PROTOCOL_5, .properties = ten_s);
    when_written(world);
    when_breaks(world, "alice");
    when_breaks(world, "anna");
    when_written(world);
    when_crashes_for(world, world->worker_count, 6);
    assert_int_equal(world_counters(world).sessions, 3);
    when_connects(world, "anna", .version = PROTOCOL_5, .properties = ten_s);
    when_passes_s(world, 5);
    assert_int_equal(world_counters(world).sessions, 2); /* alice was away for more than ten */
    assert_int_equal(world_counters(world).sessions_expired, 1);
    when_passes_s(world, 6); /* and carol since the crash */
    assert_int_equal(world_counters(world).sessions, 1);
    when_written(world);
    assert_int_equal(world_store_count(world, ENTRY_SESSION), 1);
    when_crashes_for(world, world->worker_count, 1000);
    assert_int_equal(world_counters(world).sessions, 1); /* anna was there until the crash */
    when_breaks(world, "anna");
    when_written(world);
    when_crashes_for(world, world->worker_count, 1000);
    when_passes_s(world, 11);
    assert_int_equal(world_counters(world).sessions, 0);
}

static void messages_expire_meanwhile(void **state)
{
    struct world *world = *state;
    given_away(world, "alice", PROTOCOL_5, "a", 1);
    given_connected(world, "bob", PROTOCOL_5);
    when_sends_publish(world, "bob", .topic = bytes_of_text("a"), .payload = bytes_of_text("short"),
                       .qos = 1, .retain = true, .properties = bytes_of("\x02\0\0\0\x05", 5));
    when_sends_publish(world, "bob", .topic = bytes_of_text("a"), .payload = bytes_of_text("long"),
                       .qos = 1, .properties = bytes_of("\x02\0\0\0\x64", 5));
    when_written(world);
    when_crashes_for(world, world->worker_count, 10);
    when_returns(world, "alice");
    then_receives(world, "alice", "PUBLISH a=long q1 #2 [message_expiry_interval_s=90]");
    then_receives_nothing(world, "alice");
    assert_int_equal(world_counters(world).dropped[DROP_EXPIRED], 1);
    when_passes_s(world, 2);
    when_written(world);
    assert_int_equal(world_store_count(world, ENTRY_RETAINED), 0);
}

static void clean_start_after_a_crash(void **state)
{
    struct world *world = *state;
    given_away(world, "alice", PROTOCOL_5, "a", 2);
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "x", 2);
    when_written(world);
    when_crashes(world);
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {.present = HAVE(session_expiry_interval_s),
                                 .session_expiry_interval_s = 60});
    then_receives(world, "alice", "CONNACK 00 [topic_alias_maximum=10]");
    when_written(world);
    when_crashes(world);
    when_connects(world, "alice", .version = PROTOCOL_5,
                  .properties = {.present = HAVE(session_expiry_interval_s),
                                 .session_expiry_interval_s = 60});
    then_receives(world, "alice", "CONNACK 00 present [topic_alias_maximum=10]");
    then_receives_nothing(world, "alice");
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 0);
    assert_int_equal(world_store_count(world, ENTRY_SUBSCRIPTION), 0);
}

static void clean_start_is_undone_by_a_crash(void **state)
{
    struct world *world = *state;
    given_away(world, "alice", PROTOCOL_5, "a", 2);
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "x", 2);
    given_held_store(world);
    when_connects(world, "alice", .version = PROTOCOL_3_1_1, .clean_start = true);
    then_receives_nothing(world, "alice"); /* she was not told, so nothing is promised */
    world->store->is_held = false;
    when_crashes(world);
    world_client(world, "alice")->version = PROTOCOL_5;
    when_returns(world, "alice");
    then_receives(world, "alice", "PUBLISH a=x q2 #1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DURABLE_STORY("what was not acknowledged may be lost, and only that",
                      unacknowledged_may_be_lost),
        DURABLE_STORY(
            "[MQTT-3.1.2-5] [MQTT-3.2.2-3] [v3 MQTT-3.1.2-4] after a crash the session is "
            "there, its subscriptions as they were",
            session_is_there_again),
        DURABLE_STORY("[MQTT-4.5.0-1] [MQTT-4.6.0-5] [v3 MQTT-3.1.2-5] after crashes the queue is "
                      "delivered in order",
                      queue_is_there_again),
        DURABLE_STORY("[MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-2.2.1-4] what is sent again after a "
                      "crash has its identifier and DUP",
                      identifiers_stay_the_same),
        DURABLE_STORY("[MQTT-3.3.1-1] what was in flight has DUP, however far apart it lies",
                      dup_beyond_the_window),
        DURABLE_STORY("a queue whose last messages were acknowledged ends after a crash",
                      hole_at_the_end),
        DURABLE_STORY("[MQTT-4.3.3-6] [MQTT-4.4.0-1] QoS 2 handshakes go on after a crash",
                      handshakes_go_on),
        DURABLE_STORY("[MQTT-4.3.3-10] [MQTT-4.3.3-12] QoS 2 identifiers are remembered over a "
                      "crash",
                      received_is_remembered),
        DURABLE_STORY("[MQTT-3.3.1-5] [MQTT-3.3.1-6] retained messages are there after a crash",
                      retained_are_there_again),
        DURABLE_STORY("[MQTT-3.3.1-9] a retained message owed to a kept session survives",
                      retained_to_a_kept_session),
        DURABLE_STORY("[MQTT-3.1.2-23] sessions expire by the wall's clock", expiry_goes_on),
        DURABLE_STORY("[MQTT-3.3.2-5] [MQTT-3.3.2-6] messages expire by the wall's clock",
                      messages_expire_meanwhile),
        DURABLE_STORY("[MQTT-3.1.2-4] Clean Start after a crash", clean_start_after_a_crash),
        DURABLE_STORY("a Clean Start that was not answered is undone by a crash",
                      clean_start_is_undone_by_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
