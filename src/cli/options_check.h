/* options_check.h — do the options fit together, and what follows from them? */
#ifndef MIDGE_CLI_OPTIONS_CHECK_H
#define MIDGE_CLI_OPTIONS_CHECK_H

#include "cli/options.h"

/* To be called when nobody asked for help or the version: fills the will, the client identifier and
 * the session expiry. False: the mistake has been told. */
bool options_check(struct options *options);

#endif
