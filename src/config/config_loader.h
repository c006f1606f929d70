/* config_loader.h — what is known while files are being read; inside this room only.
 *
 * config.c reads files and finishes what depends on the whole of them; config_values.c reads the
 * rows that say all about themselves in directives.def; config_special.c reads the others. */
#ifndef MIDGE_CONFIG_CONFIG_LOADER_H
#define MIDGE_CONFIG_CONFIG_LOADER_H

#include "config/config_report.h"
#include "config/config_text.h"
#include "config/directives.h"
#include "config/settings.h"

enum {
    CONFIG_DIRECTIVES_MAX = 192,
    CONFIG_DEFAULT_LISTENER = 0, /* index of the draft that `port` and `bind_address` mean */
    CONFIG_NO_LISTENER = -1,
};

/* A listener while it is being read. */
struct config_draft {
    struct config_listener listener;
    bool anonymous_set, prefix_set;
    struct config_place seen[CONFIG_DIRECTIVES_MAX]; /* where each of its directives stood */
};

struct config_loader {
    struct config *config;
    struct config_report *report;
    struct config_place place; /* of the line being read */
    int current;               /* index of the draft that listener's directives go to */
    bool in_included_file;

    bool per_listener_settings;
    bool anonymous_set; /* for the broker as a whole, like the next three */
    bool anonymous;
    bool prefix_set;
    char prefix[64];
    struct config_place security_place; /* the first of them, or of a listener's */
    struct config_place bridge_place;   /* the first bridge's line: reported once */
    struct config_place plugin_place;

    bool default_is_named;              /* by port or bind_address */
    struct config_place default_place;  /* what made it */
    struct config_place default_change; /* the first setting that makes it differ */
    struct config_draft *drafts;        /* [0] is the default listener */
    int draft_count;
    struct config_place seen[CONFIG_DIRECTIVES_MAX];
};

/* Adds a message at the line being read. */
#define loader_error(loader, ...)                                                                  \
    config_report_add((loader)->report, CONFIG_ERROR, (loader)->place, __VA_ARGS__)
#define loader_warning(loader, ...)                                                                \
    config_report_add((loader)->report, CONFIG_WARNING, (loader)->place, __VA_ARGS__)

#endif
