/* command_line.h — arguments to options, by the table of options. */
#ifndef MIDGE_CLI_COMMAND_LINE_H
#define MIDGE_CLI_COMMAND_LINE_H

#include "cli/options.h"

/* Reads `count` arguments (kept, without the program's name). False: the mistake has been told. */
bool command_line_read(struct options *options, int count, char **arguments);

/* Says where help is to be found. */
void command_line_point_to_help(const struct options *options);

#endif
