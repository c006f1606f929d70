/* rr.h — midge rr: send a request, show the response. */
#ifndef MIDGE_CLI_RR_H
#define MIDGE_CLI_RR_H

#include "cli/options.h"

/* Returns the exit code. `options` are checked; the response topic is added to their properties. */
int rr_run(struct options *options);

#endif
