/* sys_topics.c — see sys_topics.h. */
#include "core/sys_topics.h"

#include "core/deliver.h"
#include "core/timers.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* One row a figure: its name under $SYS/broker/ and the counter it shows. */
#define FIGURE(name, member)                                                                       \
    {                                                                                              \
        name, offsetof(struct counters, member)                                                    \
    }

static const struct {
    const char *name;
    size_t offset;
} figures[] = {
    FIGURE("clients/total", sessions),
    FIGURE("clients/active", connected),
    FIGURE("clients/connected", connected),
    FIGURE("clients/expired", sessions_expired),
    FIGURE("messages/received", packets_received),
    FIGURE("messages/sent", packets_sent),
    FIGURE("messages/stored", messages_held),
    FIGURE("store/messages/count", messages_held),
    FIGURE("store/messages/bytes", message_bytes_held),
    FIGURE("publish/messages/received", publish_received),
    FIGURE("publish/messages/sent", publish_sent),
    FIGURE("publish/bytes/received", publish_bytes_received),
    FIGURE("publish/bytes/sent", publish_bytes_sent),
    FIGURE("publish/messages/refused", publish_refused),
    FIGURE("bytes/received", bytes_received),
    FIGURE("bytes/sent", bytes_sent),
    FIGURE("subscriptions/count", subscriptions),
    FIGURE("shared_subscriptions/count", shared_subscriptions),
    FIGURE("retained messages/count", retained),
    FIGURE("heap/current", memory_held),
    FIGURE("deliveries/owed", owed),
    FIGURE("deliveries/delivered", delivered),
    FIGURE("deliveries/queued", queued),
    FIGURE("deliveries/in_flight", in_flight),
};

static const struct {
    const char *name;
    size_t offset;
} loads[] = {
    FIGURE("messages/received", packets_received), FIGURE("messages/sent", packets_sent),
    FIGURE("publish/received", publish_received),  FIGURE("publish/sent", publish_sent),
    FIGURE("bytes/received", bytes_received),      FIGURE("bytes/sent", bytes_sent),
    FIGURE("sockets", connections_opened),         FIGURE("connections", connects_accepted),
};

enum {
    FIGURE_COUNT = sizeof figures / sizeof figures[0],
    LOAD_COUNT = sizeof loads / sizeof loads[0],
    SPAN_COUNT = 3,
    TEXT_SIZE = 64,
    NAME_SIZE = 128,
    LOG_TOPIC_COUNT = 7,
};

static const struct {
    const char *name;
    double seconds;
} spans[SPAN_COUNT] = {{"1min", 60}, {"5min", 300}, {"15min", 900}};

struct sys_topics {
    struct counters of_worker[PEERS_MAX];
    struct counters before; /* sums at the interval before */
    uint64_t published[FIGURE_COUNT];
    uint64_t dropped[DROP_REASON_COUNT];
    double load[LOAD_COUNT + 1][SPAN_COUNT]; /* the last: messages dropped */
    uint64_t maximum_connected, maximum_heap, disconnected;
    uint64_t before_us;
    bool is_begun; /* everything has been published once */
};

static void publish(struct core *core, const char *name, const char *text);
static void publish_number(struct core *core, const char *name, uint64_t number);
static void publish_figures(struct core *core, const struct counters *sum);
static void publish_clients(struct core *core, const struct counters *sum);
static void publish_drops(struct core *core, const struct counters *sum);
static void publish_loads(struct core *core, const struct counters *sum);
static void publish_load(struct core *core, size_t row, const char *name, uint64_t grown,
                         double passed_s);

bool sys_topics_begin(struct core *core)
{
    if (core->worker == 0 && !core->sys_topics) {
        core->sys_topics = calloc(1, sizeof *core->sys_topics);
        if (!core->sys_topics) {
            return false;
        }
        core->sys_topics->before_us = core->now_us;
    }
    if (core->options->sys_interval_s == 0) {
        heap_remove(&core->timers, &core->sys_timer);
    } else {
        timer_set(&core->timers, &core->sys_timer, TIMER_SYS, core->now_us); /* at once */
    }
    return true;
}

void sys_topics_free(struct core *core)
{
    free(core->sys_topics);
    core->sys_topics = NULL;
}

void sys_topics_tick(struct core *core)
{
    uint64_t interval_us = (uint64_t)core->options->sys_interval_s * MICROSECONDS_A_SECOND;
    if (interval_us == 0) {
        return;
    }
    timer_set(&core->timers, &core->sys_timer, TIMER_SYS, core->now_us + interval_us);
    if (core->worker != 0) {
        peers_say(&core->peers, 0, RECORD_COUNTERS, &core->counters, (struct bytes){0},
                  (struct bytes){0});
        return;
    }
    struct sys_topics *sys = core->sys_topics;
    struct counters sum = core->counters;
    for (uint32_t i = 1; i < core->worker_count; i++) {
        counters_add(&sum, &sys->of_worker[i]);
    }
    char text[TEXT_SIZE];
    snprintf(text, sizeof text, "%" PRIu64 " seconds",
             (core->now_us - core->started_us) / MICROSECONDS_A_SECOND);
    publish(core, "uptime", text);
    if (!sys->is_begun) {
        snprintf(text, sizeof text, "midge version %s", core->version);
        publish(core, "version", text);
        sys_topics_publish_store(core);
    }
    publish_figures(core, &sum);
    publish_clients(core, &sum);
    publish_drops(core, &sum);
    publish_loads(core, &sum);
    sys->before = sum;
    sys->before_us = core->now_us;
    sys->is_begun = true;
}

void sys_topics_learn(struct core *core, uint32_t worker, const struct counters *counters)
{
    core->sys_topics->of_worker[worker] = *counters;
}

void sys_topics_publish_store(struct core *core)
{
    static const char *const states[] = {
        [STORE_WELL] = "well", [STORE_FULL] = "full", [STORE_FAILING] = "failing"};
    const struct journal *journal = &core->journal;
    if (core->worker == 0 && journal->is_on && core->options->sys_interval_s != 0) {
        char text[sizeof journal->words + 16];
        snprintf(text, sizeof text, "%s%s%s", states[journal->state], journal->words[0] ? ": " : "",
                 journal->words);
        publish(core, "store/state", text);
    }
}

void sys_topics_publish_log(struct core *core, uint32_t kind, const char *line)
{
    static const char *const topics[LOG_TOPIC_COUNT] = {
        "D", "I", "N", "W", "E", "M/subscribe", "M/unsubscribe"};
    for (size_t i = 0; i < LOG_TOPIC_COUNT; i++) {
        if ((kind & 1u << i) != 0) {
            char name[NAME_SIZE];
            snprintf(name, sizeof name, "$SYS/broker/log/%s", topics[i]);
            struct message_draft draft = {.topic = bytes_of_text(name),
                                          .payload = bytes_of_text(line)};
            struct message *message = message_new(&draft, &core->counters);
            if (message) {
                deliver_publish(core, message, NULL, 0);
                message_unref(message, &core->counters);
            }
        }
    }
}

static void publish(struct core *core, const char *name, const char *text)
{
    char topic[NAME_SIZE];
    snprintf(topic, sizeof topic, "$SYS/broker/%s", name);
    struct message_draft draft = {
        .topic = bytes_of_text(topic), .payload = bytes_of_text(text), .qos = 2, .retain = true};
    struct message *message = message_new(&draft, &core->counters);
    if (message) {
        deliver_publish(core, message, NULL, 0);
        message_unref(message, &core->counters);
    }
}

static void publish_number(struct core *core, const char *name, uint64_t number)
{
    char text[TEXT_SIZE];
    snprintf(text, sizeof text, "%" PRIu64, number);
    publish(core, name, text);
}

static void publish_figures(struct core *core, const struct counters *sum)
{
    struct sys_topics *sys = core->sys_topics;
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        uint64_t number;
        memcpy(&number, (const char *)sum + figures[i].offset, sizeof number);
        if (!sys->is_begun || number != sys->published[i]) {
            sys->published[i] = number;
            publish_number(core, figures[i].name, number);
        }
    }
}

static void publish_clients(struct core *core, const struct counters *sum)
{
    struct sys_topics *sys = core->sys_topics;
    uint64_t disconnected = sum->sessions - sum->connected;
    if (!sys->is_begun || disconnected != sys->disconnected) {
        sys->disconnected = disconnected;
        publish_number(core, "clients/disconnected", disconnected);
        publish_number(core, "clients/inactive", disconnected);
    }
    if (!sys->is_begun || sum->connected > sys->maximum_connected) {
        sys->maximum_connected = sum->connected;
        publish_number(core, "clients/maximum", sum->connected);
    }
    if (!sys->is_begun || sum->memory_held > sys->maximum_heap) {
        sys->maximum_heap = sum->memory_held;
        publish_number(core, "heap/maximum", sum->memory_held);
    }
}

static void publish_drops(struct core *core, const struct counters *sum)
{
    struct sys_topics *sys = core->sys_topics;
    char name[NAME_SIZE];
    bool is_changed = !sys->is_begun;
    for (size_t i = 0; i < DROP_REASON_COUNT; i++) {
        if (!sys->is_begun || sum->dropped[i] != sys->dropped[i]) {
            sys->dropped[i] = sum->dropped[i];
            snprintf(name, sizeof name, "publish/messages/dropped/%s",
                     drop_reason_key((enum drop_reason)i));
            publish_number(core, name, sum->dropped[i]);
            is_changed = true;
        }
    }
    if (is_changed) {
        publish_number(core, "publish/messages/dropped", counters_dropped(sum));
    }
}

/* Moving averages per minute, over 1, 5 and 15 minutes. */
static void publish_loads(struct core *core, const struct counters *sum)
{
    struct sys_topics *sys = core->sys_topics;
    double passed_s = (double)(core->now_us - sys->before_us) / MICROSECONDS_A_SECOND;
    for (size_t i = 0; i < LOAD_COUNT; i++) {
        uint64_t now, before;
        memcpy(&now, (const char *)sum + loads[i].offset, sizeof now);
        memcpy(&before, (const char *)&sys->before + loads[i].offset, sizeof before);
        publish_load(core, i, loads[i].name, now - before, passed_s);
    }
    publish_load(core, LOAD_COUNT, "publish/dropped",
                 counters_dropped(sum) - counters_dropped(&sys->before), passed_s);
}

static void publish_load(struct core *core, size_t row, const char *name, uint64_t grown,
                         double passed_s)
{
    struct sys_topics *sys = core->sys_topics;
    for (size_t i = 0; i < SPAN_COUNT; i++) {
        double *load = &sys->load[row][i];
        double before = *load;
        if (passed_s > 0) {
            double weight = exp(-passed_s / spans[i].seconds);
            *load = (double)grown / passed_s * 60.0 * (1.0 - weight) + before * weight;
        }
        if (!sys->is_begun || fabs(*load - before) >= 0.01) {
            char topic[NAME_SIZE], text[TEXT_SIZE];
            snprintf(topic, sizeof topic, "load/%s/%s", name, spans[i].name);
            snprintf(text, sizeof text, "%.2f", *load);
            publish(core, topic, text);
        }
    }
}
