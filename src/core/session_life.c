/* session_life.c — see session_life.h. */
#include "core/session_life.h"

#include "core/backlog.h"
#include "core/dispatch.h"
#include "core/durable.h"
#include "core/goodbye.h"
#include "core/journal.h"
#include "core/links.h"
#include "core/replay.h"
#include "core/share_status.h"
#include "core/subscribing.h"
#include "core/timers.h"
#include "core/will.h"

#include <assert.h>

static void take_over(struct core *core, struct session *session);
static uint64_t expiry_deadline(const struct core *core, const struct session *session);
static uint64_t will_deadline(const struct session *session);
static uint64_t after_away(const struct session *session, uint64_t us);
static void arm(struct core *core, struct session *session);
static void count_discarded(struct core *core, struct session *session);

struct session *session_find_alive(struct core *core, uint64_t hash, struct bytes client_id)
{
    struct session *session = sessions_find(&core->sessions, hash, client_id);
    if (session && !session->link && expiry_deadline(core, session) <= core->now_us) {
        session_meet_deadline(core, session);
        return NULL;
    }
    return session;
}

struct session *session_attach(struct core *core, struct link *link, struct bytes client_id,
                               uint64_t hash, bool clean_start, uint32_t expiry_s,
                               bool *was_present)
{
    struct session *session = sessions_find(&core->sessions, hash, client_id);
    if (session && session->link) {
        take_over(core, session); /* may end it */
        session = sessions_find(&core->sessions, hash, client_id);
    }
    if (session && clean_start) {
        session_end(
            core, session); /* [MQTT-3.1.2-4] [MQTT-3.1.4-4] [v3 MQTT-3.1.2-6] [v3 MQTT-3.1.4-3] */
        session = NULL;
    }
    *was_present = session != NULL; /* [MQTT-3.1.2-5] [v3 MQTT-3.1.2-4] */
    if (!session) {                 /* [MQTT-3.1.2-6] */
        session = sessions_add(&core->sessions, hash, client_id, &core->counters);
        if (!session) {
            return NULL;
        }
        if (journal_is_on(core) && expiry_s > 0 &&
            !durable_begin(core, session, journal_new_number(core))) {
            sessions_remove(&core->sessions, session, &core->counters);
            return NULL;
        }
    }
    session->expiry_s = expiry_s;
    heap_remove(&core->timers, &session->timer);
    will_forget(core, session); /* [MQTT-3.1.3-9] */
    session->link = link;
    link->received_before = session->received.count; /* [MQTT-4.9.0-1] */
    if (session->durable) {
        session->durable->away_before_us = 0;
    }
    session->progress_us = core->now_us;
    link->session = session;
    core->counters.connected++;
    return session;
}

void session_detach(struct core *core, struct session *session, enum parting parting)
{
    struct link *link = session->link;
    assert(link && link->session == session);
    link->session = NULL;
    session->link = NULL;
    session->away_us = core->now_us;
    core->counters.connected--;
    dispatch_suspend(core, session);
    if (parting == PARTING_ORDERLY) {
        will_forget(core, session); /* [MQTT-3.1.2-10] [MQTT-3.14.4-3] [v3 MQTT-3.1.2-10] */
    }
    if (session->expiry_s == 0) {
        session_end(core, session); /* [MQTT-4.1.0-2] [v3 MQTT-4.1.0-2] */
        return;
    }
    if (session->will && session->will->delay_s == 0) {
        will_publish(core,
                     session); /* and the session is written [MQTT-3.1.2-8] [v3 MQTT-3.1.2-8] */
    } else if (session->durable) {
        durable_write_session(core, session);
    }
    share_status_tell(core, session, SHARE_AWAY);
    arm(core, session);
}

void session_await(struct core *core, struct session *session)
{
    assert(!session->link);
    arm(core, session);
}

void session_end(struct core *core, struct session *session)
{
    assert(!session->link);
    /* Its last will is on the disk before it is not. */
    bool is_group = session->durable && session->will && core->worker_count > 1;
    durable_group_begin(core, is_group ? journal_new_number(core) : 0);
    will_publish(core, session); /* [MQTT-3.1.2-8] */
    replay_end_all(core, session);
    subscribing_remove_all(core, session); /* what it retained stays [v3 MQTT-3.1.2-7] */
    count_discarded(core, session);
    if (session->durable) {
        durable_end(core, session);
    }
    journal_group_end(core);
    heap_remove(&core->timers, &session->timer);
    sessions_remove(&core->sessions, session, &core->counters);
}

void session_meet_deadline(struct core *core, struct session *session)
{
    if (session->link) {
        dispatch_judge_patience(core, session);
        return;
    }
    if (session->will && will_deadline(session) <= core->now_us) {
        will_publish(core, session);
    }
    if (expiry_deadline(core, session) <= core->now_us) {
        core->counters.sessions_expired++;
        session_end(core, session); /* [MQTT-3.1.2-23] */
        return;
    }
    arm(core, session);
}

/* The same client identifier again: the older connection goes. [MQTT-3.1.4-3] [v3 MQTT-3.1.4-2] */
static void take_over(struct core *core, struct session *session)
{
    struct link *older = session->link;
    log_write(core->log, LOG_KIND_NOTICE, "Client %.*s already connected, closing old connection.",
              (int)session->client_id_size, (const char *)session->client_id);
    goodbye_say(core, older, REASON_SESSION_TAKEN_OVER,
                "another connection took this session over");
    session_detach(core, session, PARTING_ABRUPT);
    links_end(core, older);
}

/* When a session whose client is away ends; UINT64_MAX: never. */
static uint64_t expiry_deadline(const struct core *core, const struct session *session)
{
    uint64_t expiry_s = session->expiry_s == SESSION_NEVER_EXPIRES ? UINT64_MAX : session->expiry_s;
    if (expiry_s > core->options->session_expiry_s_max) {
        expiry_s = core->options->session_expiry_s_max;
    }
    return expiry_s >= UINT64_MAX / MICROSECONDS_A_SECOND / 2
               ? UINT64_MAX
               : after_away(session, expiry_s * MICROSECONDS_A_SECOND);
}

static uint64_t will_deadline(const struct session *session)
{
    return after_away(session, (uint64_t)session->will->delay_s * MICROSECONDS_A_SECOND);
}

/* So long after its client left, which may have been before the broker started. */
static uint64_t after_away(const struct session *session, uint64_t us)
{
    uint64_t before_us = session->durable ? session->durable->away_before_us : 0;
    return session->away_us + (us > before_us ? us - before_us : 0);
}

static void arm(struct core *core, struct session *session)
{
    uint64_t deadline_us = expiry_deadline(core, session);
    if (session->will && will_deadline(session) < deadline_us) {
        deadline_us = will_deadline(session);
    }
    if (deadline_us != UINT64_MAX) {
        timer_set(&core->timers, &session->timer, TIMER_SESSION, deadline_us);
    }
}

/* What was still owed to it will never arrive: it is counted. */
static void count_discarded(struct core *core, struct session *session)
{
    if (session->durable) {
        session->durable->is_ending = true;
        backlog_discard(core, session);
    }
    struct queue *queues[] = {&session->queue, &session->queue_qos0};
    for (size_t i = 0; i < 2; i++) {
        while (queues[i]->count > 0) {
            struct delivery delivery = queue_take(queues[i], &core->counters);
            if (delivery.message) {
                dispatch_drop(core, session, &delivery, DROP_SESSION_ENDED);
            } else {
                core->counters.delivered++; /* the client has it */
                delivery_fini(&delivery, &core->counters);
            }
        }
    }
    for (uint32_t i = 0; i < session->flow_out.count; i++) {
        struct delivery *delivery = flow_out_at(&session->flow_out, i);
        bool is_sent = delivery->state == DELIVERY_SENT;
        bool is_open = delivery->state != DELIVERY_DONE;
        core->counters.delivered += is_open && !is_sent; /* the client has it */
        core->counters.dropped[DROP_SESSION_ENDED] += is_sent;
        if (is_sent) {
            durable_forget(core, session, delivery);
        }
    }
}
