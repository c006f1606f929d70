/* durable.c — see durable.h. */
#include "core/durable.h"

#include "core/journal.h"
#include "core/receipt.h"
#include "core/stored.h"
#include "core/subscription.h"

#include <assert.h>
#include <stdlib.h>

enum {
    ID_COUNT = 65535,
    SHARED_BODY_SIZE_MIN = 1024,
    SHARERS_MIN = 3, /* references: a delivery, its receipt, and another delivery */
};

static uint64_t place_of(const struct durable *durable, const struct delivery *delivery);
static uint64_t share_body(struct core *core, struct message *message);
static void write_delivery(struct core *core, struct session *session,
                           const struct delivery *delivery);
static void write_gone(struct core *core, const struct session *session, uint64_t place);
static void write_in_flight(struct core *core, struct session *session, uint64_t *place);
static void write_queued(struct core *core, struct session *session, uint64_t place);
static void sample(struct core *core, struct durable *durable);

bool durable_begin(struct core *core, struct session *session, uint64_t number)
{
    struct durable *durable = calloc(1, sizeof *durable);
    if (!durable) {
        return false;
    }
    list_init(&durable->unwritten);
    list_init(&durable->unsettled);
    durable->session = session;
    durable->number = number;
    session->durable = durable;
    core->counters.memory_held += sizeof *durable;
    return true;
}

void durable_end(struct core *core, struct session *session)
{
    struct session_entry entry = {.number = session->durable->number};
    core->journal.changed[session->hash % JOURNAL_CHANGED_SLOTS] =
        journal_add(core, ENTRY_SESSION_GONE, &entry, NULL, 0);
    journal_linger(core, JOURNAL_LINGER_LAZY_US);
    core->counters.memory_held -= sizeof *session->durable;
    durable_free(session);
}

void durable_free(struct session *session)
{
    if (session->durable) {
        list_remove(&session->durable->unwritten);
        list_remove(&session->durable->unsettled);
        free(session->durable);
        session->durable = NULL;
    }
}

void durable_write_session(struct core *core, struct session *session)
{
    const struct durable *durable = session->durable;
    const struct will *will = session->will;
    struct session_entry entry = {
        .number = durable->number,
        .away_us =
            session->link ? 0 : journal_to_wall(core, session->away_us) - durable->away_before_us,
        .place_sent = durable->place_sent,
        .place_next = durable->place_next,
        .expiry_s = session->expiry_s,
        .will_delay_s = will ? will->delay_s : 0,
        .client_id_size = session->client_id_size,
        .has_will = will != NULL,
    };
    struct bytes runs[] = {session_client_id(session), {NULL, 0}};
    if (will) {
        entry.will = stored_describe(core, will->message);
        entry.will.expires_us = will->message->expires_us; /* an interval, not yet a time */
        runs[1] = stored_body(will->message);
    }
    core->journal.changed[session->hash % JOURNAL_CHANGED_SLOTS] =
        journal_add(core, ENTRY_SESSION, &entry, runs, 2);
    journal_linger(core, JOURNAL_LINGER_LAZY_US);
}

void durable_write_subscription(struct core *core, struct subscription *subscription)
{
    struct durable *durable = subscription->session->durable;
    if (subscription->number == 0) {
        subscription->number = ++durable->subscription_number;
    }
    struct subscription_entry entry = {.session = durable->number,
                                       .number = subscription->number,
                                       .id = subscription->id,
                                       .qos = subscription->qos,
                                       .no_local = subscription->no_local,
                                       .retain_as_published = subscription->retain_as_published};
    struct bytes filter = subscription_filter(subscription);
    journal_add(core, ENTRY_SUBSCRIPTION, &entry, &filter, 1);
    journal_hurry(core);
}

void durable_write_unsubscription(struct core *core, const struct subscription *subscription)
{
    struct subscription_entry entry = {.session = subscription->session->durable->number,
                                       .number = subscription->number};
    journal_add(core, ENTRY_SUBSCRIPTION_GONE, &entry, NULL, 0);
    journal_hurry(core);
}

void durable_accept(struct core *core, struct session *session, struct delivery *delivery)
{
    struct durable *durable = session->durable;
    assert(durable->place_backlog == durable->place_next);
    bool is_in_group = core->journal.group != 0;
    if (is_in_group) {
        durable_write_deliveries(core, session);
    }
    delivery->place = (uint32_t)durable->place_next++;
    durable->place_backlog = durable->place_next;
    receipt_owe(core, delivery->message);
    if (is_in_group) {
        write_delivery(core, session, delivery);
        durable->place_written = durable->place_next;
        sample(core, durable);
        return;
    }
    if (!list_is_linked(&durable->unwritten)) {
        list_append(&core->journal.unwritten, &durable->unwritten);
    }
    if (delivery->qos == 2) {
        journal_hurry(core); /* it waits to be sent */
    } else {
        journal_linger(core, JOURNAL_LINGER_ACK_US);
    }
}

void durable_append(struct core *core, struct session *session, struct delivery *delivery)
{
    struct durable *durable = session->durable;
    durable_write_deliveries(core, session);
    delivery->place = (uint32_t)durable->place_next++;
    size_t size = message_size(delivery->message);
    receipt_await_batch(core, delivery->message);
    write_delivery(core, session, delivery);
    durable->place_written = durable->place_next;
    durable->backlog_bytes += size;
    core->counters.queued++;
    core->counters.queued_bytes += size;
    sample(core, durable);
    journal_hurry(core);
    delivery_fini(delivery, &core->counters);
}

void durable_note_sent(struct session *session, const struct delivery *delivery)
{
    uint64_t next = place_of(session->durable, delivery) + 1;
    if (next > session->durable->place_sent) {
        session->durable->place_sent = next;
    }
}

void durable_write_releasing(struct core *core, struct session *session,
                             const struct delivery *delivery)
{
    struct delivery_entry entry = {.session = session->durable->number,
                                   .place = place_of(session->durable, delivery),
                                   .qos = 2};
    journal_add(core, ENTRY_RELEASING, &entry, NULL, 0);
    journal_hurry(core);
}

void durable_forget(struct core *core, struct session *session, const struct delivery *delivery)
{
    struct durable *durable = session->durable;
    if (!durable || delivery->qos == 0) {
        return;
    }
    uint64_t place = place_of(durable, delivery);
    if (place < durable->place_written && !durable->is_ending) {
        write_gone(core, session, place);
    }
    if (delivery->message) {
        receipt_pay(core, delivery->message);
    }
}

void durable_hand_on(struct core *core, struct session *session, const struct delivery *delivery)
{
    assert(place_of(session->durable, delivery) < session->durable->place_written);
    write_gone(core, session, place_of(session->durable, delivery));
}

void durable_group_begin(struct core *core, uint64_t group)
{
    struct list *unwritten = &core->journal.unwritten;
    while (group != 0 && core->journal.group == 0 && !list_is_empty(unwritten)) {
        durable_write_deliveries(core,
                                 LIST_ITEM(unwritten->next, struct durable, unwritten)->session);
    }
    journal_group_begin(core, group);
}

void durable_write_deliveries(struct core *core, struct session *session)
{
    struct durable *durable = session->durable;
    uint64_t place = durable->place_written;
    if (place == durable->place_next) {
        return;
    }
    write_in_flight(core, session, &place);
    write_queued(core, session, place);
    durable->place_written = durable->place_next;
    list_remove(&durable->unwritten);
    sample(core, durable);
}

bool durable_note_persisted(struct core *core, struct session *session, uint64_t batch)
{
    struct durable *durable = session->durable;
    if (durable->sample_batch > batch) {
        return false;
    }
    durable->place_persisted = durable->place_sample;
    list_remove(&durable->unsettled);
    if (durable->batch_last <= batch) {
        durable->place_persisted = durable->place_written;
    } else {
        durable->place_sample = durable->place_written;
        durable->sample_batch = durable->batch_last;
        list_append(&core->journal.unsettled, &durable->unsettled);
    }
    return true;
}

uint16_t durable_packet_id(const struct session *session, const struct delivery *delivery)
{
    return (uint16_t)(place_of(session->durable, delivery) % ID_COUNT + 1);
}

bool durable_may_send(const struct session *session, const struct delivery *delivery)
{
    const struct durable *durable = session->durable;
    const struct flow_out *flow = &session->flow_out;
    if (!durable) {
        return true;
    }
    /* Identifiers go round with the places, and those between may have been dropped unsent. */
    if (flow->count > 0 && delivery->place - flow->ring[flow->head].place >= FLOW_OUT_WINDOW_MAX) {
        return false;
    }
    return delivery->qos < 2 || place_of(durable, delivery) < durable->place_persisted;
}

/* The whole of a place whose lower half the delivery has: the highest below the next one. */
static uint64_t place_of(const struct durable *durable, const struct delivery *delivery)
{
    uint64_t last = durable->place_next - 1;
    return last - (uint32_t)((uint32_t)last - delivery->place);
}

static void write_delivery(struct core *core, struct session *session,
                           const struct delivery *delivery)
{
    struct durable *durable = session->durable;
    struct message *message = delivery->message;
    const struct delivery_tag *tag = delivery->tag;
    struct delivery_entry entry = {.session = durable->number,
                                   .place = place_of(durable, delivery),
                                   .body = share_body(core, message),
                                   .bytes_before = durable->bytes_written,
                                   .share_group = tag ? tag->share_group : 0,
                                   .id_count = tag ? tag->id_count : 0,
                                   .qos = delivery->qos,
                                   .retain = delivery->retain,
                                   .message = stored_describe(core, message)};
    struct bytes runs[2] = {bytes_of(tag ? tag->ids : NULL, entry.id_count * sizeof tag->ids[0]),
                            stored_body(message)};
    journal_add(core, ENTRY_DELIVERY, &entry, runs, entry.body == 0 ? 2 : 1);
    durable->bytes_written += stored_body(message).size;
}

/* The number of a body that is written once for several deliveries; 0: it goes with each. */
static uint64_t share_body(struct core *core, struct message *message)
{
    if (message_size(message) < SHARED_BODY_SIZE_MIN || message->references < SHARERS_MIN ||
        core->journal.group != 0) {
        return 0;
    }
    uint64_t *number = receipt_body_number(message);
    if (*number == 0) {
        *number = journal_new_number(core);
        struct message_entry entry = {.number = *number, .message = stored_describe(core, message)};
        struct bytes body = stored_body(message);
        journal_add(core, ENTRY_MESSAGE, &entry, &body, 1);
    }
    return *number;
}

static void write_gone(struct core *core, const struct session *session, uint64_t place)
{
    struct delivery_entry entry = {.session = session->durable->number, .place = place};
    journal_add(core, ENTRY_DELIVERY_GONE, &entry, NULL, 0);
    journal_linger(core, JOURNAL_LINGER_LAZY_US);
}

/* Those that were sent; *place moves to the first that was not. */
static void write_in_flight(struct core *core, struct session *session, uint64_t *place)
{
    struct durable *durable = session->durable;
    uint64_t end = session->queue.count > 0 ? place_of(durable, queue_first(&session->queue))
                                            : durable->place_next;
    for (; *place < end; ++*place) {
        uint16_t packet_id = (uint16_t)(*place % ID_COUNT + 1);
        const struct delivery *delivery = flow_out_find(&session->flow_out, packet_id);
        if (delivery && delivery->message && delivery->place == (uint32_t)*place) {
            write_delivery(core, session, delivery);
        }
    }
}

static void write_queued(struct core *core, struct session *session, uint64_t place)
{
    struct queue *queue = &session->queue;
    uint32_t index = queue->count;
    while (index > 0 && place_of(session->durable, queue_at(queue, index - 1)) >= place) {
        index--;
    }
    for (; index < queue->count; index++) {
        write_delivery(core, session, queue_at(queue, index));
    }
}

/* Notes what is in a batch now, to know when it is persisted. */
static void sample(struct core *core, struct durable *durable)
{
    durable->batch_last = core->journal.number;
    if (!list_is_linked(&durable->unsettled)) {
        durable->place_sample = durable->place_written;
        durable->sample_batch = durable->batch_last;
        list_append(&core->journal.unsettled, &durable->unsettled);
    }
}
