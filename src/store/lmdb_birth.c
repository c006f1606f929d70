/* lmdb_birth.c — see lmdb_birth.h.
 *
 * LMDB does not sync the first pages it writes: after a power cut a new file could lie there whose
 * head is torn. So it is made and synced under another name, and gets its own name then. */
#include "store/lmdb_birth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/data_file.h"
#include "store/lmdb_environment.h"

enum { BIRTH_MAP_SIZE = 1024 * 1024 };

static bool make_as(const char *path, const char *name, char failure[STORE_WORDS_SIZE]);
static bool say_failed(char failure[STORE_WORDS_SIZE], const char *path, int error);

bool lmdb_birth(const char *path, char failure[STORE_WORDS_SIZE])
{
    if (access(path, F_OK) == 0 || errno != ENOENT) {
        return true; /* what is wrong, opening will say */
    }
    size_t size = strlen(path) + sizeof ".new-4294967295";
    char *name = malloc(size);
    if (!name) {
        return say_failed(failure, path, ENOMEM);
    }
    snprintf(name, size, "%s.new-%u", path, (unsigned)getpid());
    bool is_made = data_file_make_folders(path, failure) && make_as(path, name, failure);
    free(name);
    return is_made;
}

/* Nobody else's file is replaced: if one has come under `path` meanwhile, it stays. */
static bool make_as(const char *path, const char *name, char failure[STORE_WORDS_SIZE])
{
    unlink(name); /* of a process that had our number before */
    struct data_file file = {(char *)name, -1};
    file.fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file.fd < 0) {
        return say_failed(failure, path, errno);
    }
    struct lmdb_environment environment;
    bool is_made =
        lmdb_environment_open(&environment, &file, false, BIRTH_MAP_SIZE, NULL, NULL, failure);
    if (is_made) {
        lmdb_environment_close(&environment);
        bool is_named = link(name, path) == 0 || errno == EEXIST;
        if (!is_named && (errno == EPERM || errno == EOPNOTSUPP)) {
            is_named = rename(name, path) == 0; /* a file system without links */
        }
        is_made = (is_named && data_file_sync_folder(path)) || say_failed(failure, path, errno);
    }
    close(file.fd);
    unlink(name);
    return is_made;
}

static bool say_failed(char failure[STORE_WORDS_SIZE], const char *path, int error)
{
    char explained[DATA_FILE_EXPLAINED_SIZE];
    data_file_explain(explained, error);
    snprintf(failure, STORE_WORDS_SIZE, "The store %.200s cannot be made: %s", path, explained);
    return false;
}
