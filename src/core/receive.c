/* receive.c — see receive.h.
 *
 * The happy path: a whole frame → wire decodes it → the packet's own function. A frame that is
 * cut off is left where it is; one that is malformed, too large or out of place ends the link
 * with the reason the standard names. */
#include "core/receive.h"

#include "core/hold.h"
#include "core/receive_acks.h"
#include "core/receive_auth.h"
#include "core/receive_connect.h"
#include "core/receive_disconnect.h"
#include "core/receive_publish.h"
#include "core/receive_subscribe.h"
#include "core/receive_unsubscribe.h"
#include "core/refuse.h"
#include "core/restore.h"
#include "core/send.h"
#include "wire/wire.h"

enum {
    PROGRESS_SIZE = 1000
}; /* of an unfinished packet: more than this still to come counts as alive */

static bool may_read(const struct link *link);
static bool check_beginning(struct core *core, struct link *link, struct bytes input,
                            const struct frame *frame);
static size_t packet_size_max(const struct core *core, const struct link *link);
static void receive_frame(struct core *core, struct link *link, const struct frame *frame,
                          struct bytes whole);
static void receive_pingreq(struct core *core, struct link *link, const struct packet *packet);
static bool is_expected(const struct frame *frame);

typedef void receive_function(struct core *core, struct link *link, const struct packet *packet);

static receive_function *const receivers[16] = {
    [PACKET_PUBLISH] = receive_publish,         [PACKET_PUBACK] = receive_puback,
    [PACKET_PUBREC] = receive_pubrec,           [PACKET_PUBREL] = receive_pubrel,
    [PACKET_PUBCOMP] = receive_pubcomp,         [PACKET_SUBSCRIBE] = receive_subscribe,
    [PACKET_UNSUBSCRIBE] = receive_unsubscribe, [PACKET_PINGREQ] = receive_pingreq,
    [PACKET_DISCONNECT] = receive_disconnect,   [PACKET_AUTH] = receive_auth,
};

size_t receive_bytes(struct core *core, struct link *link, struct bytes input)
{
    size_t taken = 0;
    while (taken < input.size && may_read(link)) {
        struct frame frame;
        struct bytes rest = bytes_of(input.data + taken, input.size - taken);
        enum frame_result result = frame_read(rest, &frame);
        if (!check_beginning(core, link, rest, &frame)) {
            break;
        }
        if (result == FRAME_MALFORMED) {
            refuse_link(core, link, REASON_MALFORMED_PACKET, "the remaining length is ill-formed");
            break;
        }
        if (result == FRAME_INCOMPLETE) {
            if (frame.size > rest.size + PROGRESS_SIZE) {
                link->active_us = core->now_us;
            }
            return taken;
        }
        if (link->state == LINK_AUTHENTICATING && !is_expected(&frame)) {
            return taken; /* [MQTT-3.1.4-6] */
        }
        bool retains = frame.type == PACKET_PUBLISH && (rest.data[0] & 1) != 0;
        if (restore_pauses_link(core, link, retains)) {
            return taken;
        }
        link->active_us = core->now_us;
        receive_frame(core, link, &frame, bytes_of(rest.data, frame.size));
        if (link->is_handed_over) {
            return taken; /* CONNECT is read again where the session is at home */
        }
        taken += frame.size;
    }
    return link->state == LINK_CLOSING && !link->is_handed_over ? input.size : taken;
}

static bool may_read(const struct link *link)
{
    return link->state != LINK_CLOSING && !hold_is_on(link) && !link->is_handed_over &&
           !link_is_stuffed(link);
}

/* What can be judged before the whole packet is here, so that nobody makes us wait for, or keep,
 * what we will not take. */
static bool check_beginning(struct core *core, struct link *link, struct bytes input,
                            const struct frame *frame)
{
    if (link->state == LINK_WAITING && input.data[0] != PACKET_CONNECT << 4) {
        refuse_link(core, link, REASON_PROTOCOL_ERROR, "the first packet is not CONNECT");
        return false; /* [MQTT-3.1.0-1] [v3 MQTT-3.1.0-1] */
    }
    if (frame->size > packet_size_max(core, link)) {
        if (link->state == LINK_WAITING) {
            refuse_link(core, link, REASON_PACKET_TOO_LARGE, "CONNECT is too large");
        } else {
            refuse_link(core, link, REASON_PACKET_TOO_LARGE,
                        "larger than max_packet_size, which may be raised");
        }
        return false;
    }
    return true;
}

static size_t packet_size_max(const struct core *core, const struct link *link)
{
    size_t size_max = core->options->packet_size_max;
    if (link->options->packet_size_max != CORE_NO_LIMIT &&
        (size_max == CORE_NO_LIMIT || link->options->packet_size_max < size_max)) {
        size_max = link->options->packet_size_max;
    }
    if (link->state == LINK_WAITING && (size_max == CORE_NO_LIMIT || size_max > CONNECT_SIZE_MAX)) {
        return CONNECT_SIZE_MAX;
    }
    return size_max == CORE_NO_LIMIT ? SIZE_MAX : size_max;
}

static void receive_frame(struct core *core, struct link *link, const struct frame *frame,
                          struct bytes whole)
{
    struct packet packet;
    core->counters.packets_received++;
    enum reason_code reason =
        wire_decode_from_client(frame, (enum protocol_version)link->version, &packet);
    if (frame->type == PACKET_CONNECT) {
        if (link->state == LINK_WAITING) {
            receive_connect(core, link, &packet.connect, reason, whole);
        } else {
            refuse_link(core, link, REASON_PROTOCOL_ERROR, "a second CONNECT");
        } /* [MQTT-3.1.0-2] [v3 MQTT-3.1.0-2] */
        return;
    }
    if (reason == REASON_SUCCESS && !receivers[frame->type]) {
        reason = REASON_PROTOCOL_ERROR;
    }
    if (reason != REASON_SUCCESS) {
        refuse_link(core, link, reason, NULL); /* [MQTT-4.13.1-1] [v3 MQTT-4.8.0-1] */
        return;
    }
    receivers[frame->type](core, link, &packet);
}

/* While an authenticator decides, only AUTH and DISCONNECT are received. The rest waits: it may
 * be an eager client's. */
static bool is_expected(const struct frame *frame)
{
    return frame->type == PACKET_AUTH || frame->type == PACKET_DISCONNECT ||
           frame->type == PACKET_CONNECT;
}

static void receive_pingreq(struct core *core, struct link *link, const struct packet *packet)
{
    (void)packet;
    struct packet answer = {.type = PACKET_PINGRESP};
    send_packet(core, link, &answer); /* [MQTT-3.12.4-1] [v3 MQTT-3.12.4-1] */
}
