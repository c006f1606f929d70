/* lmdb_environment.h — an LMDB file with our tables, opened and looked over. */
#ifndef MIDGE_STORE_LMDB_ENVIRONMENT_H
#define MIDGE_STORE_LMDB_ENVIRONMENT_H

#include <lmdb.h>

#include "store/data_file.h"
#include "store/store_backend.h"

struct lmdb_environment {
    MDB_env *env; /* NULL: not open */
    MDB_dbi tables[TABLE_COUNT];
    bool has_table[TABLE_COUNT];
    uint64_t page_size;
};

/* Opens what `file` (locked by the caller) holds, and makes our tables unless `is_to_read`.
 * `on_assertion` is LMDB's, and gets `context` by mdb_env_get_userctx. False: failure says why. */
bool lmdb_environment_open(struct lmdb_environment *environment, const struct data_file *file,
                           bool is_to_read, uint64_t map_size, MDB_assert_func *on_assertion,
                           void *context, char failure[STORE_WORDS_SIZE]);
void lmdb_environment_close(struct lmdb_environment *environment);

/* Pages the file has, by its head; and those of them that are in use, as `txn` sees it. */
uint64_t lmdb_environment_pages(const struct lmdb_environment *environment);
uint64_t lmdb_environment_pages_used(const struct lmdb_environment *environment, MDB_txn *txn);

/* Writes a transaction that changes nothing: with it, what was before it lasts. An error of
 * LMDB's. */
int lmdb_environment_touch(const struct lmdb_environment *environment);

/* Takes room on the disk for what comes. BACKEND_FULL: there is little left, of it or of
 * `size->bytes_max`; `words` says what to do. */
enum backend_result lmdb_environment_check_room(const struct lmdb_environment *environment,
                                                const struct data_file *file,
                                                const struct backend_size *size,
                                                char words[STORE_WORDS_SIZE]);

/* An error of LMDB's in words: what is wrong, and how to mend it. */
void lmdb_explain(char words[DATA_FILE_EXPLAINED_SIZE], int error);

#endif
