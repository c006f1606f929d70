/* share_member.c — see share_member.h. */
#include "core/share_member.h"

#include "core/dispatch.h"
#include "core/durable.h"
#include "core/journal.h"
#include "core/links.h"
#include "core/receipt.h"

#include <assert.h>
#include <stdlib.h>

static uint64_t member_hash(uint64_t group, uint64_t session);
static bool is_member(const void *item, const void *key);
static struct subscription *find(const struct core *core, const struct share_record *record);
static void return_queued(struct core *core, struct subscription *member);
static void return_in_flight(struct core *core, struct subscription *member);
static bool is_to_return(const struct delivery *delivery, const struct subscription *member);
static void return_delivery(struct core *core, const struct subscription *member,
                            const struct delivery *delivery);
static void say_returned(struct core *core, const struct share_record *record, struct bytes image);

bool share_member_join(struct core *core, struct subscription *subscription,
                       const struct topic_filter *filter)
{
    struct session *session = subscription->session;
    if (!map_add(&core->shared_members, member_hash(subscription->share_group, session->hash),
                 subscription)) {
        return false;
    }
    struct share_record record = {.group = subscription->share_group,
                                  .session = session->hash,
                                  .publisher = session->link ? links_name(core, session->link)
                                                             : LINK_REF_NOBODY,
                                  .is_durable = session->durable != NULL,
                                  .name_size = (uint32_t)filter->share_name.size,
                                  .status = session->share_status};
    if (!peers_say(&core->peers, core_home(core, record.group), RECORD_SHARE_JOIN, &record,
                   filter->share_name, filter->filter)) {
        map_remove(&core->shared_members, member_hash(subscription->share_group, session->hash),
                   subscription);
        return false;
    }
    if (session->link) {
        session->link->joining++;
    }
    return true;
}

void share_member_leave(struct core *core, struct subscription *subscription, bool ends)
{
    struct session *session = subscription->session;
    struct share_record record = {.group = subscription->share_group, .session = session->hash};
    peers_say(&core->peers, core_home(core, record.group), RECORD_SHARE_LEAVE, &record,
              (struct bytes){0}, (struct bytes){0});
    return_queued(core, subscription);
    if (ends) {
        return_in_flight(core, subscription);
    }
    map_remove(&core->shared_members, member_hash(subscription->share_group, session->hash),
               subscription);
}

void share_member_receive(struct core *core, const struct share_record *record, struct bytes image)
{
    struct subscription *member = find(core, record);
    if (!member) { /* it left while the message was on its way */
        struct share_record passed = *record;
        durable_group_begin(core, record->journal_group);
        passed.journal_group = journal_group_pass_on(core);
        say_returned(core, &passed, image);
        journal_group_end(core);
        return;
    }
    struct message *message = message_from_image(image.data, image.size, &core->counters);
    if (!message) {
        if (record->receipt != 0 || record->journal_group != 0) {
            abort(); /* someone would wait for ever */
        }
        core->counters.owed++;
        core->counters.dropped[DROP_NO_MEMORY]++;
        return;
    }
    uint8_t qos = core->options->upgrade_outgoing_qos || member->qos < message->qos ? member->qos
                                                                                    : message->qos;
    struct delivery delivery = {.message = message_ref(message),
                                .tag = delivery_tag_ref(member->tag), /* [MQTT-3.3.4-5] */
                                .qos = qos,                           /* [MQTT-4.8.2-3] */
                                .retain = message->retain && member->retain_as_published};
    core->is_queue_full = false;
    durable_group_begin(core, record->journal_group);
    dispatch_deliver(core, member->session, &delivery, &record->publisher);
    journal_group_end(core);
    receipt_address_worker(core, message, record->receipt_worker, record->receipt,
                           core->is_queue_full ? REASON_QUOTA_EXCEEDED : REASON_SUCCESS);
    message_unref(message, &core->counters);
}

void share_member_give_back(struct core *core, const struct share_record *record)
{
    struct subscription *member = find(core, record);
    if (!member || member->session->link) {
        return; /* gone, or back already */
    }
    return_queued(core, member);
    return_in_flight(core, member);
}

static uint64_t member_hash(uint64_t group, uint64_t session)
{
    return group ^ (session * UINT64_C(0x9e3779b97f4a7c15));
}

static bool is_member(const void *item, const void *key)
{
    const struct subscription *subscription = item;
    const struct share_record *record = key;
    return subscription->share_group == record->group &&
           subscription->session->hash == record->session;
}

static struct subscription *find(const struct core *core, const struct share_record *record)
{
    return map_find(&core->shared_members, member_hash(record->group, record->session), is_member,
                    record);
}

struct returning {
    struct core *core;
    struct subscription *member;
};

/* queue_filter's question: does this delivery stay? */
static bool stays(void *context, struct delivery *delivery)
{
    struct returning *returning = context;
    if (!delivery->tag || delivery->tag->share_group != returning->member->share_group) {
        return true;
    }
    if (delivery->qos == 2 && delivery->dup) {
        return true; /* begun before a restart. [MQTT-4.8.2-4] [MQTT-4.8.2-5] */
    }
    return_delivery(returning->core, returning->member, delivery);
    delivery_fini(delivery, &returning->core->counters);
    return false;
}

static void return_queued(struct core *core, struct subscription *member)
{
    struct returning returning = {core, member};
    if (member->session->durable) {
        durable_write_deliveries(core, member->session);
    }
    queue_filter(&member->session->queue, stays, &returning, &core->counters);
    queue_filter(&member->session->queue_qos0, stays, &returning, &core->counters);
}

/* What was sent at QoS 1 and not acknowledged; never what has begun at QoS 2. [MQTT-4.8.2-4]
 * [MQTT-4.8.2-5] */
static void return_in_flight(struct core *core, struct subscription *member)
{
    struct flow_out *flow = &member->session->flow_out;
    for (uint32_t i = 0; i < flow->count; i++) {
        if (is_to_return(flow_out_at(flow, i), member)) {
            return_delivery(core, member, flow_out_at(flow, i));
        }
    }
    for (uint32_t i = flow->count; i > 0;
         i--) { /* from the end: a place at the front frees those behind it */
        if (is_to_return(flow_out_at(flow, i - 1), member)) {
            flow_out_finish(flow, flow_out_at(flow, i - 1), &core->counters);
        }
    }
}

static bool is_to_return(const struct delivery *delivery, const struct subscription *member)
{
    return delivery->state == DELIVERY_SENT && delivery->qos == 1 && delivery->tag &&
           delivery->tag->share_group == member->share_group;
}

/* A durable session's stays on the disk until it is on the disk where it goes. */
static void return_delivery(struct core *core, const struct subscription *member,
                            const struct delivery *delivery)
{
    struct share_record record = {.group = member->share_group,
                                  .session = member->session->hash,
                                  .publisher = LINK_REF_NOBODY};
    bool is_durable = member->session->durable && delivery->qos > 0;
    core->counters.owed--; /* owed to somebody else from now on */
    durable_group_begin(core, is_durable && core->worker_count > 1 ? journal_new_number(core) : 0);
    if (is_durable) {
        durable_hand_on(core, member->session, delivery);
        record.journal_group = journal_group_pass_on(core);
    }
    say_returned(core, &record, bytes_of(delivery->message, message_size(delivery->message)));
    journal_group_end(core);
}

static void say_returned(struct core *core, const struct share_record *record, struct bytes image)
{
    if (!peers_say(&core->peers, core_home(core, record->group), RECORD_SHARE_RETURN, record, image,
                   (struct bytes){0})) {
        if (record->receipt != 0 || record->journal_group != 0) {
            abort(); /* someone would wait for ever */
        }
        core->counters.owed++;
        core->counters.dropped[DROP_NO_MEMORY]++;
    }
}
