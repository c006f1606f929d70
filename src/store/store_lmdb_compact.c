/* store_compact.c — a store without its free pages: see store_lmdb.h.
 *
 * Happy path: lock → copy everything in use into a new file beside it → sync that → rename it over
 * the old one → sync the folder. What can go wrong: no room for both: the new one is removed. */
#include "store/store_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/data_file.h"
#include "store/lmdb_environment.h"

static bool compact(const struct data_file *file, struct store_lmdb_compaction *compaction,
                    char failure[STORE_WORDS_SIZE]);
static int copy_trapped(struct lmdb_environment *environment, const struct data_file *file, int to,
                        char failure[STORE_WORDS_SIZE]);
static int walk(struct lmdb_environment *environment);
static bool finish(const struct data_file *file, const char *copy, int fd, uint64_t *bytes,
                   char failure[STORE_WORDS_SIZE]);
static void say_failed(char failure[STORE_WORDS_SIZE], const char *path, int error);
static void on_assertion(MDB_env *env, const char *message);

bool store_lmdb_compact(const char *path, struct store_lmdb_compaction *compaction,
                        char failure[STORE_WORDS_SIZE])
{
    struct data_file file;
    failure[0] = '\0';
    if (!data_file_open(&file, path, DATA_FILE_WRITE, failure)) {
        return false;
    }
    compaction->bytes_before = data_file_size(&file);
    bool is_done = compact(&file, compaction, failure);
    data_file_close(&file);
    return is_done;
}

static bool compact(const struct data_file *file, struct store_lmdb_compaction *compaction,
                    char failure[STORE_WORDS_SIZE])
{
    size_t size = strlen(file->path) + sizeof ".compact";
    char *copy = malloc(size);
    if (!copy) {
        say_failed(failure, file->path, ENOMEM);
        return false;
    }
    snprintf(copy, size, "%s.compact", file->path);
    /* One that was left by a compaction that was killed is nobody's: we have the lock. */
    unlink(copy);
    int fd = open(copy, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_done = false;
    if (fd < 0) {
        say_failed(failure, file->path, errno);
    } else {
        struct lmdb_environment environment;
        int error = copy_trapped(&environment, file, fd, failure);
        if (error != MDB_SUCCESS && failure[0] == '\0') {
            say_failed(failure, file->path, error);
        }
        is_done = error == MDB_SUCCESS && finish(file, copy, fd, &compaction->bytes_after, failure);
        close(fd);
        if (!is_done) {
            unlink(copy);
        }
    }
    free(copy);
    return is_done;
}

/* What LMDB says; where it could not even be opened, `failure` has it in words. */
static int copy_trapped(struct lmdb_environment *environment, const struct data_file *file, int to,
                        char failure[STORE_WORDS_SIZE])
{
    jmp_buf trap;
    environment->env = NULL;
    if (setjmp(trap)) {
        lmdb_environment_close(environment);
        return MDB_CORRUPTED;
    }
    if (!lmdb_environment_open(environment, file, true, 0, on_assertion, &trap, failure)) {
        return MDB_PANIC;
    }
    int error = walk(environment);
    if (error == MDB_SUCCESS) {
        error = mdb_env_copyfd2(environment->env, to, MDB_CP_COMPACT);
    }
    lmdb_environment_close(environment);
    return error;
}

/* Looks at everything once: LMDB copies with a thread of its own, and its assertions could not be
 * caught any more. */
static int walk(struct lmdb_environment *environment)
{
    MDB_txn *txn;
    int error = mdb_txn_begin(environment->env, NULL, MDB_RDONLY, &txn);
    if (error != MDB_SUCCESS) {
        return error;
    }
    for (int table = 0; table < TABLE_COUNT && error == MDB_SUCCESS; table++) {
        MDB_cursor *cursor;
        MDB_val key, value;
        if (!environment->has_table[table]) {
            continue;
        }
        error = mdb_cursor_open(txn, environment->tables[table], &cursor);
        if (error == MDB_SUCCESS) {
            while ((error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
            }
            mdb_cursor_close(cursor);
        }
        error = error == MDB_NOTFOUND ? MDB_SUCCESS : error;
    }
    mdb_txn_abort(txn);
    return error;
}

static bool finish(const struct data_file *file, const char *copy, int fd, uint64_t *bytes,
                   char failure[STORE_WORDS_SIZE])
{
    struct stat old, new;
    bool is_done =
        fstat(file->fd, &old) == 0 && fchmod(fd, old.st_mode & 07777) == 0 && fstat(fd, &new) == 0;
    /* Root compacts for others. Where that fails, the file was ours. */
    if (is_done && old.st_uid != new.st_uid) {
        is_done = fchown(fd, old.st_uid, old.st_gid) == 0;
    }
    if (!is_done || fsync(fd) != 0 || rename(copy, file->path) != 0) {
        say_failed(failure, file->path, errno);
        return false;
    }
    *bytes = (uint64_t) new.st_size;
    if (!data_file_sync_folder(file->path)) {
        say_failed(failure, file->path, errno);
        return false;
    }
    return true;
}

static void say_failed(char failure[STORE_WORDS_SIZE], const char *path, int error)
{
    char words[DATA_FILE_EXPLAINED_SIZE];
    lmdb_explain(words, error);
    snprintf(failure, STORE_WORDS_SIZE, "The store %.200s cannot be compacted: %s", path, words);
}

static void on_assertion(MDB_env *env, const char *message)
{
    (void)message;
    jmp_buf *trap = mdb_env_get_userctx(env);
    longjmp(*trap, 1);
}
