/* rr.c — subscribe to the response topic; when the broker has taken that, publish the request,
 * which names the response topic (MQTT 5.0 section 4.10); show the first response and end. */
#include "cli/rr.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/assembly.h"
#include "cli/driver.h"
#include "cli/payload.h"
#include "cli/properties_option.h"
#include "cli/show.h"

struct rr {
    struct options *options;
    struct driver driver;
    struct output output;
    struct assembly assembly;
    struct payload payload;
    bool is_ending;
    int exit_code;
};

static void run(struct rr *rr);
static bool add_response_topic(struct rr *rr);
static void rr_event(struct umqtt *client, const struct umqtt_event *event, void *context);
static void subscribe(struct rr *rr);
static void request(struct rr *rr);
static void fail(struct rr *rr, const char *what, enum umqtt_error error);
static void end(struct rr *rr, int exit_code);

int rr_run(struct options *options)
{
    struct rr *rr = calloc(1, sizeof(*rr));
    if (!rr) {
        return EXIT_CODE_ERROR;
    }
    int exit_code = EXIT_CODE_ERROR;
    rr->options = options;
    output_init(&rr->output, STDOUT_FILENO);
    if (add_response_topic(rr) && payload_load(&rr->payload, options)) {
        if (driver_init(&rr->driver, options, &rr->output, rr_event, rr)) {
            if (driver_start(&rr->driver)) {
                run(rr);
                output_flush(&rr->output);
                exit_code = driver_exit_code(&rr->driver);
                exit_code = exit_code ? exit_code : rr->exit_code;
            }
        }
        driver_fini(&rr->driver);
    }
    payload_fini(&rr->payload);
    assembly_fini(&rr->assembly);
    free(rr);
    return exit_code;
}

static void run(struct rr *rr)
{
    struct driver *driver = &rr->driver;
    uint32_t begin_ms = driver_now_ms();
    int64_t limit_ms = rr->options->wait_s * 1000;
    while (!driver_is_over(driver)) {
        int64_t left_ms = limit_ms - (int64_t)(driver_now_ms() - begin_ms);
        if (limit_ms > 0 && left_ms <= 0 && !rr->is_ending) {
            say_plainly(&rr->options->voice, "Timed out");
            end(rr, EXIT_CODE_TIMED_OUT);
            driver_disconnect(driver, 0);
        }
        if (driver->stop_signal || rr->output.is_broken ||
            (rr->is_ending && umqtt_output(&driver->umqtt).size == 0)) {
            driver_disconnect(driver, 0);
        }
        driver_turn(driver, limit_ms > 0 && left_ms > 0 ? (uint32_t)left_ms : UMQTT_FOREVER);
    }
}

static bool add_response_topic(struct rr *rr)
{
    struct umqtt_property property = {
        .id = UMQTT_RESPONSE_TOPIC,
        .text = umqtt_text(rr->options->response_topic),
    };
    if (rr->options->version != UMQTT_5) {
        return true; /* whoever answers must know the topic otherwise */
    }
    return properties_option_add(rr->options, PROPERTIES_PUBLISH, &property) == UMQTT_OK;
}

static void rr_event(struct umqtt *client, const struct umqtt_event *event, void *context)
{
    struct rr *rr = context;
    const struct options *options = rr->options;
    struct umqtt_message message;
    uint8_t refusal = 0;
    (void)client;
    switch (event->type) {
    case UMQTT_EVENT_CONNECTED: subscribe(rr); break;
    case UMQTT_EVENT_SUBSCRIBED:
        if (event->reasons.size > 0 && event->reasons.data[0] >= 0x80) {
            refusal = event->reasons.data[0];
            say_error(&options->voice, "The broker refuses the subscription to %s: %s.",
                      options->response_topic, umqtt_reason_words(refusal));
            end(rr, refusal);
        } else {
            request(rr);
        }
        break;
    case UMQTT_EVENT_ACKNOWLEDGED:
        if (event->error) {
            fail(rr, "The request is refused", event->error);
        }
        break;
    case UMQTT_EVENT_MESSAGE:
        if (!rr->is_ending &&
            assembly_add(&rr->assembly, &event->message, &message) == ASSEMBLY_WHOLE &&
            !(message.retain && options->ignores_retained)) {
            show_message(options, &message, &rr->output);
            end(rr, EXIT_CODE_OK);
        }
        break;
    default: break;
    }
}

static void subscribe(struct rr *rr)
{
    const struct options *options = rr->options;
    struct umqtt_subscription subscription = {
        .filter = umqtt_text(options->response_topic),
        .qos = (uint8_t)options->qos,
    };
    enum umqtt_error error = umqtt_send_subscribe(
        &rr->driver.umqtt, &subscription, 1,
        umqtt_properties_bytes(&options->properties[PROPERTIES_SUBSCRIBE]), NULL);
    if (error) {
        fail(rr, "Cannot subscribe to the response topic", error);
    }
}

static void request(struct rr *rr)
{
    const struct options *options = rr->options;
    struct umqtt_publication publication = {
        .topic = umqtt_text(options->topics.texts[0]),
        .payload = umqtt_bytes(rr->payload.bytes.data, rr->payload.bytes.size),
        .properties = umqtt_properties_bytes(&options->properties[PROPERTIES_PUBLISH]),
        .topic_alias = options->topic_alias,
        .qos = (uint8_t)options->qos,
        .retain = options->retain,
        .by_reference = true, /* the payload outlives the driver */
    };
    enum umqtt_error error = umqtt_send_publish(&rr->driver.umqtt, &publication, NULL);
    if (error) {
        fail(rr, "The request cannot be sent", error);
    }
}

static void fail(struct rr *rr, const char *what, enum umqtt_error error)
{
    say_error(&rr->options->voice, "%s: %s.", what, umqtt_error_words(error));
    end(rr, EXIT_CODE_ERROR);
}

/* The response is still acknowledged; whatever follows it is not shown. */
static void end(struct rr *rr, int exit_code)
{
    rr->is_ending = true;
    rr->exit_code = exit_code;
}
