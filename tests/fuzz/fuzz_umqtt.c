/* fuzz_umqtt.c — a client whose server is hostile: any bytes, in any pieces, at any time, while the
 * program publishes, subscribes, and ends or loses the connection.
 *
 * What the client sends is checked by the server's decoder: it must be whole packets, legal,
 * CONNECT first and nothing behind DISCONNECT. Every buffer has exactly the size it is said to
 * have, so that a byte beyond it is seen. */
#include <assert.h>
#include <stdlib.h>

#include "umqtt.h"
#include "wire/wire.h"

struct input {
    const uint8_t *at, *end;
};

struct run {
    struct umqtt client;
    struct umqtt_options options;
    struct input input;
    uint32_t now_ms;
    uint8_t *sent; /* what the server has got on this connection and not yet decoded */
    size_t sent_size;
    bool has_connect, has_disconnect;
    size_t next_offset; /* of the payload part to come */
    unsigned depth;
};

enum { SENT_MAX = 70000, LARGE_SIZE = 3000, STEPS_MAX = 400 };

static const uint8_t LARGE[LARGE_SIZE];

static uint8_t take(struct run *run)
{
    return run->input.at < run->input.end ? *run->input.at++ : 0;
}

static struct umqtt_bytes take_bytes(struct run *run, size_t size)
{
    size_t left = (size_t)(run->input.end - run->input.at);
    struct umqtt_bytes bytes = umqtt_bytes(run->input.at, size < left ? size : left);
    run->input.at += bytes.size;
    return bytes;
}

static struct umqtt_bytes section_of(struct run *run)
{
    static const uint8_t SECTION[] = {0x26, 0, 1, 'k', 0, 1, 'v'};
    bool wanted = run->options.version == UMQTT_5 && (take(run) & 1);
    return umqtt_bytes(SECTION, wanted ? sizeof SECTION : 0);
}

static void publish(struct run *run)
{
    static const char *const TOPICS[] = {"", "a", "a/b/c", "#"};
    uint8_t how = take(run);
    struct umqtt_publication publication = {
        .topic = umqtt_text(TOPICS[how >> 2 & 3]),
        .payload = umqtt_bytes(LARGE, how & 0x10 ? LARGE_SIZE : take(run) % 40),
        .properties = section_of(run),
        .qos = how & 3,
        .retain = (how & 0x20) != 0,
        .by_reference = (how & 0x40) != 0,
        .topic_alias = how & 0x80 ? take(run) % 4 : 0,
    };
    uint16_t packet_id = 0;
    if (umqtt_send_publish(&run->client, &publication, &packet_id) == UMQTT_OK)
        assert((packet_id != 0) == (publication.qos > 0));
}

static void subscribe(struct run *run)
{
    static const char *const FILTERS[] = {"a/+", "#", "$share/n/a", "+#"};
    uint8_t how = take(run);
    struct umqtt_subscription subscriptions[2] = {
        {.filter = umqtt_text(FILTERS[how & 3]), .qos = how >> 2 & 3},
        {.filter = umqtt_text("b"), .no_local = (how & 0x40) != 0}};
    struct umqtt_bytes filters[2] = {subscriptions[0].filter, subscriptions[1].filter};
    size_t count = how >> 4 & 3;
    if (count > 2)
        count = 2;
    if (how & 0x80)
        (void)umqtt_send_unsubscribe(&run->client, filters, count, section_of(run), NULL);
    else
        (void)umqtt_send_subscribe(&run->client, subscriptions, count, section_of(run), NULL);
}

static void authenticate(struct run *run)
{
    static const uint8_t METHOD[] = {0x15, 0, 1, 'M'};
    (void)umqtt_send_auth(&run->client, (uint8_t)(0x18 + (take(run) & 1)),
                          umqtt_bytes(METHOD, sizeof METHOD));
}

static void on_event(struct umqtt *client, const struct umqtt_event *event, void *context)
{
    struct run *run = context;
    const struct umqtt_message *message = &event->message;
    if (event->type == UMQTT_EVENT_MESSAGE) {
        assert(message->topic.size > 0);
        assert(message->payload_offset == 0 || message->payload_offset == run->next_offset);
        run->next_offset = message->payload_offset + message->payload.size;
        assert(run->next_offset <= message->payload_size);
        size_t offset = 0;
        struct umqtt_property property;
        while (umqtt_property_next(message->properties, &offset, &property))
            ;
        assert(offset == message->properties.size);
    }
    if (run->depth > 0)
        return;
    run->depth++;
    uint8_t what = take(run);
    if ((what & 7) == 1)
        publish(run);
    else if ((what & 7) == 2)
        subscribe(run);
    else if ((what & 7) == 3)
        authenticate(run);
    else if (what == 0xFC)
        (void)umqtt_send_disconnect(client, run->now_ms, 0, umqtt_bytes(NULL, 0));
    run->depth--;
}

/* The server reads what it has got. */
static void check_sent(struct run *run)
{
    enum protocol_version version = (enum protocol_version)run->options.version;
    size_t at = 0;
    struct frame frame;
    enum frame_result result;
    while ((result = frame_read(bytes_of(run->sent + at, run->sent_size - at), &frame)) ==
           FRAME_WHOLE) {
        struct packet packet;
        assert(!run->has_disconnect);
        assert((frame.type == PACKET_CONNECT) == !run->has_connect);
        enum reason_code reason = wire_decode_from_client(&frame, version, &packet);
        assert(reason == REASON_SUCCESS);
        run->has_connect = true;
        run->has_disconnect = frame.type == PACKET_DISCONNECT;
        at += frame.size;
    }
    assert(result == FRAME_INCOMPLETE);
    memmove(run->sent, run->sent + at, run->sent_size - at);
    run->sent_size -= at;
}

static void write_some(struct run *run, size_t size)
{
    struct umqtt_bytes out = umqtt_output(&run->client);
    if (size > out.size)
        size = out.size;
    if (size > SENT_MAX - run->sent_size)
        size = SENT_MAX - run->sent_size;
    if (size > 0)
        memcpy(run->sent + run->sent_size, out.data, size);
    run->sent_size += size;
    umqtt_output_sent(&run->client, run->now_ms, size);
    check_sent(run);
}

static void receive(struct run *run, struct umqtt_bytes bytes)
{
    uint8_t *copy = malloc(bytes.size ? bytes.size : 1);
    assert(copy);
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    size_t taken = umqtt_receive(&run->client, run->now_ms, umqtt_bytes(copy, bytes.size));
    assert(taken <= bytes.size);
    free(copy);
}

static void close_transport(struct run *run)
{
    umqtt_closed(&run->client, run->now_ms);
    run->sent_size = 0;
    run->has_connect = run->has_disconnect = false;
}

static void open_transport(struct run *run)
{
    umqtt_opened(&run->client, run->now_ms);
    for (int i = 0; i < 4; i++)
        write_some(run, SIZE_MAX);
    static const uint8_t CONNACK[] = {0x20, 2, 0, 0}, CONNACK_5[] = {0x20, 3, 0, 0, 0};
    static const uint8_t CONNACK_FEW[] = {0x20, 9, 0, 0, 6, 0x21, 0, 2, 0x22, 0, 2};
    static const uint8_t AGAIN[] = {0x20, 2, 1, 0}, AGAIN_5[] = {0x20, 3, 1, 0, 0};
    bool is_v5 = run->options.version == UMQTT_5;
    switch (take(run) & 3) {
    case 0: receive(run, is_v5 ? umqtt_bytes(CONNACK_5, 5) : umqtt_bytes(CONNACK, 4)); break;
    case 1: receive(run, is_v5 ? umqtt_bytes(AGAIN_5, 5) : umqtt_bytes(AGAIN, 4)); break;
    case 2: receive(run, is_v5 ? umqtt_bytes(CONNACK_FEW, 11) : umqtt_bytes(CONNACK, 4)); break;
    default: break; /* what the input says */
    }
}

static void step(struct run *run)
{
    uint8_t op = take(run);
    run->now_ms += op;
    switch (op % 12) {
    case 0:
    case 1:
    case 2:
    case 3: receive(run, take_bytes(run, 1 + take(run) % 64)); break;
    case 4: publish(run); break;
    case 5: subscribe(run); break;
    case 6: write_some(run, SIZE_MAX); break;
    case 7: write_some(run, take(run)); break;
    case 8: umqtt_tick(&run->client, run->now_ms += take(run) * 500u); break;
    case 9: close_transport(run); break;
    case 10: authenticate(run); break;
    default:
        if (take(run) & 1)
            (void)umqtt_send_disconnect(&run->client, run->now_ms, 0, umqtt_bytes(NULL, 0));
        else
            (void)umqtt_send_ping(&run->client, run->now_ms);
    }
    enum umqtt_state state = umqtt_state(&run->client);
    if (state == UMQTT_IDLE || state == UMQTT_WAITING)
        assert(umqtt_start(&run->client, run->now_ms) == UMQTT_OK);
    if (umqtt_wants(&run->client) == UMQTT_WANTS_CLOSE)
        close_transport(run);
    else if (umqtt_wants(&run->client) == UMQTT_WANTS_OPEN)
        open_transport(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t PROPERTIES[] = {0x15, 0, 1, 'M', 0x22, 0, 3, 0x11, 0, 0, 1, 0};
    struct run run = {.input = {data, data + size}};
    uint8_t how = take(&run), sizes = take(&run);
    run.options = (struct umqtt_options){
        .version = (enum umqtt_version)(UMQTT_3_1 + how % 3),
        .client_id = umqtt_text("me"),
        .clean_start = (how & 0x10) != 0,
        .keep_alive_s = 60,
        .reconnect_max_ms = how & 0x20 ? 1000 : 0,
        .control = {.size = 40 + (sizes & 15) * 4u},
        .input = {.size = UMQTT_INPUT_MIN + (sizes >> 4) * 8u},
        .outbox = {.size = how & 0x40 ? 4000 : 60 + take(&run)},
        .aliases = {.size = take(&run) % 32},
        .receipt_count_max = take(&run) % 4,
        .on_event = on_event,
        .context = &run,
    };
    if (run.options.version == UMQTT_5 && (how & 0x80))
        run.options.connect_properties = umqtt_bytes(PROPERTIES, sizeof PROPERTIES);
    struct umqtt_memory *memories[] = {&run.options.control, &run.options.input,
                                       &run.options.outbox, &run.options.aliases};
    for (size_t i = 0; i < 4; i++) {
        memories[i]->data = malloc(memories[i]->size ? memories[i]->size : 1);
        assert(memories[i]->data);
    }
    run.options.receipts = malloc(run.options.receipt_count_max * sizeof(uint16_t) + 1);
    run.sent = malloc(SENT_MAX);
    assert(run.options.receipts && run.sent);
    umqtt_init(&run.client, &run.options);
    assert(umqtt_start(&run.client, 0) == UMQTT_OK);
    open_transport(&run);
    for (unsigned i = 0; i < STEPS_MAX && run.input.at < run.input.end; i++)
        step(&run);
    for (size_t i = 0; i < 4; i++)
        free(memories[i]->data);
    free(run.options.receipts);
    free(run.sent);
    return 0;
}
