/* lmdb_environment.c — see lmdb_environment.h.
 *
 * What can go wrong: the file is cut off. LMDB maps it, and a page that is not there would end the
 * process. So the file's length is compared with what its head says. Pages at the end that were
 * allocated and given back in one transaction have never been written: if all that is missing is
 * free, it is added, else the file is refused. */
#include "store/lmdb_environment.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "store/store_key.h"

enum { FREE_TABLE = 0, MAIN_TABLE = 1 }; /* LMDB's own */

enum {
    ROOM_MIN = 1024 * 1024, /* with less, the store is nearly full */
    ROOM_PORTION = 2 * 1024 * 1024,
    HEAD_SIZE_MAX = 256,
};

static const char *const table_names[TABLE_COUNT] = {
    [TABLE_META] = "meta",         [TABLE_SESSIONS] = "sessions",
    [TABLE_QUEUE] = "queue",       [TABLE_SUBSCRIPTIONS] = "subscriptions",
    [TABLE_MESSAGES] = "messages", [TABLE_REFERENCES] = "references",
    [TABLE_RECEIVED] = "received", [TABLE_RETAINED] = "retained",
    [TABLE_DAMAGED] = "damaged",
};

static int open_map(struct lmdb_environment *environment, const struct data_file *file,
                    bool is_to_read, uint64_t map_size, MDB_assert_func *on_assertion,
                    void *context);
static bool is_whole(struct lmdb_environment *environment, const struct data_file *file,
                     bool is_to_read, char failure[STORE_WORDS_SIZE]);
static bool are_free(struct lmdb_environment *environment, uint64_t from, uint64_t to);
static bool open_tables(struct lmdb_environment *environment, const struct data_file *file,
                        bool is_to_read, char failure[STORE_WORDS_SIZE]);
static int open_each_table(struct lmdb_environment *environment, MDB_txn *txn, bool is_to_read);
static bool is_strange(const struct lmdb_environment *environment, MDB_txn *txn);

bool lmdb_environment_open(struct lmdb_environment *environment, const struct data_file *file,
                           bool is_to_read, uint64_t map_size, MDB_assert_func *on_assertion,
                           void *context, char failure[STORE_WORDS_SIZE])
{
    *environment = (struct lmdb_environment){.env = NULL};
    int error = open_map(environment, file, is_to_read, map_size, on_assertion, context);
    if (error != MDB_SUCCESS) {
        char words[DATA_FILE_EXPLAINED_SIZE];
        lmdb_explain(words, error);
        snprintf(failure, STORE_WORDS_SIZE, "The store %.200s cannot be opened: %s", file->path,
                 words);
    } else if (is_whole(environment, file, is_to_read, failure) &&
               open_tables(environment, file, is_to_read, failure)) {
        return true;
    }
    lmdb_environment_close(environment);
    return false;
}

void lmdb_environment_close(struct lmdb_environment *environment)
{
    if (environment->env) {
        mdb_env_close(environment->env);
        environment->env = NULL;
    }
}

uint64_t lmdb_environment_pages(const struct lmdb_environment *environment)
{
    MDB_envinfo envinfo;
    return mdb_env_info(environment->env, &envinfo) == MDB_SUCCESS ? envinfo.me_last_pgno + 1 : 0;
}

uint64_t lmdb_environment_pages_used(const struct lmdb_environment *environment, MDB_txn *txn)
{
    uint64_t pages = 2; /* the two heads */
    for (int i = -2; i < TABLE_COUNT; i++) {
        if (i >= 0 && !environment->has_table[i]) {
            continue;
        }
        MDB_dbi table = i == -2 ? FREE_TABLE : i == -1 ? MAIN_TABLE : environment->tables[i];
        MDB_stat stat;
        if (mdb_stat(txn, table, &stat) == MDB_SUCCESS) {
            pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
        }
    }
    return pages;
}

int lmdb_environment_touch(const struct lmdb_environment *environment)
{
    MDB_txn *txn;
    MDB_dbi meta = environment->tables[TABLE_META];
    struct store_key key = key_of(TABLE_META, 1, 0);
    MDB_val lmdb_key = {key.size, key.bytes}, value;
    int error = mdb_txn_begin(environment->env, NULL, 0, &txn);
    if (error != MDB_SUCCESS) {
        return error;
    }
    error = mdb_get(txn, meta, &lmdb_key, &value);
    if (error == MDB_SUCCESS) {
        uint8_t copy[HEAD_SIZE_MAX];
        size_t size = value.mv_size < sizeof copy ? value.mv_size : sizeof copy;
        memcpy(copy, value.mv_data, size);
        value = (MDB_val){size, copy};
        error = mdb_put(txn, meta, &lmdb_key, &value, 0);
    }
    if (error != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return error;
    }
    return mdb_txn_commit(txn);
}

/* Room is what is left up to bytes_max, and what the disk has for us: free pages in the file, and
 * what was reserved behind its end. */
enum backend_result lmdb_environment_check_room(const struct lmdb_environment *environment,
                                                const struct data_file *file,
                                                const struct backend_size *size,
                                                char words[STORE_WORDS_SIZE])
{
    uint64_t reserve = size->bytes_max / 20 > ROOM_MIN ? size->bytes_max / 20 : ROOM_MIN;
    reserve = reserve < size->bytes_max / 2 ? reserve : size->bytes_max / 2;
    if (size->bytes_used + reserve > size->bytes_max) {
        snprintf(words, STORE_WORDS_SIZE,
                 "The store %.200s has nearly reached store_size_max. Make that larger, or let "
                 "clients fetch what waits for them.",
                 file->path);
        return BACKEND_FULL;
    }
    uint64_t end = lmdb_environment_pages(environment) * environment->page_size;
    if (size->bytes_file >= end + ROOM_MIN || data_file_reserve(file, end + ROOM_PORTION)) {
        return BACKEND_OK;
    }
    char explained[DATA_FILE_EXPLAINED_SIZE];
    data_file_explain(explained, errno);
    snprintf(words, STORE_WORDS_SIZE, "The store %.200s finds little room: %s", file->path,
             explained);
    uint64_t room = (end > size->bytes_used ? end - size->bytes_used : 0) +
                    (size->bytes_file > end ? size->bytes_file - end : 0);
    return room < ROOM_MIN ? BACKEND_FULL : BACKEND_OK;
}

void lmdb_explain(char words[DATA_FILE_EXPLAINED_SIZE], int error)
{
    const size_t size = DATA_FILE_EXPLAINED_SIZE;
    switch (error) {
    case MDB_INVALID:
        snprintf(words, size,
                 "it is no store, or its head is damaged. Bring back a copy, or move it away: "
                 "then a new one is made.");
        return;
    case MDB_VERSION_MISMATCH:
        snprintf(words, size, "it was made by another version of LMDB. Use that one.");
        return;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_PANIC:
        snprintf(words, size,
                 "its pages are damaged (%s). Bring back a copy, or rescue what can "
                 "be read with `midge store dump`.",
                 mdb_strerror(error));
        return;
    case MDB_MAP_FULL: snprintf(words, size, "store_size_max is reached. Make it larger."); return;
    default: break;
    }
    if (error > 0) {
        data_file_explain(words, error);
    } else {
        snprintf(words, size, "%s.", mdb_strerror(error));
    }
}

static int open_map(struct lmdb_environment *environment, const struct data_file *file,
                    bool is_to_read, uint64_t map_size, MDB_assert_func *on_assertion,
                    void *context)
{
    int error = mdb_env_create(&environment->env);
    if (error != MDB_SUCCESS) {
        environment->env = NULL;
        return error;
    }
    MDB_env *env = environment->env;
    mdb_env_set_userctx(env, context);
    if (on_assertion) {
        mdb_env_set_assert(env, on_assertion);
    }
    error = mdb_env_set_maxdbs(env, TABLE_COUNT);
    if (error == MDB_SUCCESS && map_size > 0) {
        error = mdb_env_set_mapsize(env, map_size);
    }
    if (error == MDB_SUCCESS) {
        unsigned flags = MDB_NOSUBDIR | MDB_NOLOCK | (is_to_read ? MDB_RDONLY : 0u);
        error = mdb_env_open(env, file->path, flags, 0600);
    }
    return error;
}

static bool is_whole(struct lmdb_environment *environment, const struct data_file *file,
                     bool is_to_read, char failure[STORE_WORDS_SIZE])
{
    MDB_stat stat;
    mdb_env_stat(environment->env, &stat);
    environment->page_size = stat.ms_psize;
    uint64_t size = data_file_size(file);
    uint64_t size_needed = lmdb_environment_pages(environment) * environment->page_size;
    if (size >= size_needed) {
        return true;
    }
    bool is_mended = false;
    if (!is_to_read && ftruncate(file->fd, (off_t)size_needed) == 0) {
        is_mended = are_free(environment, size / environment->page_size,
                             size_needed / environment->page_size);
        if (!is_mended && ftruncate(file->fd, (off_t)size) != 0) {
            size = size_needed; /* and zeros at its end */
        }
    }
    if (!is_mended) {
        snprintf(failure, STORE_WORDS_SIZE,
                 "The store %.200s is cut off: it has %llu bytes, and should have %llu. Bring "
                 "back a copy, or move it away: then a new one is made.",
                 file->path, (unsigned long long)size, (unsigned long long)size_needed);
    }
    return is_mended;
}

/* Whether all pages `from` … `to` - 1 stand in LMDB's list of free pages. */
static bool are_free(struct lmdb_environment *environment, uint64_t from, uint64_t to)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    if (mdb_txn_begin(environment->env, NULL, MDB_RDONLY, &txn) != MDB_SUCCESS) {
        return false;
    }
    uint64_t found = 0;
    if (mdb_cursor_open(txn, FREE_TABLE, &cursor) == MDB_SUCCESS) {
        MDB_val key, value;
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == MDB_SUCCESS) {
            size_t count, page; /* how many, then each */
            for (size_t i = 0; i * sizeof count < value.mv_size; i++) {
                memcpy(&page, (const uint8_t *)value.mv_data + i * sizeof page, sizeof page);
                if (i == 0) {
                    count = page;
                } else if (i <= count && page >= from && page < to) {
                    found++;
                }
            }
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return found == to - from;
}

static bool open_tables(struct lmdb_environment *environment, const struct data_file *file,
                        bool is_to_read, char failure[STORE_WORDS_SIZE])
{
    MDB_txn *txn;
    int error = mdb_txn_begin(environment->env, NULL, is_to_read ? (unsigned)MDB_RDONLY : 0u, &txn);
    if (error == MDB_SUCCESS && is_strange(environment, txn)) {
        mdb_txn_abort(txn);
        snprintf(failure, STORE_WORDS_SIZE,
                 "The file %.200s belongs to another program that uses LMDB. Use another file.",
                 file->path);
        return false;
    }
    if (error == MDB_SUCCESS) {
        error = open_each_table(environment, txn, is_to_read);
        if (error == MDB_SUCCESS) {
            error = mdb_txn_commit(txn);
        } else {
            mdb_txn_abort(txn);
        }
    }
    if (error != MDB_SUCCESS) {
        char words[DATA_FILE_EXPLAINED_SIZE];
        lmdb_explain(words, error);
        snprintf(failure, STORE_WORDS_SIZE, "The tables of the store %.200s cannot be opened: %s",
                 file->path, words);
    }
    return error == MDB_SUCCESS;
}

static int open_each_table(struct lmdb_environment *environment, MDB_txn *txn, bool is_to_read)
{
    for (int i = 0; i < TABLE_COUNT; i++) {
        int error = mdb_dbi_open(txn, table_names[i], is_to_read ? 0u : (unsigned)MDB_CREATE,
                                 &environment->tables[i]);
        environment->has_table[i] = error == MDB_SUCCESS;
        if (error != MDB_SUCCESS && !(is_to_read && error == MDB_NOTFOUND)) {
            return error;
        }
    }
    return MDB_SUCCESS;
}

/* Something is there, but not what we begin with. */
static bool is_strange(const struct lmdb_environment *environment, MDB_txn *txn)
{
    (void)environment;
    MDB_stat stat;
    MDB_dbi table;
    return mdb_stat(txn, MAIN_TABLE, &stat) == MDB_SUCCESS && stat.ms_entries > 0 &&
           mdb_dbi_open(txn, table_names[TABLE_META], 0, &table) == MDB_NOTFOUND;
}
