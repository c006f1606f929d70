/* tap.h — listens to one client's end of a line, takes the bytes apart and tells the judge which
 * packets left and which arrived.
 *
 * The payload of each message begins with its number in decimal digits. A client that says what is
 * no MQTT is not listened to any more from there on: the broker will not, either. */
#ifndef MIDGE_SIM_TAP_H
#define MIDGE_SIM_TAP_H

#include "sim/tap_packets.h"

/* For a new line of `client`. */
void tap_begin(struct tap *tap, uint32_t client, uint64_t link);
void tap_fini(struct tap *tap);
/* The client closed it, or learnt that it is gone. */
void tap_end(struct tap *tap);

void tap_sent(struct tap *tap, struct bytes bytes);
void tap_received(struct tap *tap, struct bytes bytes);

#endif
