/* deliver.c — see deliver.h. */
#include "core/deliver.h"

#include "base/hash.h"
#include "core/dispatch.h"
#include "core/durable.h"
#include "core/hold.h"
#include "core/journal.h"
#include "core/receipt.h"
#include "core/replay.h"
#include "core/retained.h"
#include "core/share_group.h"

#include <assert.h>
#include <stdlib.h>

enum { UNSETTLED_MAX = 64 };

/* Topics of one link whose messages are on their way over their home, oldest first. */
struct unsettled {
    uint64_t topic_hashes[UNSETTLED_MAX];
    uint32_t count;
    bool is_holding; /* the table is full: the link is not read */
};

enum reach { REACH_ALL, REACH_HERE }; /* all workers, or only what is at this one */

static bool goes_home_first(const struct link *link, const struct message *message,
                            uint64_t topic_hash);
static bool send_home(struct core *core, struct message *message, struct link *link,
                      uint16_t packet_id, struct publish_record *record, uint32_t home);
static struct message *message_of(struct core *core, const struct publish_record *record,
                                  struct bytes image);
static void settle(struct core *core, struct message *message, uint32_t from,
                   const struct publish_record *record, enum reason_code reason);
static enum reason_code reason_of(enum deliver_result result);
static void hold_for_disk(struct core *core, const struct link_ref *publisher, bool is_due);
static enum deliver_result keep_and_route(struct core *core, struct message *message,
                                          const struct link_ref *publisher);
static bool route(struct core *core, struct message *message, const struct link_ref *publisher,
                  enum reach reach);
static void deliver_to_one(struct core *core, struct message *message,
                           const struct interest *interest, const struct link_ref *publisher);
static void deliver_merged(struct core *core, struct message *message, const struct route *route,
                           const struct link_ref *publisher);
static bool add_receiver(struct core *core, const struct subscription *subscription);
static void merge_receiver(struct receiver *receiver, const struct subscription *subscription);
static void forward(struct core *core, struct message *message, const struct link_ref *publisher,
                    uint64_t peers, uint64_t durable_peers);
static uint8_t granted_qos(const struct core *core, const struct message *message, uint8_t qos);

enum deliver_result deliver_publish(struct core *core, struct message *message, struct link *link,
                                    uint16_t packet_id)
{
    struct publish_record record = {.publisher = link ? links_name(core, link) : LINK_REF_NOBODY};
    enum deliver_result result = DELIVER_NOBODY;
    bool is_home = true;
    core->is_queue_full = false;
    if (core->worker_count > 1 && (message->retain || (link && link->unsettled))) {
        record.topic_hash = hash_bytes(message_topic(message), core->hash_seed);
        uint32_t home = core_home(core, record.topic_hash);
        is_home = home == core->worker || !goes_home_first(link, message, record.topic_hash) ||
                  !send_home(core, message, link, packet_id, &record, home);
    }
    if (packet_id != 0 && message->qos == 2 && link->session->durable) {
        receipt_await_batch(core, message); /* its identifier is in it */
    }
    if (is_home) {
        result = keep_and_route(core, message, &record.publisher);
    }
    if (packet_id == 0 || result == DELIVER_REFUSED) {
        receipt_address_nobody(core, message);
    } else if (receipt_address_link(core, message, &record.publisher, packet_id,
                                    reason_of(result))) {
        /* 3.x cannot be told that the disk fails; 5.0 is, from the next message on. */
        hold_for_disk(core, &record.publisher,
                      core->journal.state != STORE_WELL && !link_is_v5(link));
        return DELIVER_LATER;
    }
    return result;
}

void deliver_forwarded(struct core *core, uint32_t from, const struct publish_record *record,
                       struct bytes image)
{
    struct message *message = message_of(core, record, image);
    if (!message) {
        return;
    }
    core->is_queue_full = false;
    durable_group_begin(core, record->group);
    route(core, message, &record->publisher, REACH_HERE);
    journal_group_end(core);
    settle(core, message, from, record,
           core->is_queue_full ? REASON_QUOTA_EXCEEDED : REASON_SUCCESS);
}

void deliver_at_home(struct core *core, uint32_t from, const struct publish_record *record,
                     struct bytes image)
{
    struct message *message = message_of(core, record, image);
    if (message) {
        core->is_queue_full = false;
        durable_group_begin(core, record->group);
        enum deliver_result result = keep_and_route(core, message, &record->publisher);
        journal_group_end(core);
        settle(core, message, from, record, reason_of(result));
    }
    if (record->publisher.worker != UINT32_MAX) {
        /* Late: what its publisher sends next goes the short way, and may not arrive there before
         * this message. [MQTT-4.6.0-5] [v3 MQTT-4.6.0-6] */
        peers_say_late(&core->peers, record->publisher.worker, RECORD_ROUTED, record,
                       (struct bytes){0}, (struct bytes){0});
    }
}

void deliver_routed(struct core *core, const struct publish_record *record)
{
    struct link *link = links_find(core, &record->publisher);
    struct unsettled *unsettled = link ? link->unsettled : NULL;
    for (uint32_t i = 0; unsettled && i < unsettled->count; i++) {
        if (unsettled->topic_hashes[i] == record->topic_hash) {
            unsettled->count--;
            memmove(&unsettled->topic_hashes[i], &unsettled->topic_hashes[i + 1],
                    (unsettled->count - i) * sizeof unsettled->topic_hashes[0]);
            break;
        }
    }
    if (unsettled && unsettled->is_holding && unsettled->count <= UNSETTLED_MAX / 2) {
        unsettled->is_holding = false;
        hold_unpause_link(core, link);
    }
    if (unsettled && unsettled->count == 0) {
        free(unsettled);
        link->unsettled = NULL;
    }
}

/* The message another worker has sent. NULL: no memory, and it is counted. Whoever waits for it
 * would wait for ever: then the process ends, and nothing that was acknowledged is lost. */
static struct message *message_of(struct core *core, const struct publish_record *record,
                                  struct bytes image)
{
    struct message *message = message_from_image(image.data, image.size, &core->counters);
    if (!message) {
        if (record->receipt != 0 || record->group != 0) {
            abort();
        }
        core->counters.owed++;
        core->counters.dropped[DROP_NO_MEMORY]++;
    }
    return message;
}

/* Answers the worker that sent `message` (taken), now or when it is durable here. */
static void settle(struct core *core, struct message *message, uint32_t from,
                   const struct publish_record *record, enum reason_code reason)
{
    if (message->receipt) {
        hold_for_disk(core, &record->publisher, false);
    }
    receipt_address_worker(core, message, from, record->receipt, reason);
    message_unref(message, &core->counters);
}

static enum reason_code reason_of(enum deliver_result result)
{
    return result == DELIVER_REFUSED  ? REASON_QUOTA_EXCEEDED
           : result == DELIVER_NOBODY ? REASON_NO_MATCHING_SUBSCRIBERS
                                      : REASON_SUCCESS;
}

/* Whoever publishes faster than the disk writes is not read on. */
static void hold_for_disk(struct core *core, const struct link_ref *publisher, bool is_due)
{
    if (is_due || journal_is_long(core)) {
        hold_publisher(core, &core->journal.holds, publisher);
    }
}

static bool goes_home_first(const struct link *link, const struct message *message,
                            uint64_t topic_hash)
{
    if (message->retain) {
        return true;
    }
    for (uint32_t i = 0; link && link->unsettled && i < link->unsettled->count; i++) {
        if (link->unsettled->topic_hashes[i] == topic_hash) {
            return true;
        }
    }
    return false;
}

/* False: no memory; it then goes on without its home, and is not kept. */
static bool send_home(struct core *core, struct message *message, struct link *link,
                      uint16_t packet_id, struct publish_record *record, uint32_t home)
{
    if (link && !link->unsettled) {
        link->unsettled = calloc(1, sizeof *link->unsettled);
    }
    struct unsettled *unsettled = link ? link->unsettled : NULL;
    /* What went the short way before comes before. [MQTT-4.6.0-5, -6] [v3 MQTT-4.6.0-5, -6] */
    if (core->has_forwarded) {
        peers_seal(&core->peers);
        core->has_forwarded = false;
    }
    if (link && (!unsettled || unsettled->count == UNSETTLED_MAX)) {
        return false;
    }
    record->receipt = packet_id != 0 ? receipt_expect(core, message) : 0;
    record->group = journal_group_pass_on(core);
    if (!peers_say(&core->peers, home, RECORD_HOME_PUBLISH, record,
                   bytes_of(message, message_size(message)), (struct bytes){0})) {
        abort(); /* its publisher would wait for ever */
    }
    if (unsettled) {
        unsettled->topic_hashes[unsettled->count++] = record->topic_hash;
        if (unsettled->count == UNSETTLED_MAX) {
            unsettled->is_holding = true;
            hold_pause_link(link);
        }
    }
    if ((core->peers.busy >> home & 1) != 0) {
        hold_publisher(core, &core->peer_holds[home], &record->publisher);
    }
    return true;
}

static enum deliver_result keep_and_route(struct core *core, struct message *message,
                                          const struct link_ref *publisher)
{
    /* [MQTT-3.3.1-8] [v3 MQTT-3.3.1-12] */
    if (message->retain && retained_home(core, message_topic(message)) == core->worker) {
        bool has_room = message->payload_size == 0 || message->publisher == 0 ||
                        retained_has_room(core, message_topic(message));
        if (!has_room && publisher->worker != UINT32_MAX) {
            return DELIVER_REFUSED;
        }
        if (!has_room) { /* a will: nobody is left who could be told */
            log_write(core->log, LOG_KIND_WARNING,
                      "A will was not retained: max_retained_messages is reached.");
        } else if (!retained_keep(core, message)) {
            log_write(core->log, LOG_KIND_ERROR, "No memory to keep a retained message.");
        }
    }
    bool is_wanted = route(core, message, publisher, REACH_ALL);
    if (core->is_queue_full) {
        return DELIVER_REFUSED;
    }
    return is_wanted ? DELIVER_OK : DELIVER_NOBODY;
}

/* False: nobody wants it. */
static bool route(struct core *core, struct message *message, const struct link_ref *publisher,
                  enum reach reach)
{
    const struct route *found = routes_find(&core->routes, message_topic(message));
    if (!found) {
        core->counters.owed++;
        core->counters.dropped[DROP_NO_MEMORY]++;
        return true;
    }
    uint64_t peers = 0, durable_peers = 0;
    uint32_t with_subscriptions = 0;
    const struct interest *only = NULL;
    for (uint32_t i = 0; i < found->count; i++) {
        const struct interest *interest = found->interests[i];
        peers |= interest->peers;
        durable_peers |= interest->durable_peers;
        if (interest->count > 0) {
            with_subscriptions++;
            only = interest;
        }
        for (struct share_group *group = interest->groups; group; group = share_group_next(group)) {
            share_group_deliver(core, group, message, publisher);
        }
    }
    if (with_subscriptions == 1) {
        deliver_to_one(core, message, only, publisher);
    } else if (with_subscriptions > 1) {
        deliver_merged(core, message, found, publisher);
    }
    if (reach == REACH_ALL && peers != 0) {
        forward(core, message, publisher, peers, durable_peers);
    }
    return found->count > 0;
}

/* One filter matches: each of its subscriptions is another session's. */
static void deliver_to_one(struct core *core, struct message *message,
                           const struct interest *interest, const struct link_ref *publisher)
{
    for (uint32_t i = 0; i < interest->count; i++) {
        const struct subscription *subscription = interest->subscriptions[i];
        if (subscription->no_local && message->publisher == subscription->session->hash) {
            continue; /* [MQTT-3.8.3-3] */
        }
        /* Retain as published, or not. [MQTT-3.3.1-12, -13] [v3 MQTT-3.3.1-9] */
        struct delivery delivery = {.message = message_ref(message),
                                    .tag = delivery_tag_ref(subscription->tag),
                                    .qos = granted_qos(core, message, subscription->qos),
                                    .retain = message->retain && subscription->retain_as_published};
        dispatch_deliver(core, subscription->session, &delivery, publisher);
    }
}

/* Several filters match: a session gets one copy, at the highest QoS, with all its identifiers.
 * [MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4] [v3 MQTT-3.3.5-1] */
static void deliver_merged(struct core *core, struct message *message, const struct route *found,
                           const struct link_ref *publisher)
{
    core->receiver_count = 0;
    core->mark++;
    for (uint32_t i = 0; i < found->count; i++) {
        const struct interest *interest = found->interests[i];
        for (uint32_t j = 0; j < interest->count; j++) {
            const struct subscription *subscription = interest->subscriptions[j];
            struct session *session = subscription->session;
            if (subscription->no_local && message->publisher == session->hash) {
                continue; /* [MQTT-3.8.3-3] */
            }
            if (message->retain && subscription->replay_count > 0 &&
                replay_will_bring(core, subscription, message)) {
                continue;
            }
            if (session->mark == core->mark && core->receiver_count > session->mark_place &&
                core->receivers[session->mark_place].session == session) {
                merge_receiver(&core->receivers[session->mark_place], subscription);
            } else if (!add_receiver(core, subscription)) {
                core->counters.owed++;
                core->counters.dropped[DROP_NO_MEMORY]++;
            }
        }
    }
    for (uint32_t i = 0; i < core->receiver_count; i++) {
        struct receiver *receiver = &core->receivers[i];
        struct delivery delivery = {.message = message_ref(message),
                                    .tag = receiver->tag,
                                    .qos = granted_qos(core, message, receiver->qos),
                                    .retain = message->retain && receiver->retain_as_published};
        dispatch_deliver(core, receiver->session, &delivery, publisher);
    }
}

static bool add_receiver(struct core *core, const struct subscription *subscription)
{
    if (core->receiver_count == core->receiver_capacity) {
        uint32_t capacity = core->receiver_capacity ? core->receiver_capacity * 2 : 64;
        struct receiver *larger = realloc(core->receivers, capacity * sizeof *larger);
        if (!larger) {
            return false;
        }
        core->receivers = larger;
        core->receiver_capacity = capacity;
    }
    subscription->session->mark = core->mark;
    subscription->session->mark_place = core->receiver_count;
    core->receivers[core->receiver_count++] =
        (struct receiver){.session = subscription->session,
                          .tag = delivery_tag_ref(subscription->tag),
                          .qos = subscription->qos,
                          .retain_as_published = subscription->retain_as_published};
    return true;
}

static void merge_receiver(struct receiver *receiver, const struct subscription *subscription)
{
    if (subscription->qos > receiver->qos) {
        receiver->qos = subscription->qos;
    }
    receiver->retain_as_published |= subscription->retain_as_published;
    struct delivery_tag *more = subscription->tag;
    struct delivery_tag *tag = receiver->tag;
    if (!more || more->id_count == 0) {
        return;
    }
    bool failed = false;
    struct delivery_tag *both = NULL;
    if (tag) {
        assert(tag->share_group == 0 && more->share_group == 0);
        both = delivery_tag_join(tag, more, &failed);
    } else {
        both = delivery_tag_ref(more);
    }
    if (!failed) {
        delivery_tag_unref(tag);
        receiver->tag = both;
    }
}

/* A worker with durable sessions settles what it gets at QoS 1 and 2. */
static void forward(struct core *core, struct message *message, const struct link_ref *publisher,
                    uint64_t peers, uint64_t durable_peers)
{
    struct bytes image = bytes_of(message, message_size(message));
    core->has_forwarded |= !message->retain;
    while (peers != 0) {
        uint32_t worker = (uint32_t)__builtin_ctzll(peers);
        struct publish_record record = {.publisher = *publisher};
        peers &= peers - 1;
        if (message->qos > 0 && (durable_peers >> worker & 1) != 0) {
            record.receipt = receipt_expect(core, message);
            record.group = journal_group_pass_on(core);
        }
        if (!peers_say(&core->peers, worker, RECORD_FORWARD, &record, image, (struct bytes){0})) {
            if (record.receipt != 0) {
                abort(); /* its publisher would wait for ever */
            }
            core->counters.owed++;
            core->counters.dropped[DROP_NO_MEMORY]++;
        }
        if ((core->peers.busy >> worker & 1) != 0) {
            hold_publisher(core, &core->peer_holds[worker], publisher);
        }
    }
}

static uint8_t granted_qos(const struct core *core, const struct message *message, uint8_t qos)
{
    return core->options->upgrade_outgoing_qos || qos < message->qos
               ? qos
               : message->qos; /* [MQTT-3.8.4-8] [v3 MQTT-3.8.4-6] */
}
