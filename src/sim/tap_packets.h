/* tap_packets.h — each packet as the judge wants to hear of it. */
#ifndef MIDGE_SIM_TAP_PACKETS_H
#define MIDGE_SIM_TAP_PACKETS_H

#include "sim/tap.h"
#include "wire/frame.h"

void tap_packet_sent(struct tap *tap, const struct frame *frame);
void tap_packet_received(struct tap *tap, const struct frame *frame);

#endif
