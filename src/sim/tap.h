/* tap.h — listens to one client's end of a line, takes the bytes apart and tells the judge which
 * packets left and which arrived.
 *
 * The payload of each message begins with its number in decimal digits. A client that says what is
 * no MQTT is not listened to any more from there on: the broker will not, either. */
#ifndef MIDGE_SIM_TAP_H
#define MIDGE_SIM_TAP_H

#include "sim/agenda.h"
#include "sim/byte_queue.h"
#include "sim/judge.h"

enum { TAP_ALIASES_MAX = 16, TAP_TEXT_SIZE = 64, TAP_FILTERS_MAX = 8, TAP_EMPTIES_MAX = 256 };

struct tap {
    struct judge *judge;
    const struct agenda *agenda;
    uint64_t *messages; /* the world's count of messages, for those without a payload */
    uint32_t client;    /* as the judge counts */
    uint64_t link;
    uint8_t version;
    bool is_hostile;
    bool has_connect;     /* CONNECT has left, whole */
    bool has_connack;     /* it was accepted */
    bool is_spoilt;       /* what it sends is not listened to */
    bool is_stale;        /* another connection has taken its client identifier: nothing is */
    bool is_goodbye_sent; /* DISCONNECT has left */
    struct {
        uint16_t packet_id;
        uint64_t message;
    } empties[TAP_EMPTIES_MAX]; /* the last ones without a payload, by packet identifier */
    struct byte_queue sent, received;
    char aliases_sent[TAP_ALIASES_MAX][TAP_TEXT_SIZE];
    char aliases_received[TAP_ALIASES_MAX][TAP_TEXT_SIZE];
};

/* For a new line of `client`. */
void tap_begin(struct tap *tap, uint32_t client, uint64_t link);
void tap_fini(struct tap *tap);
/* The client closed it, or learnt that it is gone. */
void tap_end(struct tap *tap);

void tap_sent(struct tap *tap, struct bytes bytes);
void tap_received(struct tap *tap, struct bytes bytes);

/* The number that a payload begins with; 0: none. */
uint64_t tap_message_number(struct bytes payload);

#endif
