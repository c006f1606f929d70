/* judge_story_testing.c — see judge_story_testing.h. */
#include "sim/judge_story_testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void tell(const struct story_check *check, bool is_bad);
static uint64_t next_us(struct story *story);

void story_check(const struct story_check *check)
{
    tell(check, false);
    tell(check, true);
}

static void tell(const struct story_check *check, bool is_bad)
{
    struct judge_options options = {.clients = STORY_CLIENTS, .durability = check->durability};
    struct story story = {
        .judge = judge_new(&options), .now_us = 1000000, .next_packet_id = 1, .is_bad = is_bad};
    judge_started(story.judge, story.now_us);
    check->tell(&story);
    const char *verdict = judge_verdict(story.judge);
    if (is_bad ? !verdict || !strstr(verdict, check->words) : verdict != NULL) {
        judge_print_last_events(story.judge, stderr, 50);
        fail_msg("%s (%s): %s", check->name, is_bad ? "bad" : "good",
                 verdict ? verdict : "no verdict");
    }
    judge_free(story.judge);
}

static uint64_t next_us(struct story *story)
{
    return story->now_us += 1000;
}

void passes_s(struct story *story, double seconds)
{
    story->now_us += (uint64_t)(seconds * 1e6);
}

uint64_t link_of(const struct story *story, uint32_t client)
{
    return 100 * client + story->links[client];
}

void sends_connect(struct story *story, uint32_t client, bool clean_start, int64_t expiry_s,
                   const struct judge_will *will)
{
    story->links[client]++;
    struct judge_connect connect = {.link = link_of(story, client),
                                    .version = 5,
                                    .clean_start = clean_start || expiry_s == 0,
                                    .expiry_s = expiry_s < 0 ? UINT32_MAX : (uint32_t)expiry_s,
                                    .receive_max = 2,
                                    .will = will};
    judge_connect_sent(story->judge, next_us(story), client, &connect);
}

void gets_connack(struct story *story, uint32_t client, bool session_present)
{
    struct judge_connack connack = {.session_present = session_present};
    judge_connack_received(story->judge, next_us(story), link_of(story, client), &connack);
}

void connects(struct story *story, uint32_t client, int64_t expiry_s)
{
    sends_connect(story, client, false, expiry_s, NULL);
    gets_connack(story, client, false);
}

void resumes(struct story *story, uint32_t client, int64_t expiry_s)
{
    sends_connect(story, client, false, expiry_s, NULL);
    gets_connack(story, client, true);
}

void subscribes(struct story *story, uint32_t client, const char *filter, uint8_t qos)
{
    subscribes_with(story, client, &(struct judge_filter){.filter = filter, .qos = qos});
}

void subscribes_with(struct story *story, uint32_t client, const struct judge_filter *filter)
{
    uint16_t packet_id = ++story->next_packet_id;
    judge_subscribe_sent(story->judge, next_us(story), link_of(story, client), packet_id, filter,
                         1);
    judge_suback_received(story->judge, next_us(story), link_of(story, client), packet_id,
                          &filter->qos, 1);
}

void unsubscribes(struct story *story, uint32_t client, const char *filter)
{
    uint16_t packet_id = ++story->next_packet_id;
    judge_unsubscribe_sent(story->judge, next_us(story), link_of(story, client), packet_id, &filter,
                           1);
    judge_unsuback_received(story->judge, next_us(story), link_of(story, client), packet_id,
                            (const uint8_t *)"", 1);
}

void sends(struct story *story, uint32_t client, uint64_t message, const char *topic, uint8_t qos)
{
    sends_with(story, client,
               (struct judge_publish){.message = message, .topic = topic, .qos = qos});
}

void sends_with(struct story *story, uint32_t client, struct judge_publish publish)
{
    publish.link = link_of(story, client);
    publish.packet_id = publish.qos > 0 ? (uint16_t)publish.message : 0;
    judge_publish_sent(story->judge, next_us(story), &publish);
}

void sends_ack(struct story *story, uint32_t client, enum judge_ack kind, uint64_t message)
{
    judge_ack_sent(story->judge, next_us(story), link_of(story, client), kind, (uint16_t)message,
                   0);
}

void gets_ack(struct story *story, uint32_t client, enum judge_ack kind, uint64_t message)
{
    judge_ack_received(story->judge, next_us(story), link_of(story, client), kind,
                       (uint16_t)message, 0);
}

static void finish_publish(struct story *story, uint32_t client, uint64_t message, uint8_t qos)
{
    if (qos == 1) {
        gets_ack(story, client, JUDGE_PUBACK, message);
    } else if (qos == 2) {
        gets_ack(story, client, JUDGE_PUBREC, message);
        sends_ack(story, client, JUDGE_PUBREL, message);
        gets_ack(story, client, JUDGE_PUBCOMP, message);
    }
}

void publishes(struct story *story, uint32_t client, uint64_t message, const char *topic,
               uint8_t qos)
{
    sends(story, client, message, topic, qos);
    finish_publish(story, client, message, qos);
}

void retains(struct story *story, uint32_t client, uint64_t message, const char *topic, uint8_t qos)
{
    sends_with(
        story, client,
        (struct judge_publish){.message = message, .topic = topic, .qos = qos, .retain = true});
    finish_publish(story, client, message, qos);
}

void hears(struct story *story, uint32_t client, uint64_t message, const char *topic, uint8_t qos)
{
    hears_with(story, client,
               (struct judge_received){.message = message, .topic = topic, .qos = qos});
}

void hears_with(struct story *story, uint32_t client, struct judge_received received)
{
    received.link = link_of(story, client);
    if (received.packet_id == 0 && received.qos > 0) {
        received.packet_id = (uint16_t)received.message;
    }
    judge_publish_received(story->judge, next_us(story), &received);
}

void takes(struct story *story, uint32_t client, uint64_t message, const char *topic, uint8_t qos)
{
    hears(story, client, message, topic, qos);
    if (qos == 1) {
        sends_ack(story, client, JUDGE_PUBACK, message);
    } else if (qos == 2) {
        sends_ack(story, client, JUDGE_PUBREC, message);
        gets_ack(story, client, JUDGE_PUBREL, message);
        sends_ack(story, client, JUDGE_PUBCOMP, message);
    }
}

void breaks(struct story *story, uint32_t client)
{
    judge_link_left(story->judge, next_us(story), link_of(story, client));
    judge_link_lost(story->judge, next_us(story), link_of(story, client), true);
}

void disconnects(struct story *story, uint32_t client, uint8_t reason)
{
    judge_disconnect_sent(story->judge, next_us(story), link_of(story, client), reason, false, 0);
    breaks(story, client);
}

void is_idle(struct story *story)
{
    judge_broker_idle(story->judge, next_us(story));
}

void crashes(struct story *story)
{
    judge_crashed(story->judge, next_us(story));
    for (uint32_t i = 0; i < STORY_CLIENTS; i++) {
        judge_link_left(story->judge, story->now_us, link_of(story, i));
    }
    judge_started(story->judge, next_us(story));
}

void stops(struct story *story)
{
    judge_stopped(story->judge, next_us(story));
    for (uint32_t i = 0; i < STORY_CLIENTS; i++) {
        judge_link_left(story->judge, story->now_us, link_of(story, i));
    }
    judge_started(story->judge, next_us(story));
}

void settles(struct story *story)
{
    judge_settled(story->judge, next_us(story));
}
