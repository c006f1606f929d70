/* help.h — what the tool says about itself, from the table of options: on the terminal and as
 * manual pages. */
#ifndef MIDGE_CLI_HELP_H
#define MIDGE_CLI_HELP_H

#include <stdio.h>

#include "cli/options.h"

/* Usage, examples and all options of one command. `program`: the name we were called by. */
void help_print(FILE *file, enum command command, const char *program, bool has_colour);

/* The same as a manual page (roff); also for `midge` itself with command 0. */
void help_print_manual(FILE *file, enum command command);

/* One line about the command. */
const char *help_summary(enum command command);

#endif
