/* connect.h — CONNECT, written straight from the options.
 *
 * wire/connect.h would want all properties decoded in one struct first: more stack than a
 * microcontroller has for it. The bytes are the same, as the test shows. */
#ifndef MIDGE_UMQTT_CONNECT_H
#define MIDGE_UMQTT_CONNECT_H

#include "umqtt/client.h"

/* UMQTT_OK, UMQTT_INVALID or UMQTT_UNSUPPORTED, as umqtt_start says. */
MUST_USE enum umqtt_error connect_check(const struct umqtt_options *options);

/* Appends CONNECT to `control`, from options that have been checked. UMQTT_TOO_LARGE: no room. */
MUST_USE enum umqtt_error connect_append(struct umqtt_control *control,
                                         const struct umqtt_options *options, bool clean_start);

/* Of the whole packet. */
size_t connect_packet_size(const struct umqtt_options *options);

#endif
