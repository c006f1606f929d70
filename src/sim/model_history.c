/* model_history.c — see model_history.h. */
#include "sim/model_history.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>

static void print(const struct model_event *event, const struct model_texts *texts, FILE *out);
static void print_sent(const struct model_event *event, const char *text, FILE *out);
static void print_received(const struct model_event *event, const char *text, FILE *out);
static void print_fact(const struct model_event *event, const char *text, FILE *out);
static void print_publish(const struct model_event *event, const char *text, FILE *out);

static const char *const acks[] = {"PUBACK", "PUBREC", "PUBREL", "PUBCOMP"};

void model_history_add(struct model_history *history, const struct model_event *event)
{
    assert(event->now_us >= history->now_us);
    history->number++;
    history->now_us = event->now_us;
    struct model_event *place = &history->events[history->number % MODEL_EVENTS_KEPT];
    *place = *event;
    place->number = history->number;
}

void model_history_print(const struct model_history *history, const struct model_texts *texts,
                         FILE *out, size_t count_max)
{
    uint64_t count = count_max < MODEL_EVENTS_KEPT ? count_max : MODEL_EVENTS_KEPT;
    uint64_t first = history->number > count ? history->number - count + 1 : 1;
    for (uint64_t number = first; number <= history->number; number++) {
        print(&history->events[number % MODEL_EVENTS_KEPT], texts, out);
    }
}

void model_history_condemn(struct model_history *history, const char *format, ...)
{
    if (model_history_is_condemned(history)) {
        return;
    }
    int head =
        snprintf(history->verdict, sizeof history->verdict,
                 "event %" PRIu64 ", %.6f s: ", history->number, (double)history->now_us / 1e6);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(history->verdict + head, sizeof history->verdict - (size_t)head, format, arguments);
    va_end(arguments);
}

static void print(const struct model_event *event, const struct model_texts *texts, FILE *out)
{
    const char *text = event->text == MODEL_NOBODY ? "" : model_texts_at(texts, event->text);
    fprintf(out, "%8" PRIu64 " %14.6f s  ", event->number, (double)event->now_us / 1e6);
    if (event->client != MODEL_NOBODY) {
        fprintf(out, "client %" PRIu32 " link %" PRIu64 ": ", event->client, event->link);
    }
    if (event->kind <= MODEL_DISCONNECT_SENT) {
        print_sent(event, text, out);
    } else if (event->kind <= MODEL_OTHER_RECEIVED) {
        print_received(event, text, out);
    } else {
        print_fact(event, text, out);
    }
    fputc('\n', out);
}

static void print_sent(const struct model_event *event, const char *text, FILE *out)
{
    switch (event->kind) {
    case MODEL_CONNECT_SENT:
        fprintf(out, "sends CONNECT%s, expiry %" PRId64 " s", event->yes ? ", clean start" : "",
                event->value);
        if (event->message != 0) {
            fprintf(out, ", will %" PRIu64 " to %s QoS %d%s", event->message, text, event->qos,
                    event->retain ? " retain" : "");
        }
        break;
    case MODEL_PUBLISH_SENT:
        fprintf(out, "sends ");
        print_publish(event, text, out);
        break;
    case MODEL_ACK_SENT:
        fprintf(out, "sends %s %d, reason 0x%02x", acks[event->ack], event->packet_id,
                event->reason);
        break;
    case MODEL_SUBSCRIBE_SENT:
        fprintf(out, "sends SUBSCRIBE %d to %s QoS %d", event->packet_id, text, event->qos);
        break;
    case MODEL_UNSUBSCRIBE_SENT:
        fprintf(out, "sends UNSUBSCRIBE %d from %s", event->packet_id, text);
        break;
    default:
        fprintf(out, "sends DISCONNECT, reason 0x%02x", event->reason);
        if (event->yes) {
            fprintf(out, ", expiry %" PRId64 " s", event->value);
        }
        break;
    }
}

static void print_received(const struct model_event *event, const char *text, FILE *out)
{
    switch (event->kind) {
    case MODEL_CONNACK_RECEIVED:
        fprintf(out, "gets CONNACK, reason 0x%02x, session present %d", event->reason, event->yes);
        break;
    case MODEL_PUBLISH_RECEIVED:
        fprintf(out, "gets ");
        print_publish(event, text, out);
        break;
    case MODEL_ACK_RECEIVED:
        fprintf(out, "gets %s %d, reason 0x%02x", acks[event->ack], event->packet_id,
                event->reason);
        break;
    case MODEL_SUBACK_RECEIVED:
        fprintf(out, "gets SUBACK %d, first reason 0x%02x", event->packet_id, event->reason);
        break;
    case MODEL_UNSUBACK_RECEIVED:
        fprintf(out, "gets UNSUBACK %d, first reason 0x%02x", event->packet_id, event->reason);
        break;
    case MODEL_DISCONNECT_RECEIVED:
        fprintf(out, "gets DISCONNECT, reason 0x%02x", event->reason);
        break;
    default: fprintf(out, "gets %s", text); break;
    }
}

static void print_fact(const struct model_event *event, const char *text, FILE *out)
{
    switch (event->kind) {
    case MODEL_LINK_LEFT: fprintf(out, "is left by the client"); break;
    case MODEL_LINK_LOST:
        fprintf(out, "is lost at the broker, %s",
                event->yes ? "all had arrived" : "not all had arrived");
        break;
    case MODEL_CRASHED: fprintf(out, "the broker crashes"); break;
    case MODEL_STOPPED: fprintf(out, "the broker stops in order"); break;
    case MODEL_STARTED: fprintf(out, "the broker starts"); break;
    case MODEL_DISK_CHANGED: fprintf(out, "the disk: %s", text); break;
    case MODEL_CLOCK_JUMPED:
        fprintf(out, "the wall's clock jumps by %.6f s", (double)event->value / 1e6);
        break;
    default: fprintf(out, "all is settled"); break;
    }
}

static void print_publish(const struct model_event *event, const char *text, FILE *out)
{
    fprintf(out, "PUBLISH message %" PRIu64 " to %s QoS %d id %d%s%s", event->message, text,
            event->qos, event->packet_id, event->retain ? " retain" : "", event->dup ? " dup" : "");
    if (event->value > 0) {
        fprintf(out, " expiry %" PRId64 " s", event->value);
    }
}
