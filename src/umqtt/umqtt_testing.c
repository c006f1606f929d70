/* umqtt_testing.c — the scripted server, and the log of events. */
#include "umqtt/umqtt_testing.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void on_event(struct umqtt *client, const struct umqtt_event *event, void *context);
static void log_event(struct world *world, const struct umqtt_event *event);

void given_client(struct world *world, enum umqtt_version version)
{
    *world = (struct world){.now_ms = 5000};
    world->options = (struct umqtt_options){
        .version = version,
        .client_id = umqtt_text("me"),
        .clean_start = true,
        .keep_alive_s = 60,
        .reconnect_max_ms = 60000,
        .control = {world->control, sizeof world->control},
        .input = {world->input, sizeof world->input},
        .outbox = {world->outbox, sizeof world->outbox},
        .aliases = {world->aliases, sizeof world->aliases},
        .receipts = world->receipts,
        .receipt_count_max = UINT16_MAX, /* not announced; the tests keep below what there is */
        .on_event = on_event,
        .context = world,
    };
    umqtt_init(&world->client, &world->options);
}

void given_connecting(struct world *world)
{
    assert_int_equal(umqtt_start(&world->client, world->now_ms), UMQTT_OK);
    assert_int_equal(umqtt_wants(&world->client), UMQTT_WANTS_OPEN);
    umqtt_opened(&world->client, world->now_ms);
    struct umqtt_bytes connect = umqtt_output(&world->client);
    assert_true(connect.size > 0 && connect.data[0] == 0x10);
    umqtt_output_sent(&world->client, world->now_ms, connect.size);
}

void given_connected(struct world *world, enum umqtt_version version)
{
    given_client(world, version);
    given_connecting(world);
    when_receives(world, version == UMQTT_5 ? "20 03 00 00 00" : "20 02 00 00");
    then_tells(world, "connected");
}

void given_reconnected(struct world *world, bool session_present)
{
    bool is_v5 = world->options.version == UMQTT_5;
    if (umqtt_state(&world->client) == UMQTT_WAITING)
        when_passes_ms(world, 60000);
    if (umqtt_state(&world->client) == UMQTT_IDLE)
        assert_int_equal(umqtt_start(&world->client, world->now_ms), UMQTT_OK);
    given_connecting(world);
    world->log[0] = '\0';
    if (session_present)
        when_receives(world, is_v5 ? "20 03 01 00 00" : "20 02 01 00");
    else
        when_receives(world, is_v5 ? "20 03 00 00 00" : "20 02 00 00");
}

void when_receives(struct world *world, const char *bytes)
{
    size_t size = bytes_from(bytes).size;
    assert_int_equal(when_offered(world, bytes), size);
}

size_t when_offered(struct world *world, const char *bytes)
{
    return umqtt_receive(&world->client, world->now_ms, bytes_from(bytes));
}

void when_passes_ms(struct world *world, uint32_t ms)
{
    world->now_ms += ms;
    umqtt_tick(&world->client, world->now_ms);
}

void when_breaks(struct world *world)
{
    umqtt_closed(&world->client, world->now_ms);
    world->log[0] = '\0';
}

uint16_t when_publishes(struct world *world, const char *topic, const char *payload, uint8_t qos)
{
    uint16_t packet_id;
    struct umqtt_publication publication = {
        .topic = umqtt_text(topic), .payload = umqtt_text(payload), .qos = qos};
    assert_int_equal(umqtt_send_publish(&world->client, &publication, &packet_id), UMQTT_OK);
    return packet_id;
}

void then_sends_at(struct world *world, const char *bytes, const char *file, int line)
{
    static uint8_t out[WORLD_BYTES_MAX];
    size_t size = 0;
    struct umqtt_bytes view;
    while ((view = umqtt_output(&world->client)).size > 0) {
        assert_true(view.size <= sizeof out - size);
        memcpy(out + size, view.data, view.size);
        size += view.size;
        umqtt_output_sent(&world->client, world->now_ms, view.size);
    }
    struct umqtt_bytes expected = bytes_from(bytes);
    if (size != expected.size || (size > 0 && memcmp(out, expected.data, size) != 0)) {
        print_error("expected: %s\nsent:     ", bytes);
        for (size_t i = 0; i < size; i++)
            print_error("%02x ", out[i]);
        print_error("\n");
        _fail(file, line);
    }
}

void then_tells_at(struct world *world, const char *events, const char *file, int line)
{
    if (strcmp(world->log, events) != 0) {
        print_error("expected: %s\ntold:     %s\n", events, world->log);
        _fail(file, line);
    }
    world->log[0] = '\0';
}

void then_closes_at(struct world *world, const char *file, int line)
{
    if (umqtt_wants(&world->client) != UMQTT_WANTS_CLOSE) {
        print_error("the connection is not to be closed\n");
        _fail(file, line);
    }
    umqtt_closed(&world->client, world->now_ms);
}

struct umqtt_bytes bytes_from(const char *notation)
{
    static uint8_t bytes[WORLD_BYTES_MAX];
    size_t size = 0;
    for (const char *at = notation; *at;) {
        assert_true(size < sizeof bytes);
        if (*at == ' ') {
            at++;
        } else if (*at == '\'') {
            for (at++; *at != '\''; at++)
                bytes[size++] = (uint8_t)*at;
            at++;
        } else {
            unsigned byte;
            assert_int_equal(sscanf(at, "%2x", &byte), 1);
            assert_true(isxdigit((unsigned char)at[1]));
            bytes[size++] = (uint8_t)byte;
            at += 2;
        }
    }
    return umqtt_bytes(bytes, size);
}

static void on_event(struct umqtt *client, const struct umqtt_event *event, void *context)
{
    struct world *world = context;
    assert_ptr_equal(client, &world->client);
    log_event(world, event);
    if (world->on_event)
        world->on_event(world, event);
}

__attribute__((format(printf, 2, 3))) static void say(struct world *world, const char *format, ...)
{
    size_t used = strlen(world->log);
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(world->log + used, sizeof world->log - used, format, arguments);
    va_end(arguments);
    assert_true(size >= 0 && (size_t)size < sizeof world->log - used);
}

static void say_bytes(struct world *world, struct umqtt_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        say(world, " %02x", bytes.data[i]);
}

static void log_event(struct world *world, const struct umqtt_event *event)
{
    const struct umqtt_message *message = &event->message;
    say(world, "%s", world->log[0] ? "; " : "");
    switch (event->type) {
    case UMQTT_EVENT_CONNECTED:
        say(world, "connected%s", event->session_present ? " again" : "");
        break;
    case UMQTT_EVENT_MESSAGE:
        say(world, "message %.*s=%.*s q%d", (int)message->topic.size,
            (const char *)message->topic.data, (int)message->payload.size,
            (const char *)message->payload.data, message->qos);
        if (message->payload_size != message->payload.size)
            say(world, " %zu/%zu", message->payload_offset, message->payload_size);
        say(world, "%s%s", message->retain ? " retain" : "", message->dup ? " dup" : "");
        if (message->properties.size > 0)
            say_bytes(world, message->properties);
        break;
    case UMQTT_EVENT_SKIPPED:
        say(world, "skipped %d q%d %zu", message->packet_id, message->qos, message->payload_size);
        break;
    case UMQTT_EVENT_ACKNOWLEDGED: say(world, "acknowledged %d", event->packet_id); break;
    case UMQTT_EVENT_SUBSCRIBED: say(world, "subscribed %d:", event->packet_id); break;
    case UMQTT_EVENT_UNSUBSCRIBED: say(world, "unsubscribed %d:", event->packet_id); break;
    case UMQTT_EVENT_AUTH: say(world, "auth"); break;
    case UMQTT_EVENT_ENDING: say(world, "ending"); break;
    case UMQTT_EVENT_DISCONNECTED: say(world, "disconnected"); break;
    }
    say_bytes(world, event->reasons);
    if (event->error != UMQTT_OK)
        say(world, " error %d", event->error);
    if (event->reason != 0)
        say(world, " reason %02x", event->reason);
    if (event->properties.size > 0)
        say_bytes(world, event->properties);
}
