/* pub.c — connect, publish one message, a repeated one, or every line of standard input, wait for
 * what must be acknowledged, disconnect.
 *
 * Lines are queued as long as the outbox and -M allow and then leave in one write; while they do
 * not allow, standard input is not read: nothing is ever dropped. A connection that is lost ends
 * the program with an error, for what was under way may not have arrived. */
#include "cli/pub.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/driver.h"
#include "cli/lines.h"
#include "cli/payload.h"

#define BY_REFERENCE_SIZE (64 * 1024) /* larger payloads are not copied */

struct pub {
    const struct options *options;
    struct driver driver;
    struct output output;
    struct payload payload;
    struct lines lines;
    int64_t in_flight; /* QoS 1 and 2, not acknowledged */
    int64_t sent_count;
    bool holds_payload; /* umqtt still reads the payload with this packet id */
    uint16_t held_packet_id;
    bool all_sent;
    uint32_t next_at_ms; /* of a repeated message with a delay */
    bool is_delayed;
    int exit_code;
};

static void pub_event(struct umqtt *client, const struct umqtt_event *event, void *context);
static void acknowledged(struct pub *pub, const struct umqtt_event *event);
static uint32_t publish_what_is_due(struct pub *pub);
static void publish_lines(struct pub *pub);
static uint32_t publish_repeatedly(struct pub *pub);
static bool may_send(const struct pub *pub);
static bool publish(struct pub *pub, struct bytes payload);
static void fail(struct pub *pub, enum umqtt_error error);

int pub_run(const struct options *options)
{
    struct pub *pub = calloc(1, sizeof(*pub));
    if (!pub) {
        return EXIT_CODE_ERROR;
    }
    int exit_code = EXIT_CODE_ERROR;
    pub->options = options;
    output_init(&pub->output, STDOUT_FILENO);
    lines_init(&pub->lines, STDIN_FILENO);
    if (payload_load(&pub->payload, options)) {
        if (driver_init(&pub->driver, options, &pub->output, pub_event, pub) &&
            driver_start(&pub->driver)) {
            while (!driver_is_over(&pub->driver)) {
                uint32_t wait_ms = publish_what_is_due(pub);
                driver_turn(&pub->driver, wait_ms);
                if (pub->driver.stop_signal) {
                    pub->exit_code = EXIT_CODE_SIGNAL + pub->driver.stop_signal;
                    driver_disconnect(&pub->driver, 0);
                }
            }
            output_flush(&pub->output);
            exit_code = driver_exit_code(&pub->driver);
            exit_code = exit_code ? exit_code : pub->exit_code;
        }
        driver_fini(&pub->driver);
    }
    payload_fini(&pub->payload);
    lines_fini(&pub->lines);
    free(pub);
    return exit_code;
}

static void pub_event(struct umqtt *client, const struct umqtt_event *event, void *context)
{
    (void)client;
    struct pub *pub = context;
    if (event->type == UMQTT_EVENT_ACKNOWLEDGED) {
        acknowledged(pub, event);
    }
}

static void acknowledged(struct pub *pub, const struct umqtt_event *event)
{
    const struct voice *voice = &pub->options->voice;
    if (pub->holds_payload && event->packet_id == pub->held_packet_id) {
        pub->holds_payload = false;
    }
    if (event->packet_id) {
        pub->in_flight--;
        if (pub->options->repeat_delay_ms) {
            pub->next_at_ms = driver_now_ms() + pub->options->repeat_delay_ms;
        }
    }
    if (event->error == UMQTT_REFUSED) {
        say_warning(voice, "Publish %u failed: %s.", event->packet_id,
                    umqtt_reason_words(event->reason));
        /* mosquitto_pub calls this a success; in our own name it is none. */
        pub->exit_code = voice->is_plain ? pub->exit_code : event->reason;
    } else if (event->error) {
        fail(pub, event->error);
    }
}

/* Returns how long to wait for the next message that time brings. */
static uint32_t publish_what_is_due(struct pub *pub)
{
    struct umqtt *umqtt = &pub->driver.umqtt;
    if (umqtt_state(umqtt) != UMQTT_CONNECTED) {
        pub->driver.more_fd = -1;
        return UMQTT_FOREVER;
    }
    uint32_t wait_ms = UMQTT_FOREVER;
    if (pub->options->source == PAYLOAD_LINES) {
        publish_lines(pub);
    } else {
        wait_ms = publish_repeatedly(pub);
    }
    if (pub->all_sent && pub->in_flight <= 0 && umqtt_is_settled(umqtt)) {
        driver_disconnect(&pub->driver, 0);
    }
    return wait_ms;
}

static void publish_lines(struct pub *pub)
{
    struct bytes line;
    pub->driver.more_fd = -1;
    while (may_send(pub)) {
        switch (lines_first(&pub->lines, &line)) {
        case LINES_LINE:
            if (!publish(pub, line)) {
                return;
            }
            lines_take(&pub->lines, line);
            break;
        case LINES_MORE:
            if (pub->driver.more_is_ready) {
                pub->driver.more_is_ready = false;
                lines_read(&pub->lines);
                break;
            }
            pub->driver.more_fd = STDIN_FILENO;
            return;
        case LINES_TOO_LONG:
            say_error(&pub->options->voice, "A line is longer than a message can be.");
            pub->exit_code = EXIT_CODE_TOO_LARGE;
            pub->all_sent = true;
            return;
        case LINES_END: pub->all_sent = true; return;
        }
    }
}

static uint32_t publish_repeatedly(struct pub *pub)
{
    const struct options *options = pub->options;
    while (pub->sent_count < options->repeat_count && may_send(pub)) {
        if (pub->is_delayed) {
            int32_t left_ms = (int32_t)(pub->next_at_ms - driver_now_ms());
            if (pub->in_flight > 0) {
                return UMQTT_FOREVER;
            }
            if (left_ms > 0) {
                return (uint32_t)left_ms;
            }
        }
        if (!publish(pub, pub->payload.bytes)) {
            return UMQTT_FOREVER;
        }
        pub->sent_count++;
        if (options->repeat_delay_ms) {
            pub->is_delayed = true;
            pub->next_at_ms = driver_now_ms() + options->repeat_delay_ms;
        }
    }
    pub->all_sent = pub->sent_count == options->repeat_count;
    return UMQTT_FOREVER;
}

static bool may_send(const struct pub *pub)
{
    return !pub->all_sent && !pub->holds_payload &&
           (pub->options->qos == 0 || pub->in_flight < pub->options->max_in_flight);
}

/* False: not now, or never (then told). */
static bool publish(struct pub *pub, struct bytes payload)
{
    const struct options *options = pub->options;
    struct umqtt_publication publication = {
        .topic = umqtt_text(options->topics.texts[0]),
        .payload = umqtt_bytes(payload.data ? payload.data : (const uint8_t *)"", payload.size),
        .properties = umqtt_properties_bytes(&options->properties[PROPERTIES_PUBLISH]),
        .topic_alias = options->topic_alias,
        .qos = (uint8_t)options->qos,
        .retain = options->retain,
        .by_reference = payload.size > BY_REFERENCE_SIZE,
    };
    uint16_t packet_id = 0;
    enum umqtt_error error = umqtt_send_publish(&pub->driver.umqtt, &publication, &packet_id);
    if (error == UMQTT_FULL) {
        return false;
    }
    if (error) {
        fail(pub, error);
        return false;
    }
    pub->in_flight += packet_id != 0;
    pub->holds_payload = publication.by_reference;
    pub->held_packet_id = packet_id;
    return true;
}

static void fail(struct pub *pub, enum umqtt_error error)
{
    const struct options *options = pub->options;
    if (!pub->all_sent) {
        say_error(&options->voice, "The message cannot be published: %s.",
                  umqtt_error_words(error));
    }
    pub->exit_code = error == UMQTT_TOO_LARGE ? EXIT_CODE_TOO_LARGE : EXIT_CODE_ERROR;
    pub->all_sent = true;
}
