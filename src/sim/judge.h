/* judge.h — an independent, deliberately simple model of MQTT, which hears what clients send and
 * receive, and says when a promise is broken.
 *
 *     struct judge *judge = judge_new(&options);
 *     judge_connect_sent(judge, now_us, …); …      each observation, in the order it happens
 *     if (judge_verdict(judge)) print it           NULL: nothing is wrong so far
 *
 * It shares no code with the broker. What it hears is what could be seen at the clients' ends,
 * at the moment a client hands bytes to the network or takes them from it; and a few facts that
 * only the world knows: what became of a link at the broker's end, crashes, idleness.
 *
 * It thinks in three values. What a client was told (an acknowledgement came) must be so. What was
 * only asked for (sent, no answer yet) may be so. The rest must not. An operation happens at one
 * moment between its sending and the arrival of its answer; when that is not enough to tell, both
 * outcomes are allowed.
 *
 * Words: a *client* is a client identifier, 0 … clients-1, in one life or many. A *link* is one
 * network connection; the world numbers them 1, 2, 3 … and never uses a number twice. A *message*
 * is an application message; the world numbers them 1, 2, 3 … and puts the number into the
 * payload; the same number again is the same message sent again. Times are microseconds of the
 * world's true time, which never jumps; they never decrease from call to call. Texts are borrowed
 * for the call and zero-terminated.
 *
 * After a verdict the judge ignores everything. Memory is bounded by messages_max and by the
 * number of different topics and filters: use few. */
#ifndef MIDGE_SIM_JUDGE_H
#define MIDGE_SIM_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct judge;

enum judge_durability {
    JUDGE_DURABLE_ALWAYS, /* what is acknowledged survives a crash */
    JUDGE_DURABLE_LATER,  /* it may survive (interval, or off) */
    JUDGE_DURABLE_NEVER,  /* no store: nothing survives, not even an orderly stop */
};

struct judge_options {
    uint32_t clients;      /* at most 64 */
    uint32_t messages_max; /* remembered at a time; older ones are no longer judged. 0: 65536 */
    enum judge_durability durability;
    uint64_t slack_us; /* how late the broker's timers may be, all told. 0: 3 s */
};

struct judge *judge_new(const struct judge_options *options); /* given; aborts without memory */
void judge_free(struct judge *judge);

/* ------------------------------------------------------------------ what a client sends --- */

struct judge_will {
    uint64_t message; /* its number; every CONNECT with a will has a new one */
    const char *topic;
    uint8_t qos;
    bool retain;
    bool empty;        /* no payload: its number cannot be seen */
    uint32_t delay_s;  /* 3.x: 0 */
    uint32_t expiry_s; /* Message Expiry Interval; 0: none */
};

struct judge_connect {
    uint64_t link;        /* new */
    uint8_t version;      /* 3, 4, 5 */
    bool clean_start;     /* 3.x: clean session */
    bool hostile;         /* it may not read or answer: it is owed nothing on this link */
    uint32_t expiry_s;    /* UINT32_MAX: never. 3.x: 0 with clean session, else UINT32_MAX */
    uint16_t receive_max; /* as sent; 0: none sent, 65535 */
    const struct judge_will *will; /* NULL: none */
};

struct judge_publish {
    uint64_t link;
    uint64_t message;
    uint16_t packet_id; /* 0 with QoS 0 */
    uint8_t qos;
    bool retain, dup;
    bool empty; /* no payload: with retain it clears. Its number cannot be seen by receivers */
    uint32_t expiry_s; /* 0: none. The same when sent again */
    const char *topic; /* the whole name, also when an alias is sent */
};

struct judge_filter {
    const char *filter; /* may be $share/group/filter */
    uint8_t qos;
    bool no_local, retain_as_published;
    uint8_t retain_handling; /* 3.x: 0 */
};

enum judge_ack { JUDGE_PUBACK, JUDGE_PUBREC, JUDGE_PUBREL, JUDGE_PUBCOMP };

/* Opens the link, too. A client's older link is dead from then on: nothing may be observed as
 * received on it. */
void judge_connect_sent(struct judge *judge, uint64_t now_us, uint32_t client,
                        const struct judge_connect *connect);
void judge_publish_sent(struct judge *judge, uint64_t now_us, const struct judge_publish *publish);
void judge_ack_sent(struct judge *judge, uint64_t now_us, uint64_t link, enum judge_ack kind,
                    uint16_t packet_id, uint8_t reason);
void judge_subscribe_sent(struct judge *judge, uint64_t now_us, uint64_t link, uint16_t packet_id,
                          const struct judge_filter *filters, size_t count);
void judge_unsubscribe_sent(struct judge *judge, uint64_t now_us, uint64_t link, uint16_t packet_id,
                            const char *const *filters, size_t count);
/* `reason` 0 (all of 3.x): the will is to be forgotten. has_expiry: 5.0, a new expiry interval. */
void judge_disconnect_sent(struct judge *judge, uint64_t now_us, uint64_t link, uint8_t reason,
                           bool has_expiry, uint32_t expiry_s);

/* --------------------------------------------------------------- what a client receives --- */

struct judge_connack {
    bool session_present;
    uint8_t reason;  /* 0: accepted; the codes of its version */
    bool has_expiry; /* 5.0: the server's own expiry interval */
    uint32_t expiry_s;
};

struct judge_received {
    uint64_t link;
    uint64_t message; /* from the payload; 0: the payload is empty */
    uint16_t packet_id;
    uint8_t qos;
    bool retain, dup;
    const char *topic; /* the whole name, aliases resolved */
};

void judge_connack_received(struct judge *judge, uint64_t now_us, uint64_t link,
                            const struct judge_connack *connack);
/* Of each PUBLISH packet, also of those the client has had before. */
void judge_publish_received(struct judge *judge, uint64_t now_us,
                            const struct judge_received *received);
void judge_ack_received(struct judge *judge, uint64_t now_us, uint64_t link, enum judge_ack kind,
                        uint16_t packet_id, uint8_t reason);
void judge_suback_received(struct judge *judge, uint64_t now_us, uint64_t link, uint16_t packet_id,
                           const uint8_t *reasons, size_t count);
/* 3.x has no reasons: NULL, 0. */
void judge_unsuback_received(struct judge *judge, uint64_t now_us, uint64_t link,
                             uint16_t packet_id, const uint8_t *reasons, size_t count);
void judge_disconnect_received(struct judge *judge, uint64_t now_us, uint64_t link, uint8_t reason);
/* What is no MQTT packet, or cannot come from a server: a verdict of its own. */
void judge_nonsense_received(struct judge *judge, uint64_t now_us, uint64_t link,
                             const char *words);
/* PINGRESP and AUTH: only that CONNACK came first is checked. */
void judge_other_received(struct judge *judge, uint64_t now_us, uint64_t link, const char *words);

/* --------------------------------------------------------------- what the world knows --- */

/* The client has closed the link, or learnt that it is gone: it hears and says nothing more. */
void judge_link_left(struct judge *judge, uint64_t now_us, uint64_t link);
/* The broker has learnt that the link is gone, or has ended it itself (keep alive, taken over, an
 * error …). all_arrived: every byte that the client ever sent on it was consumed by the broker's
 * core before that. To be called once for each link, also when the client left it long ago; not
 * for links that a crash ends, nor when a link goes from one worker to another. */
void judge_link_lost(struct judge *judge, uint64_t now_us, uint64_t link, bool all_arrived);
/* Nothing is under way inside the broker: no parcel, no mail, no batch; all it wrote is synced.
 * (Bytes in the network may be under way.) Call it as often as it is true: it makes the judge
 * sharper. */
void judge_broker_idle(struct judge *judge, uint64_t now_us);
/* All of the broker at once, and what was not synced. All its links are gone. */
void judge_crashed(struct judge *judge, uint64_t now_us);
/* An orderly end: all is written before. All its links are gone (judge_link_lost is not called). */
void judge_stopped(struct judge *judge, uint64_t now_us);
void judge_started(struct judge *judge, uint64_t now_us); /* after either */
/* For the story only; acknowledgements that come in spite of it are promises like others. */
void judge_disk_changed(struct judge *judge, uint64_t now_us, const char *words);
/* The wall's clock jumped: deadlines that go on over a restart are uncertain from here on. */
void judge_clock_jumped(struct judge *judge, uint64_t now_us, int64_t by_us);

/* Σ over all workers, since the start of the broker. */
struct judge_counters {
    uint64_t owed, delivered, queued, in_flight;
    uint64_t dropped_expired;       /* excuses messages with an expiry interval */
    uint64_t dropped_for_room;      /* excuses any: queue bounds, slow readers, memory, size */
    uint64_t dropped_session_ended; /* excuses nothing: the judge knows when sessions end */
    uint64_t dropped_other;         /* excuses nothing: QoS 0 to a client that is away … */
};
/* At a moment when the broker is between steps: owed = delivered + dropped + queued + in flight.
 * Call it also right before a crash or stop, and before judge_settled. */
void judge_counters_seen(struct judge *judge, uint64_t now_us,
                         const struct judge_counters *counters);

/* All links are well, nothing is under way anywhere, every client that is connected has answered
 * all it got, and the broker is idle: each connected client must have what it is owed, and each
 * will that is due must have been published. What is finished is forgotten. */
void judge_settled(struct judge *judge, uint64_t now_us);

/* What broke, as sentences: what was promised and when, what happened, and the statement. Valid
 * until judge_free. NULL: nothing. */
const char *judge_verdict(const struct judge *judge);
/* The last events in words, oldest first, at most `count_max` of the last 256. */
void judge_print_last_events(const struct judge *judge, FILE *out, size_t count_max);

/* How much was checked, to see that the judge was not asleep. */
struct judge_tally {
    uint64_t events, messages, accepted, received, owed, owed_met, excused, wills_due, replays_due;
    uint64_t crashes, sessions_resumed;
    uint64_t ignored; /* what came of links the client had left: should be few */
};
void judge_tally(const struct judge *judge, struct judge_tally *tally);

#endif
