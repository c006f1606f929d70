/* store_lmdb.c — see store_lmdb.h.
 *
 * Happy path: begin ends the reading transaction and begins a writing one; commit writes pages,
 * syncs, writes the head. A reading transaction begins with the first read after that.
 *
 * What can go wrong: a commit fails. LMDB's pages of that transaction may be in the kernel's cache
 * and not on the disk, and the kernel tells so only once. So the environment is closed, and opened
 * again at the next begin: by then the file's head counts, not what LMDB remembers. Where the head
 * has the failed transaction all the same, one more commit makes it last.
 *
 * LMDB asserts on pages that make no sense. Its assertions are caught (`trap`), the environment is
 * given up, and the call fails. */
#include "store/store_lmdb.h"

#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/data_file.h"
#include "store/lmdb_birth.h"
#include "store/lmdb_environment.h"
#include "store/store_key.h"

enum {
    MARGIN_MIN = 16 * 1024 * 1024, /* beyond size_max, for what is under way */
};

struct lmdb_backend {
    struct store_backend backend;
    struct data_file file;
    struct lmdb_environment environment;
    bool is_to_read;
    uint64_t size_max;
    MDB_txn *writing;                 /* or NULL */
    MDB_txn *reading;                 /* or NULL */
    MDB_cursor *cursors[TABLE_COUNT]; /* of the one that is open; or NULL */
    size_t failed_id;                 /* of the transaction whose commit failed; 0: none */
    jmp_buf trap;
    char words[STORE_WORDS_SIZE];
};

static struct store_backend *make_backend(const char *path, enum data_file_purpose purpose,
                                          uint64_t size_max, char failure[STORE_WORDS_SIZE]);
static enum backend_result begin_to_write(struct store_backend *backend);
static enum backend_result put(struct store_backend *backend, enum store_table table,
                               struct bytes key, struct bytes value);
static enum backend_result take_out(struct store_backend *backend, enum store_table table,
                                    struct bytes key);
static enum backend_result commit(struct store_backend *backend);
static void abort_writing(struct store_backend *backend);
static enum backend_result get(struct store_backend *backend, enum store_table table,
                               struct bytes key, struct bytes *value);
static enum backend_result seek(struct store_backend *backend, enum store_table table,
                                struct bytes *key, struct bytes *value);
static enum backend_result seek_before(struct store_backend *backend, enum store_table table,
                                       struct bytes *key, struct bytes *value);
static uint64_t count(struct store_backend *backend, enum store_table table);
static enum backend_result measure(struct store_backend *backend, struct backend_size *size);
static const char *words(const struct store_backend *backend);
static const char *where(const struct store_backend *backend);
static void close_backend(struct store_backend *backend);
static bool open_trapped(struct lmdb_backend *lmdb);
static bool open_again(struct lmdb_backend *lmdb);
static void close_environment(struct lmdb_backend *lmdb);
static void end_reading(struct lmdb_backend *lmdb);
static void close_cursors(struct lmdb_backend *lmdb);
static enum backend_result settle_failed(struct lmdb_backend *lmdb);
static int find_transaction(struct lmdb_backend *lmdb, MDB_txn **txn);
static int find_cursor(struct lmdb_backend *lmdb, enum store_table table, MDB_cursor **cursor);
static int step_before(struct lmdb_backend *lmdb, enum store_table table, MDB_val *key,
                       MDB_val *value);
static enum backend_result result_of(struct lmdb_backend *lmdb, int error);
static enum backend_result give_up(struct lmdb_backend *lmdb);
static void on_assertion(MDB_env *env, const char *message);

struct store_backend *store_lmdb_open(const struct store_lmdb_options *options,
                                      char failure[STORE_WORDS_SIZE])
{
    assert(options->size_max > 0);
    return lmdb_birth(options->path, failure)
               ? make_backend(options->path, DATA_FILE_WRITE, options->size_max, failure)
               : NULL;
}

struct store_backend *store_lmdb_open_to_read(const char *path, char failure[STORE_WORDS_SIZE])
{
    return make_backend(path, DATA_FILE_READ, 0, failure);
}

static struct store_backend *make_backend(const char *path, enum data_file_purpose purpose,
                                          uint64_t size_max, char failure[STORE_WORDS_SIZE])
{
    struct lmdb_backend *lmdb = calloc(1, sizeof *lmdb);
    failure[0] = '\0';
    if (!lmdb) {
        snprintf(failure, STORE_WORDS_SIZE, "There is no memory to open the store %s.", path);
        return NULL;
    }
    lmdb->backend = (struct store_backend){
        .begin = begin_to_write,
        .put = put,
        .remove = take_out,
        .commit = commit,
        .abort = abort_writing,
        .get = get,
        .seek = seek,
        .seek_before = seek_before,
        .count = count,
        .measure = measure,
        .words = words,
        .where = where,
        .close = close_backend,
    };
    lmdb->is_to_read = purpose == DATA_FILE_READ;
    lmdb->size_max = size_max;
    if (!data_file_open(&lmdb->file, path, purpose, failure)) {
        free(lmdb);
        return NULL;
    }
    if (!open_trapped(lmdb)) {
        snprintf(failure, STORE_WORDS_SIZE, "%s", lmdb->words);
        close_backend(&lmdb->backend);
        return NULL;
    }
    return &lmdb->backend;
}

static enum backend_result begin_to_write(struct store_backend *backend)
{
    struct lmdb_backend *lmdb = (struct lmdb_backend *)backend;
    assert(!lmdb->writing);
    if (lmdb->is_to_read) {
        return result_of(lmdb, EROFS);
    }
    if (setjmp(lmdb->trap)) {
        return give_up(lmdb);
    }
    if (!lmdb->environment.env && !open_again(lmdb)) {
        return BACKEND_FAILED;
    }
    end_reading(lmdb);
    if (lmdb->failed_id > 0) {
        enum backend_result result = settle_failed(lmdb);
        if (result != BACKEND_OK) {
            return result;
        }
    }
    int error = mdb_txn_begin(lmdb->environment.env, NULL, 0, &lmdb->writing);
    if (error != MDB_SUCCESS) {
        lmdb->writing = NULL;
        close_environment(lmdb);
    }
    return result_of(lmdb, error);
}

static enum backend_result put(struct store_backend *backend, enum store_table table,
                               struct bytes key, struct bytes value)
{
    struct lmdb_backend *lmdb = (struct lmdb_backend *)backend;
    if (!lmdb->writing) {
        return BACKEND_FAILED;
    }
    if (setjmp(lmdb->trap)) {
        return give_up(lmdb);
    }
    MDB_val lmdb_key = {key.size, (void *)key.data}, lmdb_value = {value.size, (void *)value.data};
    return result_of(
        lmdb, mdb_put(lmdb->writing, lmdb->environment.tables[table], &lmdb_key, &lmdb_value, 0));
}

static enum backend_result take_out(struct store_backend *backend, enum store_table table,
                                    struct bytes key)
{
    struct lmdb_backend *lmdb = (struct lmdb_backend *)backend;
    if (!lmdb->writing) {
        return BACKEND_FAILED;
    }
    if (setjmp(lmdb->trap)) {
        return give_up(lmdb);
    }
    MDB_val lmdb_key = {key.size, (void *)key.data};
    return result_of(lmdb,
                     mdb_del(lmdb->writing, lmdb->environment.tables[table], &lmdb_key, NULL));
}

static enum backend_result commit(struct store_backend *backend)
{
    struct lmdb_backend *lmdb = (struct lmdb_backend *)backend;
    if (!lmdb->writing) {
        return BACKEND_FAILED;
    }
    if (setjmp(lmdb->trap)) {
        return give_up(lmdb);
    }
    close_cursors(lmdb);
    size_t id = mdb_txn_id(lmdb->writing);
    MDB_txn *writing = lmdb->writing;
    lmdb->writing = NULL;
    int error = mdb_txn_commit(writing);
    if (error != MDB_SUCCESS) {
        lmdb->failed_id = id;
        close_environment(lmdb);
    }
    return result_of(lmdb, error);
}

static void abort_writing(struct store_backend *backend)
{
    struct lmdb_backend *lmdb = (struct lmdb_backend *)backend;
    if (lmdb->writing) {
        close_cursors(lmdb);
        mdb_txn_abort(lmdb->writing);
        lmdb->writing = NULL;
    }
}

static enum backend_result get(struct store_backend *backend, enum store_table table,
                               struct bytes key, struct bytes *value)
{
    struct lmdb_backend *lmdb = (struct lmdb_backend *)backend;
    if (setjmp(lmdb->trap)) {
        return give_up(lmdb);
    }
    MDB_txn *txn;
    MDB_val lmdb_key = {key.size, (void *)key.data}, lmdb_value = {0, NULL};
    int error = find_transaction(lmdb, &txn);
    if (error == MDB_SUCCESS) {
        error = lmdb->environment.has_table[table]
                    ? mdb_get(txn, lmdb->environment.tables[table], &lmdb_key, &lmdb_value)
                    : MDB_NOTFOUND;
    }
    *value = bytes_of(lmdb_value.mv_data, lmdb_value.mv_size);
    return result_of(lmdb, error);
}

static enum backend_result seek(struct store_backend *backend, enum store_table table,
                                struct bytes *key, struct bytes *value)
{
    struct lmdb_backend *lmdb = (struct lmdb_backend *)backend;
    if (setjmp(lmdb->trap)) {
        return give_up(lmdb);
    }
    MDB_cursor *cursor;
    MDB_val lmdb_key = {key->size, (void *)key->data}, lmdb_value = {0, NULL};
    int error = find_cursor(lmdb, table, &cursor);
    if (error == MDB_SUCCESS) {
        error = mdb_cursor_get(cursor, &lmdb_key, &lmdb_value, MDB_SET_RANGE);
    }
    if (error == MDB_SUCCESS) {
        *key = bytes_of(lmdb_key.mv_data, lmdb_key.mv_size);
        *value = bytes_of(lmdb_value.mv_data, lmdb_value.mv_size);
    }
    return result_of(lmdb, error);
}

static enum backend_result seek_before(struct store_backend *backend, enum store_table table,
                                       struct bytes *key, struct bytes *value)
{
    struct lmdb_backend *lmdb = (struct lmdb_backend *)backend;
    if (setjmp(lmdb->trap)) {
        return give_up(lmdb);
    }
    MDB_val lmdb_key = {key->size, (void *)key->data}, lmdb_value = {0, NULL};
    int error = step_before(lmdb, table, &lmdb_key, &lmdb_value);
    if (error == MDB_SUCCESS) {
        *key = bytes_of(lmdb_key.mv_data, lmdb_key.mv_size);
        *value = bytes_of(lmdb_value.mv_data, lmdb_value.mv_size);
    }
    return result_of(lmdb, error);
}

static uint64_t count(struct store_backend *backend, enum store_table table)
{
    struct lmdb_backend *lmdb = (struct lmdb_backend *)backend;
    if (setjmp(lmdb->trap)) {
        give_up(lmdb);
        return 0;
    }
    MDB_txn *txn;
    MDB_stat stat;
    return find_transaction(lmdb, &txn) == MDB_SUCCESS && lmdb->environment.has_table[table] &&
                   mdb_stat(txn, lmdb->environment.tables[table], &stat) == MDB_SUCCESS
               ? stat.ms_entries
               : 0;
}

static enum backend_result measure(struct store_backend *backend, struct backend_size *size)
{
    struct lmdb_backend *lmdb = (struct lmdb_backend *)backend;
    *size = (struct backend_size){.bytes_max = lmdb->size_max,
                                  .bytes_file = data_file_size(&lmdb->file)};
    if (setjmp(lmdb->trap)) {
        return give_up(lmdb);
    }
    MDB_txn *txn;
    int error = find_transaction(lmdb, &txn);
    if (error != MDB_SUCCESS) {
        return lmdb->environment.env ? result_of(lmdb, error) : BACKEND_FAILED;
    }
    size->bytes_used =
        lmdb->environment.page_size * lmdb_environment_pages_used(&lmdb->environment, txn);
    return lmdb->is_to_read
               ? BACKEND_OK
               : lmdb_environment_check_room(&lmdb->environment, &lmdb->file, size, lmdb->words);
}

static const char *words(const struct store_backend *backend)
{
    return ((const struct lmdb_backend *)backend)->words;
}

static const char *where(const struct store_backend *backend)
{
    return ((const struct lmdb_backend *)backend)->file.path;
}

static void close_backend(struct store_backend *backend)
{
    struct lmdb_backend *lmdb = (struct lmdb_backend *)backend;
    abort_writing(backend);
    close_environment(lmdb);
    data_file_close(&lmdb->file);
    free(lmdb);
}

static bool open_trapped(struct lmdb_backend *lmdb)
{
    if (setjmp(lmdb->trap)) {
        give_up(lmdb);
        return false;
    }
    return open_again(lmdb);
}

/* The trap is set. False: see words. */
static bool open_again(struct lmdb_backend *lmdb)
{
    if (!data_file_is_there(&lmdb->file)) {
        snprintf(lmdb->words, sizeof lmdb->words,
                 "The store %.200s was moved or removed. Bring it back, or start again.",
                 lmdb->file.path);
        return false;
    }
    uint64_t margin = lmdb->size_max / 8 > MARGIN_MIN ? lmdb->size_max / 8 : MARGIN_MIN;
    uint64_t map_size = lmdb->is_to_read ? 0 : (lmdb->size_max + margin) & ~UINT64_C(0xFFFF);
    return lmdb_environment_open(&lmdb->environment, &lmdb->file, lmdb->is_to_read, map_size,
                                 on_assertion, lmdb, lmdb->words);
}

static void close_environment(struct lmdb_backend *lmdb)
{
    assert(!lmdb->writing);
    end_reading(lmdb);
    lmdb_environment_close(&lmdb->environment);
}

static void end_reading(struct lmdb_backend *lmdb)
{
    if (lmdb->reading) {
        close_cursors(lmdb);
        mdb_txn_abort(lmdb->reading);
        lmdb->reading = NULL;
    }
}

static void close_cursors(struct lmdb_backend *lmdb)
{
    for (int i = 0; i < TABLE_COUNT; i++) {
        if (lmdb->cursors[i]) {
            mdb_cursor_close(lmdb->cursors[i]);
            lmdb->cursors[i] = NULL;
        }
    }
}

/* What the file's head says of the transaction whose commit failed. BACKEND_OK: it did not
 * happen. */
static enum backend_result settle_failed(struct lmdb_backend *lmdb)
{
    MDB_envinfo envinfo;
    int error = mdb_env_sync(lmdb->environment.env, 1);
    if (error == MDB_SUCCESS) {
        error = mdb_env_info(lmdb->environment.env, &envinfo);
    }
    bool has_happened = error == MDB_SUCCESS && envinfo.me_last_txnid >= lmdb->failed_id;
    if (has_happened) {
        error = lmdb_environment_touch(&lmdb->environment);
    }
    if (error != MDB_SUCCESS) {
        close_environment(lmdb);
        return result_of(lmdb, error);
    }
    lmdb->failed_id = 0;
    return has_happened ? BACKEND_DONE : BACKEND_OK;
}

/* The one that is open; a reading one is begun where there is none. */
static int find_transaction(struct lmdb_backend *lmdb, MDB_txn **txn)
{
    if (!lmdb->writing && !lmdb->reading) {
        if (!lmdb->environment.env && !open_again(lmdb)) {
            return MDB_PANIC;
        }
        int error = mdb_txn_begin(lmdb->environment.env, NULL, MDB_RDONLY, &lmdb->reading);
        if (error != MDB_SUCCESS) {
            lmdb->reading = NULL;
            return error;
        }
    }
    *txn = lmdb->writing ? lmdb->writing : lmdb->reading;
    return MDB_SUCCESS;
}

static int find_cursor(struct lmdb_backend *lmdb, enum store_table table, MDB_cursor **cursor)
{
    MDB_txn *txn;
    int error = find_transaction(lmdb, &txn);
    if (error == MDB_SUCCESS && !lmdb->environment.has_table[table]) {
        error = MDB_NOTFOUND;
    }
    if (error == MDB_SUCCESS && !lmdb->cursors[table]) {
        error = mdb_cursor_open(txn, lmdb->environment.tables[table], &lmdb->cursors[table]);
        if (error != MDB_SUCCESS) {
            lmdb->cursors[table] = NULL;
        }
    }
    *cursor = lmdb->cursors[table];
    return error;
}

static int step_before(struct lmdb_backend *lmdb, enum store_table table, MDB_val *key,
                       MDB_val *value)
{
    MDB_cursor *cursor;
    int error = find_cursor(lmdb, table, &cursor);
    if (error != MDB_SUCCESS) {
        return error;
    }
    error = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    if (error == MDB_SUCCESS) {
        return mdb_cursor_get(cursor, key, value, MDB_PREV);
    }
    return error == MDB_NOTFOUND ? mdb_cursor_get(cursor, key, value, MDB_LAST) : error;
}

static enum backend_result result_of(struct lmdb_backend *lmdb, int error)
{
    if (error == MDB_SUCCESS) {
        return BACKEND_OK;
    }
    if (error == MDB_NOTFOUND) {
        return BACKEND_NOT_FOUND;
    }
    char explained[DATA_FILE_EXPLAINED_SIZE];
    lmdb_explain(explained, error);
    snprintf(lmdb->words, sizeof lmdb->words, "%s", explained);
    bool is_full = error == MDB_MAP_FULL || error == ENOSPC || error == EDQUOT;
    return is_full ? BACKEND_FULL : BACKEND_FAILED;
}

/* After an assertion of LMDB's: nothing of it is called any more but to close the map. */
static enum backend_result give_up(struct lmdb_backend *lmdb)
{
    lmdb->writing = NULL;
    lmdb->reading = NULL;
    memset(lmdb->cursors, 0, sizeof lmdb->cursors);
    lmdb_environment_close(&lmdb->environment);
    return result_of(lmdb, MDB_CORRUPTED);
}

static void on_assertion(MDB_env *env, const char *message)
{
    (void)message;
    struct lmdb_backend *lmdb = mdb_env_get_userctx(env);
    longjmp(lmdb->trap, 1);
}
