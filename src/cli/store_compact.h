/* store_compact.h — midge store compact FILE: gives free pages back. */
#ifndef MIDGE_CLI_STORE_COMPACT_H
#define MIDGE_CLI_STORE_COMPACT_H

#include "cli/store_arguments.h"

/* Returns what to exit with; everything has been told. */
int store_compact(const struct store_arguments *arguments);

#endif
