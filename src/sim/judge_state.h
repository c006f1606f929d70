/* judge_state.h — all the judge knows, and what its parts ask of one another. Only for judge*.c. */
#ifndef MIDGE_SIM_JUDGE_STATE_H
#define MIDGE_SIM_JUDGE_STATE_H

#include "sim/judge.h"
#include "sim/model_history.h"
#include "sim/model_session.h"

#include <inttypes.h>

enum { RETAINED_CANDIDATES_MAX = 64 };

/* What may be retained for a topic. */
struct model_retained {
    struct model_message *candidates[RETAINED_CANDIDATES_MAX];
    uint32_t count;
    uint64_t unknown_since; /* event since which others may be, too; 0: none */
};

struct judge {
    struct judge_options options;
    struct model_history history;
    struct model_texts texts;
    struct model_messages messages;
    struct model_session *sessions; /* options.clients */
    struct model_link **links;      /* all that are not gone at both ends */
    uint32_t link_count, link_capacity;
    struct model_message **wills; /* the watched ones */
    uint32_t will_count, will_capacity;
    struct model_retained **retained; /* by topic; NULL: never any */
    uint32_t retained_size;
    uint64_t idle, crash; /* the last such event; idle ones have the number of the event before */
    uint64_t idle_us;
    bool is_down, clock_jumped, clock_ever_jumped;
    bool is_disk_ill;
    struct judge_counters counters; /* as last seen */
    uint64_t room_drops, room_excused;
    struct judge_tally tally;
};

static const uint64_t MODEL_SECOND_US = 1000000;

/* Notes the event; false: there is a verdict already, hear nothing. */
bool judge_note(struct judge *judge, const struct model_event *event);
#define judge_condemn(judge, ...) model_history_condemn(&(judge)->history, __VA_ARGS__)
static inline uint64_t judge_event(const struct judge *judge)
{
    return judge->history.number;
}
static inline uint64_t judge_now_us(const struct judge *judge)
{
    return judge->history.now_us;
}

/* judge_links.c */
/* A link as long as the client has it; NULL: not (any more), and counted as ignored. */
struct model_link *judge_find_link(struct judge *judge, uint64_t number);
struct model_link *judge_find_any_link(struct judge *judge, uint64_t number);
/* The same for what comes from the broker: it must have accepted the connection before. */
struct model_link *judge_find_accepted_link(struct judge *judge, uint64_t number,
                                            const char *packet);
/* What a lost link, its holder's or one without CONNACK, does to the session. */
void judge_lose_unanswered_link(struct judge *judge, const struct model_link *link);
void judge_drop_finished_links(struct judge *judge);
void judge_free_links(struct judge *judge);
/* The client's newest link whose CONNECT may still be carried out; NULL: none. */
const struct model_link *judge_find_open_question(const struct judge *judge, uint32_t client,
                                                  const struct model_link *except);
/* The client is connected, and is to get what it is owed. */
bool judge_is_served(const struct model_session *session);

/* judge_wills.c */
void judge_will_armed(struct judge *judge, struct model_link *link, const struct judge_will *will);
void judge_will_link_lost(struct judge *judge, struct model_link *link, bool all_arrived);
void judge_will_contested(struct judge *judge, const struct model_link *link);
void judge_will_resolved(struct judge *judge, const struct model_link *link, bool session_present);
void judge_wills_crashed(struct judge *judge, bool is_orderly);
void judge_wills_started(struct judge *judge);
void judge_wills_idle(struct judge *judge);

/* judge_publish.c */
/* It certainly took effect: who must get it? */
void judge_accept(struct judge *judge, struct model_message *message);
/* Whether a message of this topic could reach the session as it is published, how. */
struct judge_chance {
    uint8_t qos;              /* bits 1 << QoS of delivery */
    bool plain, as_published; /* subscriptions without and with Retain As Published */
    uint32_t shares;
};
struct judge_chance judge_chance_of(struct judge *judge, const struct model_session *session,
                                    const struct model_message *message);
void judge_make_room(struct judge *judge);

/* judge_retained.c */
void judge_retained_offer(struct judge *judge, struct model_message *message);
void judge_retained_accept(struct judge *judge, struct model_message *message);
/* Whether it could be what a SUBSCRIBE sent at that event finds. */
bool judge_retained_is_possible(const struct judge *judge, const struct model_message *message,
                                uint64_t since);
/* Whether a SUBSCRIBE sent at that event, with that QoS, must find some message. */
bool judge_retained_is_certain(const struct judge *judge, uint32_t topic, uint64_t since,
                               uint8_t qos);
/* Whether the session has had one of those since that event. */
bool judge_had_retained(const struct judge *judge, const struct model_session *session,
                        uint32_t topic, uint64_t since);
/* Whether there were too many candidates to remember. */
bool judge_retained_is_unknown(const struct judge *judge, uint32_t topic);
void judge_retained_remove(struct judge *judge, struct model_message *message);
void judge_retained_crashed(struct judge *judge);
void judge_retained_tidy(struct judge *judge);
void judge_retained_free(struct judge *judge);

/* judge_receipts.c */
enum judge_delivery { JUDGE_NEW, JUDGE_AGAIN, JUDGE_WRONG };
/* Looks at the packet identifier of a PUBLISH. */
enum judge_delivery judge_receipt_of(struct judge *judge, struct model_link *link,
                                     const struct judge_received *received);
void judge_receipt_released(struct judge *judge, struct model_link *link, uint16_t packet_id);
void judge_receipt_answered(struct judge *judge, struct model_link *link, enum judge_ack kind,
                            uint16_t packet_id, uint8_t reason);

#endif
