/* show.h — a received message on standard output, in the way the options ask for. */
#ifndef MIDGE_CLI_SHOW_H
#define MIDGE_CLI_SHOW_H

#include "cli/options.h"
#include "cli/output.h"

/* `message` is whole. */
void show_message(const struct options *options, const struct umqtt_message *message,
                  struct output *output);
/* "Subscribed (mid: 1): 0, 2" with -d, and a warning for each filter refused. Returns how many of
 * the `count` filters were granted; *refusal is the last code that refused. */
size_t show_subscribed(const struct options *options, const struct umqtt_event *event,
                       const char *const *filters, size_t count, struct output *output,
                       uint8_t *refusal);

#endif
