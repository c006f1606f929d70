/* store_dump.h — midge store dump FILE: one line of JSON for each thing that is there. */
#ifndef MIDGE_CLI_STORE_DUMP_H
#define MIDGE_CLI_STORE_DUMP_H

#include "cli/store_arguments.h"

/* Returns what to exit with; everything has been told. */
int store_dump(const struct store_arguments *arguments);

#endif
