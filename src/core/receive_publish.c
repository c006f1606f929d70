/* receive_publish.c — see receive_publish.h.
 *
 * A message is delivered when it is received, at every QoS. A QoS 2 identifier is remembered
 * until PUBREL, so that a repeat is answered but not delivered again. What is refused is
 * answered with a reason of 0x80 or more in 5.0; 3.x knows none, so there it is acknowledged and
 * counted, or, when only memory is short, not read on. */
#include "core/receive_publish.h"

#include "access/access.h"
#include "core/deliver.h"
#include "core/durable.h"
#include "core/hold.h"
#include "core/journal.h"
#include "core/quotas.h"
#include "core/received.h"
#include "core/refuse.h"
#include "core/send.h"
#include "core/timers.h"
#include "core/waiting.h"
#include "topic/topic_name.h"

static void answer_again(struct core *core, struct link *link,
                         const struct packet_publish *publish);
static bool resolve_alias(struct core *core, struct link *link, struct packet_publish *publish);
static bool is_within_rules(struct core *core, struct link *link,
                            const struct packet_publish *publish);
static bool needs_store(struct core *core, const struct link *link,
                        const struct packet_publish *publish);
static enum reason_code find_refusal(struct core *core, const struct link *link,
                                     const struct packet_publish *publish, const char **words);
static void answer(struct core *core, struct link *link, const struct packet_publish *publish,
                   enum reason_code reason, const char *words);
static enum reason_code deliver(struct core *core, struct link *link,
                                const struct packet_publish *publish, bool *is_later);

void receive_publish(struct core *core, struct link *link, const struct packet *packet)
{
    struct packet_publish publish = packet->publish;
    struct session *session = link->session;
    core->counters.publish_received++;
    core->counters.publish_bytes_received += publish.payload.size;
    if (!resolve_alias(core, link, &publish) || !is_within_rules(core, link, &publish)) {
        return;
    }
    log_write(core->log, LOG_KIND_DEBUG,
              "Received PUBLISH from %.*s (d%d, q%d, r%d, m%d, '%.*s', ... (%zu bytes))",
              (int)session->client_id_size, (const char *)session->client_id, publish.dup,
              publish.qos, publish.retain, publish.packet_id, (int)publish.topic.size,
              (const char *)publish.topic.data, publish.payload.size);
    if (publish.qos == 2 && packet_ids_have(&session->received, publish.packet_id)) {
        answer_again(core, link, &publish);
        return;
    }
    if (publish.qos == 2 && link_is_v5(link) &&
        session->received.count >= core->options->receive_maximum + link->received_before) {
        refuse_link(core, link, REASON_RECEIVE_MAXIMUM_EXCEEDED,
                    "more QoS 2 messages unfinished than receive_maximum"); /* [MQTT-3.3.4-7] */
        return;
    }
    const char *words = NULL;
    bool is_later = false;
    enum reason_code reason = find_refusal(core, link, &publish, &words);
    if (reason == REASON_SUCCESS) {
        reason = deliver(core, link, &publish, &is_later);
        if (reason == REASON_IMPLEMENTATION_SPECIFIC_ERROR) {
            refuse_link(core, link, REASON_QUOTA_EXCEEDED, "no memory"); /* [v3 MQTT-4.8.0-2] */
            return;
        }
        words = reason != REASON_QUOTA_EXCEEDED ? NULL
                : core->is_queue_full           ? "a receiver's queue is full"
                                                : "the broker keeps no more retained messages";
    }
    if (!is_later) {
        answer(core, link, &publish, reason, words);
    }
}

/* [MQTT-4.3.3-10] [v3 MQTT-4.3.3-2] What it was taken for may still be on its way to the disk. */
static void answer_again(struct core *core, struct link *link, const struct packet_publish *publish)
{
    if (!journal_is_on(core)) {
        answer(core, link, publish, REASON_SUCCESS, NULL);
    } else if (!waiting_add(core, link, WAITING_PUBREC, publish->packet_id, REASON_SUCCESS,
                            (struct bytes){0})) {
        refuse_link(core, link, REASON_QUOTA_EXCEEDED, "no memory");
    }
}

/* Puts the name in the place of an alias, and remembers a new one. [MQTT-3.3.2-12] */
static bool resolve_alias(struct core *core, struct link *link, struct packet_publish *publish)
{
    if (publish->topic_alias == 0) {
        return true;
    }
    struct topic_aliases *aliases = link->aliases ? &link->aliases->in : NULL;
    if (!aliases || publish->topic_alias > aliases->maximum) {
        refuse_link(core, link, REASON_TOPIC_ALIAS_INVALID,
                    "the topic alias is larger than the maximum in CONNACK"); /* [MQTT-3.3.2-9] */
        return false;
    }
    if (publish->topic.size > 0) {
        if (!topic_aliases_set(aliases, publish->topic_alias, publish->topic)) {
            refuse_link(core, link, REASON_QUOTA_EXCEEDED, "no memory");
            return false;
        }
        return true;
    }
    publish->topic = topic_aliases_get(aliases, publish->topic_alias);
    if (publish->topic.size == 0) {
        refuse_link(core, link, REASON_PROTOCOL_ERROR, "the topic alias stands for no topic yet");
        return false;
    }
    return true;
}

/* What CONNACK has told the client not to do ends its link. */
static bool is_within_rules(struct core *core, struct link *link,
                            const struct packet_publish *publish)
{
    if (publish->qos > link->options->qos_max) {
        refuse_link(core, link, REASON_QOS_NOT_SUPPORTED,
                    "above the maximum QoS of this listener"); /* [MQTT-3.2.2-11] */
        return false;
    }
    if (publish->retain && !core->options->retain_available) {
        refuse_link(core, link, REASON_RETAIN_NOT_SUPPORTED,
                    "retain_available is false here"); /* [MQTT-3.2.2-14] */
        return false;
    }
    return true;
}

/* True when the message is to be on the disk before it is acknowledged. */
static bool needs_store(struct core *core, const struct link *link,
                        const struct packet_publish *publish)
{
    if (publish->retain || (publish->qos == 2 && link->session->durable) ||
        link->options->mount_point[0]) {
        return true;
    }
    const struct route *route = routes_find(&core->routes, publish->topic);
    for (uint32_t i = 0; route && i < route->count; i++) {
        if (route->interests[i]->durable_count > 0 || route->interests[i]->durable_peers != 0) {
            return true;
        }
    }
    return false;
}

static enum reason_code find_refusal(struct core *core, const struct link *link,
                                     const struct packet_publish *publish, const char **words)
{
    const struct core_options *options = core->options;
    size_t topic_size = strlen(link->options->mount_point) + publish->topic.size;
    if (topic_size > UINT16_MAX) {
        *words = "with its mount point the topic is too long"; /* [MQTT-4.7.3-3] */
        return REASON_TOPIC_NAME_INVALID;
    }
    if (options->topic_levels_max != CORE_NO_LIMIT &&
        topic_name_level_count(publish->topic) > options->topic_levels_max) {
        *words = "the topic has more levels than max_topic_levels";
        return REASON_TOPIC_NAME_INVALID;
    }
    if (!access_may_publish(publish->topic)) {
        *words = "this topic is the broker's own";
        return REASON_NOT_AUTHORIZED;
    }
    if (options->message_size_max != CORE_NO_LIMIT &&
        publish->payload.size > options->message_size_max) {
        *words = "the payload is larger than message_size_limit";
        return REASON_QUOTA_EXCEEDED;
    }
    if (core->journal.state != STORE_WELL && publish->qos > 0 && link_is_v5(link) &&
        needs_store(core, link, publish)) {
        *words = "the broker's store cannot be written now"; /* 3.x: held until it can */
        return REASON_QUOTA_EXCEEDED;
    }
    if (quotas_memory_is_full(core) && (link_is_v5(link) || publish->qos == 0)) {
        *words = "the broker's memory_limit is reached";
        return REASON_QUOTA_EXCEEDED;
    }
    return REASON_SUCCESS;
}

static enum reason_code deliver(struct core *core, struct link *link,
                                const struct packet_publish *publish, bool *is_later)
{
    uint64_t expires_us = 0;
    if (publish->has_message_expiry) {
        expires_us =
            core->now_us + (uint64_t)publish->message_expiry_interval_s * MICROSECONDS_A_SECOND;
    } else if (publish->retain && core->options->retain_expiry_s != 0) {
        expires_us = core->now_us + core->options->retain_expiry_s * MICROSECONDS_A_SECOND;
    }
    struct message_draft draft = {.topic = publish->topic,
                                  .payload = publish->payload,
                                  .mount_point = bytes_of_text(link->options->mount_point),
                                  .publish = publish,
                                  .qos = publish->qos,
                                  .retain = publish->retain,
                                  .expires_us = expires_us,
                                  .publisher = link->session->hash};
    struct message *message = message_new(&draft, &core->counters);
    if (!message) {
        return REASON_IMPLEMENTATION_SPECIFIC_ERROR;
    }
    /* The identifier of a durable publisher, and what its message is owed to, are one. */
    bool is_group = publish->qos == 2 && link->session->durable && core->worker_count > 1;
    durable_group_begin(core, is_group ? journal_new_number(core) : 0);
    bool is_taken = publish->qos < 2 || received_take(core, link->session, publish->packet_id);
    enum deliver_result result =
        is_taken ? deliver_publish(core, message, link, publish->packet_id) : DELIVER_REFUSED;
    journal_group_end(core);
    if (!is_taken) {
        message_unref(message, &core->counters);
        return REASON_IMPLEMENTATION_SPECIFIC_ERROR;
    }
    message_unref(message, &core->counters);
    if (quotas_memory_is_full(core)) {
        struct link_ref publisher = links_name(core, link);
        hold_publisher(core, &core->memory_holds, &publisher); /* until some is free again */
    }
    *is_later = result == DELIVER_LATER;
    if (result == DELIVER_REFUSED) {
        if (publish->qos == 2) {
            received_free(core, link->session, publish->packet_id); /* [MQTT-4.3.3-9] */
        }
        return REASON_QUOTA_EXCEEDED;
    }
    return result == DELIVER_NOBODY ? REASON_NO_MATCHING_SUBSCRIBERS : REASON_SUCCESS;
}

/* [MQTT-3.3.4-1] [v3 MQTT-3.3.4-1] */
static void answer(struct core *core, struct link *link, const struct packet_publish *publish,
                   enum reason_code reason, const char *words)
{
    if (reason >= REASON_UNSPECIFIED_ERROR) {
        core->counters.publish_refused++;
        log_write(core->log, LOG_KIND_NOTICE, "Refused a PUBLISH from %.*s to '%.*s': %s.",
                  (int)link->session->client_id_size, (const char *)link->session->client_id,
                  (int)publish->topic.size, (const char *)publish->topic.data,
                  words ? words : "no memory");
    }
    if (publish->qos == 1) { /* [MQTT-4.3.2-4] [MQTT-3.4.2-1] [v3 MQTT-4.3.2-2] [v3 MQTT-3.3.5-2] */
        send_ack(core, link, PACKET_PUBACK, publish->packet_id, reason, words);
    } else if (publish->qos ==
               2) { /* [MQTT-4.3.3-8] [MQTT-3.5.2-1] [MQTT-2.2.1-5] [v3 MQTT-2.3.1-6] */
        send_ack(core, link, PACKET_PUBREC, publish->packet_id, reason, words);
    }
}
