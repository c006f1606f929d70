/* option_values.h — the readers of those options that are more than a text, a number or a flag.
 *
 * Each reads `values` (kept) into *options and returns false after telling a mistake. */
#ifndef MIDGE_CLI_OPTION_VALUES_H
#define MIDGE_CLI_OPTION_VALUES_H

#include "cli/option.h"

typedef bool option_reader(struct options *options, const struct option *option, char **values);

option_reader option_read_url, option_read_version, option_read_session_expiry,
    option_read_property, option_read_topic, option_read_message, option_read_file,
    option_read_stdin, option_read_lines, option_read_empty, option_read_repeat_delay,
    option_read_filter_out, option_read_unsubscribe, option_read_retain_handling,
    option_read_format, option_read_random_filter;

#endif
