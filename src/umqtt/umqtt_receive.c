/* umqtt_receive.c — bytes in, packets out, whatever pieces the bytes come in.
 *
 * The happy path is a whole packet in what the caller offers: it is taken from there, uncopied. A
 * packet in pieces is put together in the input buffer. A PUBLISH that is larger than the buffer
 * leaves its head there, and its payload passes by. Reading stops, without loss, while there is no
 * room for the answers that reading would ask for. */
#include "umqtt.h"

#include <assert.h>

#include "umqtt/control.h"
#include "umqtt/message.h"
#include "umqtt/packets.h"

static bool may_read(const struct umqtt *client);
static size_t take_some(struct umqtt *client, uint32_t now_ms, struct bytes bytes);
static size_t take_first(struct umqtt *client, uint32_t now_ms, struct bytes bytes);
static size_t take_more(struct umqtt *client, uint32_t now_ms, struct bytes bytes);
static bool may_be_kept(struct umqtt *client, uint32_t now_ms, const struct frame *frame);
static void keep(struct umqtt *client, struct bytes bytes);

size_t umqtt_receive(struct umqtt *client, uint32_t now_ms, struct umqtt_bytes bytes)
{
    if (bytes.size > 0)
        client->received_at_ms = now_ms;
    /* As they come, none left out, none twice: the transport is a stream. [MQTT-4.2-1] */
    size_t taken = 0;
    while (taken < bytes.size && may_read(client))
        taken += take_some(client, now_ms, bytes_of(bytes.data + taken, bytes.size - taken));
    return taken;
}

static bool may_read(const struct umqtt *client)
{
    return (client->state == UMQTT_CONNECTED || client->state == UMQTT_CONNECTING) &&
           control_room(&client->control) >= CONTROL_ANSWER_ROOM;
}

/* Takes at least one byte, or ends the connection. */
static size_t take_some(struct umqtt *client, uint32_t now_ms, struct bytes bytes)
{
    if (client->input_state != INPUT_PACKETS)
        return message_stream(client, now_ms, bytes);
    return client->input_size == 0 ? take_first(client, now_ms, bytes)
                                   : take_more(client, now_ms, bytes);
}

/* At the start of a packet. */
static size_t take_first(struct umqtt *client, uint32_t now_ms, struct bytes bytes)
{
    struct frame frame;
    switch (frame_read(bytes, &frame)) {
    case FRAME_WHOLE: packets_take(client, now_ms, &frame); return frame.size;
    case FRAME_MALFORMED:
        client_refuse(client, now_ms, REASON_MALFORMED_PACKET); /* [MQTT-1.5.5-1] */
        return bytes.size;
    case FRAME_INCOMPLETE: break;
    }
    if (!may_be_kept(client, now_ms, &frame))
        return bytes.size;
    size_t room = client->options->input.size;
    if (bytes.size > room)
        bytes.size = room;
    keep(client, bytes);
    if (frame.size > room)
        message_try_stream(client, now_ms, &frame);
    return bytes.size;
}

/* Behind what is kept of a packet. */
static size_t take_more(struct umqtt *client, uint32_t now_ms, struct bytes bytes)
{
    struct umqtt_memory input = client->options->input;
    struct frame frame;
    if (frame_read(bytes_of(input.data, client->input_size), &frame) == FRAME_MALFORMED) {
        client_refuse(client, now_ms, REASON_MALFORMED_PACKET);
        return bytes.size;
    }
    if (frame.size == 0) { /* its length is still to come, byte by byte */
        keep(client, bytes_of(bytes.data, 1));
        if (frame_read(bytes_of(input.data, client->input_size), &frame) == FRAME_MALFORMED)
            client_refuse(client, now_ms, REASON_MALFORMED_PACKET);
        else if (frame.size > 0 && may_be_kept(client, now_ms, &frame) &&
                 frame.size == client->input_size)
            client->input_size = 0, packets_take(client, now_ms, &frame);
        return 1;
    }
    size_t wanted = (frame.size < input.size ? frame.size : input.size) - client->input_size;
    if (bytes.size > wanted)
        bytes.size = wanted;
    keep(client, bytes);
    if (frame.size > input.size) {
        message_try_stream(client, now_ms, &frame);
    } else if (client->input_size == frame.size) {
        enum frame_result result = frame_read(bytes_of(input.data, client->input_size), &frame);
        assert(result == FRAME_WHOLE);
        client->input_size = 0; /* the packet stays where it is until the next bytes */
        packets_take(client, now_ms, &frame);
    }
    return bytes.size;
}

/* Only a PUBLISH may be larger than the input buffer. */
static bool may_be_kept(struct umqtt *client, uint32_t now_ms, const struct frame *frame)
{
    if (frame->size <= client->options->input.size)
        return true;
    if (frame->type == PACKET_PUBLISH && client->state == UMQTT_CONNECTED)
        return true;
    client_fail(client, now_ms, UMQTT_TOO_LARGE, REASON_PACKET_TOO_LARGE);
    return false;
}

static void keep(struct umqtt *client, struct bytes bytes)
{
    assert(bytes.size <= client->options->input.size - client->input_size);
    memcpy(client->options->input.data + client->input_size, bytes.data, bytes.size);
    client->input_size += (uint32_t)bytes.size;
}
