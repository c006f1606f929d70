/* format.h — how a message is shown: -F, with mosquitto's escapes.
 *
 *   %t topic   %p payload   %x %X payload in hex   %l its length   %q QoS   %r retain
 *   %m packet id   %A topic alias   %C content type   %D correlation data   %E message expiry   %F
 * payload format
 *   %P user properties   %R response topic   %S subscription identifier
 *   %I ISO-8601 time   %U Unix time   %j %J JSON   @… strftime   \n \t \0 \e … one character */
#ifndef MIDGE_CLI_FORMAT_H
#define MIDGE_CLI_FORMAT_H

#include <time.h>

#include "cli/output.h"
#include "umqtt.h"

#define FORMAT_FAULT_SIZE_MAX 128

struct format;

/* Reads `text` (kept). NULL: it is wrong, and `fault` says how. */
struct format *format_new(const char *text, char fault[FORMAT_FAULT_SIZE_MAX]);
void format_free(struct format *format); /* NULL is allowed */

/* Shows `message`, whose payload is whole, as received at `now`. False: %J, and the payload is no
 * JSON; the rest has been shown. */
bool format_print(const struct format *format, const struct umqtt_message *message,
                  const struct timespec *now, bool is_pretty, struct output *output);

#endif
