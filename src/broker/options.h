/* options.h — midged's command line, with mosquitto's meaning, and its help. */
#ifndef MIDGE_BROKER_OPTIONS_H
#define MIDGE_BROKER_OPTIONS_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum options_action {
    OPTIONS_RUN,
    OPTIONS_TEST_CONFIG, /* --test-config: say whether the configuration is good, and end */
    OPTIONS_HELP,
    OPTIONS_VERSION,
};

/* The texts are borrowed from the command line. */
struct options {
    enum options_action action;
    const char *config_path;           /* -c; NULL: none */
    const char *help_topic;            /* --help DIRECTIVE; NULL: everything */
    bool is_daemon;                    /* -d */
    struct config_overrides overrides; /* -p, -v, -q */
};

/* Reads argv[1] to argv[argc - 1]. False: `problem` says what is wrong and how to mend it, in one
 * line cut to `problem_size`; the exit status is OPTIONS_EXIT_BAD then, as mosquitto's. */
bool options_read(int argc, char *const *argv, struct options *options, char *problem,
                  size_t problem_size);

enum { OPTIONS_EXIT_BAD = 3 };

/* --help: the options, and the names of all directives. */
void options_write_help(FILE *stream);

/* --help DIRECTIVE. False: there is none of this name; the nearest one was named. */
bool options_write_directive_help(FILE *stream, const char *name);

#endif
