/* dispatch.c — see dispatch.h. */
#include "core/dispatch.h"

#include "core/backlog.h"
#include "core/durable.h"
#include "core/hold.h"
#include "core/links.h"
#include "core/quotas.h"
#include "core/send.h"
#include "core/share_status.h"
#include "core/timers.h"

#include <assert.h>
#include <stdlib.h>

enum { PATIENCES_MAX = 20, QUEUE_OVERSHOOT_COUNT = 1 << 20, QUEUE_OVERSHOOT_SIZE = 256 << 20 };

static bool is_here(const struct session *session);
static bool has_quota(const struct core *core, const struct session *session,
                      const struct delivery *delivery);
static void deliver_durable(struct core *core, struct session *session, struct delivery *delivery,
                            const struct link_ref *publisher);
static bool make_room(struct core *core, struct session *session, struct delivery *delivery);
static bool drop_oldest(struct core *core, struct session *session);
static void count_drop(struct core *core, struct session *session, enum drop_reason reason);
static void release_again(struct core *core, struct session *session, struct delivery *delivery);
static void send_now(struct core *core, struct session *session, struct delivery *delivery);
static void enqueue(struct core *core, struct session *session, struct delivery *delivery,
                    const struct link_ref *publisher);
static void note_queued(struct core *core, struct session *session,
                        const struct link_ref *publisher);
static bool find_reason_to_drop(const struct core *core, const struct session *session,
                                const struct delivery *delivery, enum drop_reason *reason);
static void hold_back(struct core *core, struct session *session, const struct link_ref *publisher);
static void send_again(struct core *core, struct session *session);
static void go_on(struct core *core, struct session *session);
static uint32_t long_count(const struct core *core);
static bool is_long(const struct core *core, const struct session *session);
static bool is_short(const struct core *core, const struct session *session);

void dispatch_deliver(struct core *core, struct session *session, struct delivery *delivery,
                      const struct link_ref *publisher)
{
    core->counters.owed++;
    struct link *link = session->link;
    if (session->durable && delivery->qos > 0) {
        deliver_durable(core, session, delivery, publisher);
        return;
    }
    if (!is_here(session)) {
        if (delivery->qos == 0 && !core->options->queue_qos0_messages) {
            dispatch_drop(core, session, delivery, DROP_AWAY);
        } else {
            /* [MQTT-4.5.0-1] [v3 MQTT-4.5.0-1] [v3 MQTT-3.1.2-5] */
            enqueue(core, session, delivery, publisher);
        }
        return;
    }
    struct queue *queue = delivery->qos == 0 ? &session->queue_qos0 : &session->queue;
    if (queue->count == 0 && link->outbox.size < OUTBOX_FULL_SIZE &&
        (delivery->qos == 0 ||
         has_quota(core, session, delivery))) { /* [MQTT-3.3.4-10] [MQTT-4.9.0-3] */
        send_now(core, session, delivery);
    } else {
        enqueue(core, session, delivery, publisher);
    }
}

void dispatch_pump(struct core *core, struct session *session)
{
    struct link *link = session->link;
    if (!link || link->state != LINK_CONNECTED) {
        return;
    }
    send_again(core, session);
    while (session->queue_qos0.count > 0 && link->outbox.size < OUTBOX_FULL_SIZE) {
        struct delivery delivery = queue_take(&session->queue_qos0, &core->counters);
        send_now(core, session, &delivery);
    }
    while (session->queue.count > 0 && link->outbox.size < OUTBOX_FULL_SIZE &&
           has_quota(core, session, queue_first(&session->queue))) {
        struct delivery delivery = queue_take(&session->queue, &core->counters);
        send_now(core, session, &delivery);
    }
    if ((session->congested_us != 0 || session->is_slow) && is_short(core, session)) {
        go_on(core, session);
        session->is_slow = false;
    }
    if (session->durable) {
        backlog_ask(core, session);
    }
    if (session->queue.count == 0 && session->queue_qos0.count == 0) {
        share_status_tell(core, session, SHARE_READY);
    }
}

void dispatch_judge_patience(struct core *core, struct session *session)
{
    uint64_t patience_us = (uint64_t)core->options->slow_reader_patience_ms * 1000;
    if (session->congested_us == 0) {
        return;
    }
    uint64_t moved_us =
        session->progress_us > session->congested_us ? session->progress_us : session->congested_us;
    bool waits_for_disk = session->durable && list_is_linked(&session->durable->unsettled) &&
                          core->journal.state != STORE_WELL;
    if (waits_for_disk || (core->now_us < moved_us + patience_us &&
                           core->now_us < session->congested_us + patience_us * PATIENCES_MAX)) {
        timer_set(&core->timers, &session->timer, TIMER_SESSION, core->now_us + patience_us);
        return;
    }
    session->is_slow = true;
    log_write(core->log, LOG_KIND_NOTICE,
              "Client %.*s reads too slowly: what does not fit its queue is dropped.",
              (int)session->client_id_size, (const char *)session->client_id);
    go_on(core, session);
}

void dispatch_suspend(struct core *core, struct session *session)
{
    go_on(core, session);
    session->is_slow = false;
    flow_out_suspend(&session->flow_out);
    while (!core->options->queue_qos0_messages && session->queue_qos0.count > 0) {
        struct delivery delivery = queue_take(&session->queue_qos0, &core->counters);
        dispatch_drop(core, session, &delivery, DROP_AWAY);
    }
}

void dispatch_drop(struct core *core, struct session *session, struct delivery *delivery,
                   enum drop_reason reason)
{
    count_drop(core, session, reason);
    durable_forget(core, session, delivery);
    delivery_fini(delivery, &core->counters);
}

bool dispatch_has_room(const struct session *session)
{
    return is_here(session) && session->queue.count == 0 && durable_backlog_count(session) == 0 &&
           session->queue_qos0.count == 0 && session->link->outbox.size < OUTBOX_SHORT_SIZE;
}

/* The receiver's quota, and our own limit of what is in flight. [MQTT-3.3.4-9] [MQTT-4.9.0-1]
 * [MQTT-4.9.0-2] */
static bool has_quota(const struct core *core, const struct session *session,
                      const struct delivery *delivery)
{
    const struct flow_out *flow = &session->flow_out;
    uint16_t packet_id = session->durable ? durable_packet_id(session, delivery) : 0;
    uint32_t in_flight_max = core->options->in_flight_messages_max;
    uint64_t bytes_max = core->options->in_flight_bytes_max;
    return flow->unsent == 0 && flow_out_has_place(flow, packet_id) &&
           durable_may_send(session, delivery) && flow->open < session->link->receive_maximum &&
           (in_flight_max == CORE_NO_LIMIT || flow->open < in_flight_max) &&
           (bytes_max == CORE_NO_LIMIT || flow->bytes < bytes_max || flow->open == 0);
}

/* Its link is there, and CONNACK was sent. */
static bool is_here(const struct session *session)
{
    return session->link && session->link->state == LINK_CONNECTED;
}

/* QoS 1 or 2 to a session that survives the broker: while its client is here it goes the same way
 * as any other, and is written meanwhile; while it is away, or what waits for it on the disk is not
 * all read, to the disk alone. */
static void deliver_durable(struct core *core, struct session *session, struct delivery *delivery,
                            const struct link_ref *publisher)
{
    if (!make_room(core, session, delivery)) {
        return;
    }
    if (!is_here(session) || durable_backlog_count(session) > 0) {
        durable_append(core, session, delivery); /* [MQTT-4.5.0-1] [v3 MQTT-3.1.2-5] */
        return;
    }
    durable_accept(core, session, delivery);
    if (session->queue.count == 0 && session->link->outbox.size < OUTBOX_FULL_SIZE &&
        has_quota(core, session, delivery)) { /* [MQTT-3.3.4-10] [MQTT-4.9.0-3] */
        send_now(core, session, delivery);
        return;
    }
    delivery->state = DELIVERY_WAITING;
    if (!queue_add(&session->queue, delivery, &core->counters)) {
        abort(); /* its publisher will be told that it is safe */
    }
    note_queued(core, session, publisher);
}

/* Puts the delivery into the outbox, and into the table of what is in flight. */
static void send_now(struct core *core, struct session *session, struct delivery *delivery)
{
    if (!delivery->message) {
        release_again(core, session, delivery);
        return;
    }
    /* A client that may have had it at QoS 2 waits for the rest, however late it is. */
    bool has_begun = delivery->dup && delivery->qos == 2;
    if (!has_begun && message_has_expired(delivery->message, core->now_us)) {
        dispatch_drop(core, session, delivery, DROP_EXPIRED); /* [MQTT-3.3.2-5] */
        return;
    }
    struct delivery *place = delivery;
    uint16_t packet_id = 0;
    if (delivery->qos > 0) {
        if (session->durable) {
            packet_id = durable_packet_id(session, delivery);
            durable_note_sent(session, delivery);
        }
        if (!flow_out_start(&session->flow_out, delivery, &packet_id, &core->counters)) {
            dispatch_drop(core, session, delivery, DROP_NO_MEMORY);
            return;
        }
        place = flow_out_find(&session->flow_out, packet_id);
    }
    enum send_result result = send_publish(core, session->link, place, packet_id);
    if (result != SEND_OK) { /* as if it had been sent [MQTT-3.1.2-25] */
        count_drop(core, session,
                   result == SEND_TOO_LARGE ? DROP_PACKET_TOO_LARGE : DROP_NO_MEMORY);
        durable_forget(core, session, place);
    } else if (delivery->qos == 0) {
        core->counters.delivered++;
    }
    if (delivery->qos == 0) {
        delivery_fini(delivery, &core->counters);
    } else if (result != SEND_OK) {
        flow_out_finish(&session->flow_out, place, &core->counters);
    }
}

static void enqueue(struct core *core, struct session *session, struct delivery *delivery,
                    const struct link_ref *publisher)
{
    struct queue *queue = delivery->qos == 0 ? &session->queue_qos0 : &session->queue;
    if (!make_room(core, session, delivery)) {
        return;
    }
    delivery->state = DELIVERY_WAITING;
    if (!queue_add(queue, delivery, &core->counters)) {
        count_drop(core, session, DROP_NO_MEMORY);
        delivery_fini(delivery, &core->counters);
        return;
    }
    note_queued(core, session, publisher);
}

static void note_queued(struct core *core, struct session *session,
                        const struct link_ref *publisher)
{
    /* Once its queue is long, all who publish to it wait until it is short: otherwise a few whom
     * nobody had to hold would keep it half full, and the others waiting. */
    if (session->link && !session->is_slow &&
        (session->congested_us != 0 || is_long(core, session))) {
        hold_back(core, session, publisher);
    }
    if (session->link) {
        share_status_tell(core, session, SHARE_BUSY);
    }
}

/* What queue_policy says when there is none. False: `delivery`, which has no place yet, is dropped
 * and counted. */
static bool make_room(struct core *core, struct session *session, struct delivery *delivery)
{
    enum drop_reason reason;
    while (find_reason_to_drop(core, session, delivery, &reason)) {
        if (core->options->queue_policy == QUEUE_DROP_OLDEST && reason != DROP_NO_MEMORY &&
            drop_oldest(core, session)) {
            continue;
        }
        core->is_queue_full |= core->options->queue_policy == QUEUE_REJECT;
        count_drop(core, session, reason);
        delivery_fini(delivery, &core->counters);
        return false;
    }
    return true;
}

/* False: nothing waits, or the first has begun, before a restart: its client may know it by its
 * identifier, and would take another message that bears it for a repeat. [MQTT-4.3.3-5] */
static bool drop_oldest(struct core *core, struct session *session)
{
    struct queue *queue = session->queue.count > 0 ? &session->queue : &session->queue_qos0;
    if (queue == &session->queue_qos0 && durable_backlog_count(session) > 0) {
        if (session->durable->place_backlog < session->durable->place_sent) {
            return false;
        }
        backlog_drop_first(core, session);
        count_drop(core, session, DROP_QUEUE_MESSAGES);
        return true;
    }
    if (queue->count == 0 || !queue_first(queue)->message || queue_first(queue)->dup) {
        return false;
    }
    struct delivery oldest = queue_take(queue, &core->counters);
    dispatch_drop(core, session, &oldest, DROP_QUEUE_MESSAGES);
    return true;
}

static void count_drop(struct core *core, struct session *session, enum drop_reason reason)
{
    core->counters.dropped[reason]++;
    session->dropped[reason]++;
}

static bool find_reason_to_drop(const struct core *core, const struct session *session,
                                const struct delivery *delivery, enum drop_reason *reason)
{
    const struct core_options *options = core->options;
    uint64_t backlog_count = durable_backlog_count(session);
    uint64_t count = session->queue.count + session->queue_qos0.count + backlog_count;
    uint64_t bytes = session->queue.bytes + session->queue_qos0.bytes +
                     (backlog_count > 0 ? session->durable->backlog_bytes : 0);
    uint64_t count_max = options->queued_messages_max;
    uint64_t bytes_max = options->queued_bytes_max;
    if (is_here(session) && backlog_count == 0 &&
        !session->is_slow) { /* publishers are held back; what comes is on its way already */
        count_max += count_max ? QUEUE_OVERSHOOT_COUNT : 0;
        bytes_max = bytes_max ? bytes_max + QUEUE_OVERSHOOT_SIZE : 0;
    }
    if (count_max != CORE_NO_LIMIT && count >= count_max) {
        *reason = session->is_slow ? DROP_SLOW_READER : DROP_QUEUE_MESSAGES;
    } else if (bytes_max != CORE_NO_LIMIT && bytes + message_size(delivery->message) > bytes_max) {
        *reason = session->is_slow ? DROP_SLOW_READER : DROP_QUEUE_BYTES;
    } else if (session->link && bytes >= QUEUE_OVERSHOOT_SIZE && backlog_count == 0) {
        *reason = DROP_SLOW_READER;
    } else if (quotas_memory_is_exceeded(core)) { /* publishers are refused, or held, before */
        *reason = DROP_NO_MEMORY;
    } else {
        return false;
    }
    return true;
}

static void hold_back(struct core *core, struct session *session, const struct link_ref *publisher)
{
    if (session->congested_us == 0) {
        session->congested_us = core->now_us;
        if (session->link->holds > 0) {
            hold_reconsider(core, session->link);
        }
        timer_set(&core->timers, &session->timer, TIMER_SESSION,
                  core->now_us + (uint64_t)core->options->slow_reader_patience_ms * 1000);
    }
    /* Who publishes to himself is not held: his acknowledgements come behind what he publishes. */
    if (links_find(core, publisher) != session->link) {
        hold_publisher(core, &session->holds, publisher);
    }
}

/* After a new connection: what was in flight, in its old order, before anything new.
 * [MQTT-4.4.0-1] [v3 MQTT-4.4.0-1] */
static void send_again(struct core *core, struct session *session)
{
    struct link *link = session->link;
    struct flow_out *flow = &session->flow_out;
    while (flow->unsent > 0 && link->outbox.size < OUTBOX_FULL_SIZE &&
           flow->open - flow->unsent < link->receive_maximum) {
        uint16_t packet_id;
        struct delivery *delivery = flow_out_resend(flow, &packet_id);
        assert(delivery);
        if (delivery->state == DELIVERY_RELEASING) {
            send_ack(core, link, PACKET_PUBREL, packet_id, REASON_SUCCESS, NULL);
        } else if (delivery->state == DELIVERY_RECEIVED) {
            continue; /* PUBREL comes when that is written */
        } else if (send_publish(core, link, delivery, packet_id) != SEND_OK) {
            count_drop(core, session, DROP_PACKET_TOO_LARGE);
            durable_forget(core, session, delivery);
            flow_out_finish(flow, delivery, &core->counters);
        }
    }
}

/* From the disk: its client has the message, and has not heard that we know. [MQTT-4.4.0-1] */
static void release_again(struct core *core, struct session *session, struct delivery *delivery)
{
    uint16_t packet_id = durable_packet_id(session, delivery);
    if (!flow_out_start(&session->flow_out, delivery, &packet_id, &core->counters)) {
        abort(); /* the client would be left in the middle of a handshake */
    }
    send_ack(core, session->link, PACKET_PUBREL, packet_id, REASON_SUCCESS, NULL);
}

/* Publishers that were held back for this session may go on. */
static void go_on(struct core *core, struct session *session)
{
    if (session->congested_us != 0) {
        session->congested_us = 0;
        heap_remove(&core->timers, &session->timer);
    }
    hold_release_all(core, &session->holds);
}

/* Where publishers are held back: never beyond what a client that is away may keep. */
static uint32_t long_count(const struct core *core)
{
    uint32_t count_max = core->options->queued_messages_max;
    return count_max != CORE_NO_LIMIT && count_max < QUEUE_LONG_COUNT ? count_max
                                                                      : QUEUE_LONG_COUNT;
}

static bool is_long(const struct core *core, const struct session *session)
{
    return session->queue.count + session->queue_qos0.count >= long_count(core) ||
           session->queue.bytes + session->queue_qos0.bytes >= QUEUE_LONG_SIZE;
}

static bool is_short(const struct core *core, const struct session *session)
{
    return session->queue.count + session->queue_qos0.count <=
               long_count(core) / QUEUE_SHORT_PART &&
           session->queue.bytes + session->queue_qos0.bytes < QUEUE_LONG_SIZE / 2;
}
