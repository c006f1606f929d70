/* store_arguments.h — what the four commands of midge store are given, and what they end with. */
#ifndef MIDGE_CLI_STORE_ARGUMENTS_H
#define MIDGE_CLI_STORE_ARGUMENTS_H

#include "cli/say.h"

enum store_exit_code {
    STORE_EXIT_OK = 0,
    STORE_EXIT_DAMAGED = 1,  /* done, but there was something damaged */
    STORE_EXIT_NOT_DONE = 2, /* wrong usage, or it cannot be opened, read or written */
};

/* Texts point into the command line. */
struct store_arguments {
    struct voice voice;
    const char *path;                     /* NULL: none was named (import alone allows it) */
    const char *store_path, *config_path; /* import: --store, --config; NULL: not given */
    bool imports_damaged;                 /* import: --damaged */
};

#endif
