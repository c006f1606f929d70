/* message.h — PUBLISH from the server: to the program, then acknowledged. */
#ifndef MIDGE_UMQTT_MESSAGE_H
#define MIDGE_UMQTT_MESSAGE_H

#include "umqtt/client.h"

/* One that is here as a whole. */
void message_take(struct umqtt *client, uint32_t now_ms, const struct frame *frame);

/* One that is larger than the input buffer, whose first bytes are there: begins to stream as soon
 * as its head is complete, or to skip when the buffer is full before that. */
void message_try_stream(struct umqtt *client, uint32_t now_ms, const struct frame *frame);

/* The next bytes of it; returns how many were its. */
size_t message_stream(struct umqtt *client, uint32_t now_ms, struct bytes bytes);

#endif
