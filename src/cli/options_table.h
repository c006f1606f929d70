/* options_table.h — every option there is: one row each, read by the parser, the help and the
 * manual pages. */
#ifndef MIDGE_CLI_OPTIONS_TABLE_H
#define MIDGE_CLI_OPTIONS_TABLE_H

#include "cli/option.h"

extern const struct option options_table[];
extern const size_t options_table_count;

const char *option_group_title(enum option_group group);

#endif
