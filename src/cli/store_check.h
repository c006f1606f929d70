/* store_check.h — midge store check FILE: counts everything, tells what is damaged. */
#ifndef MIDGE_CLI_STORE_CHECK_H
#define MIDGE_CLI_STORE_CHECK_H

#include "cli/store_arguments.h"

/* Returns what to exit with; everything has been told. */
int store_check(const struct store_arguments *arguments);

#endif
