/* format_json.h — %j and %J: a message as one JSON object, in the shape mosquitto_sub gives it:
 *
 *   {"tst":"2026-01-02T03:04:05.678901Z+0000","topic":"t","qos":1,"retain":0,"payloadlen":5,
 *    "mid":1,"properties":{"content-type":"text/plain","user-properties":{"k":"v"}},
 *    "payload":"hello"} */
#ifndef MIDGE_CLI_FORMAT_JSON_H
#define MIDGE_CLI_FORMAT_JSON_H

#include <time.h>

#include "cli/output.h"
#include "umqtt.h"

/* `payload_is_json`: the payload is put in as it is, not as text; false when it is no JSON (nothing
 * is shown then). The payload is whole. */
bool format_json_print(const struct umqtt_message *message, const struct timespec *now,
                       bool payload_is_json, bool is_pretty, struct output *output);

#endif
