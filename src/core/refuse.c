/* refuse.c — see refuse.h. */
#include "core/refuse.h"

#include "core/goodbye.h"
#include "core/links.h"
#include "core/send.h"
#include "core/session_life.h"
#include "wire/reason_code.h"

#include <stdio.h>

enum { NO_RETURN_CODE = 0xFF, NAME_SIZE = 256 };

static uint8_t return_code(enum reason_code reason);

void refuse_link(struct core *core, struct link *link, enum reason_code reason, const char *words)
{
    char name[NAME_SIZE];
    if (link->state == LINK_CLOSING) {
        return;
    }
    log_write(core->log, LOG_KIND_NOTICE, "%s disconnected: %s (0x%02X%s%s).",
              refuse_name(link, name, sizeof name), reason_code_words(reason), (unsigned)reason,
              words ? ", " : "", words ? words : "");
    goodbye_say(core, link, reason, words);
    if (link->session) {
        session_detach(core, link->session, PARTING_ABRUPT);
    }
    links_end(core, link);
}

void refuse_connect(struct core *core, struct link *link, enum reason_code reason,
                    const char *words)
{
    char name[NAME_SIZE];
    log_write(core->log, LOG_KIND_NOTICE, "%s was refused: %s (0x%02X%s%s).",
              refuse_name(link, name, sizeof name), reason_code_words(reason), (unsigned)reason,
              words ? ", " : "", words ? words : "");
    struct packet packet = {.type = PACKET_CONNACK}; /* [MQTT-3.2.2-6] [v3 MQTT-3.2.2-4] */
    if (link_is_v5(link)) {
        packet.connack.reason = (uint8_t)reason; /* [MQTT-3.2.2-8] */
        if (words) {
            packet.connack.properties.present = 1u << PROPERTY_reason_string;
            packet.connack.properties.reason_string = bytes_of_text(words);
        }
    } else {
        packet.connack.reason = return_code(reason);
    }
    if (packet.connack.reason != NO_RETURN_CODE) { /* [v3 MQTT-3.2.2-6] */
        log_write(core->log, LOG_KIND_DEBUG, "Sending CONNACK to %s (0, %u)", link->address,
                  packet.connack.reason);
        send_packet(core, link, &packet);
    }
    /* [MQTT-3.1.4-1, -2, -6] [MQTT-3.2.2-7] [v3 MQTT-3.1.4-5] [v3 MQTT-3.2.2-5] */
    links_end(core, link);
}

const char *refuse_name(const struct link *link, char *text, size_t size)
{
    if (link->session) {
        snprintf(text, size, "Client %.*s", (int)link->session->client_id_size,
                 (const char *)link->session->client_id);
    } else {
        snprintf(text, size, "Client <unknown> from %s", link->address);
    }
    return text;
}

/* The return code of 3.1 and 3.1.1 that says the same, if there is one. */
static uint8_t return_code(enum reason_code reason)
{
    switch (reason) {
    case REASON_UNSUPPORTED_PROTOCOL_VERSION:
        return RETURN_UNACCEPTABLE_PROTOCOL_VERSION; /* [v3 MQTT-3.1.2-2] */
    case REASON_CLIENT_IDENTIFIER_NOT_VALID:
        return RETURN_IDENTIFIER_REJECTED; /* [v3 MQTT-3.1.3-8] [v3 MQTT-3.1.3-9] */
    case REASON_SERVER_UNAVAILABLE:
    case REASON_SERVER_BUSY:
    case REASON_QUOTA_EXCEEDED:
    case REASON_CONNECTION_RATE_EXCEEDED: return RETURN_SERVER_UNAVAILABLE;
    case REASON_BAD_USER_NAME_OR_PASSWORD: return RETURN_BAD_USER_NAME_OR_PASSWORD;
    case REASON_NOT_AUTHORIZED:
    case REASON_BANNED: return RETURN_NOT_AUTHORIZED;
    default: return NO_RETURN_CODE; /* [v3 MQTT-3.1.4-1] */
    }
}
