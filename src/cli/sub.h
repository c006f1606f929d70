/* sub.h — midge sub: subscribe and show what arrives. */
#ifndef MIDGE_CLI_SUB_H
#define MIDGE_CLI_SUB_H

#include "cli/options.h"

/* Returns the exit code. `options` are checked. */
int sub_run(const struct options *options);

#endif
