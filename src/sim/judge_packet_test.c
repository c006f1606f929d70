/* judge_packet_test.c — the packets' own rules before the judge: what comes first, what answers
 * what, which identifiers are free. Each history is told well and with one fault. */
#include "sim/judge_story_testing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CHECK(tell, words)                                                                         \
    {                                                                                              \
#tell, tell, words, JUDGE_DURABLE_ALWAYS                                                   \
    }

static void connack_is_first(struct story *story)
{
    sends_connect(story, 0, true, 0, NULL);
    if (!story->is_bad) {
        gets_connack(story, 0, false);
    }
    judge_other_received(story->judge, story->now_us, link_of(story, 0), "PINGRESP");
}

static void connack_comes_once(struct story *story)
{
    connects(story, 0, 0);
    if (story->is_bad) {
        gets_connack(story, 0, false);
    }
}

static void puback_has_its_publish(struct story *story)
{
    connects(story, 0, 0);
    sends(story, 0, 1, "a", 1);
    gets_ack(story, 0, JUDGE_PUBACK, story->is_bad ? 2 : 1);
}

static void pubrec_has_its_publish(struct story *story)
{
    connects(story, 0, 0);
    sends(story, 0, 1, "a", story->is_bad ? 1 : 2);
    gets_ack(story, 0, JUDGE_PUBREC, 1);
}

static void pubcomp_has_its_pubrel(struct story *story)
{
    connects(story, 0, 0);
    sends(story, 0, 1, "a", 2);
    gets_ack(story, 0, JUDGE_PUBREC, 1);
    if (!story->is_bad) {
        sends_ack(story, 0, JUDGE_PUBREL, 1);
    }
    gets_ack(story, 0, JUDGE_PUBCOMP, 1);
}

static void pubrec_survives_a_crash(struct story *story)
{
    connects(story, 0, FOREVER);
    sends(story, 0, 1, "a", 2);
    gets_ack(story, 0, JUDGE_PUBREC, 1);
    crashes(story);
    resumes(story, 0, FOREVER);
    sends_ack(story, 0, JUDGE_PUBREL, 1);
    judge_ack_received(story->judge, story->now_us, link_of(story, 0), JUDGE_PUBCOMP, 1,
                       story->is_bad ? 0x92 : 0);
}

static void given_subscriber(struct story *story)
{
    connects(story, 0, FOREVER);
    connects(story, 1, FOREVER);
    subscribes(story, 1, "a", 2);
}

static void pubrel_comes_after_pubrec(struct story *story)
{
    given_subscriber(story);
    sends(story, 0, 1, "a", 2);
    hears(story, 1, 1, "a", 2);
    if (!story->is_bad) {
        sends_ack(story, 1, JUDGE_PUBREC, 1);
    }
    gets_ack(story, 1, JUDGE_PUBREL, 1);
}

static void publish_does_not_come_after_pubrel(struct story *story)
{
    given_subscriber(story);
    sends(story, 0, 1, "a", 2);
    hears(story, 1, 1, "a", 2);
    sends_ack(story, 1, JUDGE_PUBREC, 1);
    if (story->is_bad) {
        gets_ack(story, 1, JUDGE_PUBREL, 1);
    }
    breaks(story, 1);
    resumes(story, 1, FOREVER);
    hears_with(story, 1,
               (struct judge_received){.message = 1, .topic = "a", .qos = 2, .dup = true});
}

static void identifier_in_use_is_not_used_again(struct story *story)
{
    given_subscriber(story);
    publishes(story, 0, 1, "a", 1);
    publishes(story, 0, 2, "a", 1);
    hears_with(story, 1,
               (struct judge_received){.message = 1, .topic = "a", .qos = 1, .packet_id = 9});
    if (!story->is_bad) {
        sends_ack(story, 1, JUDGE_PUBACK, 9);
    }
    hears_with(story, 1,
               (struct judge_received){.message = 2, .topic = "a", .qos = 1, .packet_id = 9});
}

static void nothing_comes_again_on_one_link(struct story *story)
{
    given_subscriber(story);
    publishes(story, 0, 1, "a", 1);
    hears(story, 1, 1, "a", 1);
    if (!story->is_bad) {
        breaks(story, 1);
        resumes(story, 1, FOREVER);
    }
    hears_with(story, 1,
               (struct judge_received){.message = 1, .topic = "a", .qos = 1, .dup = true});
}

static void dup_is_not_for_the_first(struct story *story)
{
    given_subscriber(story);
    publishes(story, 0, 1, "a", 1);
    if (!story->is_bad) {
        breaks(story, 1);
        resumes(story, 1, FOREVER);
    }
    hears_with(story, 1,
               (struct judge_received){.message = 1, .topic = "a", .qos = 1, .dup = true});
}

static void receive_maximum_is_kept(struct story *story)
{
    given_subscriber(story);
    for (uint64_t message = 1; message <= 3; message++) {
        sends(story, 0, message, "a", 2);
        hears(story, 1, message, "a", 2);
        sends_ack(story, 1, JUDGE_PUBREC, message);
        gets_ack(story, 1, JUDGE_PUBREL, message);
        if (!story->is_bad) {
            sends_ack(story, 1, JUDGE_PUBCOMP, message);
        }
    }
}

static void suback_has_a_reason_for_each(struct story *story)
{
    connects(story, 0, 0);
    struct judge_filter filters[] = {{.filter = "a", .qos = 1}, {.filter = "b", .qos = 1}};
    judge_subscribe_sent(story->judge, story->now_us, link_of(story, 0), 5, filters, 2);
    judge_suback_received(story->judge, story->now_us, link_of(story, 0), 5,
                          (const uint8_t[]){1, 0x80}, story->is_bad ? 1 : 2);
}

static void suback_grants_what_was_asked_for(struct story *story)
{
    connects(story, 0, 0);
    struct judge_filter filter = {.filter = "a", .qos = 1};
    judge_subscribe_sent(story->judge, story->now_us, link_of(story, 0), 5, &filter, 1);
    judge_suback_received(story->judge, story->now_us, link_of(story, 0), 5,
                          (const uint8_t[]){story->is_bad ? 2 : 0}, 1);
}

static void unsuback_knows_the_subscription(struct story *story)
{
    given_subscriber(story);
    crashes(story);
    resumes(story, 1, FOREVER);
    const char *filter = "a";
    judge_unsubscribe_sent(story->judge, story->now_us, link_of(story, 1), 5, &filter, 1);
    judge_unsuback_received(story->judge, story->now_us, link_of(story, 1), 5,
                            (const uint8_t[]){story->is_bad ? 0x11 : 0}, 1);
}

static void test_packets(void **state)
{
    (void)state;
    static const struct story_check checks[] = {
        CHECK(connack_is_first, "[MQTT-3.2.0-1]"),
        CHECK(connack_comes_once, "[MQTT-3.2.0-2]"),
        CHECK(puback_has_its_publish, "PUBACK for packet identifier 2"),
        CHECK(pubrec_has_its_publish, "PUBREC for packet identifier 1"),
        CHECK(pubcomp_has_its_pubrel, "PUBCOMP for packet identifier 1"),
        CHECK(pubrec_survives_a_crash, "PUBCOMP 0x92"),
        CHECK(pubrel_comes_after_pubrec, "[MQTT-4.3.3-4]"),
        CHECK(publish_does_not_come_after_pubrel, "[MQTT-4.3.3-6]"),
        CHECK(identifier_in_use_is_not_used_again, "[MQTT-2.2.1-4]"),
        CHECK(nothing_comes_again_on_one_link, "[MQTT-4.4.0-1]"),
        CHECK(dup_is_not_for_the_first, "[MQTT-3.3.1-1]"),
        CHECK(receive_maximum_is_kept, "[MQTT-3.3.4-9]"),
        CHECK(suback_has_a_reason_for_each, "[MQTT-3.8.4-6]"),
        CHECK(suback_grants_what_was_asked_for, "[MQTT-3.8.4-7]"),
        CHECK(unsuback_knows_the_subscription, "[MQTT-3.11.3-2]"),
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        story_check(&checks[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_packets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
