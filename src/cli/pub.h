/* pub.h — midge pub: publish messages and end. */
#ifndef MIDGE_CLI_PUB_H
#define MIDGE_CLI_PUB_H

#include "cli/options.h"

/* Returns the exit code. `options` are checked. */
int pub_run(const struct options *options);

#endif
