/* receive_subscribe.c — see receive_subscribe.h. */
#include "core/receive_subscribe.h"

#include "access/access.h"
#include "core/quotas.h"
#include "core/refuse.h"
#include "core/replay.h"
#include "core/suback.h"
#include "core/subscribing.h"
#include "topic/topic_name.h"
#include "wire/subscribe.h"

#include <stdlib.h>

enum { RETURN_FAILURE = 0x80 };

/* No answer is true: subscribed, but nothing that is retained will come. No reason code. */
enum { HALF_DONE = 0xFF };

static uint8_t subscribe_one(struct core *core, struct link *link,
                             const struct subscribe_entry *entry, uint32_t id);
static enum reason_code find_refusal(const struct core *core, const struct link *link,
                                     const struct subscribe_entry *entry,
                                     const struct topic_filter *filter);
static bool is_one_too_many(const struct core *core, const struct session *session,
                            struct bytes text);
static bool write_mounted(const struct link *link, const struct subscribe_entry *entry,
                          const struct topic_filter *filter, struct subscribing *subscribing,
                          uint8_t *room, size_t room_size);

void receive_subscribe(struct core *core, struct link *link, const struct packet *packet)
{
    const struct packet_subscribe *subscribe = &packet->subscribe;
    uint8_t few[16];
    uint8_t *reasons = few;
    if (subscribe->entry_count > sizeof few) {
        reasons = malloc(subscribe->entry_count);
        if (!reasons) {
            refuse_link(core, link, REASON_QUOTA_EXCEEDED, "no memory");
            return;
        }
    }
    uint32_t id = properties_have(&subscribe->properties, PROPERTY_subscription_identifier)
                      ? subscribe->properties.subscription_identifier
                      : 0;
    struct subscribe_entry entry;
    size_t offset = 0, count = 0;
    log_write(core->log, LOG_KIND_DEBUG, "Received SUBSCRIBE from %.*s",
              (int)link->session->client_id_size, (const char *)link->session->client_id);
    bool is_half_done = false;
    while (!is_half_done &&
           subscribe_next(subscribe, (enum protocol_version)link->version, &offset, &entry)) {
        reasons[count] =
            subscribe_one(core, link, &entry, id); /* [MQTT-3.8.4-5] [v3 MQTT-3.8.4-4] */
        is_half_done = reasons[count++] == HALF_DONE;
    }
    if (is_half_done) {
        refuse_link(core, link, REASON_QUOTA_EXCEEDED, "no memory");
    } else {
        suback_answer(core, link, subscribe->packet_id, bytes_of(reasons, count));
    }
    if (reasons != few) {
        free(reasons);
    }
}

/* The answer for one filter: the granted QoS or why not. [MQTT-3.8.4-7] [MQTT-3.9.3-2]
 * [v3 MQTT-3.9.3-2] */
static uint8_t subscribe_one(struct core *core, struct link *link,
                             const struct subscribe_entry *entry, uint32_t id)
{
    struct session *session = link->session;
    struct topic_filter filter;
    enum reason_code reason = REASON_TOPIC_FILTER_INVALID;
    if (topic_filter_parse(entry->filter, &filter)) {
        reason = find_refusal(core, link, entry, &filter);
    }
    if (reason == REASON_TOPIC_FILTER_INVALID && !link_is_v5(link) && entry->filter.size == 0) {
        return RETURN_FAILURE;
    }
    struct subscribing subscribing = {.id = id};
    uint8_t *room = NULL;
    if (reason == REASON_SUCCESS) {
        size_t room_size = strlen(link->options->mount_point) + entry->filter.size;
        room = malloc(room_size ? room_size : 1);
        reason = REASON_IMPLEMENTATION_SPECIFIC_ERROR;
        bool is_new;
        struct subscription *subscription = NULL;
        if (room && write_mounted(link, entry, &filter, &subscribing, room, room_size)) {
            if (is_one_too_many(core, session, subscribing.text)) {
                reason = REASON_QUOTA_EXCEEDED;
            } else {
                subscription = subscribing_add(core, session, &subscribing, &is_new);
            }
        }
        if (subscription) {
            reason = REASON_SUCCESS;
            bool is_shared = subscription->share_group != 0;
            bool wants_retained = entry->retain_handling == RETAIN_SEND || /* [MQTT-3.3.1-9] */
                                  (entry->retain_handling == RETAIN_SEND_IF_NEW && is_new);
            /* [MQTT-3.3.1-10] [MQTT-3.3.1-11] [MQTT-3.8.4-4] [v3 MQTT-3.3.1-6] [v3 MQTT-3.8.4-3] */
            if (!is_shared && wants_retained &&
                !replay_begin(core, subscription, subscribing.filter.filter, is_new)) {
                free(room);
                return HALF_DONE;
            }
        }
    }
    free(room);
    log_write(core->log, LOG_KIND_SUBSCRIBE, "%.*s %d %.*s%s", (int)session->client_id_size,
              (const char *)session->client_id, entry->qos, (int)entry->filter.size,
              (const char *)entry->filter.data, reason == REASON_SUCCESS ? "" : " (refused)");
    if (reason != REASON_SUCCESS) {
        return link_is_v5(link) ? (uint8_t)reason : RETURN_FAILURE;
    }
    return entry->qos; /* whatever the maximum QoS is [MQTT-3.2.2-10] */
}

static enum reason_code find_refusal(const struct core *core, const struct link *link,
                                     const struct subscribe_entry *entry,
                                     const struct topic_filter *filter)
{
    const struct core_options *options = core->options;
    if (!access_may_subscribe(filter->filter)) {
        return REASON_NOT_AUTHORIZED;
    }
    if (strlen(link->options->mount_point) + entry->filter.size > UINT16_MAX ||
        (options->topic_levels_max != CORE_NO_LIMIT &&
         topic_name_level_count(filter->filter) > options->topic_levels_max)) {
        return REASON_TOPIC_FILTER_INVALID; /* [MQTT-4.7.3-3] */
    }
    if (quotas_memory_is_full(core) ||
        (link->session->durable && core->journal.state != STORE_WELL)) {
        return REASON_QUOTA_EXCEEDED;
    }
    return REASON_SUCCESS;
}

/* Replacing one is always possible. */
static bool is_one_too_many(const struct core *core, const struct session *session,
                            struct bytes text)
{
    uint32_t count_max = core->options->subscriptions_max;
    return count_max != CORE_NO_LIMIT && session->subscription_count >= count_max &&
           !subscribing_find(core, session, text);
}

/* Puts the mount point where it belongs: before the filter itself, behind `$share/NAME/`. */
static bool write_mounted(const struct link *link, const struct subscribe_entry *entry,
                          const struct topic_filter *filter, struct subscribing *subscribing,
                          uint8_t *room, size_t room_size)
{
    struct bytes mount = bytes_of_text(link->options->mount_point);
    size_t head_size = entry->filter.size - filter->filter.size;
    memcpy(room, entry->filter.data, head_size);
    if (mount.size > 0) {
        memcpy(room + head_size, mount.data, mount.size);
    }
    memcpy(room + head_size + mount.size, filter->filter.data, filter->filter.size);
    subscribing->text = bytes_of(room, room_size);
    subscribing->qos = entry->qos;
    subscribing->no_local = entry->no_local;
    subscribing->retain_as_published = entry->retain_as_published;
    return topic_filter_parse(subscribing->text, &subscribing->filter);
}
