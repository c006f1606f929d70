/* main.c — midged: reads its options, starts the broker, answers signals, stops it.
 *
 * Everything that may fail at start fails before the first client is let in, with a sentence on
 * stderr and exit status 3 (a bad configuration) or 1 (the world: a port in use, no permission). */
#include "base/version.h"
#include "broker/banner.h"
#include "broker/broker.h"
#include "broker/log_sink.h"
#include "broker/options.h"
#include "broker/service.h"
#include "broker/signals.h"
#include "net/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_WORLD = 1, ERROR_SIZE = 512, STALLED_LOG_MS = 100 };

/* What the main thread holds while the broker runs. */
struct daemon {
    struct options options;
    struct config config;
    struct service service;
    struct signals signals;
    struct log_sink *sink;
    struct log log;
    struct broker *broker;
    _Atomic(bool) publishes_log;
};

static int answer_at_once(const struct options *options);
static bool load(const struct options *options, struct config *config);
static void log_warnings(const struct log *log, const struct config_report *report);
static int serve(struct daemon *daemon);
static bool open_log(struct daemon *daemon);
static void write_log_line(void *context, enum log_kind kind, const char *line);
static bool settle_in(struct daemon *daemon, char *error, size_t error_size);
static void stay_for_store(struct daemon *daemon, struct service_identity *identity);
static void run(struct daemon *daemon);
static bool answer_signal(struct daemon *daemon, int number);
static void reload(struct daemon *daemon);

int main(int argc, char **argv)
{
    struct daemon daemon = {0};
    char problem[ERROR_SIZE];
    if (!options_read(argc, argv, &daemon.options, problem, sizeof problem)) {
        fprintf(stderr, "midged: %s\n", problem);
        return OPTIONS_EXIT_BAD;
    }
    if (daemon.options.action == OPTIONS_HELP || daemon.options.action == OPTIONS_VERSION) {
        return answer_at_once(&daemon.options);
    }
    int status = OPTIONS_EXIT_BAD;
    if (load(&daemon.options, &daemon.config)) {
        if (daemon.options.action == OPTIONS_TEST_CONFIG) {
            puts("Configuration file is OK.");
            status = 0;
        } else {
            status = serve(&daemon);
        }
    }
    config_free(&daemon.config);
    return status;
}

static int answer_at_once(const struct options *options)
{
    if (options->action == OPTIONS_VERSION) {
        puts("midged version " MIDGE_VERSION);
        return 0;
    }
    if (options->help_topic) {
        return options_write_directive_help(stdout, options->help_topic) ? 0 : OPTIONS_EXIT_BAD;
    }
    options_write_help(stdout);
    return 0;
}

/* Says on stderr what there is to say of the configuration; warnings of a good one are said again
 * in the log. */
static bool load(const struct options *options, struct config *config)
{
    struct config_report report;
    config_report_init(&report);
    bool is_good = config_load(options->config_path, &options->overrides, config, &report);
    for (size_t i = 0; i < report.count; i++) {
        fprintf(stderr, "%s%s\n",
                report.messages[i].kind == CONFIG_WARNING ? "Warning: " : "Error: ",
                report.messages[i].text);
    }
    config_report_fini(&report);
    return is_good;
}

static void log_warnings(const struct log *log, const struct config_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        log_write(log, report->messages[i].kind == CONFIG_ERROR ? LOG_KIND_ERROR : LOG_KIND_WARNING,
                  "%s", report->messages[i].text);
    }
}

static int serve(struct daemon *daemon)
{
    char error[ERROR_SIZE] = "";
    int status = EXIT_WORLD;
    int launcher_fd = -1;
    if (daemon->options.is_daemon && (launcher_fd = service_daemonise()) < 0) {
        fprintf(stderr, "midged: cannot go into the background: %s\n", strerror(errno));
        return EXIT_WORLD;
    }
    service_init(&daemon->service, launcher_fd);
    if (!signals_init(&daemon->signals)) {
        fprintf(stderr, "midged: cannot listen for signals: %s\n", strerror(errno));
        goto undo_service;
    }
    if (!open_log(daemon)) {
        goto undo_signals;
    }
    log_write(&daemon->log, LOG_KIND_INFORMATION, "midge version %s starting", MIDGE_VERSION);
    daemon->broker = broker_new(&daemon->config, &daemon->log, error, sizeof error);
    if (daemon->broker && settle_in(daemon, error, sizeof error) &&
        broker_start(daemon->broker, error, sizeof error)) {
        run(daemon);
        status = 0;
    } else {
        const char *last = strrchr(error, '.'); /* the store speaks in whole sentences */
        log_write(&daemon->log, LOG_KIND_ERROR, "Cannot start: %s%s", error,
                  last && last[1] == '\0' ? "" : ".");
    }
    if (daemon->config.pid_file[0]) {
        service_remove_pid_file(daemon->config.pid_file);
    }
    broker_free(daemon->broker);
    log_sink_free(daemon->sink);
undo_signals:
    signals_fini(&daemon->signals);
undo_service:
    service_fini(&daemon->service);
    return status;
}

static bool open_log(struct daemon *daemon)
{
    char error[ERROR_SIZE];
    daemon->sink = log_sink_new(&daemon->config.log, error, sizeof error);
    if (!daemon->sink) {
        fprintf(stderr, "midged: %s\n", error);
        return false;
    }
    daemon->log = (struct log){daemon->config.log.kinds, write_log_line, daemon};
    return true;
}

/* Any thread. */
static void write_log_line(void *context, enum log_kind kind, const char *line)
{
    struct daemon *daemon = context;
    log_sink_line(daemon->sink, kind, line);
    if (daemon->publishes_log) {
        broker_publish_log(daemon->broker, kind, line);
    }
}

/* Writes the pid file, and becomes the user we are to be. */
static bool settle_in(struct daemon *daemon, char *error, size_t error_size)
{
    struct service_identity identity;
    service_raise_descriptor_limit();
    if (daemon->config.pid_file[0] &&
        !service_write_pid_file(daemon->config.pid_file, error, error_size)) {
        return false;
    }
    if (!service_find_user(daemon->config.user, &identity, error, error_size)) {
        return false;
    }
    if (identity.changes) {
        log_sink_give(daemon->sink, identity.user_id, identity.group_id);
        broker_give_files(daemon->broker, identity.user_id, identity.group_id);
        stay_for_store(daemon, &identity);
    }
    return service_become(&identity, error, error_size);
}

/* Whoever named a directory of root's, and no user, has a broker that needs root to keep what it
 * acknowledges: then it stays root, and says so. A user that was named is never passed over. */
static void stay_for_store(struct daemon *daemon, struct service_identity *identity)
{
    const struct store_place *place = broker_store_place(daemon->broker);
    if (daemon->config.persistence && daemon->config.user[0] == '\0' &&
        !service_may_write(identity, place->directory)) {
        identity->changes = false;
        log_write(&daemon->log, LOG_KIND_WARNING,
                  "User %s may not write in the store's directory %s, so midged stays root. Give "
                  "the directory to that user, or name a user with the directive user.",
                  identity->name, place->directory);
    }
}

static void run(struct daemon *daemon)
{
    char status[SERVICE_STATUS_SIZE_MAX];
    uint64_t feed_interval_us = service_watchdog_interval_us(&daemon->service);
    uint64_t feed_us = feed_interval_us ? clock_now_us() + feed_interval_us : UINT64_MAX;
    struct pollfd waits[] = {{.fd = daemon->signals.fd, .events = POLLIN},
                             {.fd = log_sink_descriptor(daemon->sink), .events = POLLIN}};
    daemon->publishes_log = (daemon->config.log.destinations & CONFIG_LOG_TO_TOPIC) != 0;
    banner_log(daemon->broker, &daemon->config, &daemon->log);
    banner_status(daemon->broker, &daemon->config, status, sizeof status);
    service_ready(&daemon->service, status);
    bool is_stalled = false, is_ended = false;
    while (!is_ended) {
        uint64_t now_us = clock_now_us();
        int timeout_ms = is_stalled ? STALLED_LOG_MS : -1;
        if (feed_us != UINT64_MAX && !is_stalled) {
            timeout_ms = feed_us > now_us ? (int)((feed_us - now_us) / 1000) + 1 : 0;
        }
        poll(waits, 2, timeout_ms);
        is_stalled = log_sink_write(daemon->sink);
        for (int number; (number = signals_take(&daemon->signals)) != 0;) {
            is_ended |= answer_signal(daemon, number);
        }
        if (clock_now_us() >= feed_us) {
            if (broker_is_alive(daemon->broker)) {
                service_feed_watchdog(&daemon->service);
            }
            feed_us = clock_now_us() + feed_interval_us;
        }
    }
    service_stopping(&daemon->service);
    daemon->publishes_log = false;
    broker_stop(daemon->broker);
    log_write(&daemon->log, LOG_KIND_INFORMATION, "midge version %s terminating", MIDGE_VERSION);
}

/* True: the end. */
static bool answer_signal(struct daemon *daemon, int number)
{
    char status[SERVICE_STATUS_SIZE_MAX];
    switch (number) {
    case SIGHUP:
        service_reloading(&daemon->service);
        reload(daemon);
        banner_status(daemon->broker, &daemon->config, status, sizeof status);
        service_ready(&daemon->service, status);
        return false;
    case SIGUSR1: broker_log_status(daemon->broker); return false;
    default: return true;
    }
}

/* A bad file changes nothing. */
static void reload(struct daemon *daemon)
{
    struct config next;
    struct config_report report;
    log_write(&daemon->log, LOG_KIND_INFORMATION, "Reloading config.");
    config_report_init(&report);
    if (config_load(daemon->options.config_path, &daemon->options.overrides, &next, &report)) {
        enum durability durability = daemon->config.core.durability;
        uint32_t interval_s = daemon->config.durability_interval_s;
        config_take_reload(&daemon->config, &next, &report);
        if (daemon->config.core.durability != durability ||
            daemon->config.durability_interval_s != interval_s) {
            banner_log_durability(&daemon->config, &daemon->log);
        }
        daemon->log.kinds = daemon->config.log.kinds;
        log_sink_reopen(daemon->sink, &daemon->config.log);
        broker_configure(daemon->broker);
    } else {
        log_write(&daemon->log, LOG_KIND_ERROR,
                  "The configuration was not reloaded: everything stays as it was.");
    }
    config_free(&next);
    log_warnings(&daemon->log, &report);
    config_report_fini(&report);
}
