/* store_command.h — midge store: works on a store file without a broker.
 *
 *     midge store check FILE          counts everything, tells what is damaged
 *     midge store dump FILE           one line of JSON for each thing that is there
 *     midge store compact FILE        gives free pages back
 *     midge store import FILE …       what mosquitto has kept becomes a new store */
#ifndef MIDGE_CLI_STORE_COMMAND_H
#define MIDGE_CLI_STORE_COMMAND_H

#include <stdint.h>
#include <stdio.h>

#include "cli/say.h"

enum store_exit_code {
    STORE_EXIT_OK = 0,
    STORE_EXIT_DAMAGED = 1,  /* done, but there was something damaged */
    STORE_EXIT_NOT_DONE = 2, /* wrong usage, or it cannot be opened, read or written */
};

/* Reads what follows "midge store" and does it. */
int store_command_run(int count, char **arguments);

/* One line about it; all about it; and the same as a manual page. */
const char *store_command_summary(void);
void store_command_help(FILE *file);
void store_command_manual(FILE *file);

/* What each of the four is given; texts point into the command line. */
struct store_arguments {
    struct voice voice;
    const char *path;                     /* NULL: none was named (import alone allows it) */
    const char *store_path, *config_path; /* import: --store, --config; NULL: not given */
    bool imports_damaged;                 /* import: --damaged */
};

int store_check(const struct store_arguments *arguments);
int store_dump(const struct store_arguments *arguments);
int store_compact(const struct store_arguments *arguments);
int store_import(const struct store_arguments *arguments);

/* "17 bytes", "1.4 MiB"; into `text`, which it returns. */
enum { STORE_SIZE_TEXT = 32 };
const char *store_size_text(uint64_t size, char text[STORE_SIZE_TEXT]);

#endif
