/* model_session.h — a client's session in three values: is it there, which subscriptions does it
 * have, which packet identifiers are in use.
 *
 * A *life* ends when the session certainly ended; its *epoch* ends also when it may have: what
 * must be so in one epoch only may be so in the next. Event numbers are the clock of all this. */
#ifndef MIDGE_SIM_MODEL_SESSION_H
#define MIDGE_SIM_MODEL_SESSION_H

#include "sim/model_message.h"
#include "sim/model_texts.h"

enum { MODEL_NEVER_S = UINT32_MAX, MODEL_ID_PAGE = 256, MODEL_ORDERS = 9 };

enum model_presence { MODEL_GONE, MODEL_MAYBE, MODEL_THERE };

/* A SUBSCRIBE's filter, from its sending until all that was published under it is over. */
struct model_subscription {
    uint32_t filter, pattern; /* texts; the pattern without "$share/group/" */
    bool is_shared, no_local, retain_as_published, is_answered, is_refused;
    uint8_t retain_handling, qos; /* as granted; before that, as asked for */
    uint16_t packet_id;
    uint64_t link;
    uint64_t first_sent;        /* event: its SUBSCRIBE may have come more than once */
    uint64_t sent, idle_before; /* event; the broker's last idle one before it */
    uint64_t acknowledged;      /* event; 0: no SUBACK yet */
    uint32_t epoch;             /* of the acknowledgement */
    uint64_t end_sent, ended;   /* events: UNSUBSCRIBE, and what acknowledged the end; 0 */
    uint32_t times;             /* how many became this one when they were over */
    bool was_new, was_there;    /* certainly there was none (one) with this filter before */
};

struct model_unsubscription {
    uint32_t filter;
    uint16_t packet_id;
    uint64_t link, sent;
    bool was_certain; /* there certainly was such a subscription */
};

/* What the client had under an identifier of the broker's. */
enum model_receipt_state {
    MODEL_RECEIPT_NONE,
    MODEL_RECEIPT_1,        /* QoS 1, no PUBACK sent */
    MODEL_RECEIPT_2,        /* QoS 2, no PUBREC sent */
    MODEL_RECEIPT_RECEIVED, /* PUBREC sent */
    MODEL_RECEIPT_RELEASED, /* PUBREL received */
    MODEL_RECEIPT_DONE,     /* PUBACK or PUBCOMP sent */
};

struct model_receipt {
    uint64_t message, link, event; /* of its last PUBLISH */
    uint64_t
        opened; /* event: when that link was. A crash since then may undo what was not written */
    uint64_t done_link;
    uint32_t life, epoch;
    uint8_t state;
    bool is_ill; /* its link came while the disk could not be written */
};

/* What the client has sent under an identifier of its own. */
enum model_sending_state {
    MODEL_SENDING_NONE,
    MODEL_SENDING_1,
    MODEL_SENDING_2,
    MODEL_SENDING_RECEIVED, /* PUBREC received */
    MODEL_SENDING_RELEASED, /* PUBREL sent */
};

struct model_sending {
    uint64_t message, link;
    uint32_t life, epoch; /* epoch: of PUBREC */
    uint16_t releases;    /* PUBREL packets */
    uint8_t state;
};

struct model_link {
    uint64_t number, opened, opened_us; /* event */
    uint32_t client, life;              /* life: once it is accepted */
    uint8_t version;
    bool clean_start, is_hostile;
    bool is_ill;                           /* it came while the disk could not be written */
    bool has_answer;                       /* CONNACK received */
    bool is_accepted;                      /* and it said yes */
    bool is_left, is_lost;                 /* at the client's end; at the broker's */
    bool is_crashed;                       /* lost with the broker */
    uint32_t lost_epoch;                   /* of the session, just before it was lost */
    bool was_alive;                        /* the session, certainly, when CONNECT was sent */
    bool absent_allowed, present_allowed;  /* the session, as its CONNACK says */
    bool said_goodbye, goodbye_has_expiry; /* DISCONNECT sent */
    uint8_t goodbye_reason;
    uint32_t goodbye_expiry_s;
    uint32_t expiry_s;
    uint32_t receive_max, unanswered; /* PUBLISH at QoS 1 and 2 received on it */
    uint64_t first_new_publish;       /* event; 0: none */
    struct model_message *will;       /* NULL: none */
};

struct model_session {
    uint32_t client, life, epoch; /* from 1 on */
    uint32_t life_epoch;          /* in which this life began */
    uint64_t new_publish_link;    /* on which it last published something new */
    enum model_presence presence;
    uint32_t expiry_low_s, expiry_high_s;
    bool is_muddled; /* a hostile one: it may use an identifier for two messages at a time */
    bool is_away;    /* the broker knows, or there is none, that its link is gone */
    uint64_t away_low_us, away_high_us;
    bool deadline_is_doubtful; /* the wall's clock jumped */
    bool has_goodbye;          /* DISCONNECT changed the expiry interval, unless a crash comes */
    uint32_t goodbye_expiry_s;
    uint64_t certain_since; /* event */
    uint64_t away_since;    /* event */
    uint32_t links_in_life;
    uint64_t newest_connect, newest_clean_start; /* events: CONNECT sent */
    struct model_link *link;                     /* the client's newest; NULL: left, or none ever */
    struct model_link *holder; /* the accepted one, until the broker has lost it; NULL: none */

    struct model_subscription *subscriptions;
    uint32_t subscription_count, subscription_capacity;
    uint32_t tidied; /* subscriptions taken out in this life */
    struct model_unsubscription *unsubscriptions;
    uint32_t unsubscription_count, unsubscription_capacity;
    void *receipts[65536 / MODEL_ID_PAGE]; /* pages of struct model_receipt; NULL: none yet */
    void *sendings[65536 / MODEL_ID_PAGE]; /* of struct model_sending */
    /* The event of the first sending of the newest message had, by publisher, topic and QoS
     * (as published and as delivered). */
    uint64_t *orders;
    size_t order_count;
    /* For each topic the event of a SUBSCRIBE whose retained message is still to come; 0: none */
    uint64_t *replays_due;
    uint32_t replays_due_count, replays_due_size;
};

/* The epoch of what an answer on that link promises. */
static inline uint32_t model_session_epoch_of(const struct model_session *session,
                                              const struct model_link *link)
{
    return link->is_lost ? link->lost_epoch : session->epoch;
}

void model_session_init(struct model_session *session, uint32_t client);
void model_session_fini(struct model_session *session);

void model_session_end(struct model_session *session);     /* it certainly ended */
void model_session_may_end(struct model_session *session); /* it may have ended */

/* Whether it certainly is there (or not) from the broker's view at this time. */
bool model_session_is_alive(const struct model_session *session, uint64_t now_us,
                            uint64_t slack_us);
bool model_session_has_expired(const struct model_session *session, uint64_t now_us,
                               uint64_t slack_us);

struct model_receipt *model_session_receipt(struct model_session *session, uint16_t packet_id);
struct model_sending *model_session_sending(struct model_session *session, uint16_t packet_id);
uint64_t *model_session_order(struct model_session *session, uint32_t publisher, uint32_t clients,
                              uint32_t topic, uint8_t qos_published, uint8_t qos);

void model_session_expect_replay(struct model_session *session, uint32_t topic, uint64_t since);
void model_session_forget_replay(struct model_session *session, uint32_t topic);
void model_session_forget_replays(struct model_session *session);

/* A new one (zero but for `times`). */
struct model_subscription *model_session_subscribe(struct model_session *session);
/* One like this that was asked for on another link and never answered, or NULL. */
struct model_subscription *
model_session_find_unanswered(struct model_session *session,
                              const struct model_subscription *subscription);
struct model_unsubscription *model_session_unsubscribe(struct model_session *session);
/* Ends all of this filter that were sent before the event, except `keep`. */
void model_session_end_subscriptions(struct model_session *session, uint32_t filter,
                                     uint64_t before, const struct model_subscription *keep,
                                     uint64_t now);
/* Takes out those that ended before the event. */
void model_session_tidy(struct model_session *session, uint64_t before);

/* A subscription that is certainly in force since before the event, and is not to end. */
static inline bool model_subscription_is_certain(const struct model_session *session,
                                                 const struct model_subscription *subscription,
                                                 uint64_t event)
{
    return subscription->acknowledged != 0 && subscription->acknowledged <= event &&
           subscription->epoch == session->epoch && subscription->end_sent == 0;
}

#endif
