/* flow_out.c — see flow_out.h. */
#include "core/flow_out.h"

#include <assert.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 4, ID_COUNT = 65535 };

static uint32_t index_of(const struct flow_out *flow, uint16_t packet_id);
static bool grow(struct flow_out *flow, struct counters *counters);
static uint16_t id_at(const struct flow_out *flow, uint32_t index);

bool flow_out_has_place(const struct flow_out *flow, uint16_t packet_id)
{
    if (packet_id == 0) {
        return flow->count < FLOW_OUT_WINDOW_MAX;
    }
    return flow->count == 0 || index_of(flow, packet_id) < FLOW_OUT_WINDOW_MAX;
}

bool flow_out_start(struct flow_out *flow, const struct delivery *delivery, uint16_t *packet_id,
                    struct counters *counters)
{
    assert(delivery->qos > 0 && (delivery->message || delivery->state == DELIVERY_RELEASING));
    if (flow->count == 0 && *packet_id != 0) {
        flow->first_id = *packet_id;
    } else if (flow->first_id == 0) {
        flow->first_id = 1;
    }
    uint32_t index = *packet_id ? index_of(flow, *packet_id) : flow->count;
    assert(index >= flow->count);
    while (index >= flow->capacity) {
        if (!grow(flow, counters)) {
            return false;
        }
    }
    assert(flow->resend_next <= flow->count);
    if (flow->resend_next == flow->count) {
        flow->resend_next = index + 1; /* nothing waits to be sent again, nor does this one */
    }
    while (flow->count < index) {
        *flow_out_at(flow, flow->count++) = (struct delivery){.state = DELIVERY_DONE};
    }
    flow->count++;
    struct delivery *place = flow_out_at(flow, index);
    *place = *delivery;
    place->state = delivery->message ? DELIVERY_SENT : DELIVERY_RELEASING;
    flow->open++;
    flow->bytes += delivery->message ? message_size(delivery->message) : 0;
    counters->in_flight++;
    *packet_id = id_at(flow, index);
    return true;
}

struct delivery *flow_out_find(struct flow_out *flow, uint16_t packet_id)
{
    if (flow->count == 0 || packet_id == 0) {
        return NULL;
    }
    uint32_t index = index_of(flow, packet_id);
    if (index >= flow->count) {
        return NULL;
    }
    struct delivery *delivery = flow_out_at(flow, index);
    return delivery->state == DELIVERY_DONE ? NULL : delivery;
}

void flow_out_release(struct flow_out *flow, struct delivery *delivery, enum delivery_state state,
                      struct counters *counters)
{
    if (delivery->message) {
        flow->bytes -= message_size(delivery->message);
        message_unref(delivery->message, counters);
        delivery->message = NULL;
    }
    delivery->state = (uint8_t)state;
    flow->unsent -= delivery->resend;
    delivery->resend = false;
}

void flow_out_finish(struct flow_out *flow, struct delivery *delivery, struct counters *counters)
{
    assert(delivery->state != DELIVERY_DONE && flow->open > 0);
    if (delivery->message) {
        flow->bytes -= message_size(delivery->message);
    }
    flow->unsent -= delivery->resend;
    delivery_fini(delivery, counters);
    delivery->state = DELIVERY_DONE;
    flow->open--;
    counters->in_flight--;
    while (flow->count > 0 && flow->ring[flow->head].state == DELIVERY_DONE) {
        flow->head = (flow->head + 1) & (flow->capacity - 1);
        flow->first_id = flow->first_id == ID_COUNT ? 1 : flow->first_id + 1;
        flow->count--;
        flow->resend_next -= flow->resend_next > 0;
    }
}

void flow_out_suspend(struct flow_out *flow)
{
    for (uint32_t i = 0; i < flow->count; i++) {
        struct delivery *delivery = flow_out_at(flow, i);
        if (delivery->state != DELIVERY_DONE) {
            delivery->resend = true;
            delivery->dup = true;
        }
    }
    flow->resend_next = 0;
    flow->unsent = flow->open;
}

struct delivery *flow_out_resend(struct flow_out *flow, uint16_t *packet_id)
{
    while (flow->resend_next < flow->count) {
        uint32_t index = flow->resend_next++;
        struct delivery *delivery = flow_out_at(flow, index);
        if (delivery->resend) {
            delivery->resend = false;
            flow->unsent--;
            *packet_id = id_at(flow, index);
            return delivery;
        }
    }
    return NULL;
}

struct delivery *flow_out_at(struct flow_out *flow, uint32_t index)
{
    assert(index < flow->capacity);
    return &flow->ring[(flow->head + index) & (flow->capacity - 1)];
}

void flow_out_fini(struct flow_out *flow, struct counters *counters)
{
    for (uint32_t i = 0; i < flow->count; i++) {
        struct delivery *delivery = flow_out_at(flow, i);
        if (delivery->state != DELIVERY_DONE) {
            counters->in_flight--;
            delivery_fini(delivery, counters);
        }
    }
    counters->memory_held -= flow->capacity * sizeof *flow->ring;
    free(flow->ring);
    *flow = (struct flow_out){0};
}

/* How far behind the first place the one of `packet_id` lies. */
static uint32_t index_of(const struct flow_out *flow, uint16_t packet_id)
{
    return packet_id >= flow->first_id ? (uint32_t)(packet_id - flow->first_id)
                                       : (uint32_t)(packet_id + ID_COUNT - flow->first_id);
}

static bool grow(struct flow_out *flow, struct counters *counters)
{
    uint32_t capacity = flow->capacity ? flow->capacity * 2 : CAPACITY_MIN;
    if (capacity > FLOW_OUT_WINDOW_MAX) {
        return false;
    }
    struct delivery *ring = calloc(capacity, sizeof *ring);
    if (!ring) {
        return false;
    }
    for (uint32_t i = 0; i < flow->count; i++) {
        ring[i] = *flow_out_at(flow, i);
    }
    counters->memory_held += (capacity - flow->capacity) * sizeof *ring;
    free(flow->ring);
    flow->ring = ring;
    flow->capacity = capacity;
    flow->head = 0;
    return true;
}

static uint16_t id_at(const struct flow_out *flow, uint32_t index)
{
    uint32_t id = flow->first_id + index;
    return (uint16_t)(id > ID_COUNT ? id - ID_COUNT : id);
}
