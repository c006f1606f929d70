/* data_file.h — the one file a store lives in: found, locked, and long enough. */
#ifndef MIDGE_STORE_DATA_FILE_H
#define MIDGE_STORE_DATA_FILE_H

#include "base/bytes.h"
#include "store/store_terms.h"

enum { DATA_FILE_EXPLAINED_SIZE = 200 };

struct data_file {
    char *path;
    int fd; /* holds the lock; -1: not open */
};

enum data_file_purpose {
    DATA_FILE_WRITE, /* nobody else may have it */
    DATA_FILE_READ,  /* nobody may write it meanwhile */
};

/* False: failure says why and how to mend it; there is nothing to close. */
bool data_file_open(struct data_file *file, const char *path, enum data_file_purpose purpose,
                    char failure[STORE_WORDS_SIZE]);
void data_file_close(struct data_file *file);

/* Whether its path still names this file. */
bool data_file_is_there(const struct data_file *file);
uint64_t data_file_size(const struct data_file *file); /* bytes; 0, too, when it cannot be told */

/* Takes room on the disk up to `size` bytes, for later. False: there is none (errno). Where the
 * file system cannot do that, only its length grows. */
bool data_file_reserve(const struct data_file *file, uint64_t size);

/* Makes all folders that are missing above `path`, for good. False: failure says why. */
bool data_file_make_folders(const char *path, char failure[STORE_WORDS_SIZE]);
/* Makes what was created or renamed in the file's folder last. False: errno. */
bool data_file_sync_folder(const char *path);

/* What to do about an error of the system, as the end of a sentence: "No space left on device.
 * Make room on that disk." */
void data_file_explain(char words[DATA_FILE_EXPLAINED_SIZE], int error);

#endif
