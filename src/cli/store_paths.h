/* store_paths.h — from where to where an import goes, out of a configuration file.
 *
 * Only persistence_location and persistence_file are looked for, as midged understands them; files
 * that the configuration includes are not read. */
#ifndef MIDGE_CLI_STORE_PATHS_H
#define MIDGE_CLI_STORE_PATHS_H

#include "cli/store_arguments.h"

enum { STORE_PATH_SIZE = 4096 };

struct store_paths {
    char from[STORE_PATH_SIZE]; /* mosquitto's file */
    char to[STORE_PATH_SIZE];   /* the store */
};

/* False: the mistake has been told. */
bool store_paths_find(const struct store_arguments *arguments, struct store_paths *paths);

#endif
