/* config.h — the configuration file, read into the options of the rooms below.
 *
 * The format is mosquitto's. One row of directives.def is one directive: its reader, limits, help,
 * manual page and reload rule. Nothing is printed here and nothing exits: what there is to say
 * comes back as messages.
 *
 *     struct config config;
 *     struct config_report report;
 *     config_report_init(&report);
 *     if (!config_load(path, &options, &config, &report)) { print the report; exit 3 }
 *     ...
 *     config_free(&config);
 *     config_report_fini(&report);
 *
 * Where nobody configures a listener, there is one all the same: the loopback interface only,
 * port 1883, anonymous clients welcome. As soon as one is configured, anonymous clients are turned
 * away unless the configuration says otherwise. */
#ifndef MIDGE_CONFIG_CONFIG_H
#define MIDGE_CONFIG_CONFIG_H

#include "core/core_options.h"
#include "net/listener_options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CONFIG_LISTENERS_MAX = 64,       /* more are refused */
    CONFIG_PORTS_MAX = 10,           /* ports on the command line */
    CONFIG_ERRORS_MAX = 20,          /* then one more message says that there are others */
    CONFIG_WARNINGS_MAX = 100,       /* the rest are left out */
    CONFIG_INCLUDED_FILES_MAX = 512, /* in one include_dir; more are an error */
    CONFIG_LINE_SIZE_MAX = 65536,    /* bytes; a longer line is an error */
    CONFIG_FILE_SIZE_MAX = 16 << 20, /* bytes; a larger file is an error */
    CONFIG_PATH_SIZE_MAX = 1024,     /* with the closing zero */
    CONFIG_THREADS_MAX = 64,
};

enum config_message_kind {
    CONFIG_ERROR,   /* the configuration cannot be used */
    CONFIG_WARNING, /* it can; a person should know this */
};

/* One thing to say. `text` is a whole line, "FILE:LINE: what is wrong; how to mend it", without a
 * newline; the file and line are left out where there are none. */
struct config_message {
    enum config_message_kind kind;
    char *text;
};

struct config_report {
    struct config_message *messages; /* in the order in which they were found */
    size_t count;
    size_t error_count; /* also those that were not kept */
    size_t warning_count;
};

void config_report_init(struct config_report *report);
void config_report_fini(struct config_report *report);

/* Where lines of the log go: bits. */
enum config_log_destination {
    CONFIG_LOG_TO_STDOUT = 1 << 0,
    CONFIG_LOG_TO_STDERR = 1 << 1,
    CONFIG_LOG_TO_FILE = 1 << 2,
    CONFIG_LOG_TO_SYSLOG = 1 << 3,
    CONFIG_LOG_TO_TOPIC = 1 << 4, /* $SYS/broker/log/# */
};

struct config_log {
    uint32_t destinations;           /* config_log_destination bits; 0: nowhere */
    char file[CONFIG_PATH_SIZE_MAX]; /* when CONFIG_LOG_TO_FILE */
    uint32_t kinds;                  /* log_kind bits of base/log.h */
    uint8_t facility;                /* syslog's LOCAL0 to LOCAL7, 8: DAEMON */
    bool timestamp;
    bool stdout_unbuffered;
    char timestamp_format[128]; /* strftime's; "": seconds since 1970 */
};

enum { CONFIG_LOG_FACILITY_DAEMON = 8 };

struct config_listener {
    struct listener_options listener;
    struct link_options link;
    const char *file; /* where it is configured; NULL: nowhere. Lives as long as the config. */
    uint32_t line;
};

struct config {
    struct core_options core;
    struct config_listener *listeners; /* never none after config_load or config_default */
    size_t listener_count;
    bool local_only; /* nobody configured a listener: the one there is (or one for each -p) is on
                        the loopback interface and lets anonymous clients in */
    struct config_log log;
    char pid_file[CONFIG_PATH_SIZE_MAX]; /* "": none */
    char user[64];    /* whom to become when started as root. "": not configured, that is
                         "mosquitto" or, where there is no such user, "nobody" */
    uint16_t threads; /* 0: as many as the machine has cores */
    bool persistence;
    char persistence_location[CONFIG_PATH_SIZE_MAX]; /* "": the working directory */
    char persistence_file[256];
    bool tcp_no_delay; /* each listener has its copy */
    bool enable_control_api;

    /* Only for config's own use. */
    char **files;
    size_t file_count;
};

/* What a start's command line adds to the file. */
struct config_overrides {
    uint16_t ports[CONFIG_PORTS_MAX]; /* -p: used only where no listener is configured */
    size_t port_count;
    bool verbose; /* -v: every kind of line is logged, whatever log_type says */
    bool quiet;   /* -q: none is; stronger than verbose */
};

/* Reads `path` (NULL: no file, only defaults) and what it includes. `overrides` may be NULL.
 * `config` is written whole, whatever was in it before, and is given: config_free it, also after
 * an error (it then holds what could be read; do not use it). `report` was initialised by the
 * caller and is added to; it gets every error of all files, at most CONFIG_ERRORS_MAX.
 * True: there was no error. */
bool config_load(const char *path, const struct config_overrides *overrides, struct config *config,
                 struct config_report *report);

/* The same for a file that lies in memory: `text` need not end in a zero and may hold anything.
 * `name` stands for the path in messages. */
bool config_load_text(const char *text, size_t text_size, const char *name,
                      const struct config_overrides *overrides, struct config *config,
                      struct config_report *report);

/* What config_load(NULL, NULL, ...) gives. */
void config_default(struct config *config);

void config_free(struct config *config);

/* What a reload may change and what it may not. Moves into `now` all that a running broker can take
 * over from `next`, and adds a warning to the report for each directive that differs but needs a
 * restart (its value in `now` stays). Call it only after `next` was loaded without errors. A
 * listener's link options are taken over by the listener with the same address and port, in its
 * place: pointers into now->listeners stay valid. No other thread may be reading `now`. */
void config_take_reload(struct config *now, const struct config *next,
                        struct config_report *report);

#endif
