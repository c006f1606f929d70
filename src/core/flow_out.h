/* flow_out.h — messages we sent and the other side has not yet finished with (QoS 1 and 2, sender).
 *
 *   QoS 1:  ──PUBLISH──▶ SENT ──PUBACK──▶ gone                             [MQTT-4.3.2-3]
 *   QoS 2:  ──PUBLISH──▶ SENT ──PUBREC──▶ RELEASING ──PUBCOMP──▶ gone      [MQTT-4.3.3-3, -5]
 *                          └──PUBREC with reason ≥ 0x80──▶ gone            [MQTT-4.4.0-2]
 *           of a durable session: SENT ──PUBREC──▶ RECEIVED ──(that is written)──▶ RELEASING
 *
 * A ring in the order of sending; packet identifiers count up along it, so an identifier is a
 * place. One that finishes out of order keeps its place (DONE) until those before it are
 * finished. The ring has at most FLOW_OUT_WINDOW_MAX places: when they are taken, the rest waits
 * in the queue. One flow_out belongs to one session and survives its links. It never reads a
 * clock. */
#ifndef MIDGE_CORE_FLOW_OUT_H
#define MIDGE_CORE_FLOW_OUT_H

#include "core/delivery.h"

enum { FLOW_OUT_WINDOW_MAX = 32768 }; /* a power of two below the number of identifiers */

struct flow_out {
    struct delivery *ring;
    uint32_t head, capacity; /* capacity: a power of two, or 0 */
    uint32_t count;          /* places taken, DONE ones included */
    uint32_t open;           /* places not DONE */
    uint32_t
        unsent; /* open ones not yet sent on this link: open - unsent is what the receiver counts */
    uint32_t resend_next; /* index from which deliveries have to be sent again; count: none */
    uint16_t first_id;    /* packet identifier of the place at head */
    size_t bytes;         /* of the messages still held */
};

/* True when the delivery that is to bear `packet_id` (0: the next one) finds a place: one that is
 * unacknowledged keeps all behind it. */
bool flow_out_has_place(const struct flow_out *flow, uint16_t packet_id);

/* Takes a place for `delivery` (its references are taken). *packet_id is the identifier it is to
 * bear, above all in use, and those between are passed over; or 0 before the call: then the next
 * one, which is not in use. One that is RELEASING has no message, and stays so. The caller has
 * checked the receiver's quota against `open`. False: no memory, or the window is as wide as it
 * may get; the references stay the caller's. [MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1] */
MUST_USE bool flow_out_start(struct flow_out *flow, const struct delivery *delivery,
                             uint16_t *packet_id, struct counters *counters);

/* The delivery that bears `packet_id` and is not DONE, or NULL. */
struct delivery *flow_out_find(struct flow_out *flow, uint16_t packet_id);

/* PUBREC: the message is given back, PUBREL comes next; `state` is RECEIVED or RELEASING.
 * [MQTT-4.3.3-6] */
void flow_out_release(struct flow_out *flow, struct delivery *delivery, enum delivery_state state,
                      struct counters *counters);
/* PUBACK, PUBCOMP, or a refusal: the place is free. */
void flow_out_finish(struct flow_out *flow, struct delivery *delivery, struct counters *counters);

/* The link is gone: everything open has to be sent again on the next one, in the same order.
 * [MQTT-4.4.0-1] */
void flow_out_suspend(struct flow_out *flow);
/* The next delivery to send again, with its packet identifier; NULL: none. Moves on by one. */
struct delivery *flow_out_resend(struct flow_out *flow, uint16_t *packet_id);

/* The delivery at `index` from the first, which may be DONE; index < count. */
struct delivery *flow_out_at(struct flow_out *flow, uint32_t index);

void flow_out_fini(struct flow_out *flow, struct counters *counters);

#endif
