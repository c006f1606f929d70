/* receive_connect.c — see receive_connect.h. */
#include "core/receive_connect.h"

#include "access/access.h"
#include "base/hash.h"
#include "core/dispatch.h"
#include "core/durable.h"
#include "core/hold.h"
#include "core/journal.h"
#include "core/keep_alive.h"
#include "core/links.h"
#include "core/quotas.h"
#include "core/refuse.h"
#include "core/replay.h"
#include "core/send.h"
#include "core/session_life.h"
#include "core/share_status.h"
#include "core/waiting.h"
#include "core/welcome.h"
#include "core/will.h"
#include "wire/wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static bool attach(struct core *core, struct link *link, const struct packet_connect *connect,
                   uint64_t hash, uint32_t expiry_s, bool *was_present);
static uint32_t asked_expiry(const struct link *link, const struct packet_connect *connect);
static bool must_be_written(const struct core *core, const struct session *session, uint64_t hash,
                            const struct packet_connect *connect, uint32_t expiry_s);
static bool wait_to_welcome(struct core *core, struct link *link, bool was_present,
                            const struct assigned_id *assigned, struct bytes data,
                            struct bytes whole);
static void welcome(struct core *core, struct link *link, const struct packet_connect *connect,
                    bool was_present, const struct assigned_id *assigned, struct bytes data);
static void recall(const struct link *link, struct packet_connect *connect);
static bool is_legal(struct core *core, struct link *link, const struct packet_connect *connect);
static bool choose_client_id(struct core *core, struct link *link, struct packet_connect *connect,
                             struct assigned_id *assigned);
static void assign_client_id(struct core *core, const struct link *link,
                             struct assigned_id *assigned);
static bool has_room(struct core *core, struct link *link, struct bytes client_id, uint64_t hash);
static void decide(struct core *core, struct link *link, const struct packet_connect *connect,
                   const struct assigned_id *assigned, struct bytes whole);
static bool keep_connect(struct link *link, struct bytes whole);

void receive_connect(struct core *core, struct link *link, struct packet_connect *connect,
                     enum reason_code reason, struct bytes whole)
{
    link->version = (uint8_t)connect->version;
    if (reason != REASON_SUCCESS) {
        refuse_connect(core, link, reason, NULL); /* [MQTT-3.1.2-1] [MQTT-3.1.2-2] [MQTT-3.1.4-1] */
        return;
    }
    link->problem_information =
        !properties_have(&connect->properties, PROPERTY_request_problem_information) ||
        connect->properties.request_problem_information == 1;
    if (properties_have(&connect->properties, PROPERTY_maximum_packet_size)) {
        link->packet_size_max = connect->properties.maximum_packet_size;
    }
    if (!is_legal(core, link, connect)) {
        return;
    }
    struct assigned_id assigned = {0};
    if (!choose_client_id(core, link, connect, &assigned)) {
        return;
    }
    uint64_t hash = hash_bytes(connect->client_id, core->hash_seed);
    uint32_t home = core_home(core, hash);
    if (home != core->worker) {
        link->is_handed_over = true;
        link->handed_to = home;
        links_end(core, link);
        return;
    }
    if (has_room(core, link, connect->client_id, hash)) {
        decide(core, link, connect, &assigned, whole);
    }
}

void connect_accept(struct core *core, struct link *link, const struct packet_connect *connect,
                    const struct assigned_id *assigned, struct bytes data, struct bytes whole)
{
    uint64_t hash = hash_bytes(connect->client_id, core->hash_seed);
    struct session *session = session_find_alive(core, hash, connect->client_id);
    uint32_t expiry_s = asked_expiry(link, connect);
    bool waits = must_be_written(core, session, hash, connect, expiry_s);
    bool takes_room = !session; /* one that is there may come and empty its queue */
    if (waits && (core->journal.state == STORE_FAILING ||
                  (core->journal.state == STORE_FULL && takes_room))) {
        refuse_connect(core, link, REASON_SERVER_UNAVAILABLE, "the store cannot be written now");
        return;
    }
    bool was_present;
    /* The last will of a session that ends here, and the one that takes its place, are one. */
    bool is_group = session && session->durable && session->will && core->worker_count > 1;
    durable_group_begin(core, is_group ? journal_new_number(core) : 0);
    bool is_attached = attach(core, link, connect, hash, expiry_s, &was_present);
    journal_group_end(core);
    if (!is_attached) {
        refuse_connect(core, link, REASON_QUOTA_EXCEEDED, "no memory");
    } else if (!waits) {
        welcome(core, link, connect, was_present, assigned, data);
    } else if (!wait_to_welcome(core, link, was_present, assigned, data, whole)) {
        session_detach(core, link->session, PARTING_ORDERLY);
        refuse_connect(core, link, REASON_QUOTA_EXCEEDED, "no memory");
    }
}

void connect_welcome(struct core *core, struct link *link, struct bytes kept)
{
    assert(link->state == LINK_WELCOMING && kept.size >= 2);
    struct packet_connect connect;
    struct assigned_id assigned = {0};
    recall(link, &connect);
    if (kept.data[1]) {
        memcpy(assigned.text, link->session->client_id, link->session->client_id_size);
    }
    uint8_t *frame = link->connect_frame;
    link->connect_frame = NULL;
    welcome(core, link, &connect, kept.data[0] != 0, &assigned,
            bytes_of(kept.data + 2, kept.size - 2));
    free(frame);
    hold_unpause_link(core, link);
}

/* Gives the link its session, with its will, and writes it down. False: no memory. */
static bool attach(struct core *core, struct link *link, const struct packet_connect *connect,
                   uint64_t hash, uint32_t expiry_s, bool *was_present)
{
    struct session *session = session_attach(core, link, connect->client_id, hash,
                                             connect->clean_start, expiry_s, was_present);
    if (!session) {
        return false;
    }
    link->state = LINK_WELCOMING;
    if (connect->has_will && !will_keep(core, session, connect, link->options)) {
        session_detach(core, session, PARTING_ORDERLY);
        return false;
    }
    keep_alive_begin(core, link, connect->keep_alive_s);
    if (session->durable) {
        durable_write_session(core, session);
    }
    return true;
}

/* How long the session is to outlive its connection. [v3 MQTT-3.1.2-4] */
static uint32_t asked_expiry(const struct link *link, const struct packet_connect *connect)
{
    if (!link_is_v5(link)) {
        return connect->clean_start ? 0 : SESSION_NEVER_EXPIRES;
    }
    return properties_have(&connect->properties, PROPERTY_session_expiry_interval_s)
               ? connect->properties.session_expiry_interval_s
               : 0;
}

/* What CONNACK says must not be undone by a crash: that there is a session, or none any more, when
 * it ends, and what its will is. */
static bool must_be_written(const struct core *core, const struct session *session, uint64_t hash,
                            const struct packet_connect *connect, uint32_t expiry_s)
{
    bool was_durable = session && session->durable;
    if (!journal_is_on(core)) {
        return false;
    }
    if (core->journal.changed[hash % JOURNAL_CHANGED_SLOTS] > core->journal.persisted) {
        return true; /* how it was, or that it ended, is not yet written itself */
    }
    if (!was_durable && expiry_s == 0) {
        return false;
    }
    /* That its client is here, and may be sent something, is to be known after a crash, too. While
     * the disk cannot be written, who comes back as he was may come all the same. [MQTT-3.3.1-1] */
    bool stays_as_it_was = was_durable && !connect->clean_start && !connect->has_will &&
                           !session->will && session->expiry_s == expiry_s &&
                           expiry_s == SESSION_NEVER_EXPIRES;
    return !stays_as_it_was || core->journal.state != STORE_FAILING;
}

static bool wait_to_welcome(struct core *core, struct link *link, bool was_present,
                            const struct assigned_id *assigned, struct bytes data,
                            struct bytes whole)
{
    size_t size = 2 + data.size;
    uint8_t *kept = malloc(size);
    if (!kept || !keep_connect(link, whole)) {
        free(kept);
        return false;
    }
    kept[0] = was_present;
    kept[1] = assigned->text[0] != '\0';
    if (data.size > 0) {
        memcpy(kept + 2, data.data, data.size);
    }
    bool is_waiting =
        waiting_add(core, link, WAITING_CONNACK, 0, REASON_SUCCESS, bytes_of(kept, size));
    free(kept);
    if (is_waiting) {
        hold_pause_link(link);
    }
    return is_waiting;
}

static void welcome(struct core *core, struct link *link, const struct packet_connect *connect,
                    bool was_present, const struct assigned_id *assigned, struct bytes data)
{
    struct session *session = link->session;
    link->state = LINK_CONNECTED;
    welcome_say(core, link, connect, was_present, assigned, data);
    if (link->state != LINK_CONNECTED) {
        return; /* CONNACK does not fit the client; the session may have ended with its link */
    }
    share_status_tell(core, session, SHARE_READY);
    dispatch_pump(core, session); /* [MQTT-4.4.0-1] */
    replay_pump(core, session);
}

bool connect_recall(struct core *core, struct link *link, struct packet_connect *connect,
                    struct assigned_id *assigned)
{
    recall(link, connect);
    return choose_client_id(core, link, connect, assigned);
}

/* The CONNECT that was kept; views into it. */
static void recall(const struct link *link, struct packet_connect *connect)
{
    struct frame frame;
    struct packet packet;
    enum frame_result result =
        frame_read(bytes_of(link->connect_frame, link->connect_frame_size), &frame);
    assert(result == FRAME_WHOLE);
    enum reason_code reason = wire_decode_from_client(&frame, PROTOCOL_5, &packet);
    assert(reason == REASON_SUCCESS);
    (void)result;
    (void)reason;
    *connect = packet.connect;
}

/* What the listener and the options allow. */
static bool is_legal(struct core *core, struct link *link, const struct packet_connect *connect)
{
    const struct link_options *options = link->options;
    const char *words = NULL;
    enum reason_code reason = REASON_SUCCESS;
    if ((options->versions & 1u << connect->version) == 0) {
        reason = REASON_UNSUPPORTED_PROTOCOL_VERSION;
        words = "accept_protocol_versions does not name it";
    } else if (connect->has_will && connect->will.qos > options->qos_max) {
        reason = REASON_QOS_NOT_SUPPORTED; /* [MQTT-3.2.2-12] */
        words = "the will's QoS is above the maximum";
    } else if (connect->has_will && connect->will.retain && !core->options->retain_available) {
        reason = REASON_RETAIN_NOT_SUPPORTED; /* [MQTT-3.2.2-13] */
        words = "the will is to be retained, and retain_available is false";
    } else if (connect->has_will && !access_may_publish(connect->will.topic)) {
        reason = REASON_NOT_AUTHORIZED;
        words = "the will's topic is the broker's own";
    } else if (connect->has_will &&
               strlen(options->mount_point) + connect->will.topic.size > UINT16_MAX) {
        reason = REASON_TOPIC_NAME_INVALID;
    } else if (!keep_alive_is_welcome(core, link, connect->keep_alive_s)) {
        reason = REASON_CLIENT_IDENTIFIER_NOT_VALID; /* 3.x cannot be told of a shorter one */
        words = "the keep alive is longer than max_keepalive";
    } else if (core->is_stopping) {
        reason = REASON_SERVER_UNAVAILABLE;
    }
    if (reason != REASON_SUCCESS) {
        refuse_connect(core, link, reason, words);
        return false;
    }
    return true;
}

/* Puts the identifier the session is to have into *connect: the client's own, its user name, or
 * one of ours. */
static bool choose_client_id(struct core *core, struct link *link, struct packet_connect *connect,
                             struct assigned_id *assigned)
{
    if (link->options->use_user_name_as_client_id) {
        if (!connect->has_user_name || connect->user_name.size == 0) {
            refuse_connect(core, link, REASON_CLIENT_IDENTIFIER_NOT_VALID,
                           "a user name is needed: it becomes the client identifier");
            return false;
        }
        connect->client_id = connect->user_name;
    }
    if (connect->client_id.size > 0) {
        return true; /* [MQTT-3.1.3-5] [v3 MQTT-3.1.3-5] */
    }
    bool needs_clean = connect->version == PROTOCOL_3_1_1 && !connect->clean_start;
    if (!core->options->allow_zero_length_client_id || connect->version == PROTOCOL_3_1 ||
        needs_clean) {
        refuse_connect(core, link, REASON_CLIENT_IDENTIFIER_NOT_VALID,
                       "the client identifier is empty"); /* [MQTT-3.1.3-8] [v3 MQTT-3.1.3-8] */
        return false;
    }
    assign_client_id(core, link, assigned); /* [MQTT-3.1.3-6] [MQTT-3.1.3-7] [v3 MQTT-3.1.3-6] */
    connect->client_id = bytes_of_text(assigned->text);
    return true;
}

/* A name nobody has, whose home is here. */
static void assign_client_id(struct core *core, const struct link *link,
                             struct assigned_id *assigned)
{
    uint64_t hash;
    do {
        uint64_t high = random_next(&core->random), low = random_next(&core->random);
        snprintf(assigned->text, sizeof assigned->text, "%s%08X-%04X-%04X-%04X-%012llX",
                 link->options->auto_id_prefix, (unsigned)(high >> 32),
                 (unsigned)(high >> 16 & 0xFFFF), (unsigned)(high & 0xFFFF), (unsigned)(low >> 48),
                 (unsigned long long)(low & 0xFFFFFFFFFFFF));
        hash = hash_bytes(bytes_of_text(assigned->text), core->hash_seed);
    } while (core_home(core, hash) != core->worker ||
             sessions_find(&core->sessions, hash, bytes_of_text(assigned->text)));
}

/* Overload is refused before it hurts anyone. */
static bool has_room(struct core *core, struct link *link, struct bytes client_id, uint64_t hash)
{
    const struct session *session = sessions_find(&core->sessions, hash, client_id);
    const char *words = NULL;
    enum reason_code reason = REASON_QUOTA_EXCEEDED;
    if (!(session && session->link) && !quotas_allow_connection(core)) {
        reason = REASON_SERVER_BUSY;
        words = "global_max_connections is reached";
    } else if (!session && !quotas_allow_session(core)) {
        words = "global_max_clients is reached";
    } else if (quotas_memory_is_full(core)) {
        words = "memory_limit is reached";
    }
    if (words) {
        refuse_connect(core, link, reason, words);
    }
    return !words;
}

/* Anonymous, or an authenticator's business. */
static void decide(struct core *core, struct link *link, const struct packet_connect *connect,
                   const struct assigned_id *assigned, struct bytes whole)
{
    struct authentication_request request = {.link = link,
                                             .method = connect->properties.authentication_method,
                                             .data = connect->properties.authentication_data,
                                             .client_id = connect->client_id,
                                             .user_name = connect->user_name,
                                             .password = connect->password,
                                             .is_first = true};
    bool has_method = properties_have(&connect->properties, PROPERTY_authentication_method);
    if (has_method) {
        link->authentication_method =
            strndup((const char *)request.method.data, request.method.size);
    }
    if (core->authenticator && (has_method || connect->has_user_name)) {
        link->state = LINK_AUTHENTICATING;
        if (!keep_connect(link, whole)) {
            refuse_connect(core, link, REASON_QUOTA_EXCEEDED, "no memory");
            return;
        }
        if (core->authenticator->ask(core->authenticator->context, &request)) {
            return; /* EVENT_AUTHENTICATED comes */
        }
        link->state = LINK_WAITING;
        free(link->connect_frame);
        link->connect_frame = NULL;
    }
    if (has_method) { /* [MQTT-4.12.0-1] */
        refuse_connect(core, link, REASON_BAD_AUTHENTICATION_METHOD, "no such method here");
    } else if (!access_may_connect(link->options->allow_anonymous)) {
        refuse_connect(core, link, REASON_NOT_AUTHORIZED, "allow_anonymous is false");
    } else {
        connect_accept(core, link, connect, assigned, (struct bytes){0},
                       whole); /* [MQTT-4.12.0-6] */
    }
}

static bool keep_connect(struct link *link, struct bytes whole)
{
    link->connect_frame = malloc(whole.size);
    if (!link->connect_frame) {
        return false;
    }
    memcpy(link->connect_frame, whole.data, whole.size);
    link->connect_frame_size = (uint32_t)whole.size;
    return true;
}
