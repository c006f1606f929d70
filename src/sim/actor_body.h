/* actor_body.h — an actor's umqtt, its line, and the bytes between them. */
#ifndef MIDGE_SIM_ACTOR_BODY_H
#define MIDGE_SIM_ACTOR_BODY_H

#include "sim/stage.h"
#include "sim/tap.h"
#include "umqtt.h"

enum {
    ACTOR_OUTBOX_SIZE = 6 * 1024,
    ACTOR_INPUT_SIZE = 256,
    ACTOR_CONTROL_SIZE = 512,
    ACTOR_ALIASES_SIZE = 256,
    ACTOR_PROPERTIES_SIZE = 32,
    ACTOR_RECEIPTS_MAX = 64,
};

/* What kind of person it is: one in how many of its acts is what. 0: never. */
struct actor_nature {
    uint8_t version;
    bool keeps_session;
    uint64_t pause_us_max; /* between acts; mostly much less */
    uint32_t publishes, subscribes, unsubscribes, leaves, cuts, freezes, dozes;
    uint32_t burst_max;  /* messages at a time */
    uint32_t retains;    /* one in how many messages */
    uint32_t expires;    /* one in how many messages */
    uint32_t has_will;   /* one in how many connections */
    uint32_t starts_new; /* one in how many starts begins clean, though it keeps its session */
    uint16_t keep_alive_s;
    uint16_t receipts;
    uint32_t reconnect_ms; /* 0: only by an act */
};

struct actor {
    struct stage *stage;
    struct random random;
    struct actor_nature nature;
    char client_id[8];
    uint32_t client; /* for the judge */
    struct umqtt umqtt;
    struct umqtt_options options;
    struct umqtt_will will;
    struct line *line; /* NULL: none */
    struct tap tap;
    struct appointment act, tick, dial;
    bool has_forgotten; /* its session must end with it, so it starts clean until it is told so */
    bool is_dozing;     /* reads nothing */
    bool is_resting;    /* decides nothing, but answers; wants a connection if it keeps a session */
    uint64_t acts;
    uint8_t outbox[ACTOR_OUTBOX_SIZE], input[ACTOR_INPUT_SIZE], control[ACTOR_CONTROL_SIZE];
    uint8_t aliases[ACTOR_ALIASES_SIZE];
    uint16_t receipts[ACTOR_RECEIPTS_MAX];
    uint8_t connect_properties[ACTOR_PROPERTIES_SIZE], will_properties[ACTOR_PROPERTIES_SIZE];
    uint8_t will_payload[64];
};

/* Moves what can be moved. True: something did. */
bool actor_read_some(struct actor *actor);
bool actor_write_some(struct actor *actor);
/* Its line is no more. */
void actor_drop_line(struct actor *actor);
uint32_t actor_now_ms(const struct actor *actor);

#endif
