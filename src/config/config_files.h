/* config_files.h — the file system, as far as a configuration needs it. Blocks: for start and
 * reload, never for an event loop. */
#ifndef MIDGE_CONFIG_CONFIG_FILES_H
#define MIDGE_CONFIG_CONFIG_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* Reads the file whole. True: *bytes is given (free it). False: *why says what is wrong, to stand
 * after the path; a constant text. */
bool config_files_read(const char *path, char **bytes, size_t *size, const char **why);

/* The paths of the files in `directory` whose names end in ".conf" (in any case), sorted as
 * mosquitto does: by letter, a large one before the same small one. True: *paths and its texts are
 * given (config_files_free). False: as above. */
bool config_files_list(const char *directory, char ***paths, size_t *count, const char **why);

void config_files_free(char **paths, size_t count);

#endif
