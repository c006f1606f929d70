/* settings.h — all that a configuration can say, as the broker reads it. */
#ifndef MIDGE_CONFIG_SETTINGS_H
#define MIDGE_CONFIG_SETTINGS_H

#include "core/core_options.h"
#include "net/listener_options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CONFIG_LISTENERS_MAX = 64,       /* more are refused */
    CONFIG_PORTS_MAX = 10,           /* ports on the command line */
    CONFIG_INCLUDED_FILES_MAX = 512, /* in one include_dir; more are an error */
    CONFIG_FILE_SIZE_MAX = 16 << 20, /* bytes; a larger file is an error */
    CONFIG_PATH_SIZE_MAX = 1024,     /* with the closing zero */
    CONFIG_THREADS_MAX = 64,
    CONFIG_DURABILITY_INTERVAL_MAX_S = 86400,
    CONFIG_STORE_SIZE_MIN = 10 << 20, /* bytes */
};

#define CONFIG_STORE_SIZE_MAX (UINT64_C(1) << 46) /* bytes: what addresses of today can hold */

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
    char persistence_location[CONFIG_PATH_SIZE_MAX]; /* "": see broker/store_place.h */
    char persistence_file[256];
    uint32_t durability_interval_s; /* with DURABILITY_INTERVAL; at least 1 */
    uint64_t store_size_max;        /* bytes; 0: as much as is sensible */
    bool tcp_no_delay;              /* each listener has its copy */
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

/* What holds where nothing is said, but no listener yet. */
void config_settings_default(struct config *config);

void config_settings_free(struct config *config);

/* Would the two open the same port at the same address? */
bool config_listener_same_door(const struct config_listener *a, const struct config_listener *b);

#endif
