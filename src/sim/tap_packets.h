/* tap_packets.h — each packet as the judge wants to hear of it. */
#ifndef MIDGE_SIM_TAP_PACKETS_H
#define MIDGE_SIM_TAP_PACKETS_H

#include "sim/agenda.h"
#include "sim/byte_queue.h"
#include "sim/judge.h"
#include "wire/frame.h"

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

void tap_packet_sent(struct tap *tap, const struct frame *frame);
void tap_packet_received(struct tap *tap, const struct frame *frame);

/* The number that a payload begins with; 0: none. */
uint64_t tap_message_number(struct bytes payload);

#endif
