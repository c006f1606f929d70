/* core_restart_will_test.c — wills and shared subscriptions over a crash (3.1.2.5, 4.8.2). */
#include "core/durable_story_testing.h"

#include <stdio.h>

/* A kept session with a will of `delay_s`; its CONNACK is taken. */
static void given_will(struct world *world, const char *name, uint32_t delay_s, uint8_t qos,
                       bool retain)
{
    when_connects(world, name, .version = PROTOCOL_5,
                  .properties = {.present = HAVE(session_expiry_interval_s),
                                 .session_expiry_interval_s = 1000},
                  .has_will = true,
                  .will = {.topic = bytes_of_text("will"),
                           .payload = bytes_of_text(name),
                           .qos = qos,
                           .retain = retain,
                           .properties = {.present = HAVE(will_delay_interval_s),
                                          .will_delay_interval_s = delay_s}});
    then_takes_all(world, name);
}

static void will_of_who_was_connected(void **state)
{
    struct world *world = *state;
    given_away(world, "watch", PROTOCOL_3_1_1, "will", 2);
    given_will(world, "alice", 0, 1, false);
    given_will(world, "bob", 30, 2, true);
    when_written(world);
    when_crashes_for(world, 1 + world->worker_count % 3, 5);
    when_passes_s(world, 1);
    when_returns(world, "watch");
    then_receives(world, "watch", "PUBLISH will=alice q1 #1");
    then_receives_nothing(world, "watch");
    when_passes_s(world, 30); /* bob is away since the crash */
    then_receives(world, "watch", "PUBLISH will=bob q2 #2");
    when_written(world);
    when_crashes(world);
    when_passes_s(world, 100); /* and they are not said again */
    when_returns(world, "watch");
    then_receives(world, "watch", "PUBLISH will=alice q1 #1 dup");
    then_receives(world, "watch", "PUBLISH will=bob q2 #2 dup");
    then_receives_nothing(world, "watch");
    given_connected(world, "carol", PROTOCOL_5);
    when_subscribes(world, "carol", "will", 2);
    then_receives(world, "carol", "SUBACK #1 02");
    then_receives(world, "carol", "PUBLISH will=bob q2 #1 retain");
}

static void will_delay_goes_on(void **state)
{
    struct world *world = *state;
    given_away(world, "watch", PROTOCOL_3_1_1, "will", 1);
    given_will(world, "alice", 30, 1, false);
    when_breaks(world, "alice");
    given_will(world, "bob", 30, 1, false);
    when_breaks(world, "bob");
    when_written(world);
    when_crashes_for(world, world->worker_count, 20);
    given_kept(world, "bob", PROTOCOL_5); /* in time [MQTT-3.1.3-9] */
    when_passes_s(world, 9);
    when_returns(world, "watch");
    then_receives_nothing(world, "watch");
    when_passes_s(world, 2);
    then_receives(world, "watch", "PUBLISH will=alice q1 #1");
    when_passes_s(world, 100);
    then_receives_nothing(world, "watch");
}

static void will_that_was_taken_back(void **state)
{
    struct world *world = *state;
    given_away(world, "watch", PROTOCOL_3_1_1, "will", 1);
    given_will(world, "alice", 10, 1, false);
    when_disconnects(world, "alice");
    given_will(world, "bob", 10, 1, false);
    given_kept(world, "bob", PROTOCOL_5); /* without one: the delay was not over */
    when_written(world);
    when_crashes_for(world, world->worker_count, 100);
    when_passes_s(world, 100);
    when_returns(world, "watch");
    then_receives_nothing(world, "watch");
}

static void will_at_the_session_end(void **state)
{
    struct world *world = *state;
    given_away(world, "watch", PROTOCOL_3_1_1, "will", 1);
    given_will(world, "alice", 5000, 1, false);
    when_breaks(world, "alice");
    when_written(world);
    when_crashes_for(world, world->worker_count, 2000); /* her session ended meanwhile */
    when_passes_s(world, 1);
    when_written(world);
    assert_int_equal(world_store_count(world, ENTRY_SESSION), 1);
    when_returns(world, "watch");
    then_receives(world, "watch", "PUBLISH will=alice q1 #1");
    then_receives_nothing(world, "watch");
}

static void will_is_not_lost_on_its_way(void **state)
{
    struct world *world = *state;
    given_away(world, "watch", PROTOCOL_3_1_1, "will", 2);
    given_away(world, "witness", PROTOCOL_5, "#", 2);
    given_will(world, "alice", 0, 2, false);
    given_held_store(world);
    when_breaks(world, "alice");
    world_pass_us(world, 100000);
    uint32_t count = world->store->taken_count;
    world_store_write(world, count / 2, false); /* some of what it takes, and a crash */
    world->store->is_held = false;
    when_crashes(world);
    when_passes_s(world, 1);
    const char *names[] = {"watch", "witness"};
    for (size_t i = 0; i < 2; i++) {
        when_returns(world, names[i]);
        then_receives(world, names[i], "PUBLISH will=alice q2 #1");
        then_receives_nothing(world, names[i]);
    }
}

static void shared_one_has_it(void **state)
{
    struct world *world = *state;
    const char *names[] = {"ann", "ben", "cid", "dan"};
    size_t sum = 0;
    for (size_t i = 0; i < 4; i++) {
        given_away(world, names[i], i % 2 ? PROTOCOL_3_1_1 : PROTOCOL_5, "$share/s/a", 2);
    }
    given_connected(world, "bob", PROTOCOL_5);
    given_held_store(world);
    when_publishes(world, "bob", "a", "1", 1);
    when_publishes(world, "bob", "a", "2", 2);
    then_receives_nothing(world, "bob");
    when_written(world);
    assert_int_equal(then_takes_all(world, "bob"), 2);
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 2);
    world->store->is_held = false;
    when_crashes_for(world, 1 + world->worker_count % 3, 1);
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "3", 1); /* the group is known again */
    when_publishes(world, "bob", "a", "4", 2);
    then_receives(world, "bob", "PUBACK #3");
    then_receives(world, "bob", "PUBREC #4");
    for (size_t i = 0; i < 4; i++) {
        when_returns(world, names[i]);
        sum += then_takes_all(world, names[i]);
        when_breaks(world, names[i]);
    }
    assert_int_equal(sum, 4);
}

static void shared_goes_on_to_who_is_there(void **state)
{
    struct world *world = *state;
    given_away(world, "ann", PROTOCOL_5, "$share/s/a", 1);
    given_kept(world, "ben", PROTOCOL_3_1_1);
    given_subscribed(world, "ben", "$share/s/a", 1);
    given_connected(world, "bob", PROTOCOL_5);
    when_publishes(world, "bob", "a", "x", 1);
    then_receives(world, "ben", "PUBLISH a=x q1 #1");
    then_receives_nothing(world, "bob");
    when_returns(world, "ann");
    given_held_store(world);
    then_receives(world, "bob", "PUBACK #1");
    when_breaks(world, "ben"); /* not acknowledged: it is ann's now */
    then_receives(world, "ann", "PUBLISH a=x q1 #1");
    when_acks(world, "ann", PACKET_PUBACK, 1, 0);
    when_written(world);
    assert_int_equal(world_store_count(world, ENTRY_DELIVERY), 0);
    world->store->is_held = false;
    when_crashes(world);
    when_returns(world, "ben");
    when_returns(world, "ann");
    then_receives_nothing(world, "ben");
    then_receives_nothing(world, "ann");
}

/* Whatever part of the way is on the disk at the crash, somebody has it. */
static void shared_is_not_lost_on_its_way(void **state)
{
    struct world *world = *state;
    for (uint32_t written = 0; written < 12; written++) {
        char topic[16], filter[32];
        snprintf(topic, sizeof topic, "a/%u", written);
        snprintf(filter, sizeof filter, "$share/s/%s", topic);
        given_kept(world, "ann", PROTOCOL_5);
        given_subscribed(world, "ann", filter, 1);
        when_breaks(world, "ann");
        given_kept(world, "ben", PROTOCOL_5);
        given_subscribed(world, "ben", filter, 1);
        given_connected(world, "bob", PROTOCOL_5);
        when_publishes(world, "bob", topic, "x", 1);
        when_written(world);
        assert_int_equal(then_takes_all(world, "bob"), 1);
        assert_int_equal(then_takes_all(world, "ben"), 1);
        given_kept(world, "ann", PROTOCOL_5);
        given_held_store(world);
        when_breaks(world, "ben");
        world_pass_us(world, 100000);
        world_store_write(world, written, false);
        world->store->is_held = false;
        when_crashes(world);
        when_returns(world, "ann");
        when_returns(world, "ben");
        assert_int_equal(then_takes_all(world, "ann") + then_takes_all(world, "ben"), 1);
        given_connected(world, "ann", PROTOCOL_5);
        given_connected(world, "ben", PROTOCOL_5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DURABLE_STORY("[MQTT-3.1.2-8] [v3 MQTT-3.1.2-8] the will of who was connected at a crash",
                      will_of_who_was_connected),
        DURABLE_STORY("[MQTT-3.1.2-8] [MQTT-3.1.3-9] a will's delay goes on over a crash",
                      will_delay_goes_on),
        DURABLE_STORY(
            "[MQTT-3.1.2-10] [MQTT-3.14.4-3] a will that was taken back is not said after "
            "a crash",
            will_that_was_taken_back),
        DURABLE_STORY("[MQTT-3.1.2-8] a session that ended meanwhile says its will",
                      will_at_the_session_end),
        DURABLE_STORY("[MQTT-3.1.2-8] a will on its way to the disk is not lost",
                      will_is_not_lost_on_its_way),
        DURABLE_STORY("[MQTT-4.8.2-4] a shared subscription is there after a crash",
                      shared_one_has_it),
        DURABLE_STORY("[MQTT-4.8.2-6] what a member left goes on to another, on the disk, too",
                      shared_goes_on_to_who_is_there),
        DURABLE_STORY("what goes from member to member is not lost by a crash",
                      shared_is_not_lost_on_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
