/* subscribing.c — see subscribing.h. */
#include "core/subscribing.h"

#include "base/hash.h"
#include "core/durable.h"
#include "core/interest.h"
#include "core/replay.h"
#include "core/share_member.h"
#include "core/share_status.h"

#include <assert.h>
#include <stdlib.h>

struct subscription_key {
    const struct session *session;
    struct bytes text;
};

static uint64_t key_hash(const struct core *core, const struct session *session, struct bytes text);
static bool has_key(const void *item, const void *key);
static bool set_tag(struct subscription *subscription, uint32_t id);
static void write_down(struct core *core, struct subscription *subscription);
static bool open_interest(struct core *core, struct subscription *subscription,
                          const struct topic_filter *filter);
static struct bytes plain_filter(const struct subscription *subscription);

struct subscription *subscribing_find(const struct core *core, const struct session *session,
                                      struct bytes text)
{
    struct subscription_key key = {session, text};
    return map_find(&core->subscriptions, key_hash(core, session, text), has_key, &key);
}

struct subscription *subscribing_add(struct core *core, struct session *session,
                                     const struct subscribing *subscribing, bool *is_new)
{
    bool is_shared = subscribing->filter.share_name.size > 0;
    struct subscription *subscription = subscribing_find(core, session, subscribing->text);
    *is_new = !subscription;
    if (*is_new) {
        subscription = calloc(1, sizeof *subscription + subscribing->text.size);
        if (!subscription) {
            return NULL;
        }
        subscription->session = session;
        list_init(&subscription->replays);
        subscription->filter_size = (uint16_t)subscribing->text.size;
        memcpy(subscription->filter, subscribing->text.data, subscribing->text.size);
        if (is_shared) {
            subscription->share_group =
                share_number(core, subscribing->filter.share_name, subscribing->filter.filter);
        }
    }
    subscription->qos = subscribing->qos;
    subscription->no_local = subscribing->no_local;
    subscription->retain_as_published = subscribing->retain_as_published;
    bool is_tagged = set_tag(subscription, subscribing->id);
    if (!*is_new) { /* replaced [MQTT-3.8.4-3] [v3 MQTT-3.8.4-3] */
        write_down(core, subscription);
        return is_tagged ? subscription : NULL;
    }
    uint64_t hash = key_hash(core, session, subscribing->text);
    if (!is_tagged || !map_add(&core->subscriptions, hash, subscription)) {
        goto undo_tag;
    }
    if (!open_interest(core, subscription, &subscribing->filter)) {
        goto undo_map;
    }
    struct subscription **list =
        is_shared ? &session->shared_subscriptions : &session->subscriptions;
    subscription->next = *list;
    if (*list) {
        (*list)->previous = subscription;
    }
    *list = subscription;
    session->subscription_count++;
    core->counters.subscriptions++;
    core->counters.shared_subscriptions += is_shared;
    core->counters.memory_held += sizeof *subscription + subscription->filter_size;
    subscription->number = subscribing->number;
    if (subscription->number == 0) {
        write_down(core, subscription);
    }
    return subscription;

undo_map:
    map_remove(&core->subscriptions, hash, subscription);
undo_tag:
    delivery_tag_unref(subscription->tag);
    free(subscription);
    return NULL;
}

void subscribing_remove(struct core *core, struct subscription *subscription, bool ends)
{
    struct session *session = subscription->session;
    bool is_shared = subscription->share_group != 0;
    if (subscription->previous) {
        subscription->previous->next = subscription->next;
    } else if (is_shared) {
        session->shared_subscriptions = subscription->next;
    } else {
        session->subscriptions = subscription->next;
    }
    if (subscription->next) {
        subscription->next->previous = subscription->previous;
    }
    replay_end_for(core, subscription);
    if (session->durable && !ends) {
        durable_write_unsubscription(core, subscription);
    }
    if (is_shared) {
        share_member_leave(core, subscription, ends);
    } else {
        struct interest *interest = subscription->interest;
        interest_remove(interest, subscription);
        interest->durable_count -= session->durable != NULL;
        interest_close_unused(core, plain_filter(subscription), interest);
    }
    map_remove(&core->subscriptions, key_hash(core, session, subscription_filter(subscription)),
               subscription);
    session->subscription_count--;
    core->counters.subscriptions--;
    core->counters.shared_subscriptions -= is_shared;
    core->counters.memory_held -= sizeof *subscription + subscription->filter_size;
    delivery_tag_unref(subscription->tag);
    free(subscription);
}

void subscribing_remove_all(struct core *core, struct session *session)
{
    while (session->subscriptions) {
        subscribing_remove(core, session->subscriptions, true);
    }
    while (session->shared_subscriptions) {
        subscribing_remove(core, session->shared_subscriptions, true);
    }
}

/* SUBACK waits until it is. */
static void write_down(struct core *core, struct subscription *subscription)
{
    if (subscription->session->durable) {
        durable_write_subscription(core, subscription);
    }
}

static uint64_t key_hash(const struct core *core, const struct session *session, struct bytes text)
{
    return hash_bytes(text, core->hash_seed ^ session->hash);
}

static bool has_key(const void *item, const void *key)
{
    const struct subscription *subscription = item;
    const struct subscription_key *wanted = key;
    return subscription->session == wanted->session &&
           bytes_equal(subscription_filter(subscription), wanted->text);
}

static bool set_tag(struct subscription *subscription, uint32_t id)
{
    bool failed;
    struct delivery_tag *tag = delivery_tag_new(&id, id != 0, subscription->share_group, &failed);
    if (failed) {
        return false;
    }
    delivery_tag_unref(subscription->tag);
    subscription->tag = tag;
    subscription->id = id;
    return true;
}

static bool open_interest(struct core *core, struct subscription *subscription,
                          const struct topic_filter *filter)
{
    if (subscription->share_group != 0) {
        return share_member_join(core, subscription, filter);
    }
    struct interest *interest = interest_open(core, filter->filter);
    if (!interest) {
        return false;
    }
    if (!interest_add(interest, subscription)) {
        interest_close_unused(core, filter->filter, interest);
        return false;
    }
    interest->durable_count += subscription->session->durable != NULL;
    interest_announce(core, filter->filter, interest);
    return true;
}

/* A subscription that is not shared was written as it is matched. */
static struct bytes plain_filter(const struct subscription *subscription)
{
    assert(subscription->share_group == 0);
    return subscription_filter(subscription);
}
