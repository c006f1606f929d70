/* core_durable_test.c — "acknowledged means durable": what waits for the disk before it is said,
 * and what need not (4.3; journal.h, receipt.h). */
#include "core/durable_story_testing.h"
#include "core/journal.h"

static void puback_waits_for_the_disk(void **state)
{
    struct world *world = *state;
    given_away(world, "alice", PROTOCOL_3_1_1, "a", 1);
    given_connected(world, "bob", PROTOCOL_5);
    given_held_store(world);
    when_publishes(world, "bob", "a", "x", 1);
    then_receives_nothing(world, "bob");
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 0);
    when_written(world);
    then_receives(world, "bob", "PUBACK #1");
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 1);
}

static void puback_goes_at_once(void **state)
{
    struct world *world = *state;
    given_connected(world, "alice", PROTOCOL_5); /* her session ends with its connection */
    given_subscribed(world, "alice", "a", 1);
    given_kept(world, "carol", PROTOCOL_5);
    given_subscribed(world, "carol", "a", 0);
    given_connected(world, "bob", PROTOCOL_5);
    given_held_store(world);
    uint64_t written = world->store->kept.written;
    when_publishes(world, "bob", "b", "for nobody", 1);
    then_receives(world, "bob", "PUBACK #1 10");
    when_breaks(world, "carol");
    when_publishes(world, "bob", "a", "x", 2);
    when_acks(world, "bob", PACKET_PUBREL, 2, 0);
    then_takes_all(world, "bob");
    when_written(world);
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 0);
    assert_true(world->store->kept.written <= written + 1); /* that carol is away */
}

static void nobody_durable_no_wait(void **state)
{
    struct world *world = *state;
    given_connected(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 1);
    given_connected(world, "bob", PROTOCOL_5);
    given_held_store(world);
    uint64_t written = world->store->kept.written;
    when_publishes(world, "bob", "a", "x", 1);
    then_receives(world, "bob", "PUBACK #1");
    when_publishes(world, "bob", "a", "y", 2);
    then_receives(world, "bob", "PUBREC #2");
    when_acks(world, "bob", PACKET_PUBREL, 2, 0);
    then_receives(world, "bob", "PUBCOMP #2");
    when_written(world);
    assert_int_equal(world->store->kept.written, written);
}

static void acknowledged_before_written(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 1);
    given_kept(world, "anna", PROTOCOL_3_1_1);
    given_subscribed(world, "anna", "+", 1);
    given_connected(world, "bob", PROTOCOL_5);
    given_held_store(world);
    uint64_t written = world->store->kept.written;
    when_publishes(world, "bob", "a", "x", 1);
    then_receives(world, "alice", "PUBLISH a=x q1 #1");
    then_receives(world, "anna", "PUBLISH a=x q1 #1");
    then_receives_nothing(world, "bob");
    when_acks(world, "alice", PACKET_PUBACK, 1, 0);
    then_receives_nothing(world, "bob");
    when_acks(world, "anna", PACKET_PUBACK, 1, 0);
    then_receives(world, "bob", "PUBACK #1");
    when_written(world);
    assert_int_equal(world->store->kept.written, written); /* it never was */
}

static void acknowledged_while_written(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 1);
    given_connected(world, "bob", PROTOCOL_5);
    given_held_store(world);
    when_publishes(world, "bob", "a", "x", 1);
    world_pass_us(world, JOURNAL_LINGER_ACK_US); /* it is on its way */
    assert_true(world->store->taken_count > 0);
    then_receives_nothing(world, "bob");
    then_receives(world, "alice", "PUBLISH a=x q1 #1");
    when_acks(world, "alice", PACKET_PUBACK, 1, 0);
    then_receives(world, "bob", "PUBACK #1");
    when_written(world);
    then_receives_nothing(world, "bob");
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 0);
}

static void pubrec_and_pubcomp_wait(void **state)
{
    struct world *world = *state;
    given_kept(world, "bob", PROTOCOL_5);
    given_held_store(world);
    when_publishes(world, "bob", "a", "x", 2);
    then_receives_nothing(world, "bob");
    when_written(world);
    then_receives(world, "bob", "PUBREC #1 10");
    assert_int_equal(world_store_count(world, ENTRY_RECEIVED), 1);
    when_acks(world, "bob", PACKET_PUBREL, 1, 0);
    then_receives_nothing(world, "bob");
    when_written(world);
    then_receives(world, "bob", "PUBCOMP #1");
    assert_int_equal(world_store_count(world, ENTRY_RECEIVED), 0);
}

static void pubrec_waits_for_receivers(void **state)
{
    struct world *world = *state;
    given_away(world, "alice", PROTOCOL_5, "a", 2);
    given_away(world, "anna", PROTOCOL_3_1_1, "#", 2);
    given_connected(world, "bob", PROTOCOL_3_1_1);
    given_held_store(world);
    when_publishes(world, "bob", "a", "x", 2);
    when_publishes(world, "bob", "a", "x", 2);
    then_receives_nothing(world, "bob");
    when_written(world);
    then_takes_all(world, "bob");
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 4);
    when_acks(world, "bob", PACKET_PUBREL, 1, 0);
    then_receives(world, "bob", "PUBCOMP #1"); /* the session of bob is not kept */
}

static void repeated_publish_waits_too(void **state)
{
    struct world *world = *state;
    given_away(world, "alice", PROTOCOL_3_1_1, "a", 2);
    given_kept(world, "bob", PROTOCOL_3_1_1);
    given_held_store(world);
    when_publishes(world, "bob", "a", "x", 2);
    when_sends_publish(world, "bob", .topic = bytes_of_text("a"), .payload = bytes_of_text("x"),
                       .qos = 2, .dup = true, .packet_id = 1);
    then_receives_nothing(world, "bob");
    when_written(world);
    then_receives(world, "bob", "PUBREC #1");
    then_receives(world, "bob", "PUBREC #1");
    then_receives_nothing(world, "bob");
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 1);
}

static void suback_and_unsuback_wait(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_5);
    given_held_store(world);
    when_sends_subscribe(world, "alice", 0, {.filter = bytes_of_text("a"), .qos = 1},
                         {.filter = bytes_of_text("$share/s/b"), .qos = 1});
    then_receives_nothing(world, "alice");
    when_written(world);
    then_receives(world, "alice", "SUBACK #1 01 01");
    assert_int_equal(world_store_count(world, ENTRY_SUBSCRIPTION), 2);
    when_unsubscribes(world, "alice", "$share/s/b");
    then_receives_nothing(world, "alice");
    when_written(world);
    then_receives(world, "alice", "UNSUBACK #2 00");
    assert_int_equal(world_store_count(world, ENTRY_SUBSCRIPTION), 1);
}

static void connack_waits(void **state)
{
    struct world *world = *state;
    enum protocol_version versions[] = {PROTOCOL_3_1_1, PROTOCOL_5};
    given_held_store(world);
    for (size_t i = 0; i < 2; i++) {
        const char *name = i == 0 ? "alice" : "anna";
        when_connects(world, name, .version = versions[i],
                      .properties = {.present = HAVE(session_expiry_interval_s),
                                     .session_expiry_interval_s = 60});
        when_sends_bytes(world, name, "C0 00"); /* nothing overtakes CONNACK */
        then_receives_nothing(world, name);
        when_written(world);
        then_receives(world, name, i == 0 ? "CONNACK 00" : "CONNACK 00 [topic_alias_maximum=10]");
        then_receives(world, name, "PINGRESP");
    }
    assert_int_equal(world_store_count(world, ENTRY_SESSION), 2);
    given_connected(world, "bob", PROTOCOL_5); /* nothing of him is kept */
    when_breaks(world, "alice");
    when_written(world);
    when_returns(world, "alice"); /* nothing changes */
}

static void retained_waits(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_held_store(world);
    when_retains(world, "bob", "a", "x", 1);
    then_receives_nothing(world, "bob");
    when_written(world);
    then_receives(world, "bob", "PUBACK #1 10");
    assert_int_equal(world_store_count(world, ENTRY_RETAINED), 1);
    when_retains(world, "bob", "a", "", 1);
    then_receives_nothing(world, "bob");
    when_written(world);
    then_receives(world, "bob", "PUBACK #2 10");
    assert_int_equal(world_store_count(world, ENTRY_RETAINED), 0);
    when_retains(world, "bob", "a", "y", 0);
    when_written(world);
    assert_int_equal(world_store_count(world, ENTRY_RETAINED), 1);
}

static void qos_2_is_sent_when_written(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 2);
    given_connected(world, "bob", PROTOCOL_5);
    given_held_store(world);
    when_publishes(world, "bob", "a", "x", 2);
    when_publishes(world, "bob", "a", "y", 1); /* stays behind it */
    when_publishes(world, "bob", "a", "z", 0);
    then_receives(world, "alice", "PUBLISH a=z q0");
    then_receives_nothing(world, "alice");
    when_written(world);
    then_receives(world, "alice", "PUBLISH a=x q2 #1");
    then_receives(world, "alice", "PUBLISH a=y q1 #2");
    when_acks(world, "alice", PACKET_PUBREC, 1, 0);
    then_receives_nothing(world, "alice");
    when_acks(world, "alice", PACKET_PUBREC, 1, 0); /* impatient */
    then_receives_nothing(world, "alice");
    when_written(world);
    then_receives(world, "alice", "PUBREL #1");
    then_receives_nothing(world, "alice");
    assert_int_equal(world_store_count(world, ENTRY_RELEASING), 1);
    when_acks(world, "alice", PACKET_PUBCOMP, 1, 0);
    when_acks(world, "alice", PACKET_PUBACK, 2, 0);
    when_written(world);
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 0);
}

static void pubrel_finds_the_next_link(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_3_1_1);
    given_subscribed(world, "alice", "a", 2);
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "x", 2);
    then_receives(world, "alice", "PUBLISH a=x q2 #1");
    given_held_store(world);
    when_acks(world, "alice", PACKET_PUBREC, 1, 0);
    when_breaks(world, "alice");
    when_connects(world, "alice", .version = PROTOCOL_3_1_1);
    then_receives_nothing(world, "alice"); /* that she was away is not yet written */
    when_written(world);
    then_receives(world, "alice", "CONNACK 00 present");
    then_receives(world, "alice", "PUBREL #1"); /* not PUBLISH: she has it [MQTT-4.3.3-6] */
    then_receives_nothing(world, "alice");
    when_breaks(world, "alice");
    when_written(world);
    when_returns(world, "alice");
    then_receives(world, "alice", "PUBREL #1");
    when_acks(world, "alice", PACKET_PUBCOMP, 1, 0);
    then_receives_nothing(world, "alice");
}

static void link_is_lost_while_answers_wait(void **state)
{
    struct world *world = *state;
    given_away(world, "alice", PROTOCOL_3_1_1, "a", 2);
    given_kept(world, "bob", PROTOCOL_5);
    given_held_store(world);
    when_publishes(world, "bob", "a", "x", 1);
    when_publishes(world, "bob", "a", "y", 2);
    when_subscribes(world, "bob", "b", 1);
    when_unsubscribes(world, "bob", "c");
    when_acks(world, "bob", PACKET_PUBREL, 99, 0);
    when_breaks(world, "bob");
    when_connects(world, "carol", .version = PROTOCOL_3_1_1);
    when_breaks(world, "carol");
    when_written(world);
    then_receives_nothing(world, "bob");
    then_receives_nothing(world, "carol");
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 2);
    when_returns(world, "bob");
    when_sends_publish(world, "bob", .topic = bytes_of_text("a"), .payload = bytes_of_text("y"),
                       .qos = 2, .dup = true, .packet_id = 2);
    when_written(world);
    then_receives(world, "bob", "PUBREC #2");
    then_receives_nothing(world, "bob");
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 2);
}

static void takeover_while_connack_waits(void **state)
{
    struct world *world = *state;
    given_held_store(world);
    when_connects(world, "alice", .version = PROTOCOL_3_1_1);
    when_connects(world, "alice's other", .version = PROTOCOL_5,
                  .client_id = bytes_of_text("alice"),
                  .properties = {.present = HAVE(session_expiry_interval_s),
                                 .session_expiry_interval_s = 60});
    then_closed(world, "alice"); /* without a word */
    when_written(world);
    then_receives(world, "alice's other", "CONNACK 00 present [topic_alias_maximum=10]");
    when_connects(world, "alice", .version = PROTOCOL_3_1_1, .clean_start = true);
    then_receives(world, "alice's other", "DISCONNECT 8E why");
    when_connects(world, "alice's other", .version = PROTOCOL_5,
                  .client_id = bytes_of_text("alice"), .clean_start = true,
                  .properties = {.present = HAVE(session_expiry_interval_s),
                                 .session_expiry_interval_s = 60});
    then_closed(world, "alice");
    when_written(world);
    then_receives(world, "alice's other", "CONNACK 00 [topic_alias_maximum=10]");
    assert_int_equal(world_store_count(world, ENTRY_SESSION), 1);
    assert_int_equal(world_counters(world).sessions, 1);
}

static void connack_that_does_not_fit(void **state)
{
    struct world *world = *state;
    when_connects(
        world, "alice", .version = PROTOCOL_5,
        .properties = {.present = HAVE(session_expiry_interval_s) | HAVE(maximum_packet_size),
                       .session_expiry_interval_s = 60,
                       .maximum_packet_size = 4});
    when_written(world);
    then_closed(world, "alice");
    when_passes_s(world, 61);
    when_written(world);
    assert_int_equal(world_store_count(world, ENTRY_SESSION), 0);
}

static void messages_of_a_waiting_client_are_kept(void **state)
{
    struct world *world = *state;
    given_away(world, "alice", PROTOCOL_5, "a", 1);
    given_connected(world, "bob", PROTOCOL_5);
    given_held_store(world);
    when_connects(world, "alice", .version = PROTOCOL_5, /* that she has an end, now, is written */
                  .properties = {.present = HAVE(session_expiry_interval_s),
                                 .session_expiry_interval_s = 60});
    when_publishes(world, "bob", "a", "x", 1);
    then_receives_nothing(world, "bob");
    then_receives_nothing(world, "alice");
    when_written(world);
    then_receives(world, "bob", "PUBACK #1");
    then_receives(world, "alice", "CONNACK 00 present [topic_alias_maximum=10]");
    then_receives(world, "alice", "PUBLISH a=x q1 #1");
}

static void session_end_removes_all(void **state)
{
    struct world *world = *state;
    given_kept(world, "alice", PROTOCOL_5);
    given_subscribed(world, "alice", "a", 2);
    given_subscribed(world, "alice", "$share/s/b", 1);
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "alice", "c", "x", 2); /* not released */
    when_publishes(world, "bob", "a", "1", 1);
    when_publishes(world, "bob", "a", "2", 2);
    when_publishes(world, "bob", "b", "3", 1);
    when_breaks(world, "alice");
    when_publishes(world, "bob", "a", "4", 1);
    when_written(world);
    assert_true(world_store_count(world, ENTRY_DELIVERY) == 4);
    given_connected(world, "alice", PROTOCOL_3_1_1);
    when_written(world);
    assert_int_equal(world_store_count(world, ENTRY_SESSION), 0);
    assert_int_equal(world_store_count(world, ENTRY_SUBSCRIPTION), 0);
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 0);
    assert_int_equal(world_store_count(world, ENTRY_RECEIVED), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DURABLE_STORY("[MQTT-4.3.2-4] PUBACK waits until the message is on the disk",
                      puback_waits_for_the_disk),
        DURABLE_STORY("QoS 0 and nobody durable cost no disk", puback_goes_at_once),
        DURABLE_STORY("[MQTT-4.3.2-4] with nobody durable PUBACK goes at once",
                      nobody_durable_no_wait),
        DURABLE_STORY("what all receivers acknowledged first is never written",
                      acknowledged_before_written),
        DURABLE_STORY("what is acknowledged while it is being written waits no longer",
                      acknowledged_while_written),
        DURABLE_STORY("[MQTT-4.3.3-9] [MQTT-4.3.3-11] PUBREC and PUBCOMP wait for the disk",
                      pubrec_and_pubcomp_wait),
        DURABLE_STORY("[MQTT-4.3.3-9] PUBREC waits for all durable receivers",
                      pubrec_waits_for_receivers),
        DURABLE_STORY("[MQTT-4.3.3-10] a repeat is not answered before the disk",
                      repeated_publish_waits_too),
        DURABLE_STORY("[MQTT-3.8.4-1] [MQTT-3.10.4-4] SUBACK and UNSUBACK wait for the disk",
                      suback_and_unsuback_wait),
        DURABLE_STORY("[MQTT-3.1.4-5] [MQTT-3.2.0-1] CONNACK waits for the disk", connack_waits),
        DURABLE_STORY("[MQTT-3.3.1-5] a retained message is acknowledged when it is on the disk",
                      retained_waits),
        DURABLE_STORY("[MQTT-4.3.3-4] QoS 2 and its PUBREL are sent when they are on the disk",
                      qos_2_is_sent_when_written),
        DURABLE_STORY("[MQTT-4.3.3-6] PUBREL finds the link there is when it is on the disk",
                      pubrel_finds_the_next_link),
        DURABLE_STORY("answers that wait are lost with their link",
                      link_is_lost_while_answers_wait),
        DURABLE_STORY("[MQTT-3.1.4-3] a session is taken over while its CONNACK waits",
                      takeover_while_connack_waits),
        DURABLE_STORY("[MQTT-3.1.2-25] a CONNACK that waited may not fit",
                      connack_that_does_not_fit),
        DURABLE_STORY("[MQTT-4.5.0-1] what comes while CONNACK waits is delivered behind it",
                      messages_of_a_waiting_client_are_kept),
        DURABLE_STORY("[MQTT-4.1.0-2] a session's end removes all of it", session_end_removes_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
