/* umqtt_output.c — what goes out next.
 *
 * First what has begun to go out, then `control`, then, while connected, the outbox in its order:
 * whole runs of records at once. A PUBLISH above QoS 0 waits while the server's Receive Maximum is
 * used up; what stands behind it does not. Only whole packets change the state of a record, so a
 * connection that breaks in the middle of one has not sent it. */
#include "umqtt.h"

#include <assert.h>

#include "umqtt/control.h"
#include "umqtt/outbox.h"

static bool pick(struct umqtt *client, struct record *record);
static bool may_go(const struct record *record, uint16_t quota);
static size_t run_size(const struct umqtt *client, const struct record *first);
static void finish(struct umqtt *client, const struct record *record);

struct umqtt_bytes umqtt_output(struct umqtt *client)
{
    struct umqtt_outbox *outbox = &client->outbox;
    struct record record;
    client->flags &= (uint16_t)~FLAG_CONTROL_OUT;
    if (client_has(client, FLAG_LINGERED))
        return umqtt_bytes(NULL, 0);
    if (outbox->sent == 0) {
        if (client->control.begin == client->control.end && pick(client, &record) &&
            record_state(&record) == PACKET_PUBREL) {
            /* Its identifier goes through `control`, which is empty, and so in its order. */
            control_append_ack(&client->control, PACKET_PUBREL, record_packet_id(&record), 0);
            outbox_mark_sent(outbox, &record); /* [MQTT-4.4.0-1] [v3 MQTT-4.4.0-1] */
            if (client->send_quota > 0)
                client->send_quota--; /* its PUBCOMP gives it back */
        }
        if (client->control.begin != client->control.end) {
            client->flags |= FLAG_CONTROL_OUT;
            return bytes_out(control_waiting(&client->control));
        }
        if (!pick(client, &record))
            return umqtt_bytes(NULL, 0);
        outbox->sending = record.offset;
    } else {
        bool found = outbox_read(outbox, outbox->sending, &record);
        assert(found);
    }
    if (outbox->sent >= record.packet_size) {
        uint32_t sent = outbox->sent - record.packet_size;
        return umqtt_bytes(record.payload.data + sent, record.payload.size - sent);
    }
    return umqtt_bytes(record.packet + outbox->sent, run_size(client, &record) - outbox->sent);
}

void umqtt_output_sent(struct umqtt *client, uint32_t now_ms, size_t size)
{
    if (size == 0)
        return;
    client->sent_at_ms = now_ms;
    if (client_has(client, FLAG_CONTROL_OUT)) {
        control_sent(&client->control, size);
        return;
    }
    struct umqtt_outbox *outbox = &client->outbox;
    size_t sent = outbox->sent + size;
    while (sent > 0) {
        struct record record;
        bool found = outbox_read(outbox, outbox->sending, &record);
        assert(found);
        size_t whole = record.packet_size + record.payload.size;
        if (sent < whole)
            break;
        sent -= whole;
        outbox->sent = 0;
        outbox->sending += record.size;
        finish(client, &record); /* the last thing for a record by reference, which is alone */
    }
    outbox->sent = (uint32_t)sent;
}

/* The first record that may go out. */
static bool pick(struct umqtt *client, struct record *record)
{
    struct umqtt_outbox *outbox = &client->outbox;
    if (client->state != UMQTT_CONNECTED)
        return false;
    bool all_sent = true;
    for (uint32_t at = outbox->unsent; outbox_read(outbox, at, record); at += record->size) {
        if (!record_is_to_send(record)) {
            if (all_sent)
                outbox->unsent = at + record->size;
            continue;
        }
        if (may_go(record, client->send_quota))
            return true;
        all_sent = false; /* [MQTT-3.3.4-8] [MQTT-4.9.0-3] */
    }
    return false;
}

static bool may_go(const struct record *record, uint16_t quota)
{
    bool counts = record_state(record) == PACKET_PUBLISH && record_qos(record) > 0;
    return !counts || quota > 0; /* [MQTT-3.3.4-7] [MQTT-4.9.0-2] */
}

/* Bytes of `first` and of those right behind it that can go out with it. */
static size_t run_size(const struct umqtt *client, const struct record *first)
{
    size_t size = first->packet_size;
    if (first->payload.data || client->state != UMQTT_CONNECTED)
        return size; /* nothing new behind DISCONNECT [MQTT-3.14.4-1] [v3 MQTT-3.14.4-2] */
    uint16_t quota = client->send_quota;
    struct record record = *first;
    for (;;) {
        if (record_state(&record) == PACKET_PUBLISH && record_qos(&record) > 0)
            quota--;
        if (!outbox_read(&client->outbox, record.offset + record.size, &record) ||
            record.packet_size != record.size || !record_is_to_send(&record) ||
            record_state(&record) == PACKET_PUBREL || !may_go(&record, quota))
            return size;
        size += record.size;
    }
}

static void finish(struct umqtt *client, const struct record *record)
{
    bool is_publish = record_state(record) == PACKET_PUBLISH;
    if (is_publish && record_qos(record) > 0)
        client->send_quota--;
    bool releases = is_publish && record_qos(record) == 0 && record->payload.data;
    outbox_mark_sent(&client->outbox, record);
    if (releases)
        client_raise(client, &(struct umqtt_event){.type = UMQTT_EVENT_ACKNOWLEDGED});
}
