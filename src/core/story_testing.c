/* story_testing.c — see story_testing.h. */
#include "core/story_testing.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/property.h"
#include "wire/publish.h"
#include "wire/subscribe.h"
#include "wire/unsubscribe.h"
#include "wire/wire.h"

enum { LINE_SIZE = 4096, SEED = 1 };

static int setup(void **state, uint32_t worker_count);
static struct bytes bytes_from(const char *text, uint8_t *room, size_t room_size);
static void add(char *line, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void write_publish(const struct packet_publish *publish, char *line, size_t size);
static void write_properties(const struct properties *properties, char *line, size_t size);
static void write_property(const struct property *property, char *line, size_t size);

int story_setup_1(void **state)
{
    return setup(state, 1);
}

int story_setup_2(void **state)
{
    return setup(state, 2);
}

int story_setup_3(void **state)
{
    return setup(state, 3);
}

int story_teardown(void **state)
{
    world_end(*state);
    return 0;
}

void given_connected(struct world *world, const char *name, enum protocol_version version)
{
    when_connects(world, name, .version = version, .clean_start = true);
    struct packet packet;
    assert_true(world_read(world_client(world, name), &packet));
    assert_int_equal(packet.type, PACKET_CONNACK);
    assert_int_equal(packet.connack.reason, 0);
}

void given_kept(struct world *world, const char *name, enum protocol_version version)
{
    struct packet_connect connect = {.version = version};
    if (version == PROTOCOL_5) {
        connect.properties = (struct properties){.present = HAVE(session_expiry_interval_s),
                                                 .session_expiry_interval_s = UINT32_MAX};
    }
    story_connect(world, name, connect);
    struct packet packet;
    assert_true(world_read(world_client(world, name), &packet));
    assert_int_equal(packet.type, PACKET_CONNACK);
    assert_int_equal(packet.connack.reason, 0);
}

void given_subscribed(struct world *world, const char *name, const char *filter, uint8_t qos)
{
    when_subscribes(world, name, filter, qos);
    struct packet packet;
    assert_true(world_read(world_client(world, name), &packet));
    assert_int_equal(packet.type, PACKET_SUBACK);
    assert_int_equal(packet.suback.reasons.data[0], qos);
}

void story_connect(struct world *world, const char *name, struct packet_connect connect)
{
    struct world_client *client = world_client(world, name);
    if (!connect.client_id.data) {
        connect.client_id = bytes_of_text(name);
    }
    if (connect.client_id.size > 0) {
        world_note_id(world, connect.client_id);
    }
    world_disconnect(world, client);
    client->version = connect.version;
    world_connect(world, client);
    when_sends(world, name, &(struct packet){.type = PACKET_CONNECT, .connect = connect});
}

uint16_t when_publishes(struct world *world, const char *name, const char *topic,
                        const char *payload, uint8_t qos)
{
    return when_sends_publish(world, name, .topic = bytes_of_text(topic),
                              .payload = bytes_of_text(payload), .qos = qos);
}

uint16_t when_retains(struct world *world, const char *name, const char *topic, const char *payload,
                      uint8_t qos)
{
    return when_sends_publish(world, name, .topic = bytes_of_text(topic),
                              .payload = bytes_of_text(payload), .qos = qos, .retain = true);
}

uint16_t story_publish(struct world *world, const char *name, struct packet_publish publish)
{
    struct packet packet = {.type = PACKET_PUBLISH, .publish = publish};
    if (publish.qos > 0 && publish.packet_id == 0) {
        packet.publish.packet_id = ++world_client(world, name)->last_id;
    }
    packet.publish.passed_on_size = publish.properties.size;
    when_sends(world, name, &packet);
    return packet.publish.packet_id;
}

uint16_t when_subscribes(struct world *world, const char *name, const char *filter, uint8_t qos)
{
    return when_sends_subscribe(world, name, 0, {.filter = bytes_of_text(filter), .qos = qos});
}

uint16_t story_subscribe(struct world *world, const char *name, uint32_t id,
                         const struct subscribe_entry *entries, size_t count)
{
    struct world_client *client = world_client(world, name);
    uint8_t room[LINE_SIZE];
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size +=
            subscribe_entry_encode(&entries[i], client->version, room + size, sizeof room - size);
    }
    struct packet packet = {
        .type = PACKET_SUBSCRIBE,
        .subscribe = {.packet_id = ++client->last_id, .entries = bytes_of(room, size)}};
    if (id != 0) {
        packet.subscribe.properties.present = HAVE(subscription_identifier);
        packet.subscribe.properties.subscription_identifier = id;
    }
    when_sends(world, name, &packet);
    return packet.subscribe.packet_id;
}

uint16_t when_unsubscribes(struct world *world, const char *name, const char *filter)
{
    struct world_client *client = world_client(world, name);
    uint8_t room[LINE_SIZE];
    size_t size = unsubscribe_entry_encode(bytes_of_text(filter), room, sizeof room);
    struct packet packet = {
        .type = PACKET_UNSUBSCRIBE,
        .unsubscribe = {.packet_id = ++client->last_id, .entries = bytes_of(room, size)}};
    when_sends(world, name, &packet);
    return packet.unsubscribe.packet_id;
}

void when_acks(struct world *world, const char *name, enum packet_type type, uint16_t packet_id,
               enum reason_code reason)
{
    when_sends(
        world, name,
        &(struct packet){.type = type, .ack = {.packet_id = packet_id, .reason = (uint8_t)reason}});
}

void when_sends(struct world *world, const char *name, const struct packet *packet)
{
    struct world_client *client = world_client(world, name);
    size_t size = wire_size(packet, client->version);
    assert_true(size > 0);
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    world_write(client, bytes_of(bytes, wire_encode(packet, client->version, bytes, size)));
    free(bytes);
    world_settle(world);
}

void when_sends_bytes(struct world *world, const char *name, const char *text)
{
    uint8_t room[LINE_SIZE];
    world_write(world_client(world, name), bytes_from(text, room, sizeof room));
    world_settle(world);
}

void when_disconnects(struct world *world, const char *name)
{
    when_sends(world, name, &(struct packet){.type = PACKET_DISCONNECT});
    world_disconnect(world, world_client(world, name));
    world_settle(world);
}

void when_breaks(struct world *world, const char *name)
{
    world_disconnect(world, world_client(world, name));
    world_settle(world);
}

void when_passes_s(struct world *world, uint64_t seconds)
{
    world_pass_us(world, seconds * 1000000);
}

void when_reads(struct world *world, const char *name, size_t appetite)
{
    world_client(world, name)->appetite = appetite;
    world_settle(world);
}

void when_answers(struct world *world, const char *name, enum verdict verdict, uint8_t reason,
                  const char *data)
{
    struct world_client *client = world_client(world, name);
    assert_non_null(client->link);
    struct event event = {
        .kind = EVENT_AUTHENTICATED,
        .link = client->link,
        .authenticated = {.verdict = verdict, .reason = reason, .data = bytes_of_text(data)}};
    world_tell(world, client->worker, &event);
    world_settle(world);
}

void story_receives(struct world *world, const char *name, const char *line, const char *file,
                    int at)
{
    struct packet packet;
    char came[LINE_SIZE] = "";
    if (world_read(world_client(world, name), &packet)) {
        story_write_packet(&packet, came, sizeof came);
    }
    if (strcmp(came, line) != 0) {
        print_error("%s gets     \"%s\"\n%*s not    \"%s\"\n", name, came, (int)strlen(name), "",
                    line);
        _fail(file, at);
    }
}

size_t then_takes_all(struct world *world, const char *name)
{
    struct packet packet;
    size_t count = 0;
    while (world_read(world_client(world, name), &packet)) {
        count++;
    }
    return count;
}

void story_closed(struct world *world, const char *name, const char *file, int at)
{
    struct world_client *client = world_client(world, name);
    story_receives(world, name, "", file, at);
    if (client->link || !client->is_closed_by_server) {
        print_error("%s is still connected\n", name);
        _fail(file, at);
    }
}

void then_asks(struct world *world, const char *words)
{
    assert_int_equal(world->request_count, 1);
    assert_string_equal(world->requests[0].words, words);
    world->request_count = 0;
}

void story_write_packet(const struct packet *packet, char *line, size_t size)
{
    static const char *const names[] = {"",          "CONNECT",  "CONNACK",     "PUBLISH",
                                        "PUBACK",    "PUBREC",   "PUBREL",      "PUBCOMP",
                                        "SUBSCRIBE", "SUBACK",   "UNSUBSCRIBE", "UNSUBACK",
                                        "PINGREQ",   "PINGRESP", "DISCONNECT",  "AUTH"};
    snprintf(line, size, "%s", names[packet->type]);
    switch (packet->type) {
    case PACKET_CONNACK:
        add(line, size, " %02X%s", packet->connack.reason,
            packet->connack.session_present ? " present" : "");
        write_properties(&packet->connack.properties, line, size);
        break;
    case PACKET_PUBLISH: write_publish(&packet->publish, line, size); break;
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
        add(line, size, " #%u", packet->ack.packet_id);
        if (packet->ack.reason != 0) {
            add(line, size, " %02X", packet->ack.reason);
        }
        if (packet->ack.properties.present != 0) {
            write_properties(&packet->ack.properties, line, size);
        }
        break;
    case PACKET_SUBACK:
    case PACKET_UNSUBACK:
        add(line, size, " #%u", packet->suback.packet_id);
        for (size_t i = 0; i < packet->suback.reasons.size; i++) {
            add(line, size, " %02X", packet->suback.reasons.data[i]);
        }
        write_properties(&packet->suback.properties, line, size);
        break;
    case PACKET_DISCONNECT:
    case PACKET_AUTH:
        add(line, size, " %02X", packet->disconnect.reason);
        write_properties(&packet->disconnect.properties, line, size);
        break;
    default: break;
    }
}

static int setup(void **state, uint32_t worker_count)
{
    struct world *world = world_new(worker_count, SEED);
    world_start(world);
    *state = world;
    return 0;
}

/* The notation of tests/packets.def. */
static struct bytes bytes_from(const char *text, uint8_t *room, size_t room_size)
{
    size_t size = 0;
    while (*text) {
        assert_true(size < room_size);
        if (*text == '\'') {
            for (text++; *text != '\''; text++) {
                assert_true(*text && size < room_size);
                room[size++] = (uint8_t)*text;
            }
            text++;
        } else if (isxdigit((unsigned char)*text)) {
            char digits[3] = {text[0], text[1], 0};
            room[size++] = (uint8_t)strtoul(digits, NULL, 16);
            text += 2;
        } else {
            text++;
        }
    }
    return bytes_of(room, size);
}

static void add(char *line, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t used = strlen(line);
    va_start(arguments, format);
    vsnprintf(line + used, size - used, format, arguments);
    va_end(arguments);
}

static void write_publish(const struct packet_publish *publish, char *line, size_t size)
{
    bool is_long = publish->payload.size > 100;
    add(line, size, " %.*s=", (int)publish->topic.size, (const char *)publish->topic.data);
    if (is_long) {
        add(line, size, "(%zu bytes)", publish->payload.size);
    } else {
        add(line, size, "%.*s", (int)publish->payload.size, (const char *)publish->payload.data);
    }
    add(line, size, " q%u", publish->qos);
    if (publish->packet_id != 0) {
        add(line, size, " #%u", publish->packet_id);
    }
    add(line, size, "%s%s", publish->dup ? " dup" : "", publish->retain ? " retain" : "");
    struct property property;
    size_t offset = 0;
    const char *before = " [";
    while (property_next(publish->properties, &offset, &property) == PROPERTY_FOUND) {
        add(line, size, "%s", before);
        write_property(&property, line, size);
        before = " ";
    }
    add(line, size, "%s", before[1] == 0 ? "]" : "");
}

static void write_properties(const struct properties *properties, char *line, size_t size)
{
    const char *before = " [";
    if (properties_have(properties, PROPERTY_reason_string)) {
        assert_true(properties->reason_string.size > 0);
        add(line, size, " why");
    }
#define SHOW_NUMBER(name)                                                                          \
    if (properties_have(properties, PROPERTY_##name)) {                                            \
        add(line, size, "%s" #name "=%u", before, (unsigned)properties->name);                     \
        before = " ";                                                                              \
    }
#define SHOW_TEXT(name)                                                                            \
    if (properties_have(properties, PROPERTY_##name)) {                                            \
        add(line, size, "%s" #name "=%.*s", before, (int)properties->name.size,                    \
            (const char *)properties->name.data);                                                  \
        before = " ";                                                                              \
    }
    SHOW_NUMBER(session_expiry_interval_s)
    SHOW_TEXT(assigned_client_identifier)
    SHOW_NUMBER(server_keep_alive_s)
    SHOW_TEXT(authentication_method)
    SHOW_TEXT(authentication_data)
    SHOW_TEXT(response_information)
    SHOW_TEXT(server_reference)
    SHOW_NUMBER(receive_maximum)
    SHOW_NUMBER(topic_alias_maximum)
    SHOW_NUMBER(maximum_qos)
    SHOW_NUMBER(retain_available)
    SHOW_NUMBER(maximum_packet_size)
    SHOW_NUMBER(wildcard_subscription_available)
    SHOW_NUMBER(subscription_identifier_available)
    SHOW_NUMBER(shared_subscription_available)
    add(line, size, "%s", before[1] == 0 ? "]" : "");
}

static void write_property(const struct property *property, char *line, size_t size)
{
    static const char *const names[PROPERTY_COUNT] = {
        [PROPERTY_payload_format_indicator] = "payload_format_indicator",
        [PROPERTY_message_expiry_interval_s] = "message_expiry_interval_s",
        [PROPERTY_content_type] = "content_type",
        [PROPERTY_response_topic] = "response_topic",
        [PROPERTY_correlation_data] = "correlation_data",
        [PROPERTY_subscription_identifier] = "subscription_identifier",
        [PROPERTY_topic_alias] = "topic_alias",
        [PROPERTY_user_property] = "user_property",
    };
    add(line, size, "%s=", names[property->index]);
    switch (property_type_of(property->index)) {
    case PROPERTY_TYPE_TEXT:
    case PROPERTY_TYPE_BINARY:
        add(line, size, "%.*s", (int)property->text.size, (const char *)property->text.data);
        break;
    case PROPERTY_TYPE_TEXT_PAIR:
        add(line, size, "%.*s:%.*s", (int)property->text.size, (const char *)property->text.data,
            (int)property->value.size, (const char *)property->value.data);
        break;
    default: add(line, size, "%u", property->number);
    }
}
