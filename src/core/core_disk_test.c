/* core_disk_test.c — a disk that fails or is full: nothing is acknowledged that is not written, who
 * can be told is told, and all goes on by itself when the disk does. */
#include "core/durable_story_testing.h"

static void given_crowd(struct world *world)
{
    given_away(world, "alice", PROTOCOL_5, "a", 2);
    given_kept(world, "carol", PROTOCOL_5);
    given_subscribed(world, "carol", "c", 2);
    given_kept(world, "bob", PROTOCOL_5);
    given_connected(world, "ben", PROTOCOL_3_1_1);
    when_written(world);
}

static void version_5_is_told(void **state)
{
    struct world *world = *state;
    enum store_state states[] = {STORE_FAILING, STORE_FULL};
    given_crowd(world);
    for (size_t i = 0; i < 2; i++) {
        when_store_becomes(world, states[i]);
        when_publishes(world, "bob", "a", "x", 1);
        when_publishes(world, "bob", "a", "x", 2);
        when_publishes(world, "bob", "a", "x", 0); /* nothing is promised */
        when_publishes(world, "bob", "nobody's", "x", 1);
        when_retains(world, "bob", "nobody's", "x", 1);
        then_receives(world, "bob", i == 0 ? "PUBACK #1 97 why" : "PUBACK #5 97 why");
        then_receives(world, "bob", i == 0 ? "PUBREC #2 97 why" : "PUBREC #6 97 why");
        then_receives(world, "bob", i == 0 ? "PUBACK #3 10" : "PUBACK #7 10");
        then_receives(world, "bob", i == 0 ? "PUBACK #4 97 why" : "PUBACK #8 97 why");
        when_store_becomes(world, STORE_WELL);
    }
    when_publishes(world, "bob", "a", "y", 2);
    then_receives(world, "bob", "PUBREC #9");
    when_returns(world, "alice");
    then_receives(world, "alice", "PUBLISH a=y q2 #1");
    then_receives_nothing(world, "alice");
}

static void version_3_is_held(void **state)
{
    struct world *world = *state;
    given_crowd(world);
    when_store_becomes(world, STORE_FAILING);
    when_publishes(world, "ben", "a", "1", 1);
    when_publishes(world, "ben", "a", "2", 2);
    when_publishes(world, "ben", "other", "3", 1);
    when_sends_bytes(world, "ben", "C0 00");
    then_receives_nothing(world, "ben"); /* not even to PINGREQ: he is not read */
    when_passes_s(world, 1000);
    assert_non_null(world_client(world, "ben")->link);
    when_store_becomes(world, STORE_WELL);
    assert_int_equal(then_takes_all(world, "ben"), 4);
    when_returns(world, "alice");
    then_receives(world, "alice", "PUBLISH a=1 q1 #1");
    then_receives(world, "alice", "PUBLISH a=2 q2 #2");
}

static void crash_while_failing(void **state)
{
    struct world *world = *state;
    given_crowd(world);
    when_store_becomes(world, STORE_FAILING);
    when_publishes(world, "ben", "a", "not acknowledged", 1);
    when_acks(world, "bob", PACKET_PUBREL, 1, 0);
    then_receives_nothing(world, "bob");
    world->store->state = STORE_WELL;
    when_crashes(world);
    then_closed(world, "ben");
    when_returns(world, "alice");
    then_receives_nothing(world, "alice");
}

static void subscriptions_are_refused(void **state)
{
    struct world *world = *state;
    given_crowd(world);
    given_kept(world, "dora", PROTOCOL_3_1_1);
    when_store_becomes(world, STORE_FULL);
    when_subscribes(world, "carol", "d", 1);
    when_subscribes(world, "dora", "d", 1);
    when_subscribes(world, "ben", "d", 1); /* nothing of him is written */
    then_receives(world, "carol", "SUBACK #2 97");
    then_receives(world, "dora", "SUBACK #1 80");
    then_receives(world, "ben", "SUBACK #1 01");
    when_store_becomes(world, STORE_FAILING);
    when_unsubscribes(world, "carol", "c"); /* that can wait */
    when_subscribes(world, "carol", "e", 1);
    then_receives(world, "carol", "SUBACK #4 97");
    then_receives_nothing(world, "carol");
    when_store_becomes(world, STORE_WELL);
    when_written(world);
    then_receives(world, "carol", "UNSUBACK #3 00");
    assert_int_equal(world_store_count(world, ENTRY_SUBSCRIPTION), 1);
}

static void connects_are_refused(void **state)
{
    struct world *world = *state;
    given_crowd(world);
    when_store_becomes(world, STORE_FAILING);
    when_connects(world, "new", .version = PROTOCOL_5,
                  .properties = {.present = HAVE(session_expiry_interval_s),
                                 .session_expiry_interval_s = 60});
    then_receives(world, "new", "CONNACK 88 why");
    then_closed(world, "new");
    when_connects(world, "old", .version = PROTOCOL_3_1_1);
    then_receives(world, "old", "CONNACK 03");
    given_connected(world, "clean", PROTOCOL_3_1_1);
    when_connects(world, "carol", .version = PROTOCOL_5, .clean_start = true);
    then_receives(world, "carol", "CONNACK 88 why"); /* her session stays as it was */
    when_store_becomes(world, STORE_WELL);
    when_written(world);
    when_returns(world, "carol");
    when_store_becomes(world, STORE_FULL);
    when_connects(world, "new", .version = PROTOCOL_5,
                  .properties = {.present = HAVE(session_expiry_interval_s),
                                 .session_expiry_interval_s = 60});
    then_receives(world, "new", "CONNACK 88 why");
    when_returns(world, "alice"); /* she may make room */
    when_store_becomes(world, STORE_WELL);
}

static void much_waits_for_the_disk(void **state)
{
    struct world *world = *state;
    given_crowd(world);
    given_held_store(world);
    size_t size = 5 << 20;
    char *payload = test_malloc(size);
    memset(payload, 'x', size);
    payload[size - 1] = 0;
    for (int i = 0; i < 12; i++) {
        when_publishes(world, "bob", "a", payload, 1);
    }
    when_sends_bytes(world, "bob", "C0 00");
    then_receives_nothing(world, "bob"); /* far more than the journal may have */
    assert_true(world_counters(world).queued_bytes < (uint64_t)50 << 20);
    when_written(world);
    assert_int_equal(then_takes_all(world, "bob"), 13);
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 12);
    test_free(payload);
}

/* Acknowledgements cost a client nothing, and the broker an answer that waits. */
static void answers_that_wait_are_bounded(void **state)
{
    struct world *world = *state;
    given_crowd(world);
    when_store_becomes(world, STORE_FAILING);
    struct world_client *bob = world_client(world, "bob");
    uint8_t pubrel[] = {0x62, 2, 0, 1};
    for (int i = 0; i < 1000000; i++) {
        world_write(bob, bytes_of(pubrel, sizeof pubrel));
    }
    world_settle(world);
    assert_true(bob->to_server.end - bob->to_server.start > 100000); /* he is not read on */
    when_store_becomes(world, STORE_WELL);
    when_written(world);
    assert_int_equal(bob->to_server.end - bob->to_server.start, 0);
    then_takes_all(world, "bob");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DURABLE_STORY("[MQTT-3.4.2-1] [MQTT-3.5.2-1] 5.0 is told that the disk cannot be written",
                      version_5_is_told),
        DURABLE_STORY("[v3 MQTT-4.3.2-2] 3.1.1 is held until the disk can be written",
                      version_3_is_held),
        DURABLE_STORY("what a failing disk did not take was not acknowledged", crash_while_failing),
        DURABLE_STORY("[MQTT-3.9.3-2] [v3 MQTT-3.9.3-2] no subscription is granted that cannot be "
                      "written",
                      subscriptions_are_refused),
        DURABLE_STORY("[MQTT-3.1.4-5] [MQTT-3.2.2-7] no session begins that cannot be written",
                      connects_are_refused),
        DURABLE_STORY("who publishes faster than the disk writes is held", much_waits_for_the_disk),
        DURABLE_STORY("answers that wait for a failing disk are bounded",
                      answers_that_wait_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
