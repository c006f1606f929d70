/* umqtt_words.c — what to tell a person. */
#include "umqtt.h"

#include "wire/reason_code.h"

const char *umqtt_error_words(enum umqtt_error error)
{
    static const char *const WORDS[] = {
        [UMQTT_OK] = "all is well",
        [UMQTT_FULL] = "no room in the outbox now: try again when something has been sent",
        [UMQTT_TOO_LARGE] = "larger than a buffer, the server or MQTT itself allows",
        [UMQTT_INVALID] = "a topic, filter, text, QoS or property that MQTT does not allow here",
        [UMQTT_NOT_CONNECTED] = "not connected",
        [UMQTT_UNSUPPORTED] = "not in this version of MQTT, or not granted by this server",
        [UMQTT_REFUSED] = "the server refused",
        [UMQTT_TRANSPORT] = "the connection to the server could not be made, or broke",
        [UMQTT_TIMEOUT] = "no answer from the server in time",
        [UMQTT_MALFORMED] = "the server sent something that is no MQTT packet",
        [UMQTT_PROTOCOL_ERROR] = "the server sent a packet that has no place here",
        [UMQTT_RECEIPTS_FULL] = "more QoS 2 messages in flight than this client can remember",
        [UMQTT_ENDED_BY_SERVER] = "the server ended the connection",
        [UMQTT_ENDED] = "the connection was ended on purpose",
    };
    unsigned index = (unsigned)error;
    return index < sizeof WORDS / sizeof WORDS[0] ? WORDS[index] : "unknown error";
}

const char *umqtt_reason_words(uint8_t reason)
{
    return reason_code_words((enum reason_code)reason);
}

const char *umqtt_connack_words(enum umqtt_version version, uint8_t code)
{
    return version == UMQTT_5 ? reason_code_words((enum reason_code)code)
                              : return_code_words((enum connect_return_code)code);
}
