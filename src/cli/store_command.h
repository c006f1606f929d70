/* store_command.h — midge store: works on a store file without a broker. */
#ifndef MIDGE_CLI_STORE_COMMAND_H
#define MIDGE_CLI_STORE_COMMAND_H

#include <stdio.h>

/* Reads what follows "midge store" and does it. Returns what to exit with. */
int store_command_run(int count, char **arguments);

/* One line about it; all about it; and the same as a manual page. */
const char *store_command_summary(void);
void store_command_help(FILE *file);
void store_command_manual(FILE *file);

#endif
