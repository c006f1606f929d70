/* receive_disconnect.c — see receive_disconnect.h. */
#include "core/receive_disconnect.h"

#include "core/links.h"
#include "core/refuse.h"
#include "core/session_life.h"

void receive_disconnect(struct core *core, struct link *link, const struct packet *packet)
{
    const struct packet_disconnect *disconnect = &packet->disconnect;
    struct session *session = link->session;
    if (!session) {
        links_end(core, link); /* while an authenticator decides */
        return;
    }
    if (properties_have(&disconnect->properties, PROPERTY_session_expiry_interval_s)) {
        uint32_t expiry_s = disconnect->properties.session_expiry_interval_s;
        if (session->expiry_s == 0 && expiry_s != 0) {
            refuse_link(core, link, REASON_PROTOCOL_ERROR,
                        "a session that was to end with its connection cannot be kept now");
            return;
        }
        session->expiry_s = expiry_s;
    }
    if (core->options->connection_messages) {
        log_write(core->log, LOG_KIND_NOTICE, "Client %.*s disconnected.",
                  (int)session->client_id_size, (const char *)session->client_id);
    }
    /* [MQTT-3.14.4-3] [v3 MQTT-3.14.4-3]: any other reason leaves the will due */
    session_detach(core, session,
                   disconnect->reason == REASON_SUCCESS ? PARTING_ORDERLY : PARTING_ABRUPT);
    links_end(core, link);
}
