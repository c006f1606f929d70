/* trace.c — cuts the byte streams into packets, keeps the head of each, and tells it. What is cut
 * off or senseless is told as far as it goes: a trace must never be what fails. */
#include "cli/trace.h"

#include <stdio.h>

enum type {
    CONNECT = 1,
    CONNACK,
    PUBLISH,
    PUBACK,
    PUBREC,
    PUBREL,
    PUBCOMP,
    SUBSCRIBE,
    SUBACK,
    UNSUBSCRIBE,
    UNSUBACK,
    PINGREQ,
    PINGRESP,
    DISCONNECT,
    AUTH,
};

static const char *const names[16] = {
    [CONNECT] = "CONNECT",         [CONNACK] = "CONNACK",       [PUBLISH] = "PUBLISH",
    [PUBACK] = "PUBACK",           [PUBREC] = "PUBREC",         [PUBREL] = "PUBREL",
    [PUBCOMP] = "PUBCOMP",         [SUBSCRIBE] = "SUBSCRIBE",   [SUBACK] = "SUBACK",
    [UNSUBSCRIBE] = "UNSUBSCRIBE", [UNSUBACK] = "UNSUBACK",     [PINGREQ] = "PINGREQ",
    [PINGRESP] = "PINGRESP",       [DISCONNECT] = "DISCONNECT", [AUTH] = "AUTH",
};

/* The head of a packet being read; beyond its end there are zeros. */
struct cursor {
    const uint8_t *data;
    size_t size, at;
};

static void pass(struct trace *trace, struct trace_direction *direction, bool is_sent,
                 const uint8_t *data, size_t size);
static bool size_of_packet(struct trace_direction *direction);
static void tell(struct trace *trace, const struct trace_direction *direction, bool is_sent);
static void tell_connack(struct trace *trace, struct cursor *cursor);
static void tell_publish(struct trace *trace, struct cursor *cursor, bool is_sent, size_t size);
static void tell_ack(struct trace *trace, struct cursor *cursor, bool is_sent, enum type type);
static void tell_filters(struct trace *trace, struct cursor *cursor, enum type type);
static uint8_t read_byte(struct cursor *cursor);
static uint16_t read_two_bytes(struct cursor *cursor);
static uint32_t read_variable(struct cursor *cursor);
static struct umqtt_bytes read_text(struct cursor *cursor);
static struct umqtt_bytes read_properties(const struct trace *trace, struct cursor *cursor);

void trace_init(struct trace *trace, struct output *output, enum umqtt_version version,
                const char *client_id)
{
    *trace = (struct trace){.output = output, .version = version};
    snprintf(trace->name, sizeof(trace->name), "%s", client_id ? client_id : "(null)");
}

void trace_restart(struct trace *trace)
{
    trace->sent.head_size = trace->sent.packet_size = trace->sent.seen = 0;
    trace->received.head_size = trace->received.packet_size = trace->received.seen = 0;
}

void trace_sent(struct trace *trace, const uint8_t *data, size_t size)
{
    pass(trace, &trace->sent, true, data, size);
}

void trace_received(struct trace *trace, const uint8_t *data, size_t size)
{
    pass(trace, &trace->received, false, data, size);
}

static void pass(struct trace *trace, struct trace_direction *direction, bool is_sent,
                 const uint8_t *data, size_t size)
{
    while (size > 0) {
        /* The fixed header byte by byte, until it says how long the packet is. */
        size_t step = 1;
        if (direction->packet_size) {
            step = direction->packet_size - direction->seen;
            step = step < size ? step : size;
        }
        size_t room = sizeof(direction->head) - direction->head_size;
        size_t kept = step < room ? step : room;
        memcpy(direction->head + direction->head_size, data, kept);
        bool was_full = room == 0;
        direction->head_size += kept;
        direction->seen += step;
        data += step;
        size -= step;
        if (!direction->packet_size && !size_of_packet(direction)) {
            continue;
        }
        bool is_whole = direction->seen == direction->packet_size;
        bool is_full = direction->head_size == sizeof(direction->head);
        if (!was_full && (is_whole || is_full)) {
            tell(trace, direction, is_sent);
        }
        if (is_whole) {
            direction->head_size = direction->packet_size = direction->seen = 0;
        }
    }
}

/* True when the Remaining Length is there. */
static bool size_of_packet(struct trace_direction *direction)
{
    size_t last = direction->head_size - 1;
    if (last == 0 || (direction->head[last] & 0x80 && last < 4)) {
        return false;
    }
    struct cursor cursor = {direction->head, direction->head_size, 1};
    direction->packet_size = direction->head_size + read_variable(&cursor);
    return true;
}

static void tell(struct trace *trace, const struct trace_direction *direction, bool is_sent)
{
    struct cursor cursor = {direction->head, direction->head_size, 1};
    enum type type = direction->head[0] >> 4;
    struct output *output = trace->output;
    read_variable(&cursor);
    if (type == CONNACK) {
        tell_connack(trace, &cursor);
    } else if (type == SUBSCRIBE || type == UNSUBSCRIBE) {
        tell_filters(trace, &cursor, type);
    } else {
        output_print(output, "Client %s %s %s", trace->name, is_sent ? "sending" : "received",
                     names[type] ? names[type] : "an unknown packet");
        if (type == PUBLISH) {
            tell_publish(trace, &cursor, is_sent, direction->packet_size);
        } else if (type >= PUBACK && type <= PUBCOMP) {
            tell_ack(trace, &cursor, is_sent, type);
        } else if (type == DISCONNECT && !is_sent) {
            output_print(output, " (%u)", read_byte(&cursor));
        }
        output_put_byte(output, '\n');
    }
    output_end_message(output);
}

static void tell_connack(struct trace *trace, struct cursor *cursor)
{
    struct umqtt_property assigned;
    read_byte(cursor);
    unsigned reason = read_byte(cursor);
    if (umqtt_property_find(read_properties(trace, cursor), UMQTT_ASSIGNED_CLIENT_IDENTIFIER,
                            &assigned)) {
        snprintf(trace->name, sizeof(trace->name), "%.*s", (int)assigned.text.size,
                 (const char *)assigned.text.data);
    }
    output_print(trace->output, "Client %s received CONNACK (%u)\n", trace->name, reason);
}

static void tell_publish(struct trace *trace, struct cursor *cursor, bool is_sent, size_t size)
{
    unsigned flags = cursor->data[0] & 15u;
    unsigned qos = flags >> 1 & 3u;
    struct umqtt_bytes topic = read_text(cursor);
    unsigned packet_id = 0;
    if (qos) {
        packet_id = read_two_bytes(cursor);
        trace->publish_count = (uint16_t)packet_id;
    } else if (is_sent) {
        packet_id = ++trace->publish_count;
    }
    read_properties(trace, cursor);
    output_print(trace->output, " (d%u, q%u, r%u, m%u, '", flags >> 3, qos, flags & 1u, packet_id);
    if (topic.size > 0) {
        output_put(trace->output, topic.data, topic.size);
    } else {
        output_put_text(trace->output, "(null)");
    }
    output_print(trace->output, "', ... (%zu bytes))", size - cursor->at);
}

/* The wording differs with the direction, as mosquitto's does. */
static void tell_ack(struct trace *trace, struct cursor *cursor, bool is_sent, enum type type)
{
    unsigned packet_id = read_two_bytes(cursor);
    unsigned reason = trace->version == UMQTT_5 ? read_byte(cursor) : 0;
    bool has_reason =
        is_sent ? type == PUBACK || type == PUBREC : type == PUBACK || type == PUBCOMP;
    if (is_sent && has_reason) {
        output_print(trace->output, " (m%u, rc%u)", packet_id, reason);
    } else if (is_sent) {
        output_print(trace->output, " (m%u)", packet_id);
    } else if (has_reason) {
        output_print(trace->output, " (Mid: %u, RC:%u)", packet_id, reason);
    } else {
        output_print(trace->output, " (Mid: %u)", packet_id);
    }
}

static void tell_filters(struct trace *trace, struct cursor *cursor, enum type type)
{
    unsigned packet_id = read_two_bytes(cursor);
    read_properties(trace, cursor);
    while (cursor->at < cursor->size) {
        struct umqtt_bytes filter = read_text(cursor);
        output_print(trace->output, "Client %s sending %s (Mid: %u, Topic: ", trace->name,
                     names[type], packet_id);
        output_put(trace->output, filter.data, filter.size);
        if (type == SUBSCRIBE) {
            unsigned flags = read_byte(cursor);
            output_print(trace->output, ", QoS: %u, Options: 0x%02x", flags & 3u, flags & 0xFCu);
        }
        output_put_text(trace->output, ")\n");
    }
}

static uint8_t read_byte(struct cursor *cursor)
{
    return cursor->at < cursor->size ? cursor->data[cursor->at++] : 0;
}

static uint16_t read_two_bytes(struct cursor *cursor)
{
    unsigned high = read_byte(cursor);
    return (uint16_t)(high << 8 | read_byte(cursor));
}

static uint32_t read_variable(struct cursor *cursor)
{
    uint32_t value = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        uint8_t byte = read_byte(cursor);
        value |= (uint32_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) {
            break;
        }
    }
    return value;
}

static struct umqtt_bytes read_some(struct cursor *cursor, size_t size)
{
    size_t left = cursor->size - cursor->at;
    struct umqtt_bytes some = {cursor->data + cursor->at, size < left ? size : left};
    cursor->at += some.size;
    return some;
}

static struct umqtt_bytes read_text(struct cursor *cursor)
{
    size_t size = read_two_bytes(cursor);
    return read_some(cursor, size);
}

static struct umqtt_bytes read_properties(const struct trace *trace, struct cursor *cursor)
{
    if (trace->version != UMQTT_5) {
        return umqtt_bytes(NULL, 0);
    }
    size_t size = read_variable(cursor);
    return read_some(cursor, size);
}
