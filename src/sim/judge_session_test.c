/* judge_session_test.c — sessions, wills and retained messages before the judge: each history told
 * well and with one fault. */
#include "sim/judge_story_testing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CHECK(tell, words)                                                                         \
    {                                                                                              \
#tell, tell, words, JUDGE_DURABLE_ALWAYS                                                   \
    }

static void run(const struct story_check *checks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        story_check(&checks[i]);
    }
}

/* ------------------------------------------------------------------------- sessions --- */

static void clean_start_is_clean(struct story *story)
{
    connects(story, 0, FOREVER);
    breaks(story, 0);
    sends_connect(story, 0, true, FOREVER, NULL);
    gets_connack(story, 0, story->is_bad);
}

static void durable_session_is_present_after_a_crash(struct story *story)
{
    connects(story, 0, FOREVER);
    crashes(story);
    sends_connect(story, 0, false, FOREVER, NULL);
    gets_connack(story, 0, !story->is_bad);
}

static void session_ends_with_its_link(struct story *story)
{
    connects(story, 0, 0);
    breaks(story, 0);
    sends_connect(story, 0, false, 10, NULL);
    gets_connack(story, 0, story->is_bad);
}

static void session_expires(struct story *story)
{
    connects(story, 0, 10);
    breaks(story, 0);
    passes_s(story, story->is_bad ? 20 : 11); /* at 11 s it may be there or not */
    sends_connect(story, 0, false, 10, NULL);
    gets_connack(story, 0, true);
}

static void session_does_not_expire_early(struct story *story)
{
    connects(story, 0, 10);
    breaks(story, 0);
    passes_s(story, story->is_bad ? 5 : 9);
    sends_connect(story, 0, false, 10, NULL);
    gets_connack(story, 0, false);
}

/* A CONNECT without an answer may have ended the session, and with it what it was owed. */
static void clean_start_without_answer_may_be(struct story *story)
{
    connects(story, 0, FOREVER);
    connects(story, 1, FOREVER);
    subscribes(story, 1, "a", 1);
    breaks(story, 1);
    publishes(story, 0, 1, "a", 1);
    sends_connect(story, 1, !story->is_bad, FOREVER, NULL);
    breaks(story, 1);
    resumes(story, 1, FOREVER);
    settles(story);
}

/* A link given up long ago delivers its CONNECT late. */
static void late_connect_may_take_over(struct story *story)
{
    connects(story, 1, FOREVER);
    breaks(story, 1);
    sends_connect(story, 1, true, FOREVER, NULL);
    uint64_t late = link_of(story, 1);
    judge_link_left(story->judge, ++story->now_us, late);
    if (story->is_bad) {
        judge_link_lost(story->judge, ++story->now_us, late, false);
    }
    resumes(story, 1, FOREVER);
    breaks(story, 1);
    sends_connect(story, 1, false, FOREVER, NULL);
    gets_connack(story, 1, false);
}

static void goodbye_shortens_the_session(struct story *story)
{
    connects(story, 0, FOREVER);
    judge_disconnect_sent(story->judge, ++story->now_us, link_of(story, 0), 0, true, 0);
    breaks(story, 0);
    if (story->is_bad) {
        is_idle(story); /* before that, a crash could undo it */
    }
    sends_connect(story, 0, false, FOREVER, NULL);
    gets_connack(story, 0, true);
}

static void interval_may_lose_in_a_crash(struct story *story)
{
    connects(story, 0, FOREVER);
    if (story->is_bad) {
        stops(story);
    } else {
        crashes(story);
    }
    sends_connect(story, 0, false, FOREVER, NULL);
    gets_connack(story, 0, false);
}

static void without_a_store_nothing_is_kept(struct story *story)
{
    connects(story, 0, FOREVER);
    stops(story);
    sends_connect(story, 0, false, FOREVER, NULL);
    gets_connack(story, 0, story->is_bad);
}

static void test_sessions(void **state)
{
    (void)state;
    static const struct story_check checks[] = {
        CHECK(clean_start_is_clean, "[MQTT-3.2.2-2]"),
        CHECK(durable_session_is_present_after_a_crash, "[MQTT-3.2.2-3]"),
        CHECK(session_ends_with_its_link, "certainly ended"),
        CHECK(session_expires, "certainly ended"),
        CHECK(session_does_not_expire_early, "[MQTT-3.2.2-3]"),
        CHECK(clean_start_without_answer_may_be, "[MQTT-4.5.0-1]"),
        CHECK(late_connect_may_take_over, "[MQTT-3.2.2-3]"),
        CHECK(goodbye_shortens_the_session, "certainly ended"),
        {"an interval", interval_may_lose_in_a_crash, "[MQTT-3.2.2-3]", JUDGE_DURABLE_LATER},
        {"no store", without_a_store_nothing_is_kept, "certainly ended", JUDGE_DURABLE_NEVER},
    };
    run(checks, sizeof checks / sizeof checks[0]);
}

/* ---------------------------------------------------------------------------- wills --- */

/* Client 0 has a will, client 1 wants to hear it. */
static void given_will(struct story *story, int64_t expiry_s, uint32_t delay_s)
{
    connects(story, 1, FOREVER);
    subscribes(story, 1, "w", 1);
    struct judge_will will = {.message = 1, .topic = "w", .qos = 1, .delay_s = delay_s};
    sends_connect(story, 0, false, expiry_s, &will);
    gets_connack(story, 0, false);
}

static void will_is_published(struct story *story)
{
    given_will(story, 0, 0);
    breaks(story, 0);
    if (!story->is_bad) {
        takes(story, 1, 1, "w", 1);
    }
    passes_s(story, 5);
    settles(story);
}

static void will_waits_for_the_end_of_the_link(struct story *story)
{
    given_will(story, FOREVER, 0);
    if (!story->is_bad) {
        breaks(story, 0);
    }
    takes(story, 1, 1, "w", 1);
    is_idle(story);
}

static void will_is_forgotten_after_disconnect(struct story *story)
{
    given_will(story, FOREVER, 0);
    disconnects(story, 0, story->is_bad ? 0 : 4);
    takes(story, 1, 1, "w", 1);
}

/* If nobody knows whether DISCONNECT arrived, both are right. */
static void will_may_be_after_a_lost_disconnect(struct story *story)
{
    given_will(story, FOREVER, 0);
    judge_disconnect_sent(story->judge, ++story->now_us, link_of(story, 0), 0, false, 0);
    judge_link_left(story->judge, ++story->now_us, link_of(story, 0));
    judge_link_lost(story->judge, ++story->now_us, link_of(story, 0), story->is_bad);
    takes(story, 1, 1, "w", 1);
}

static void will_waits_for_its_delay(struct story *story)
{
    given_will(story, 100, 10);
    breaks(story, 0);
    passes_s(story, story->is_bad ? 1 : 10);
    takes(story, 1, 1, "w", 1);
    passes_s(story, 10);
    settles(story);
}

static void will_comes_at_the_end_of_the_session(struct story *story)
{
    given_will(story, 5, 1000);
    breaks(story, 0);
    passes_s(story, 5);
    if (!story->is_bad) {
        takes(story, 1, 1, "w", 1);
    }
    passes_s(story, 10);
    settles(story);
}

static void will_is_taken_back_by_a_new_connection(struct story *story)
{
    given_will(story, 100, 10);
    breaks(story, 0);
    passes_s(story, 1);
    resumes(story, 0, 100);
    passes_s(story, 20);
    if (story->is_bad) {
        takes(story, 1, 1, "w", 1);
    }
    settles(story);
}

static void will_comes_with_a_clean_start(struct story *story)
{
    given_will(story, 100, 10);
    breaks(story, 0);
    sends_connect(story, 0, true, 100, NULL);
    if (!story->is_bad) {
        takes(story, 1, 1, "w", 1);
    }
    gets_connack(story, 0, false);
    passes_s(story, 5);
    settles(story);
}

static void will_survives_a_crash(struct story *story)
{
    given_will(story, 100, 0);
    crashes(story);
    resumes(story, 1, FOREVER);
    if (!story->is_bad) {
        takes(story, 1, 1, "w", 1);
    }
    passes_s(story, 10);
    settles(story);
}

static void will_of_a_lesser_session_may_be_lost(struct story *story)
{
    given_will(story, story->is_bad ? 100 : 0, 0);
    crashes(story);
    resumes(story, 1, FOREVER);
    passes_s(story, 10);
    settles(story);
}

static void will_comes_once(struct story *story)
{
    given_will(story, 0, 0);
    breaks(story, 0);
    takes(story, 1, 1, "w", 1);
    if (story->is_bad) {
        hears_with(story, 1,
                   (struct judge_received){.message = 1, .topic = "w", .qos = 1, .packet_id = 2});
    }
}

static void test_wills(void **state)
{
    (void)state;
    static const struct story_check checks[] = {
        CHECK(will_is_published, "[MQTT-3.1.2-8]"),
        CHECK(will_waits_for_the_end_of_the_link, "its connection stands"),
        CHECK(will_is_forgotten_after_disconnect, "[MQTT-3.1.2-10]"),
        CHECK(will_may_be_after_a_lost_disconnect, "[MQTT-3.1.2-10]"),
        CHECK(will_waits_for_its_delay, "before its delay"),
        CHECK(will_comes_at_the_end_of_the_session, "[MQTT-3.1.2-8]"),
        CHECK(will_is_taken_back_by_a_new_connection, "[MQTT-3.1.3-9]"),
        CHECK(will_comes_with_a_clean_start, "[MQTT-3.1.2-8]"),
        CHECK(will_survives_a_crash, "[MQTT-3.1.2-8]"),
        CHECK(will_of_a_lesser_session_may_be_lost, "[MQTT-3.1.2-8]"),
        CHECK(will_comes_once, "once too often"),
    };
    run(checks, sizeof checks / sizeof checks[0]);
}

/* ------------------------------------------------------------------------- retained --- */

static void hears_retained(struct story *story, uint32_t client, uint64_t message)
{
    hears_with(story, client,
               (struct judge_received){.message = message, .topic = "r", .qos = 1, .retain = true});
    sends_ack(story, client, JUDGE_PUBACK, message);
}

static void retained_is_replayed(struct story *story)
{
    connects(story, 0, 0);
    retains(story, 0, 1, "r", 1);
    connects(story, 1, 0);
    subscribes(story, 1, "r", 1);
    if (!story->is_bad) {
        hears_retained(story, 1, 1);
    }
    settles(story);
}

static void retained_is_the_last(struct story *story)
{
    connects(story, 0, 0);
    retains(story, 0, 1, "r", 1);
    retains(story, 0, 2, "r", 1);
    connects(story, 1, 0);
    subscribes(story, 1, "r", 1);
    hears_retained(story, 1, story->is_bad ? 1 : 2);
}

/* Two at a time: either may be the last. */
static void retained_at_a_time_may_be_either(struct story *story)
{
    connects(story, 0, 0);
    connects(story, 2, 0);
    sends_with(story, 2,
               (struct judge_publish){.message = 1, .topic = "r", .qos = 1, .retain = true});
    if (story->is_bad) {
        gets_ack(story, 2, JUDGE_PUBACK, 1);
    }
    retains(story, 0, 2, "r", 1);
    if (!story->is_bad) {
        gets_ack(story, 2, JUDGE_PUBACK, 1);
    }
    connects(story, 1, 0);
    subscribes(story, 1, "r", 1);
    hears_retained(story, 1, 1);
}

static void cleared_is_gone(struct story *story)
{
    connects(story, 0, 0);
    retains(story, 0, 1, "r", 1);
    sends_with(story, 0,
               (struct judge_publish){
                   .message = 2, .topic = "r", .qos = 1, .retain = true, .empty = true});
    gets_ack(story, 0, JUDGE_PUBACK, 2);
    connects(story, 1, 0);
    subscribes(story, 1, "r", 1);
    if (story->is_bad) {
        hears_retained(story, 1, 1);
    }
    settles(story);
}

static void forwarded_is_not_marked(struct story *story)
{
    connects(story, 0, 0);
    connects(story, 1, 0);
    subscribes(story, 1, "r", 1);
    retains(story, 0, 1, "r", 1);
    hears_with(story, 1,
               (struct judge_received){.message = 1, .topic = "r", .qos = 1, .retain = false});
    retains(story, 0, 2, "r", 1);
    unsubscribes(story, 1, "r");
    subscribes_with(
        story, 1,
        &(struct judge_filter){
            .filter = "r", .qos = 1, .retain_handling = 2, .retain_as_published = true});
    publishes(story, 0, 3, "r", 1);
    hears_with(
        story, 1,
        (struct judge_received){.message = 3, .topic = "r", .qos = 1, .retain = story->is_bad});
}

static void retained_survives_a_crash(struct story *story)
{
    connects(story, 0, 0);
    retains(story, 0, 1, "r", 2);
    crashes(story);
    connects(story, 1, 0);
    subscribes(story, 1, "#", 1);
    if (!story->is_bad) {
        hears_retained(story, 1, 1);
    }
    settles(story);
}

static void retain_handling_2_asks_for_none(struct story *story)
{
    connects(story, 0, 0);
    retains(story, 0, 1, "r", 1);
    is_idle(story);
    connects(story, 1, 0);
    subscribes_with(story, 1,
                    &(struct judge_filter){.filter = "r", .qos = 1, .retain_handling = 2});
    if (story->is_bad) {
        hears_retained(story, 1, 1);
    }
    settles(story);
}

static void test_retained(void **state)
{
    (void)state;
    static const struct story_check checks[] = {
        CHECK(retained_is_replayed, "[MQTT-3.3.1-9]"),
        CHECK(retained_is_the_last, "[MQTT-3.3.1-5]"),
        CHECK(retained_at_a_time_may_be_either, "[MQTT-3.3.1-5]"),
        CHECK(cleared_is_gone, "[MQTT-3.3.1-5]"),
        CHECK(forwarded_is_not_marked, "[MQTT-3.3.1-12]"),
        CHECK(retained_survives_a_crash, "[MQTT-3.3.1-9]"),
        CHECK(retain_handling_2_asks_for_none, "no subscription"),
    };
    run(checks, sizeof checks / sizeof checks[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sessions),
                                       cmocka_unit_test(test_wills),
                                       cmocka_unit_test(test_retained)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
