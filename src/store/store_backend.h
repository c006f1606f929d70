/* store_backend.h — what a store needs of whatever holds its bytes: ordered tables of keys and
 * values, and transactions that happen or do not. */
#ifndef MIDGE_STORE_STORE_BACKEND_H
#define MIDGE_STORE_STORE_BACKEND_H

#include "base/bytes.h"

enum store_table {
    TABLE_META,
    TABLE_SESSIONS,      /* session */
    TABLE_SUBSCRIPTIONS, /* session, number */
    TABLE_QUEUE,         /* session, place */
    TABLE_MESSAGES,      /* number: bodies that several deliveries share */
    TABLE_REFERENCES,    /* number: how many */
    TABLE_RECEIVED,      /* session, packet identifier */
    TABLE_RETAINED,      /* number */
    TABLE_DAMAGED,       /* what was set aside: table and key; the record as it was */
    TABLE_COUNT
};

enum { STORE_KEY_SIZE_MAX = 24 }; /* keys are numbers, most significant byte first */

enum backend_result {
    BACKEND_OK,
    BACKEND_NOT_FOUND,
    BACKEND_FULL,   /* store_size_max, or the disk: see words */
    BACKEND_FAILED, /* anything else: see words */
    BACKEND_DONE,   /* of begin only */
};

struct backend_size {
    uint64_t bytes_used; /* by what is kept; what was freed does not count */
    uint64_t bytes_max;
    uint64_t bytes_file; /* what it takes up, free pages included */
};

/* Views are borrowed until the next call that writes, or the end of the transaction. One
 * transaction at a time; reads between transactions see what was committed last. */
struct store_backend {
    /* Begins to write. After a commit that failed, BACKEND_DONE says that this transaction has
     * happened all the same, and is safe by now: no transaction is begun; begin again. */
    enum backend_result (*begin)(struct store_backend *backend);
    enum backend_result (*put)(struct store_backend *backend, enum store_table table,
                               struct bytes key, struct bytes value);
    enum backend_result (*remove)(struct store_backend *backend, enum store_table table,
                                  struct bytes key);
    /* Written and synced. Not BACKEND_OK: the transaction is over, and unless the next begin says
     * BACKEND_DONE nothing of it happened. */
    enum backend_result (*commit)(struct store_backend *backend);
    void (*abort)(struct store_backend *backend);
    enum backend_result (*get)(struct store_backend *backend, enum store_table table,
                               struct bytes key, struct bytes *value);
    /* The first key that is not less than *key, with its value; *key is set to it. */
    enum backend_result (*seek)(struct store_backend *backend, enum store_table table,
                                struct bytes *key, struct bytes *value);
    /* The last key that is less than *key. */
    enum backend_result (*seek_before)(struct store_backend *backend, enum store_table table,
                                       struct bytes *key, struct bytes *value);
    uint64_t (*count)(struct store_backend *backend, enum store_table table);
    /* BACKEND_FULL: there is little room left; what frees room can still be written. */
    enum backend_result (*measure)(struct store_backend *backend, struct backend_size *size);
    const char *(*words)(const struct store_backend *backend); /* about the last failure */
    const char *(*where)(const struct store_backend *backend); /* its name in a sentence: a path */
    void (*close)(struct store_backend *backend);
};

#endif
