/* receive_acks.c — see receive_acks.h.
 *
 * An acknowledgement for an identifier that is not in flight is nobody's harm: after a reconnect
 * both sides may remember differently. PUBACK and PUBCOMP are then ignored; PUBREC is answered
 * with PUBREL, and PUBREL with PUBCOMP, so that the other side can finish (0x92 in 5.0). One of
 * the wrong kind ends the link. */
#include "core/receive_acks.h"

#include "core/dispatch.h"
#include "core/durable.h"
#include "core/received.h"
#include "core/refuse.h"
#include "core/replay.h"
#include "core/send.h"
#include "core/waiting.h"

#include <stdlib.h>

static struct delivery *find(struct core *core, struct link *link, const struct packet *packet,
                             uint8_t qos, uint8_t state, bool *is_wrong);
static void release(struct core *core, struct link *link, struct delivery *delivery,
                    uint16_t packet_id);
static void finish(struct core *core, struct link *link, struct delivery *delivery, uint8_t reason);

void receive_puback(struct core *core, struct link *link, const struct packet *packet)
{
    bool is_wrong;
    struct delivery *delivery = find(core, link, packet, 1, DELIVERY_SENT, &is_wrong);
    if (delivery) {
        finish(core, link, delivery,
               packet->ack.reason); /* [MQTT-4.3.2-3] [MQTT-4.4.0-2] [MQTT-4.8.2-6] */
    }
}

void receive_pubrec(struct core *core, struct link *link, const struct packet *packet)
{
    bool is_wrong;
    struct delivery *delivery = find(core, link, packet, 2, DELIVERY_SENT, &is_wrong);
    if (is_wrong) {
        return;
    }
    uint16_t packet_id = packet->ack.packet_id;
    if (delivery && packet->ack.reason >= REASON_UNSPECIFIED_ERROR) {
        finish(core, link, delivery, packet->ack.reason); /* [MQTT-4.4.0-2] [MQTT-4.8.2-6] */
        return;
    }
    if (delivery) {
        release(core, link, delivery, packet_id);
        return;
    }
    if (packet->ack.reason < REASON_UNSPECIFIED_ERROR) {
        struct delivery *known = flow_out_find(&link->session->flow_out, packet_id);
        if (known && known->state == DELIVERY_RECEIVED) {
            return; /* PUBREL comes when that is written */
        }
        enum reason_code reason =
            known ? REASON_SUCCESS : REASON_PACKET_IDENTIFIER_NOT_FOUND; /* [MQTT-3.6.2-1] */
        send_ack(core, link, PACKET_PUBREL, packet_id, reason, NULL);
    }
}

void receive_pubrel(struct core *core, struct link *link, const struct packet *packet)
{
    bool was_there = received_free(core, link->session, packet->ack.packet_id);
    enum reason_code reason =
        was_there ? REASON_SUCCESS : REASON_PACKET_IDENTIFIER_NOT_FOUND; /* [MQTT-3.7.2-1] */
    if (link->session->durable) {
        if (!waiting_add(core, link, WAITING_PUBCOMP, packet->ack.packet_id, reason,
                         (struct bytes){0})) {
            refuse_link(core, link, REASON_QUOTA_EXCEEDED, "no memory");
        }
        return;
    }
    send_ack(core, link, PACKET_PUBCOMP, packet->ack.packet_id, reason,
             NULL); /* [MQTT-4.3.3-11] [MQTT-4.3.3-12] [v3 MQTT-4.3.3-2] */
}

void receive_pubcomp(struct core *core, struct link *link, const struct packet *packet)
{
    bool is_wrong;
    struct delivery *delivery = find(core, link, packet, 2, DELIVERY_RELEASING, &is_wrong);
    if (delivery) {
        finish(core, link, delivery, REASON_SUCCESS); /* [MQTT-4.3.3-5] [v3 MQTT-4.3.3-1] */
    }
}

void pubrel_send(struct core *core, struct session *session, uint16_t packet_id)
{
    struct delivery *delivery = flow_out_find(&session->flow_out, packet_id);
    if (!delivery || delivery->state != DELIVERY_RECEIVED) {
        return;
    }
    delivery->state = DELIVERY_RELEASING;
    if (session->link && session->link->state == LINK_CONNECTED && !delivery->resend) {
        send_ack(core, session->link, PACKET_PUBREL, packet_id, REASON_SUCCESS, NULL);
    }
}

/* A durable session has it written before PUBREL leaves: a crash must not send PUBLISH again to
 * who has forgotten the identifier. [MQTT-4.3.3-4] [MQTT-4.3.3-6] */
static void release(struct core *core, struct link *link, struct delivery *delivery,
                    uint16_t packet_id)
{
    struct session *session = link->session;
    session->progress_us = core->now_us;
    if (!session->durable) {
        flow_out_release(&session->flow_out, delivery, DELIVERY_RELEASING, &core->counters);
        send_ack(core, link, PACKET_PUBREL, packet_id, REASON_SUCCESS, NULL);
        return;
    }
    durable_write_releasing(core, session, delivery);
    flow_out_release(&session->flow_out, delivery, DELIVERY_RECEIVED, &core->counters);
    if (!waiting_add(core, link, WAITING_PUBREL, packet_id, REASON_SUCCESS, (struct bytes){0})) {
        abort(); /* the client would wait for ever */
    }
}

/* The delivery that waits for just this, or NULL: there is none. *is_wrong: there is one of the
 * other QoS, and the link has been ended for it. */
static struct delivery *find(struct core *core, struct link *link, const struct packet *packet,
                             uint8_t qos, uint8_t state, bool *is_wrong)
{
    struct delivery *delivery = flow_out_find(&link->session->flow_out, packet->ack.packet_id);
    *is_wrong = delivery && delivery->qos != qos;
    if (*is_wrong) {
        refuse_link(core, link, REASON_PROTOCOL_ERROR,
                    "an acknowledgement that does not belong to the message's QoS");
        return NULL;
    }
    return delivery && delivery->state == state ? delivery : NULL;
}

static void finish(struct core *core, struct link *link, struct delivery *delivery, uint8_t reason)
{
    struct session *session = link->session;
    if (reason >= REASON_UNSPECIFIED_ERROR) {
        core->counters.dropped[DROP_REFUSED]++;
        session->dropped[DROP_REFUSED]++;
    } else {
        core->counters.delivered++;
    }
    session->progress_us = core->now_us;
    durable_forget(core, session, delivery);
    flow_out_finish(&session->flow_out, delivery, &core->counters);
    dispatch_pump(core, session);
    replay_pump(core, session);
}
