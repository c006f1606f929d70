/* goodbye.c — see goodbye.h. */
#include "core/goodbye.h"

#include "core/send.h"

void goodbye_say(struct core *core, struct link *link, enum reason_code reason, const char *words)
{
    if (link->state != LINK_CONNECTED || !link_is_v5(link)) {
        return; /* [MQTT-3.14.0-1] */
    }
    struct packet packet = {.type = PACKET_DISCONNECT, .disconnect = {.reason = (uint8_t)reason}};
    if (words) {
        packet.disconnect.properties.present = 1u << PROPERTY_reason_string;
        packet.disconnect.properties.reason_string = bytes_of_text(words);
    }
    send_packet(core, link, &packet);
}
