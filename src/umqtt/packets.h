/* packets.h — every packet from the server but PUBLISH: what it changes. */
#ifndef MIDGE_UMQTT_PACKETS_H
#define MIDGE_UMQTT_PACKETS_H

#include "umqtt/client.h"

/* One whole packet, of any type. */
void packets_take(struct umqtt *client, uint32_t now_ms, const struct frame *frame);

#endif
