/* store_import.h — midge store import: what mosquitto has kept becomes a new store. */
#ifndef MIDGE_CLI_STORE_IMPORT_H
#define MIDGE_CLI_STORE_IMPORT_H

#include "cli/store_arguments.h"

/* Returns what to exit with; everything has been told. */
int store_import(const struct store_arguments *arguments);

#endif
