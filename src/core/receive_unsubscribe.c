/* receive_unsubscribe.c — see receive_unsubscribe.h. What has begun at QoS 1 or 2 is in flight
 * and stays so. [MQTT-3.10.4-3] [v3 MQTT-3.10.4-3] */
#include "core/receive_unsubscribe.h"

#include "core/refuse.h"
#include "core/send.h"
#include "core/subscribing.h"
#include "core/waiting.h"
#include "wire/unsubscribe.h"

#include <stdlib.h>

static enum reason_code unsubscribe_one(struct core *core, struct link *link, struct bytes text);
static struct subscription *find_mounted(const struct core *core, const struct link *link,
                                         struct bytes text);

void receive_unsubscribe(struct core *core, struct link *link, const struct packet *packet)
{
    const struct packet_unsubscribe *unsubscribe = &packet->unsubscribe;
    uint8_t *reasons = malloc(unsubscribe->entry_count);
    if (!reasons) {
        refuse_link(core, link, REASON_QUOTA_EXCEEDED, "no memory");
        return;
    }
    struct bytes text;
    size_t offset = 0, count = 0;
    while (unsubscribe_next(unsubscribe, &offset, &text)) {
        reasons[count++] =
            (uint8_t)unsubscribe_one(core, link, text); /* [MQTT-3.10.4-6] [MQTT-3.11.3-1] */
    }
    if (!link->session->durable) {
        unsuback_send(core, link, unsubscribe->packet_id, bytes_of(reasons, count));
    } else if (!waiting_add(core, link, WAITING_UNSUBACK, unsubscribe->packet_id, REASON_SUCCESS,
                            bytes_of(reasons, count))) {
        refuse_link(core, link, REASON_QUOTA_EXCEEDED, "no memory");
    }
    free(reasons);
}

void unsuback_send(struct core *core, struct link *link, uint16_t packet_id, struct bytes reasons)
{
    struct packet answer = {.type = PACKET_UNSUBACK,
                            .suback = {.packet_id = packet_id, .reasons = reasons}};
    /* [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-2.2.1-6] [v3 MQTT-3.10.4-4] [v3 MQTT-3.10.4-5]
     * [v3 MQTT-3.10.4-6] [v3 MQTT-2.3.1-7] */
    if (send_packet(core, link, &answer) != SEND_OK) {
        refuse_link(core, link, REASON_PACKET_TOO_LARGE, "UNSUBACK does not fit");
    }
}

/* [MQTT-3.11.3-2] */
static enum reason_code unsubscribe_one(struct core *core, struct link *link, struct bytes text)
{
    struct topic_filter filter;
    struct subscription *subscription = NULL;
    enum reason_code reason = REASON_NO_SUBSCRIPTION_EXISTED;
    if (!topic_filter_parse(text, &filter)) {
        reason = REASON_TOPIC_FILTER_INVALID;
    } else {
        subscription = find_mounted(core, link, text);
    }
    log_write(core->log, LOG_KIND_UNSUBSCRIBE, "%.*s %.*s", (int)link->session->client_id_size,
              (const char *)link->session->client_id, (int)text.size, (const char *)text.data);
    if (subscription) {
        /* [MQTT-3.10.4-1, -2] [v3 MQTT-3.10.4-1, -2] */
        subscribing_remove(core, subscription, false);
        reason = REASON_SUCCESS;
    }
    return reason;
}

/* As subscribed: with the mount point where SUBSCRIBE put it. */
static struct subscription *find_mounted(const struct core *core, const struct link *link,
                                         struct bytes text)
{
    struct bytes mount = bytes_of_text(link->options->mount_point);
    struct topic_filter filter;
    if (mount.size == 0) {
        return subscribing_find(core, link->session, text);
    }
    uint8_t *room = malloc(mount.size + text.size);
    if (!room || !topic_filter_parse(text, &filter)) {
        free(room);
        return NULL;
    }
    size_t head_size = text.size - filter.filter.size;
    memcpy(room, text.data, head_size);
    memcpy(room + head_size, mount.data, mount.size);
    memcpy(room + head_size + mount.size, filter.filter.data, filter.filter.size);
    struct subscription *subscription =
        subscribing_find(core, link->session, bytes_of(room, mount.size + text.size));
    free(room);
    return subscription;
}
