/* umqtt_send.c — what the program asks for, checked and put into the outbox as packets.
 *
 * Everything that could make a packet illegal is refused here, to the program; nothing is kept of a
 * call that fails. The packet identifier is given last. Running out of room is UMQTT_FULL. */
#include "umqtt.h"

#include <assert.h>

#include "topic/topic_filter.h"
#include "topic/topic_name.h"
#include "umqtt/control.h"
#include "umqtt/outbox.h"
#include "umqtt/v5.h"
#include "wire/publish.h"
#include "wire/reason_code.h"
#include "wire/subscribe.h"

static enum umqtt_error check_publication(const struct umqtt *client,
                                          const struct umqtt_publication *publication);
static enum umqtt_error check_properties(const struct umqtt *client, struct umqtt_bytes properties,
                                         enum packet_type type);
static bool subscription_is_legal(const struct umqtt_subscription *subscription, bool is_v5);
static enum umqtt_error append(struct umqtt *client, size_t size, size_t packet_size,
                               uint16_t *packet_id, uint8_t **place);
static uint16_t find_packet_id(struct umqtt *client);
static uint16_t first_id_in_use(const struct umqtt_outbox *outbox);
static enum umqtt_error start_request(struct umqtt *client, enum packet_type type, size_t body_size,
                                      struct umqtt_bytes properties, uint16_t *packet_id,
                                      struct writer *writer);

enum umqtt_error umqtt_send_publish(struct umqtt *client,
                                    const struct umqtt_publication *publication,
                                    uint16_t *packet_id)
{
    enum umqtt_error error = check_publication(client, publication);
    if (error != UMQTT_OK)
        return error;
    struct packet_publish publish = {
        .retain = publication->retain, /* DUP 0 [MQTT-4.3.1-1] [MQTT-4.3.2-2] [MQTT-4.3.3-2] */
        .qos = publication->qos,
        .packet_id = publication->qos > 0, /* 1 stands for the one to come [MQTT-2.2.1-2] */
        .topic_alias = publication->topic_alias,
        .topic = bytes_in(publication->topic),
        .payload = bytes_in(publication->payload),
        .properties = bytes_in(publication->properties),
    };
    size_t packet_size = publish_size(&publish, client_version(client));
    if (packet_size == 0)
        return UMQTT_TOO_LARGE;
    size_t header_size = packet_size - publish.payload.size;
    bool by_reference = publication->by_reference;
    size_t size = by_reference ? RECORD_REFERENCE_SIZE + header_size : packet_size;
    uint8_t *place;
    error = append(client, size, packet_size, publish.qos > 0 ? &publish.packet_id : NULL, &place);
    if (error != UMQTT_OK)
        return error;
    if (by_reference) {
        uint32_t payload_size = (uint32_t)publish.payload.size;
        const uint8_t *payload = payload_size ? publish.payload.data : place;
        *place++ = RECORD_REFERENCE;
        memcpy(place, &payload, sizeof payload);
        memcpy(place + sizeof payload, &payload_size, sizeof payload_size);
        place += sizeof payload + sizeof payload_size;
    }
    publish_encode_header(&publish, client_version(client), place, header_size);
    if (!by_reference && publish.payload.size > 0)
        memcpy(place + header_size, publish.payload.data, publish.payload.size);
    if (packet_id)
        *packet_id = publish.packet_id;
    return UMQTT_OK;
}

enum umqtt_error umqtt_send_subscribe(struct umqtt *client,
                                      const struct umqtt_subscription *subscriptions, size_t count,
                                      struct umqtt_bytes properties, uint16_t *packet_id)
{
    enum umqtt_error error = check_properties(client, properties, PACKET_SUBSCRIBE);
    if (error != UMQTT_OK)
        return error;
    if (count == 0)
        return UMQTT_INVALID; /* [MQTT-3.8.3-2] [v3 MQTT-3.8.3-3] */
    size_t body_size = 2 + (client_is_v5(client) ? section_size(properties.size) : 0);
    for (size_t i = 0; i < count; i++) {
        if (!subscription_is_legal(&subscriptions[i], client_is_v5(client)))
            return UMQTT_INVALID;
        body_size += text_size(bytes_in(subscriptions[i].filter)) + 1;
        if (body_size > BODY_SIZE_MAX)
            return UMQTT_TOO_LARGE;
    }
    struct writer writer;
    error = start_request(client, PACKET_SUBSCRIBE, body_size, properties, packet_id, &writer);
    if (error != UMQTT_OK)
        return error;
    for (size_t i = 0; i < count; i++) {
        const struct umqtt_subscription *subscription = &subscriptions[i];
        struct subscribe_entry entry = {
            .filter = bytes_in(subscription->filter),
            .qos = subscription->qos,
            .no_local = subscription->no_local,
            .retain_as_published = subscription->retain_as_published,
            .retain_handling = subscription->retain_handling,
        };
        size_t room = (size_t)(writer.end - writer.at);
        writer.at += subscribe_entry_encode(&entry, client_version(client), writer.at, room);
    }
    assert(writer.at == writer.end);
    return UMQTT_OK;
}

enum umqtt_error umqtt_send_unsubscribe(struct umqtt *client, const struct umqtt_bytes *filters,
                                        size_t count, struct umqtt_bytes properties,
                                        uint16_t *packet_id)
{
    enum umqtt_error error = check_properties(client, properties, PACKET_UNSUBSCRIBE);
    if (error != UMQTT_OK)
        return error;
    if (count == 0)
        return UMQTT_INVALID; /* [MQTT-3.10.3-2] [v3 MQTT-3.10.3-2] */
    size_t body_size = 2 + (client_is_v5(client) ? section_size(properties.size) : 0);
    for (size_t i = 0; i < count; i++) {
        struct topic_filter parts;
        if (!topic_filter_parse(bytes_in(filters[i]), &parts))
            return UMQTT_INVALID; /* [MQTT-3.10.3-1] [v3 MQTT-3.10.3-1] */
        body_size += text_size(bytes_in(filters[i]));
        if (body_size > BODY_SIZE_MAX)
            return UMQTT_TOO_LARGE;
    }
    struct writer writer;
    error = start_request(client, PACKET_UNSUBSCRIBE, body_size, properties, packet_id, &writer);
    if (error != UMQTT_OK)
        return error;
    for (size_t i = 0; i < count; i++)
        writer_text(&writer, bytes_in(filters[i]));
    return UMQTT_OK;
}

enum umqtt_error umqtt_send_auth(struct umqtt *client, uint8_t reason,
                                 struct umqtt_bytes properties)
{
    if (!client_is_v5(client))
        return UMQTT_UNSUPPORTED;
    bool is_again = reason == REASON_RE_AUTHENTICATE;
    if (client->state != UMQTT_CONNECTED && (is_again || client->state != UMQTT_CONNECTING))
        return UMQTT_NOT_CONNECTED; /* [MQTT-3.1.2-30] */
    if (!is_again && reason != REASON_CONTINUE_AUTHENTICATION)
        return UMQTT_INVALID; /* [MQTT-3.15.2-1] [MQTT-4.12.0-3] */
    if (v5_check_section(bytes_in(properties), PACKET_AUTH) != REASON_SUCCESS)
        return UMQTT_INVALID;
    if (!v5_method_is_ours(client->options, bytes_in(properties)))
        return UMQTT_INVALID; /* [MQTT-4.12.0-5] [MQTT-4.12.0-7] [MQTT-4.12.1-1] */
    size_t body_size = 1 + section_size(properties.size);
    size_t size = packet_size(body_size);
    if (size == 0 || size + CONTROL_ANSWER_ROOM > client->control.memory.size ||
        size > client->server_packet_size_max)
        return UMQTT_TOO_LARGE; /* [MQTT-3.15.2-2] [MQTT-3.15.2-3] */
    if (size + CONTROL_ANSWER_ROOM > control_room(&client->control))
        return UMQTT_FULL;
    uint8_t *place = control_append(&client->control, size);
    struct writer writer = writer_of(place, size);
    /* [MQTT-3.15.1-1] */
    writer_start(&writer, PACKET_AUTH, frame_flags_of(PACKET_AUTH), body_size);
    writer_byte(&writer, reason);
    writer_variable(&writer, (uint32_t)properties.size);
    writer_bytes(&writer, bytes_in(properties));
    return UMQTT_OK;
}

static enum umqtt_error check_publication(const struct umqtt *client,
                                          const struct umqtt_publication *publication)
{
    if (publication->qos > 2)
        return UMQTT_INVALID; /* [MQTT-3.3.1-4] [v3 MQTT-3.3.1-4] */
    enum umqtt_error error = check_properties(client, publication->properties, PACKET_PUBLISH);
    if (error != UMQTT_OK)
        return error;
    bool is_connected = client->state == UMQTT_CONNECTED;
    if (publication->topic_alias > 0) {
        if (!client_is_v5(client))
            return UMQTT_UNSUPPORTED;
        if (!is_connected)
            return UMQTT_NOT_CONNECTED; /* [MQTT-3.3.2-7] */
        if (publication->topic_alias > client->server_alias_max)
            return UMQTT_UNSUPPORTED; /* [MQTT-3.2.2-17] [MQTT-3.2.2-18] [MQTT-3.3.2-9] */
    }
    bool alias_alone = publication->topic_alias > 0 && publication->topic.size == 0;
    if (alias_alone ? publication->qos > 0 : !topic_name_is_valid(bytes_in(publication->topic)))
        return UMQTT_INVALID; /* [MQTT-3.3.2-1] [MQTT-3.3.2-2] [MQTT-4.7.0-1] [MQTT-4.7.3-1]
                                 [v3 MQTT-3.3.2-1] [v3 MQTT-3.3.2-2] [v3 MQTT-4.7.3-1] */
    if (is_connected && publication->qos > client->server_qos_max)
        return UMQTT_UNSUPPORTED; /* [MQTT-3.2.2-11] */
    if (is_connected && publication->retain && client_has(client, FLAG_RETAIN_REFUSED))
        return UMQTT_UNSUPPORTED; /* [MQTT-3.2.2-14] */
    return UMQTT_OK;
}

static enum umqtt_error check_properties(const struct umqtt *client, struct umqtt_bytes properties,
                                         enum packet_type type)
{
    if (properties.size == 0)
        return UMQTT_OK;
    if (!client_is_v5(client))
        return UMQTT_UNSUPPORTED;
    bool is_legal = v5_check_section(bytes_in(properties), type) == REASON_SUCCESS;
    return is_legal ? UMQTT_OK : UMQTT_INVALID;
}

static bool subscription_is_legal(const struct umqtt_subscription *subscription, bool is_v5)
{
    struct topic_filter parts; /* [MQTT-3.8.3-1] [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.8.2-1]
                                  [MQTT-4.8.2-2] [v3 MQTT-3.8.3-1] [v3 MQTT-4.7.1-2] */
    if (!topic_filter_parse(bytes_in(subscription->filter), &parts))
        return false;
    if (subscription->qos > 2 || subscription->retain_handling > UMQTT_RETAIN_SEND_NONE)
        return false;
    if (!is_v5)
        return !subscription->no_local && !subscription->retain_as_published &&
               subscription->retain_handling == UMQTT_RETAIN_SEND;
    return !subscription->no_local || parts.share_name.size == 0; /* [MQTT-3.8.3-4] */
}

/* Room for a record of `size` bytes whose packet is `packet_size` bytes on the wire, and a packet
 * identifier for it unless `packet_id` is NULL. */
static enum umqtt_error append(struct umqtt *client, size_t size, size_t packet_size,
                               uint16_t *packet_id, uint8_t **place)
{
    if (size == 0 || !outbox_can_hold(&client->outbox, size))
        return UMQTT_TOO_LARGE;
    if (client->state == UMQTT_CONNECTED && packet_size > client->server_packet_size_max)
        return UMQTT_TOO_LARGE; /* [MQTT-3.2.2-15] */
    uint16_t id = 0;
    if (packet_id) {
        id = find_packet_id(client); /* [MQTT-2.2.1-3] [v3 MQTT-2.3.1-1] [v3 MQTT-2.3.1-2] */
        if (id == 0)
            return UMQTT_FULL;
    }
    *place = outbox_append(&client->outbox, size);
    if (!*place)
        return UMQTT_FULL;
    if (packet_id)
        *packet_id = client->packet_id = id; /* [MQTT-4.3.2-1] [MQTT-4.3.3-1] */
    return UMQTT_OK;
}

/* Identifiers are given in a ring. As long as the ring has not come round to the oldest one in
 * use, the next is free without a search. 0: none found soon; it goes on there next time. */
static uint16_t find_packet_id(struct umqtt *client)
{
    enum { TRIES_MAX = 64 };
    const struct umqtt_outbox *outbox = &client->outbox;
    if (outbox->begin == outbox->end)
        client->flags &= (uint16_t)~FLAG_IDS_LAPPED;
    uint16_t id = client->packet_id;
    for (unsigned i = 0; i < TRIES_MAX; i++) {
        id = id == UINT16_MAX ? 1 : (uint16_t)(id + 1);
        if (!client_has(client, FLAG_IDS_LAPPED) && id != first_id_in_use(outbox))
            return id;
        client->flags |= FLAG_IDS_LAPPED;
        if (!outbox_has_id(outbox, id))
            return id;
    }
    client->packet_id = id;
    return 0;
}

static uint16_t first_id_in_use(const struct umqtt_outbox *outbox)
{
    struct record record;
    for (uint32_t at = outbox->begin; outbox_read(outbox, at, &record); at += record.size) {
        uint16_t id = record_packet_id(&record);
        if (id != 0)
            return id;
    }
    return 0;
}

/* Everything of a SUBSCRIBE or UNSUBSCRIBE that stands before the filters; the writer has room for
 * them. */
static enum umqtt_error start_request(struct umqtt *client, enum packet_type type, size_t body_size,
                                      struct umqtt_bytes properties, uint16_t *packet_id,
                                      struct writer *writer)
{
    size_t size = packet_size(body_size);
    uint16_t id;
    uint8_t *place;
    enum umqtt_error error = append(client, size, size, &id, &place);
    if (error != UMQTT_OK)
        return error;
    *writer = writer_of(place, size);
    /* [MQTT-3.8.1-1] [MQTT-3.10.1-1] [v3 MQTT-3.8.1-1] [v3 MQTT-3.10.1-1] */
    writer_start(writer, type, frame_flags_of(type), body_size);
    writer_two_bytes(writer, id);
    if (client_is_v5(client)) {
        writer_variable(writer, (uint32_t)properties.size); /* [MQTT-2.2.2-1] */
        writer_bytes(writer, bytes_in(properties));
    }
    if (packet_id)
        *packet_id = id;
    return UMQTT_OK;
}
