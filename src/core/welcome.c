/* welcome.c — see welcome.h. */
#include "core/welcome.h"

#include "core/refuse.h"
#include "core/send.h"

#include <stdlib.h>

static void agree_on_limits(struct core *core, struct link *link,
                            const struct packet_connect *connect, struct properties *answer);
static void agree_on_expiry(struct core *core, struct link *link, struct properties *answer);
static void agree_on_aliases(struct link *link, const struct packet_connect *connect,
                             struct properties *answer);
static void log_welcome(const struct core *core, const struct link *link,
                        const struct packet_connect *connect);
static void log_connack(const struct core *core, const struct session *session,
                        bool session_present);

#define SET(properties, name, value)                                                               \
    ((properties)->present |= 1u << PROPERTY_##name, (properties)->name = (value))

void welcome_say(struct core *core, struct link *link, const struct packet_connect *connect,
                 bool session_present, const struct assigned_id *assigned, struct bytes data)
{
    struct packet packet = {.type = PACKET_CONNACK};
    struct properties *answer = &packet.connack.properties;
    link->receive_maximum = UINT16_MAX;
    if (link_is_v5(link)) {
        agree_on_limits(core, link, connect, answer);
        agree_on_expiry(core, link, answer);
        agree_on_aliases(link, connect, answer);
        if (assigned->text[0]) {
            SET(answer, assigned_client_identifier,
                bytes_of_text(assigned->text)); /* [MQTT-3.2.2-16] */
        }
        if (link->keep_alive_s != connect->keep_alive_s) {
            SET(answer, server_keep_alive_s,
                link->keep_alive_s); /* [MQTT-3.2.2-22] [MQTT-3.1.2-21] */
        }
        if (link->authentication_method) {
            SET(answer, authentication_method, bytes_of_text(link->authentication_method));
            if (data.size > 0) {
                SET(answer, authentication_data, data); /* [MQTT-4.12.0-5] */
            }
        }
    }
    /* [MQTT-3.2.2-2] [MQTT-3.2.2-3] [v3 MQTT-3.2.2-1] [v3 MQTT-3.2.2-2] [v3 MQTT-3.2.2-3]; 3.1
     * knows no such flag */
    packet.connack.session_present = session_present && link->version != PROTOCOL_3_1;
    core->counters.connects_accepted++;
    log_welcome(core, link, connect);
    log_connack(core, link->session, packet.connack.session_present);
    /* [MQTT-3.1.4-5] [MQTT-3.2.0-1, -2] [v3 MQTT-3.1.4-4] [v3 MQTT-3.2.0-1] */
    if (send_packet(core, link, &packet) != SEND_OK) {
        link->state = LINK_WAITING; /* without CONNACK no DISCONNECT [MQTT-3.14.0-1] */
        refuse_link(core, link, REASON_PACKET_TOO_LARGE, "CONNACK does not fit");
    }
}

static void agree_on_limits(struct core *core, struct link *link,
                            const struct packet_connect *connect, struct properties *answer)
{
    /* There is never any response information. [MQTT-3.1.2-28] */
    const struct core_options *options = core->options;
    if (properties_have(&connect->properties, PROPERTY_receive_maximum)) {
        link->receive_maximum = connect->properties.receive_maximum; /* [MQTT-3.3.4-9] */
    }
    if (options->receive_maximum != UINT16_MAX) {
        SET(answer, receive_maximum, options->receive_maximum);
    }
    uint32_t size_max = options->packet_size_max;
    if (link->options->packet_size_max != CORE_NO_LIMIT &&
        (size_max == CORE_NO_LIMIT || link->options->packet_size_max < size_max)) {
        size_max = link->options->packet_size_max;
    }
    if (size_max != CORE_NO_LIMIT && size_max < PACKET_SIZE_MAX) {
        SET(answer, maximum_packet_size, size_max);
    }
    if (link->options->qos_max < 2) {
        SET(answer, maximum_qos, link->options->qos_max); /* [MQTT-3.2.2-9] */
    }
    if (!options->retain_available) {
        SET(answer, retain_available, 0);
    }
}

/* A session is kept no longer than we are told to keep sessions at all. */
static void agree_on_expiry(struct core *core, struct link *link, struct properties *answer)
{
    uint64_t expiry_s_max = core->options->session_expiry_s_max;
    if (link->session->expiry_s > expiry_s_max) {
        link->session->expiry_s = (uint32_t)expiry_s_max;
        SET(answer, session_expiry_interval_s, (uint32_t)expiry_s_max);
    }
}

static void agree_on_aliases(struct link *link, const struct packet_connect *connect,
                             struct properties *answer)
{
    uint16_t out = 0; /* [MQTT-3.1.2-26] [MQTT-3.1.2-27] */
    if (properties_have(&connect->properties, PROPERTY_topic_alias_maximum)) {
        out = connect->properties.topic_alias_maximum;
        if (out > link->options->topic_alias_max_out) {
            out = link->options->topic_alias_max_out;
        }
    }
    uint16_t in = link->options->topic_alias_max_in;
    if (in == 0 && out == 0) {
        return;
    }
    link->aliases = malloc(sizeof *link->aliases);
    if (!link->aliases) {
        return; /* then there are none */
    }
    topic_aliases_init(&link->aliases->in, in);
    topic_aliases_init(&link->aliases->out, out);
    if (in > 0) {
        SET(answer, topic_alias_maximum, in);
    }
}

/* "New client connected from 192.168.1.20:51234 as blue (p4, c1, k60)." */
static void log_welcome(const struct core *core, const struct link *link,
                        const struct packet_connect *connect)
{
    const struct session *session = link->session;
    if (!core->options->connection_messages) {
        return;
    }
    log_write(core->log, LOG_KIND_NOTICE,
              "New client connected from %s as %.*s (p%d, c%d, k%d%s%.*s%s).", link->address,
              (int)session->client_id_size, (const char *)session->client_id, link->version,
              connect->clean_start, link->keep_alive_s, connect->has_user_name ? ", u'" : "",
              (int)connect->user_name.size,
              connect->user_name.data ? (const char *)connect->user_name.data : "",
              connect->has_user_name ? "'" : "");
}

static void log_connack(const struct core *core, const struct session *session,
                        bool session_present)
{
    if (!session->will) {
        log_write(core->log, LOG_KIND_DEBUG, "No will message specified.");
    }
    log_write(core->log, LOG_KIND_DEBUG, "Sending CONNACK to %.*s (%d, 0)",
              (int)session->client_id_size, (const char *)session->client_id, session_present);
}
