/* hostile.c — see hostile.h. */
#include "sim/hostile.h"

#include "wire/subscribe.h"
#include "wire/wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { PACKET_MAX = 1200, SAID_MAX = 64 * 1024, FLOOD_MAX = 60 };

static void act(void *context);
static void notice(void *context);
static void come(struct hostile *hostile);
static void go(struct hostile *hostile);
static void listen(struct hostile *hostile);
static void say(struct hostile *hostile, struct bytes bytes);
static void flush(struct hostile *hostile);
static void say_packet(struct hostile *hostile, const struct packet *packet);
static void say_connect(struct hostile *hostile);
static uint16_t next_packet_id(struct hostile *hostile);
static void say_publish(struct hostile *hostile);
static void say_ack(struct hostile *hostile);
static void say_subscribe(struct hostile *hostile);
static void say_nonsense(struct hostile *hostile);
static void do_something(struct hostile *hostile);

struct hostile *hostile_new(struct stage *stage, uint32_t client, uint64_t seed)
{
    struct hostile *hostile = calloc(1, sizeof *hostile);
    if (!hostile) {
        abort();
    }
    hostile->stage = stage;
    random_seed(&hostile->random, seed);
    snprintf(hostile->client_id, sizeof hostile->client_id, "h%u", (unsigned)client);
    appointment_init(&hostile->act, act, hostile);
    hostile->tap = (struct tap){.judge = stage->judge,
                                .agenda = stage->agenda,
                                .messages = &stage->messages,
                                .client = client,
                                .version = draw_once_in(&hostile->random, 2) ? 4 : 5,
                                .is_hostile = true};
    hostile->pause_us_max = UINT64_C(1000) << random_below(&hostile->random, 14);
    hostile_go_on(hostile);
    return hostile;
}

void hostile_free(struct hostile *hostile)
{
    agenda_cancel(hostile->stage->agenda, &hostile->act);
    go(hostile);
    tap_fini(&hostile->tap);
    byte_queue_fini(&hostile->said);
    free(hostile);
}

void hostile_rest(struct hostile *hostile)
{
    agenda_cancel(hostile->stage->agenda, &hostile->act);
    go(hostile);
}

void hostile_go_on(struct hostile *hostile)
{
    agenda_make(hostile->stage->agenda, &hostile->act,
                draw_mostly_small(&hostile->random, hostile->pause_us_max));
}

static void act(void *context)
{
    struct hostile *hostile = context;
    hostile->acts++;
    if (!hostile->line) {
        come(hostile);
    } else {
        do_something(hostile);
    }
    hostile_go_on(hostile);
}

static void notice(void *context)
{
    struct hostile *hostile = context;
    flush(hostile);
    listen(hostile);
}

static void come(struct hostile *hostile)
{
    hostile->line = stage_dial(hostile->stage);
    if (!hostile->line) {
        return;
    }
    line_own(hostile->line, LINE_CLIENT, notice, hostile);
    tap_begin(&hostile->tap, hostile->tap.client, hostile->line->number);
    hostile->is_deaf = draw_once_in(&hostile->random, 3);
    hostile->is_mute = false;
    if (draw_once_in(&hostile->random, 20)) {
        say_nonsense(hostile);
    } else {
        say_connect(hostile);
    }
}

static void go(struct hostile *hostile)
{
    struct line *line = hostile->line;
    if (line) {
        hostile->line = NULL;
        tap_end(&hostile->tap);
        line_close(line, LINE_CLIENT);
        byte_queue_take(&hostile->said, byte_queue_size(&hostile->said));
    }
}

static void do_something(struct hostile *hostile)
{
    struct random *random = &hostile->random;
    if (draw_once_in(random, 30)) {
        go(hostile);
        return;
    }
    if (hostile->is_mute || hostile->tap.is_spoilt || hostile->tap.is_stale) {
        return; /* it waits to be thrown out */
    }
    if (draw_once_in(random, 20)) {
        say_nonsense(hostile);
    } else if (draw_once_in(random, 60)) {
        say_connect(hostile); /* a second time */
    } else if (!hostile->tap.has_connack) {
        say_ack(hostile); /* what it publishes by a CONNECT that is overtaken has no order */
    } else if (draw_once_in(random, 20)) {
        for (uint64_t i = random_below(random, FLOOD_MAX); i > 0; i--) {
            say_publish(hostile);
        }
    } else if (draw_once_in(random, 4)) {
        say_subscribe(hostile);
    } else if (draw_once_in(random, 2)) {
        say_ack(hostile);
    } else {
        say_publish(hostile);
    }
}

static void listen(struct hostile *hostile)
{
    if (!hostile->line || (hostile->is_deaf && hostile->tap.has_connack)) {
        return;
    }
    struct bytes arrived = line_view(hostile->line, LINE_CLIENT);
    tap_received(&hostile->tap, arrived);
    line_take(hostile->line, LINE_CLIENT, arrived.size);
    if (line_fate(hostile->line, LINE_CLIENT) != PIPE_FLOWS) {
        go(hostile);
    }
}

static void say(struct hostile *hostile, struct bytes bytes)
{
    if (!hostile->is_mute && byte_queue_size(&hostile->said) + bytes.size <= SAID_MAX) {
        byte_queue_add(&hostile->said, bytes);
        flush(hostile);
    }
}

static void flush(struct hostile *hostile)
{
    if (!hostile->line || byte_queue_size(&hostile->said) == 0 || hostile->tap.is_stale) {
        return;
    }
    bool had_connect = hostile->tap.has_connect;
    struct bytes bytes = byte_queue_view(&hostile->said);
    bytes.size = line_write(hostile->line, LINE_CLIENT, bytes);
    tap_sent(&hostile->tap, bytes);
    byte_queue_take(&hostile->said, bytes.size);
    if (!had_connect && hostile->tap.has_connect && hostile->twin) {
        hostile->twin->tap.is_stale = true; /* it says nothing more, and is not heard */
    }
}

static void say_packet(struct hostile *hostile, const struct packet *packet)
{
    uint8_t bytes[PACKET_MAX];
    enum protocol_version version = (enum protocol_version)hostile->tap.version;
    size_t size = wire_size(packet, version);
    if (size == 0 || size > sizeof bytes) {
        return;
    }
    wire_encode(packet, version, bytes, sizeof bytes);
    bool is_half = draw_once_in(&hostile->random, 60);
    size = is_half ? random_below(&hostile->random, size) : size;
    say(hostile, bytes_of(bytes, size));
    hostile->is_mute |= is_half; /* and then silence */
}

static void say_connect(struct hostile *hostile)
{
    struct random *random = &hostile->random;
    bool is_v5 = hostile->tap.version == 5;
    struct packet packet = {.type = PACKET_CONNECT,
                            .connect = {.version = (enum protocol_version)hostile->tap.version,
                                        .clean_start = draw_once_in(random, 2),
                                        .keep_alive_s = (uint16_t)random_below(random, 20),
                                        .client_id = bytes_of_text(hostile->client_id)}};
    if (is_v5 && draw_once_in(random, 2)) {
        packet.connect.properties.present |= 1u << PROPERTY_session_expiry_interval_s;
        packet.connect.properties.session_expiry_interval_s =
            (uint32_t)draw_mostly_small(random, 100000);
    }
    if (is_v5 && draw_once_in(random, 2)) {
        packet.connect.properties.present |= 1u << PROPERTY_receive_maximum;
        packet.connect.properties.receive_maximum = (uint16_t)draw_mostly_small(random, 10);
    }
    say_packet(hostile, &packet);
}

/* The same identifier for something else would make that the same message. */
static uint16_t next_packet_id(struct hostile *hostile)
{
    hostile->packet_id = hostile->packet_id == UINT16_MAX ? 1 : hostile->packet_id + 1;
    return hostile->packet_id;
}

static void say_publish(struct hostile *hostile)
{
    uint8_t payload[1000];
    struct random *random = &hostile->random;
    struct packet packet = {
        .type = PACKET_PUBLISH,
        .publish = {.qos = (uint8_t)random_below(random, 3),
                    .retain = draw_once_in(random, 8),
                    .topic = bytes_of_text(stage_draw_topic(hostile->stage, random))}};
    if (packet.publish.qos > 0) {
        packet.publish.packet_id = next_packet_id(hostile);
        packet.publish.dup = draw_once_in(random, 6);
    }
    size_t size = stage_draw_payload(hostile->stage, random, payload, sizeof payload);
    packet.publish.payload = bytes_of(payload, size);
    say_packet(hostile, &packet);
}

static void say_ack(struct hostile *hostile)
{
    static const enum packet_type types[] = {PACKET_PUBACK, PACKET_PUBREC, PACKET_PUBREL,
                                             PACKET_PUBCOMP};
    struct random *random = &hostile->random;
    say_packet(hostile,
               &(struct packet){.type = types[random_below(random, 4)],
                                .ack = {.packet_id = (uint16_t)draw_mostly_small(random, 30)}});
}

static void say_subscribe(struct hostile *hostile)
{
    struct random *random = &hostile->random;
    uint8_t entries[TAP_TEXT_SIZE];
    enum protocol_version version = (enum protocol_version)hostile->tap.version;
    struct subscribe_entry entry = {.filter =
                                        bytes_of_text(stage_draw_filter(hostile->stage, random)),
                                    .qos = (uint8_t)random_below(random, 3)};
    struct packet packet = {.type = PACKET_SUBSCRIBE,
                            .subscribe = {.packet_id = next_packet_id(hostile)}};
    packet.subscribe.entries =
        bytes_of(entries, subscribe_entry_encode(&entry, version, entries, sizeof entries));
    packet.subscribe.entry_count = 1;
    say_packet(hostile, &packet);
}

static void say_nonsense(struct hostile *hostile)
{
    uint8_t bytes[40];
    size_t size = 1 + random_below(&hostile->random, sizeof bytes);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)random_next(&hostile->random);
    }
    if (bytes[0] >> 4 == PACKET_PUBLISH) {
        bytes[0] = 0xff; /* it could be a message, and every message has a number */
    }
    say(hostile, bytes_of(bytes, size));
    hostile->is_mute = true;
}
