/* judge_story_testing.h — histories for the judge, in few words. Each call is one event, one
 * millisecond after the one before. Clients have one link at a time; the number of the link is the
 * client's number times 100 plus a count. */
#ifndef MIDGE_SIM_JUDGE_STORY_TESTING_H
#define MIDGE_SIM_JUDGE_STORY_TESTING_H

#include "sim/judge.h"

enum { STORY_CLIENTS = 4, FOREVER = -1 };

struct story {
    struct judge *judge;
    uint64_t now_us, links[STORY_CLIENTS];
    uint16_t next_packet_id;
    bool is_bad; /* the same history with the fault in it */
};

/* A history, told well or with one fault; and a piece of what the verdict must say then. */
struct story_check {
    const char *name;
    void (*tell)(struct story *story);
    const char *words;
    enum judge_durability durability;
};

/* Tells each twice; a cmocka assertion fails unless the judge is silent, and then not. */
void story_check(const struct story_check *check);

void passes_s(struct story *story, double seconds);
uint64_t link_of(const struct story *story, uint32_t client);

/* expiry_s: 0, seconds or FOREVER. A clean start when it is 0, or asked for. */
void sends_connect(struct story *story, uint32_t client, bool clean_start, int64_t expiry_s,
                   const struct judge_will *will);
void gets_connack(struct story *story, uint32_t client, bool session_present);
/* Both: for a session that is new, or one that is resumed. */
void connects(struct story *story, uint32_t client, int64_t expiry_s);
void resumes(struct story *story, uint32_t client, int64_t expiry_s);

void subscribes(struct story *story, uint32_t client, const char *filter, uint8_t qos);
void subscribes_with(struct story *story, uint32_t client, const struct judge_filter *filter);
void unsubscribes(struct story *story, uint32_t client, const char *filter);

/* The packet identifier is the message's number. */
void sends(struct story *story, uint32_t client, uint64_t message, const char *topic, uint8_t qos);
void sends_with(struct story *story, uint32_t client, struct judge_publish publish);
void sends_ack(struct story *story, uint32_t client, enum judge_ack kind, uint64_t message);
void gets_ack(struct story *story, uint32_t client, enum judge_ack kind, uint64_t message);
/* The whole exchange, up to PUBACK or PUBCOMP. */
void publishes(struct story *story, uint32_t client, uint64_t message, const char *topic,
               uint8_t qos);
void retains(struct story *story, uint32_t client, uint64_t message, const char *topic,
             uint8_t qos);

void hears(struct story *story, uint32_t client, uint64_t message, const char *topic, uint8_t qos);
void hears_with(struct story *story, uint32_t client, struct judge_received received);
/* And answers, up to the end of the exchange. */
void takes(struct story *story, uint32_t client, uint64_t message, const char *topic, uint8_t qos);

void breaks(struct story *story, uint32_t client); /* at both ends */
void disconnects(struct story *story, uint32_t client, uint8_t reason);
void is_idle(struct story *story);
void crashes(struct story *story); /* and starts again; the clients have learnt it */
void stops(struct story *story);   /* the same in order */
void settles(struct story *story);

#endif
