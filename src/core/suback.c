/* suback.c — see suback.h. */
#include "core/suback.h"

#include "core/hold.h"
#include "core/refuse.h"
#include "core/replay.h"
#include "core/send.h"
#include "core/waiting.h"

#include <assert.h>
#include <stdlib.h>

struct pending_suback {
    uint16_t packet_id;
    uint32_t reason_count;
    uint8_t reasons[];
};

static void answer_when_written(struct core *core, struct link *link, uint16_t packet_id,
                                struct bytes reasons);
static bool grants_any(struct bytes reasons);

void suback_answer(struct core *core, struct link *link, uint16_t packet_id, struct bytes reasons)
{
    if (link->joining == 0) {
        answer_when_written(core, link, packet_id, reasons);
        return;
    }
    assert(!link->pending_suback);
    struct pending_suback *pending = malloc(sizeof *pending + reasons.size);
    if (!pending) {
        refuse_link(core, link, REASON_QUOTA_EXCEEDED, "no memory");
        return;
    }
    pending->packet_id = packet_id;
    pending->reason_count = (uint32_t)reasons.size;
    memcpy(pending->reasons, reasons.data, reasons.size);
    link->pending_suback = pending;
    hold_pause_link(link);
}

void suback_send(struct core *core, struct link *link, uint16_t packet_id, struct bytes reasons)
{
    struct packet answer = {.type = PACKET_SUBACK,
                            .suback = {.packet_id = packet_id, .reasons = reasons}};
    /* [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-6] [MQTT-3.9.3-1] [MQTT-2.2.1-6] [v3 MQTT-3.8.4-1]
     * [v3 MQTT-3.8.4-2] [v3 MQTT-3.8.4-5] [v3 MQTT-3.9.3-1] [v3 MQTT-2.3.1-7] */
    if (send_packet(core, link, &answer) != SEND_OK) {
        refuse_link(core, link, REASON_PACKET_TOO_LARGE, "SUBACK does not fit");
    } else {
        replay_pump(core, link->session);
    }
}

void suback_note_joined(struct core *core, const struct share_record *record)
{
    struct link *link = links_find(core, &record->publisher);
    if (!link || link->joining == 0 || --link->joining > 0) {
        return;
    }
    struct pending_suback *pending = link->pending_suback;
    link->pending_suback = NULL;
    if (pending) {
        hold_unpause_link(core, link);
        if (link->session) {
            answer_when_written(core, link, pending->packet_id,
                                bytes_of(pending->reasons, pending->reason_count));
        }
        free(pending);
    }
}

/* What a durable session subscribed to is on the disk before it is told so. */
static void answer_when_written(struct core *core, struct link *link, uint16_t packet_id,
                                struct bytes reasons)
{
    if (!link->session->durable || !grants_any(reasons)) {
        suback_send(core, link, packet_id, reasons);
    } else if (!waiting_add(core, link, WAITING_SUBACK, packet_id, REASON_SUCCESS, reasons)) {
        refuse_link(core, link, REASON_QUOTA_EXCEEDED, "no memory");
    }
}

/* Where nothing is granted, nothing has to be written. */
static bool grants_any(struct bytes reasons)
{
    for (size_t i = 0; i < reasons.size; i++) {
        if (reasons.data[i] < REASON_UNSPECIFIED_ERROR) {
            return true;
        }
    }
    return false;
}
