/* sub.c — connect, subscribe, show messages until told to stop: by -C, -W, -E, --retained-only, a
 * signal, or a reader of our output who has gone.
 *
 * With -C and --retained-only not one message more than wanted is acknowledged to the broker: what
 * a durable session still holds is there for the next time. A lost connection is made again, and
 * the subscriptions with it. */
#include "cli/sub.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "cli/assembly.h"
#include "cli/driver.h"
#include "cli/show.h"
#include "topic/topic_filter.h"

#define REASON_WITH_WILL 4 /* a DISCONNECT after which the will is published all the same */

struct sub {
    const struct options *options;
    struct driver driver;
    struct output output;
    struct assembly assembly;
    struct random random;
    struct umqtt_subscription *subscriptions;
    struct umqtt_bytes *unsubscribes;
    int64_t message_count, removal_count; /* removals: not acknowledged yet */
    bool was_subscribed;
    bool is_ending; /* nothing more is shown; leave when may_leave */
    uint8_t end_reason;
    int exit_code;
};

static void run(struct sub *sub);
static bool may_leave(struct sub *sub);
static bool make_lists(struct sub *sub);
static void sub_event(struct umqtt *client, const struct umqtt_event *event, void *context);
static void subscribe(struct sub *sub);
static void subscribed(struct sub *sub, const struct umqtt_event *event);
static void message_part(struct sub *sub, const struct umqtt_message *part);
static void message_arrived(struct sub *sub, const struct umqtt_message *message);
static bool is_filtered_out(const struct sub *sub, struct umqtt_bytes topic);
static void remove_retained(struct sub *sub, struct umqtt_bytes topic);
static bool is_chosen(struct sub *sub);
static void end(struct sub *sub, uint8_t reason);

int sub_run(const struct options *options)
{
    struct sub *sub = calloc(1, sizeof(*sub));
    if (!sub) {
        return EXIT_CODE_ERROR;
    }
    int exit_code = EXIT_CODE_ERROR;
    sub->options = options;
    output_init(&sub->output, STDOUT_FILENO);
    random_seed(&sub->random, (uint64_t)driver_now_ms() << 32 ^ (uint64_t)getpid());
    if (make_lists(sub) && driver_init(&sub->driver, options, &sub->output, sub_event, sub)) {
        sub->driver.reconnects = true;
        sub->driver.goes_by_packets |= options->message_count_max > 0 || options->retained_only;
        if (driver_start(&sub->driver)) {
            run(sub);
            output_flush(&sub->output);
            exit_code = driver_exit_code(&sub->driver);
            exit_code = exit_code ? exit_code : sub->exit_code;
        }
    }
    driver_fini(&sub->driver);
    assembly_fini(&sub->assembly);
    free(sub->subscriptions);
    free(sub->unsubscribes);
    free(sub);
    return exit_code;
}

static void run(struct sub *sub)
{
    struct driver *driver = &sub->driver;
    const struct options *options = sub->options;
    uint32_t begin_ms = driver_now_ms();
    while (!driver_is_over(driver)) {
        uint32_t wait_ms = UMQTT_FOREVER;
        if (options->wait_s > 0) {
            int64_t left_ms = options->wait_s * 1000 - (int64_t)(driver_now_ms() - begin_ms);
            wait_ms = left_ms > 0 ? (uint32_t)left_ms : UMQTT_FOREVER;
            if (left_ms <= 0 && !sub->is_ending) {
                output_flush(&sub->output);
                say_plainly(&options->voice, "Timed out");
                sub->exit_code = EXIT_CODE_TIMED_OUT;
                end(sub, REASON_WITH_WILL);
            }
        }
        if (driver->stop_signal || sub->output.is_broken) {
            /* mosquitto's rule: who is told to go leaves the will behind. */
            end(sub, driver->stop_signal ? REASON_WITH_WILL : 0);
            driver_disconnect(driver, sub->end_reason);
        } else if (sub->is_ending && may_leave(sub)) {
            driver_disconnect(driver, sub->end_reason);
        }
        driver_turn(driver, wait_ms);
    }
}

/* Removals are waited for, and that our acknowledgements are written; nothing is without a
 * connection. */
static bool may_leave(struct sub *sub)
{
    struct umqtt *umqtt = &sub->driver.umqtt;
    return umqtt_state(umqtt) != UMQTT_CONNECTED ||
           (sub->removal_count == 0 && umqtt_output(umqtt).size == 0);
}

static bool make_lists(struct sub *sub)
{
    const struct options *options = sub->options;
    sub->subscriptions = calloc(options->topics.count, sizeof(*sub->subscriptions));
    sub->unsubscribes = calloc(options->unsubscribes.count + 1, sizeof(*sub->unsubscribes));
    if (!sub->subscriptions || !sub->unsubscribes) {
        return false;
    }
    for (size_t i = 0; i < options->topics.count; i++) {
        sub->subscriptions[i] = (struct umqtt_subscription){
            .filter = umqtt_text(options->topics.texts[i]),
            .qos = (uint8_t)options->qos,
            .no_local = options->no_local,
            .retain_as_published = options->retain_as_published,
            .retain_handling = (uint8_t)options->retain_handling,
        };
    }
    for (size_t i = 0; i < options->unsubscribes.count; i++) {
        sub->unsubscribes[i] = umqtt_text(options->unsubscribes.texts[i]);
    }
    return true;
}

static void sub_event(struct umqtt *client, const struct umqtt_event *event, void *context)
{
    struct sub *sub = context;
    (void)client;
    switch (event->type) {
    case UMQTT_EVENT_CONNECTED:
        if (!(event->session_present && sub->was_subscribed)) {
            subscribe(sub);
        }
        break;
    case UMQTT_EVENT_SUBSCRIBED: subscribed(sub, event); break;
    case UMQTT_EVENT_MESSAGE: message_part(sub, &event->message); break;
    case UMQTT_EVENT_SKIPPED:
        say_warning(&sub->options->voice,
                    "A message of %zu bytes was skipped: its properties are too large.",
                    event->message.payload_size);
        break;
    case UMQTT_EVENT_ACKNOWLEDGED: sub->removal_count--; break;
    default: break;
    }
}

static void subscribe(struct sub *sub)
{
    const struct options *options = sub->options;
    struct umqtt *umqtt = &sub->driver.umqtt;
    sub->removal_count = 0;
    enum umqtt_error error = umqtt_send_subscribe(
        umqtt, sub->subscriptions, options->topics.count,
        umqtt_properties_bytes(&options->properties[PROPERTIES_SUBSCRIBE]), NULL);
    if (!error && options->unsubscribes.count > 0) {
        error = umqtt_send_unsubscribe(
            umqtt, sub->unsubscribes, options->unsubscribes.count,
            umqtt_properties_bytes(&options->properties[PROPERTIES_UNSUBSCRIBE]), NULL);
    }
    if (error) {
        say_error(&options->voice, "Cannot subscribe: %s.", umqtt_error_words(error));
        sub->exit_code = EXIT_CODE_ERROR;
        end(sub, 0);
    }
}

static void subscribed(struct sub *sub, const struct umqtt_event *event)
{
    const struct options *options = sub->options;
    uint8_t refusal = 0;
    size_t granted = show_subscribed(options, event, options->topics.texts, options->topics.count,
                                     &sub->output, &refusal);
    sub->was_subscribed = true;
    if (granted == 0) {
        output_flush(&sub->output);
        say_plainly(&options->voice, "All subscription requests were denied.");
        sub->exit_code = options->voice.is_plain ? EXIT_CODE_OK : refusal;
        end(sub, 0);
    } else if (options->exits_after_subscribe) {
        end(sub, 0);
    }
}

static void message_part(struct sub *sub, const struct umqtt_message *part)
{
    struct umqtt_message message;
    if (sub->is_ending) {
        return;
    }
    switch (assembly_add(&sub->assembly, part, &message)) {
    case ASSEMBLY_WHOLE: message_arrived(sub, &message); break;
    case ASSEMBLY_PART: break;
    case ASSEMBLY_NO_MEMORY:
        if (part->payload_offset == 0) {
            say_error(&sub->options->voice, "No memory for a message of %zu bytes on %.*s.",
                      part->payload_size, (int)part->topic.size, (const char *)part->topic.data);
        }
        break;
    }
}

static void message_arrived(struct sub *sub, const struct umqtt_message *message)
{
    const struct options *options = sub->options;
    if (options->retained_only && !message->retain) {
        end(sub, 0);
        return;
    }
    if (is_filtered_out(sub, message->topic)) {
        return;
    }
    if (options->removes_retained && message->retain) {
        remove_retained(sub, message->topic);
    }
    if ((options->ignores_retained && message->retain) || !is_chosen(sub)) {
        return;
    }
    show_message(options, message, &sub->output);
    sub->message_count++;
    if (sub->message_count == options->message_count_max) {
        end(sub, 0);
    }
}

static bool is_filtered_out(const struct sub *sub, struct umqtt_bytes topic)
{
    const struct text_list *filters = &sub->options->filters_out;
    for (size_t i = 0; i < filters->count; i++) {
        struct topic_filter filter;
        if (topic_filter_parse(bytes_of_text(filters->texts[i]), &filter) &&
            topic_filter_matches(filter.filter, bytes_of(topic.data, topic.size))) {
            return true;
        }
    }
    return false;
}

static void remove_retained(struct sub *sub, struct umqtt_bytes topic)
{
    struct umqtt_publication removal = {
        .topic = topic,
        .payload = umqtt_text(""),
        .qos = 1,
        .retain = true,
    };
    enum umqtt_error error = umqtt_send_publish(&sub->driver.umqtt, &removal, NULL);
    if (error) {
        say_error(&sub->options->voice, "Cannot remove the retained message of %.*s: %s.",
                  (int)topic.size, (const char *)topic.data, umqtt_error_words(error));
    } else {
        sub->removal_count++;
    }
}

static bool is_chosen(struct sub *sub)
{
    const double percent = sub->options->random_percent;
    return percent >= 100 || (double)random_below(&sub->random, 1000000) < percent * 10000;
}

/* The last message is still acknowledged, the next one is not even looked at (unless we wait for
 * the answers to removals, which come the same way). */
static void end(struct sub *sub, uint8_t reason)
{
    if (!sub->is_ending) {
        sub->is_ending = true;
        sub->end_reason = reason;
        sub->driver.is_paused = sub->removal_count == 0;
    }
}
