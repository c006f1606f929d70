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

#include "config/config_report.h"
#include "config/settings.h"

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
