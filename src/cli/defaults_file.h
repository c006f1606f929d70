/* defaults_file.h — options that a person always wants, one a line in a file:
 *
 *     # ~/.config/midge_sub
 *     -h broker.example.org
 *     --username alice
 *
 * The file is $XDG_CONFIG_HOME/NAME or $HOME/.config/NAME, where NAME is midge_pub, midge_sub or
 * midge_rr, or the name of mosquitto's that we were called by. */
#ifndef MIDGE_CLI_DEFAULTS_FILE_H
#define MIDGE_CLI_DEFAULTS_FILE_H

#include "cli/options.h"

/* Reads it if it is there. False: a mistake in it has been told. */
bool defaults_file_read(struct options *options, const char *name);

/* Reads the options in `text` (cut up; kept), which came from `path` (for messages). */
bool defaults_text_read(struct options *options, char *text, const char *path);

#endif
