/* packet_walk.h — where does the packet end that these bytes belong to?
 *
 * umqtt takes whatever has arrived and answers all of it. A program that wants exactly one message
 * must not let the next be acknowledged unseen: it hands the bytes on packet by packet. */
#ifndef MIDGE_CLI_PACKET_WALK_H
#define MIDGE_CLI_PACKET_WALK_H

#include <stddef.h>
#include <stdint.h>

struct packet_walk {
    size_t left;    /* bytes of the packet's body still to come */
    unsigned shift; /* in the Remaining Length; 0 with in_length false: before a packet */
    int in_length;
};

/* How many of `size` > 0 bytes come before the end of the packet; all of them if it ends later. The
 * walk moves on behind them. Zeros before the first call, and for each new connection. */
size_t packet_walk_step(struct packet_walk *walk, const uint8_t *data, size_t size);

#endif
