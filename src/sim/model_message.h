/* model_message.h — an application message as the judge knows it, and what each client has had of
 * it. */
#ifndef MIDGE_SIM_MODEL_MESSAGE_H
#define MIDGE_SIM_MODEL_MESSAGE_H

#include "base/list.h"
#include "base/map.h"

enum model_will_state {
    MODEL_NO_WILL,
    MODEL_WILL_ARMED, /* its link is up: must not be published */
    MODEL_WILL_MAY,   /* may be published, or may have been */
    MODEL_WILL_DUE,   /* must be published between due_low_us and due_high_us */
    MODEL_WILL_DONE,  /* must have been published */
    MODEL_WILL_NEVER, /* must not be published any more */
};

struct model_will {
    enum model_will_state state;
    bool is_watched; /* its state may still change */
    uint32_t delay_s;
    bool is_durable;       /* its session outlives a crash, certainly */
    uint64_t due_low_us;   /* not before */
    uint64_t due_high_us;  /* by then; UINT64_MAX: a while after the broker has started again */
    bool is_late;          /* a crash came in between: a new CONNECT may come first */
    uint64_t rival_link;   /* a CONNECT without an answer may take it back; 0: none */
    bool has_rivals;       /* there was another before that one */
    uint64_t heard;        /* event of its first receipt while it was armed; 0 */
    uint64_t forgotten_at; /* event after which it must not be published */
};

/* What one client has had of a message. Counts belong to one life of its session. */
struct model_heard {
    uint32_t life;
    uint32_t must_epoch; /* it must get the message, as long as its session has this epoch; 0 */
    uint64_t must_since; /* the event that acknowledged the subscription */
    uint64_t last;       /* event of the last receipt, a repeated one included; 0: none */
    uint64_t last_link, last_opened; /* event: when that link was */
    /* Deliveries that were new, as published and from what is retained; at QoS 2 apart. */
    uint16_t live, live_qos_2, replays;
};

struct model_message {
    uint64_t number;
    uint32_t topic;     /* text */
    uint32_t publisher; /* client */
    uint8_t qos;
    bool retain, is_empty, is_unordered, is_refused, is_candidate;
    uint32_t expiry_s;                  /* 0: none */
    uint64_t first_sent, first_sent_us; /* event; of a will: when it could be published first */
    uint64_t last_sent, last_link;
    uint64_t accepted; /* event of PUBACK or PUBREC; 0: none yet */
    uint64_t finished; /* event from which on it cannot take effect any more; 0 */
    uint64_t accepted_us;
    uint64_t accepted_since; /* the last crash before it was accepted */
    uint64_t superseded;     /* event since which another is certainly retained in its place; 0 */
    uint32_t sends;          /* PUBLISH packets: so often QoS 1 may be delivered anew */
    uint32_t fresh;          /* sessions of the publisher it was sent in: so often QoS 2 may */
    uint32_t publisher_epoch;
    struct model_will will;
    struct list link;           /* all messages, in the order of their first sending */
    struct model_heard heard[]; /* one for each client */
};

struct model_messages {
    struct map by_number;
    struct list all;
    uint32_t count, clients;
    uint64_t newest;      /* the highest number ever known */
    uint64_t unjudged_to; /* up to this number, some were forgotten for room */
};

void model_messages_init(struct model_messages *messages, uint32_t clients);
void model_messages_fini(struct model_messages *messages);
struct model_message *model_messages_add(struct model_messages *messages, uint64_t number);
struct model_message *model_messages_find(const struct model_messages *messages, uint64_t number);
void model_messages_forget(struct model_messages *messages, struct model_message *message);

/* What the client had, in this life of its session. */
struct model_heard *model_message_heard(struct model_message *message, uint32_t client,
                                        uint32_t life);

#endif
