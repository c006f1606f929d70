/* data_file.c — see data_file.h.
 *
 * The lock is on the file itself (flock), so that it goes with the process. Between opening and
 * locking, somebody may have put another file in its place: then that one is opened. */
#include "store/data_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN_ATTEMPTS_MAX = 10, FOLDER_MODE = 0700 };

static bool open_once(struct data_file *file, enum data_file_purpose purpose,
                      char failure[STORE_WORDS_SIZE]);
static bool make_folders(char *path);
static bool is_alright(const struct data_file *file, char failure[STORE_WORDS_SIZE]);
static void say_failed(char failure[STORE_WORDS_SIZE], const char *what, const char *path,
                       int error);

bool data_file_open(struct data_file *file, const char *path, enum data_file_purpose purpose,
                    char failure[STORE_WORDS_SIZE])
{
    *file = (struct data_file){.path = strdup(path), .fd = -1};
    if (!file->path) {
        snprintf(failure, STORE_WORDS_SIZE, "There is no memory to open the store %s.", path);
        return false;
    }
    for (int attempt = 0; attempt < OPEN_ATTEMPTS_MAX; attempt++) {
        if (!open_once(file, purpose, failure)) {
            break;
        }
        if (data_file_is_there(file)) {
            return true;
        }
        flock(file->fd, LOCK_UN);
        close(file->fd);
        file->fd = -1;
        snprintf(failure, STORE_WORDS_SIZE, "The store %s is being replaced. Try again.", path);
    }
    data_file_close(file);
    return false;
}

void data_file_close(struct data_file *file)
{
    if (file->fd >= 0) {
        /* Whoever looks into /proc may hold our descriptor for a moment longer than we do. */
        flock(file->fd, LOCK_UN);
        close(file->fd);
    }
    free(file->path);
    *file = (struct data_file){.path = NULL, .fd = -1};
}

bool data_file_is_there(const struct data_file *file)
{
    struct stat open_one, named_one;
    return fstat(file->fd, &open_one) == 0 && stat(file->path, &named_one) == 0 &&
           open_one.st_dev == named_one.st_dev && open_one.st_ino == named_one.st_ino;
}

uint64_t data_file_size(const struct data_file *file)
{
    struct stat status;
    return fstat(file->fd, &status) == 0 ? (uint64_t)status.st_size : 0;
}

bool data_file_reserve(const struct data_file *file, uint64_t size)
{
    if (fallocate(file->fd, 0, 0, (off_t)size) == 0) {
        return true;
    }
    return errno == EOPNOTSUPP && ftruncate(file->fd, (off_t)size) == 0;
}

bool data_file_make_folders(const char *path, char failure[STORE_WORDS_SIZE])
{
    char *copy = strdup(path);
    errno = ENOMEM;
    bool is_made = copy && make_folders(copy);
    int error = errno;
    free(copy);
    if (!is_made) {
        say_failed(failure, "The folder for the store %s cannot be made: ", path, error);
    }
    return is_made;
}

bool data_file_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!folder) {
        errno = ENOMEM;
        return false;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return is_synced;
}

void data_file_explain(char words[DATA_FILE_EXPLAINED_SIZE], int error)
{
    const char *cure = "";
    switch (error) {
    case EACCES:
    case EPERM: cure = " Let the user that runs this read and write it, and its folder."; break;
    case EROFS: cure = " Mount that disk to be written, or use another folder."; break;
    case ENOSPC:
    case EDQUOT: cure = " Make room on that disk."; break;
    case EIO: cure = " The disk has trouble: look into the kernel's log."; break;
    case ENOTDIR:
    case ENOENT: cure = " See that the path is right."; break;
    default: break;
    }
    snprintf(words, DATA_FILE_EXPLAINED_SIZE, "%s.%s", strerror(error), cure);
}

static bool open_once(struct data_file *file, enum data_file_purpose purpose,
                      char failure[STORE_WORDS_SIZE])
{
    bool is_to_read = purpose == DATA_FILE_READ;
    int flags = (is_to_read ? O_RDONLY : O_RDWR) | O_CLOEXEC;
    file->fd = open(file->path, flags);
    if (file->fd < 0) {
        say_failed(failure, "The store %s cannot be opened: ", file->path, errno);
        return false;
    }
    if (!is_alright(file, failure)) {
        return false;
    }
    if (flock(file->fd, (is_to_read ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK) {
            snprintf(failure, STORE_WORDS_SIZE,
                     "The store %s is in use by another process, probably a broker. Stop that "
                     "one, or use another file.",
                     file->path);
        } else {
            say_failed(failure, "The store %s cannot be locked: ", file->path, errno);
        }
        return false;
    }
    return true;
}

/* `path` is changed, and changed back. Each folder is entered in the one above it for good. */
static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool is_made = mkdir(path, FOLDER_MODE) == 0;
        bool is_there = is_made || errno == EEXIST;
        int error = errno;
        if (is_made && !data_file_sync_folder(path)) {
            error = errno;
            is_there = false;
        }
        *slash = '/';
        if (!is_there) {
            errno = error;
            return false;
        }
    }
    return true;
}

static bool is_alright(const struct data_file *file, char failure[STORE_WORDS_SIZE])
{
    struct stat status;
    if (fstat(file->fd, &status) < 0) {
        say_failed(failure, "The store %s cannot be looked at: ", file->path, errno);
        return false;
    }
    if (!S_ISREG(status.st_mode)) {
        snprintf(failure, STORE_WORDS_SIZE, "The store %s is not a file. Name a file instead.",
                 file->path);
        return false;
    }
    return true;
}

/* `what` has one %s, for the path. */
static void say_failed(char failure[STORE_WORDS_SIZE], const char *what, const char *path,
                       int error)
{
    const char *gap = strchr(what, '%');
    char explained[DATA_FILE_EXPLAINED_SIZE];
    data_file_explain(explained, error);
    snprintf(failure, STORE_WORDS_SIZE, "%.*s%.200s%.60s%s", (int)(gap - what), what, path, gap + 2,
             explained);
}
