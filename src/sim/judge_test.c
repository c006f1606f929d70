/* judge_test.c — the judge sees each fault, and none where there is none. A history is told twice:
 * well, and with one thing changed (where it says `is_bad`). */
#include "sim/judge_story_testing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Client 0 publishes, client 1 subscribes. */
static void given_pair(struct story *story, int64_t expiry_s, uint8_t qos)
{
    connects(story, 0, FOREVER);
    connects(story, 1, expiry_s);
    subscribes(story, 1, "a/#", qos);
}

static void acknowledged_is_delivered(struct story *story)
{
    given_pair(story, 0, 1);
    publishes(story, 0, 1, "a/b", 1);
    publishes(story, 0, 2, "b", 1); /* nobody wants that */
    if (!story->is_bad) {
        takes(story, 1, 1, "a/b", 1);
    }
    settles(story);
}

static void acknowledged_survives_a_crash(struct story *story)
{
    given_pair(story, FOREVER, 1);
    breaks(story, 1);
    publishes(story, 0, 1, "a", 2);
    crashes(story);
    resumes(story, 1, FOREVER);
    if (!story->is_bad) {
        takes(story, 1, 1, "a", 1);
    }
    settles(story);
}

static void subscription_survives_a_crash(struct story *story)
{
    given_pair(story, FOREVER, 1);
    crashes(story);
    resumes(story, 0, FOREVER);
    resumes(story, 1, FOREVER);
    publishes(story, 0, 1, "a", 1);
    if (!story->is_bad) {
        takes(story, 1, 1, "a", 1);
    }
    settles(story);
}

/* What was not acknowledged may be lost, and what no durable session is owed. */
static void unacknowledged_may_be_lost(struct story *story)
{
    given_pair(story, FOREVER, 1);
    connects(story, 2, 0);
    subscribes(story, 2, "a", 2);
    sends(story, 0, 1, "a", 1);
    publishes(story, 0, 2, "a", 1);
    crashes(story);
    resumes(story, 0, FOREVER);
    resumes(story, 1, FOREVER);
    connects(story, 2, 0);
    if (!story->is_bad) {
        takes(story, 1, 2, "a", 1);
    }
    settles(story);
}

static void sent_is_answered(struct story *story)
{
    given_pair(story, 0, 1);
    sends(story, 0, 1, "b", 1);
    if (!story->is_bad) {
        gets_ack(story, 0, JUDGE_PUBACK, 1);
    }
    settles(story);
}

static void qos_2_comes_once(struct story *story)
{
    given_pair(story, FOREVER, 2);
    publishes(story, 0, 1, "a", 2);
    hears(story, 1, 1, "a", 2);
    breaks(story, 1);
    resumes(story, 1, FOREVER);
    hears_with(
        story, 1,
        (struct judge_received){
            .message = 1, .topic = "a", .qos = 2, .dup = true, .packet_id = story->is_bad ? 7 : 1});
}

static void qos_2_comes_once_from_one_publisher(struct story *story)
{
    given_pair(story, FOREVER, 2);
    sends(story, 0, 1, "a", 2);
    takes(story, 1, 1, "a", 2);
    crashes(story);
    resumes(story, 0, FOREVER);
    resumes(story, 1, FOREVER);
    sends_with(story, 0, (struct judge_publish){.message = 1, .topic = "a", .qos = 2, .dup = true});
    if (story->is_bad) {
        hears_with(story, 1,
                   (struct judge_received){
                       .message = 1, .topic = "a", .qos = 2, .packet_id = 2, .dup = true});
    }
    gets_ack(story, 0, JUDGE_PUBREC, 1);
}

/* A new session of the publisher's: the broker may know nothing of the first. */
static void qos_2_of_a_new_session_is_new(struct story *story)
{
    given_pair(story, FOREVER, 2);
    connects(story, 2, 0);
    sends(story, 2, 1, "a", 2);
    takes(story, 1, 1, "a", 2);
    breaks(story, 2);
    if (story->is_bad) {
        connects(story, 2, 0);
        hears_with(story, 1,
                   (struct judge_received){.message = 1, .topic = "a", .qos = 2, .packet_id = 2});
    }
    connects(story, 2, 0);
    sends_with(story, 2, (struct judge_publish){.message = 1, .topic = "a", .qos = 2, .dup = true});
    hears_with(story, 1,
               (struct judge_received){.message = 1, .topic = "a", .qos = 2, .packet_id = 2});
}

static void qos_1_comes_again_with_dup_only(struct story *story)
{
    given_pair(story, FOREVER, 1);
    publishes(story, 0, 1, "a", 1);
    takes(story, 1, 1, "a", 1);
    breaks(story, 1);
    resumes(story, 1, FOREVER);
    hears_with(
        story, 1,
        (struct judge_received){.message = 1, .topic = "a", .qos = 1, .dup = !story->is_bad});
}

static void qos_1_sent_twice_may_come_twice(struct story *story)
{
    given_pair(story, 0, 1);
    sends(story, 0, 1, "a", 1);
    takes(story, 1, 1, "a", 1);
    breaks(story, 0);
    resumes(story, 0, FOREVER);
    if (!story->is_bad) {
        sends_with(story, 0,
                   (struct judge_publish){.message = 1, .topic = "a", .qos = 1, .dup = true});
    }
    takes(story, 1, 1, "a", 1);
}

static void qos_0_comes_at_most_once(struct story *story)
{
    given_pair(story, 0, 1);
    sends(story, 0, 1, "a", 0);
    hears(story, 1, 1, "a", 0);
    if (story->is_bad) {
        hears(story, 1, 1, "a", 0);
    }
    settles(story);
}

static void nothing_comes_that_nobody_sent(struct story *story)
{
    given_pair(story, 0, 1);
    sends(story, 0, 1, "a", 0);
    hears(story, 1, story->is_bad ? 2 : 1, "a", 0);
}

static void nothing_comes_when_all_was_over(struct story *story)
{
    given_pair(story, 0, 1);
    publishes(story, 0, 1, "a", 1);
    takes(story, 1, 1, "a", 1);
    if (story->is_bad) {
        settles(story);
    }
    breaks(story, 1);
    connects(story, 1, 0);
    subscribes(story, 1, "a", 1);
    hears_with(story, 1, (struct judge_received){.message = 1, .topic = "a", .qos = 1});
}

static void topic_is_the_publishers(struct story *story)
{
    given_pair(story, 0, 1);
    sends(story, 0, 1, "a/b", 0);
    hears(story, 1, 1, story->is_bad ? "a/c" : "a/b", 0);
}

static void subscription_matches(struct story *story)
{
    given_pair(story, 0, 1);
    sends(story, 0, 1, story->is_bad ? "b/a" : "a/b/c", 0);
    hears(story, 1, 1, story->is_bad ? "b/a" : "a/b/c", 0);
}

static void unsubscribed_gets_what_was_sent_before(struct story *story)
{
    given_pair(story, 0, 1);
    if (!story->is_bad) {
        sends(story, 0, 1, "a", 0);
    }
    unsubscribes(story, 1, "a/#");
    if (story->is_bad) {
        sends(story, 0, 1, "a", 0);
    }
    hears(story, 1, 1, "a", 0);
}

static void new_session_gets_nothing_of_the_old(struct story *story)
{
    given_pair(story, FOREVER, 1);
    breaks(story, 1);
    publishes(story, 0, 1, "a", 1);
    if (story->is_bad) {
        is_idle(story);
    }
    sends_connect(story, 1, true, FOREVER, NULL);
    gets_connack(story, 1, false);
    subscribes(story, 1, "a", 1);
    hears(story, 1, 1, "a", 1);
}

static void qos_is_the_lower(struct story *story)
{
    given_pair(story, 0, 1);
    publishes(story, 0, 1, "a", 2);
    takes(story, 1, 1, "a", story->is_bad ? 2 : 1);
    settles(story);
}

static void own_messages_are_not_local(struct story *story)
{
    connects(story, 0, 0);
    subscribes_with(story, 0,
                    &(struct judge_filter){.filter = "a", .qos = 1, .no_local = story->is_bad});
    sends(story, 0, 1, "a", 0);
    hears(story, 0, 1, "a", 0);
}

static void order_is_kept(struct story *story)
{
    given_pair(story, 0, 1);
    publishes(story, 0, 1, "a", 1);
    publishes(story, 0, 2, "a", 1);
    takes(story, 1, story->is_bad ? 2 : 1, "a", 1);
    takes(story, 1, story->is_bad ? 1 : 2, "a", 1);
    settles(story);
}

static void order_of_topics_and_publishers_is_free(struct story *story)
{
    given_pair(story, 0, 1);
    connects(story, 2, 0);
    publishes(story, 0, 1, "a/1", 1);
    publishes(story, 0, 2, story->is_bad ? "a/1" : "a/2", 1);
    publishes(story, 2, 3, "a/1", 1);
    takes(story, 1, 3, "a/1", 1);
    takes(story, 1, 2, story->is_bad ? "a/1" : "a/2", 1);
    takes(story, 1, 1, "a/1", 1);
    settles(story);
}

static void expired_is_not_delivered(struct story *story)
{
    given_pair(story, FOREVER, 1);
    breaks(story, 1);
    sends_with(story, 0,
               (struct judge_publish){.message = 1, .topic = "a", .qos = 1, .expiry_s = 10});
    gets_ack(story, 0, JUDGE_PUBACK, 1);
    passes_s(story, 20);
    resumes(story, 1, FOREVER);
    if (story->is_bad) {
        takes(story, 1, 1, "a", 1);
    }
    settles(story);
}

static void not_expired_is_delivered(struct story *story)
{
    given_pair(story, FOREVER, 1);
    breaks(story, 1);
    sends_with(story, 0,
               (struct judge_publish){.message = 1, .topic = "a", .qos = 1, .expiry_s = 100});
    gets_ack(story, 0, JUDGE_PUBACK, 1);
    resumes(story, 1, FOREVER);
    passes_s(story, story->is_bad ? 10 : 200);
    settles(story);
}

static void drops_for_room_excuse(struct story *story)
{
    given_pair(story, 0, 1);
    publishes(story, 0, 1, "a", 1);
    struct judge_counters counters = {.owed = 1, .dropped_for_room = 1};
    if (story->is_bad) {
        counters = (struct judge_counters){.owed = 1, .dropped_other = 1};
    }
    judge_counters_seen(story->judge, story->now_us, &counters);
    settles(story);
}

static void drop_balance_holds(struct story *story)
{
    struct judge_counters counters = {.owed = 6 + story->is_bad,
                                      .delivered = 1,
                                      .queued = 1,
                                      .in_flight = 1,
                                      .dropped_expired = 1,
                                      .dropped_for_room = 1,
                                      .dropped_other = 1};
    judge_counters_seen(story->judge, story->now_us, &counters);
}

static void test_messages(void **state)
{
    (void)state;
    static const struct story_check checks[] = {
        {"acknowledged is delivered", acknowledged_is_delivered, "[MQTT-4.5.0-1]", 0},
        {"acknowledged survives a crash", acknowledged_survives_a_crash, "[MQTT-4.5.0-1]", 0},
        {"a subscription survives a crash", subscription_survives_a_crash, "[MQTT-4.5.0-1]", 0},
        {"unacknowledged may be lost", unacknowledged_may_be_lost, "message 2", 0},
        {"sent is answered", sent_is_answered, "never acknowledged", 0},
        {"QoS 2 comes once", qos_2_comes_once, "[MQTT-4.3.3-10]", 0},
        {"QoS 2 is published once", qos_2_comes_once_from_one_publisher, "[MQTT-4.3.3-10]", 0},
        {"QoS 2 of a new session", qos_2_of_a_new_session_is_new, "[MQTT-4.3.3-10]", 0},
        {"QoS 1 with DUP", qos_1_comes_again_with_dup_only, "[MQTT-3.3.1-1]", 0},
        {"QoS 1 sent twice", qos_1_sent_twice_may_come_twice, "once too often", 0},
        {"QoS 0 once", qos_0_comes_at_most_once, "at most once", 0},
        {"sent by somebody", nothing_comes_that_nobody_sent, "never sent by anybody", 0},
        {"over is over", nothing_comes_when_all_was_over, "was over for everybody", 0},
        {"the topic", topic_is_the_publishers, "comes as a/c", 0},
        {"the subscription matches", subscription_matches, "[MQTT-3.3.2-3]", 0},
        {"unsubscribed", unsubscribed_gets_what_was_sent_before, "[MQTT-3.3.2-3]", 0},
        {"a new session", new_session_gets_nothing_of_the_old, "[MQTT-3.3.2-3]", 0},
        {"the lower QoS", qos_is_the_lower, "[MQTT-3.8.4-8]", 0},
        {"no local", own_messages_are_not_local, "[MQTT-3.3.2-3]", 0},
        {"order", order_is_kept, "[MQTT-4.6.0-5]", 0},
        {"order of topics", order_of_topics_and_publishers_is_free, "[MQTT-4.6.0-5]", 0},
        {"expired", expired_is_not_delivered, "[MQTT-3.3.2-5]", 0},
        {"not expired", not_expired_is_delivered, "[MQTT-4.5.0-1]", 0},
        {"drops excuse", drops_for_room_excuse, "[MQTT-4.5.0-1]", 0},
        {"the drop balance", drop_balance_holds, "drop balance", 0},
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        story_check(&checks[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_messages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
