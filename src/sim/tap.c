/* tap.c — see tap.h. */
#include "sim/tap.h"

#include "wire/frame.h"

void tap_begin(struct tap *tap, uint32_t client, uint64_t link)
{
    tap->client = client;
    tap->link = link;
    tap->has_connect = tap->has_connack = tap->is_spoilt = tap->is_stale = tap->is_goodbye_sent =
        false;
    byte_queue_take(&tap->sent, byte_queue_size(&tap->sent));
    byte_queue_take(&tap->received, byte_queue_size(&tap->received));
    memset(tap->aliases_sent, 0, sizeof tap->aliases_sent);
    memset(tap->aliases_received, 0, sizeof tap->aliases_received);
}

void tap_fini(struct tap *tap)
{
    byte_queue_fini(&tap->sent);
    byte_queue_fini(&tap->received);
}

void tap_end(struct tap *tap)
{
    if (tap->has_connect && !tap->is_stale) {
        judge_link_left(tap->judge, tap->agenda->now_us, tap->link);
    }
    tap->is_spoilt = tap->is_stale = true;
}

void tap_sent(struct tap *tap, struct bytes bytes)
{
    struct frame frame;
    enum frame_result result = FRAME_INCOMPLETE;
    if (tap->is_spoilt || tap->is_stale) {
        return;
    }
    byte_queue_add(&tap->sent, bytes);
    while (!tap->is_spoilt && byte_queue_size(&tap->sent) > 0 &&
           (result = frame_read(byte_queue_view(&tap->sent), &frame)) == FRAME_WHOLE) {
        tap_packet_sent(tap, &frame);
        byte_queue_take(&tap->sent, frame.size);
    }
    tap->is_spoilt |= result == FRAME_MALFORMED;
}

void tap_received(struct tap *tap, struct bytes bytes)
{
    struct frame frame;
    enum frame_result result = FRAME_INCOMPLETE;
    if (!tap->has_connect || tap->is_stale) {
        return;
    }
    byte_queue_add(&tap->received, bytes);
    while (byte_queue_size(&tap->received) > 0 &&
           (result = frame_read(byte_queue_view(&tap->received), &frame)) == FRAME_WHOLE) {
        tap_packet_received(tap, &frame);
        byte_queue_take(&tap->received, frame.size);
    }
    if (result == FRAME_MALFORMED) {
        judge_nonsense_received(tap->judge, tap->agenda->now_us, tap->link, "no MQTT packet");
    }
}
