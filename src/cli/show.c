/* show.c — the payload, topic and payload, or what -F says, and an end of line. */
#include "cli/show.h"

#include <time.h>

#include "cli/format.h"

#define REFUSED_FROM 0x80

static void show_plain(const struct options *options, const struct umqtt_message *message,
                       struct output *output);

void show_message(const struct options *options, const struct umqtt_message *message,
                  struct output *output)
{
    if (options->format) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        if (!format_print(options->format, message, &now, options->is_pretty, output)) {
            output_flush(output);
            say_error(&options->voice, "Message payload is not valid JSON on topic %.*s.",
                      (int)message->topic.size, (const char *)message->topic.data);
        }
    } else {
        show_plain(options, message, output);
    }
    if (!options->has_no_newline) {
        output_put_byte(output, '\n');
    }
    output_end_message(output);
}

size_t show_subscribed(const struct options *options, const struct umqtt_event *event,
                       const char *const *filters, size_t count, struct output *output,
                       uint8_t *refusal)
{
    size_t granted = 0;
    bool is_told = options->is_debug && !options->voice.is_quiet;
    if (is_told) {
        output_print(output, "Subscribed (mid: %u): ", event->packet_id);
    }
    for (size_t i = 0; i < event->reasons.size; i++) {
        uint8_t reason = event->reasons.data[i];
        granted += reason < REFUSED_FROM;
        if (is_told) {
            output_print(output, "%s%u", i ? ", " : "", reason);
        }
        if (reason >= REFUSED_FROM) {
            *refusal = reason;
            if (!options->voice.is_plain && i < count) {
                say_warning(&options->voice, "The broker refuses the subscription to %s: %s.",
                            filters[i], umqtt_reason_words(reason));
            }
        }
    }
    if (is_told) {
        output_put_byte(output, '\n');
        output_end_message(output);
    }
    return granted;
}

static void show_plain(const struct options *options, const struct umqtt_message *message,
                       struct output *output)
{
    bool is_coloured = output->has_colour && !options->voice.is_plain;
    if (options->is_verbose) {
        output_put_text(output, is_coloured ? "\033[36m" : "");
        output_put(output, message->topic.data, message->topic.size);
        output_put_text(output, is_coloured ? "\033[0m " : " ");
        if (message->payload.size == 0) {
            output_put_text(output, "(null)");
        }
    }
    output_put(output, message->payload.data, message->payload.size);
}
