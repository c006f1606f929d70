/* receive_auth.c — see receive_auth.h. */
#include "core/receive_auth.h"

#include "core/receive_connect.h"
#include "core/refuse.h"
#include "core/send.h"

#include <stdlib.h>

static void send_auth(struct core *core, struct link *link, enum reason_code reason,
                      struct bytes data);
static void welcome(struct core *core, struct link *link, struct bytes data);
static void turn_away(struct core *core, struct link *link, enum reason_code reason);

void receive_auth(struct core *core, struct link *link, const struct packet *packet)
{
    const struct packet_disconnect *auth = &packet->disconnect;
    struct bytes method = auth->properties.authentication_method;
    if (!link->authentication_method ||
        !bytes_equal(method, bytes_of_text(link->authentication_method))) {
        refuse_link(core, link, REASON_PROTOCOL_ERROR,
                    "AUTH without the method of CONNECT"); /* [MQTT-4.12.0-7] [MQTT-4.12.0-5] */
        return;
    }
    bool begins = link->state == LINK_CONNECTED && !link->is_re_authenticating;
    if (auth->reason != (begins ? REASON_RE_AUTHENTICATE : REASON_CONTINUE_AUTHENTICATION)) {
        refuse_link(core, link, REASON_PROTOCOL_ERROR,
                    "an AUTH that was not expected"); /* [MQTT-3.15.2-1] */
        return;
    }
    link->is_re_authenticating = link->state == LINK_CONNECTED; /* [MQTT-4.12.1-1] */
    struct authentication_request request = {.link = link,
                                             .method = method,
                                             .data = auth->properties.authentication_data,
                                             .is_first = begins};
    if (!core->authenticator || !core->authenticator->ask(core->authenticator->context, &request)) {
        turn_away(core, link, REASON_NOT_AUTHORIZED);
    }
}

void receive_verdict(struct core *core, struct link *link, const struct event *event)
{
    if (link->state != LINK_AUTHENTICATING &&
        !(link->state == LINK_CONNECTED && link->is_re_authenticating)) {
        return; /* it has ended meanwhile */
    }
    switch (event->authenticated.verdict) {
    case VERDICT_CONTINUE:
        send_auth(core, link, REASON_CONTINUE_AUTHENTICATION,
                  event->authenticated.data); /* [MQTT-4.12.0-2] */
        break;
    case VERDICT_WELCOME: welcome(core, link, event->authenticated.data); break;
    case VERDICT_REFUSED:
        turn_away(core, link, (enum reason_code)event->authenticated.reason);
        break;
    }
}

/* The method of CONNECT stands in every AUTH. [MQTT-4.12.0-5] */
static void send_auth(struct core *core, struct link *link, enum reason_code reason,
                      struct bytes data)
{
    struct packet packet = {.type = PACKET_AUTH, .disconnect = {.reason = (uint8_t)reason}};
    struct properties *properties = &packet.disconnect.properties;
    properties->present = 1u << PROPERTY_authentication_method;
    properties->authentication_method = bytes_of_text(link->authentication_method);
    if (data.size > 0) {
        properties->present |= 1u << PROPERTY_authentication_data;
        properties->authentication_data = data;
    }
    send_packet(core, link, &packet);
}

static void welcome(struct core *core, struct link *link, struct bytes data)
{
    if (link->state == LINK_CONNECTED) {
        link->is_re_authenticating = false;
        send_auth(core, link, REASON_SUCCESS, data);
        return;
    }
    struct packet_connect connect;
    struct assigned_id assigned = {0};
    if (!connect_recall(core, link, &connect, &assigned)) {
        return;
    }
    uint8_t *frame = link->connect_frame;
    link->connect_frame = NULL;
    connect_accept(core, link, &connect, &assigned, data,
                   bytes_of(frame, link->connect_frame_size));
    free(frame);
    if (link->state == LINK_CONNECTED && !list_is_linked(&link->turn)) {
        list_append(&core->resumed, &link->turn); /* what an eager client sent behind CONNECT */
    }
}

static void turn_away(struct core *core, struct link *link, enum reason_code reason)
{
    if (link->state == LINK_CONNECTED) {
        refuse_link(core, link, reason, "re-authentication failed"); /* [MQTT-4.12.1-2] */
    } else {
        refuse_connect(core, link, reason, NULL); /* [MQTT-4.12.0-4] [MQTT-3.1.4-2] */
    }
}
