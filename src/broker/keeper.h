/* keeper.h — the store's own thread: it writes what the workers' cores give, and says so.
 *
 *   workers ──keeper_take──▶ batches ──▶ store_take … store_commit     one transaction, one sync
 *   workers ◀──mail────────  persisted, fetched, restored, how the store is
 *
 * While one transaction is written the next batches arrive; together they make the next one. So
 * nobody waits for company, and many publishers share one sync. With nothing to do the thread
 * sleeps.
 *
 * At the start it gives every worker what was stored for it (keeper_restore.h); between the
 * portions it writes as always.
 *
 * A transaction that fails is tried again every second; nothing counts as persisted before. */
#ifndef MIDGE_BROKER_KEEPER_H
#define MIDGE_BROKER_KEEPER_H

#include "base/log.h"
#include "core/core_options.h"
#include "core/record.h"
#include "store/store.h"

struct keeper;
struct workforce;

enum {
    KEEPER_BACKLOG_MAX = 32 << 20, /* bytes that may wait for an interval to end */
    KEEPER_RETRY_US = 1000000,     /* after a failure */
    KEEPER_STOP_TRIES = 3,         /* before what could not be written is given up */
    KEEPER_CROWDED_US = 1000,      /* until a worker is looked at again that is behind */
    KEEPER_DAMAGE_LOGGED_MAX = 20, /* damaged records with a line of their own */
};

/* What a reload may change. */
struct keeper_options {
    enum durability durability;
    uint32_t interval_s;
    uint32_t log_kinds;
};

struct keeper_birth {
    struct workforce *force; /* whose workers get the mail; its count is known already; borrowed */
    const struct log *log;   /* copied */
    const char *path;        /* of the store, for people */
    uint64_t random;         /* makes the hash seed of a new store */
    struct keeper_options options;
};

/* Opens what `backend` (taken) holds; nothing runs yet (given). NULL: `error` says why. */
MUST_USE struct keeper *keeper_open(struct store_backend *backend, const struct keeper_birth *birth,
                                    struct store_found *found, char *error, size_t error_size);
/* The thread; the workers' mailboxes must be there. False: errno. */
MUST_USE bool keeper_start(struct keeper *keeper);

/* Any thread. `batch` (taken) will be written; what is given to one worker's name is in order. */
void keeper_take(struct keeper *keeper, struct batch *batch);
void keeper_configure(struct keeper *keeper, const struct keeper_options *options);

/* Writes what it has, closes the store in order and frees the keeper. No worker may run any more;
 * their mailboxes must still be there. NULL is allowed. */
void keeper_stop(struct keeper *keeper);

/* "durability interval 5: up to 5 s of acknowledged messages are lost when …" */
void keeper_describe_durability(enum durability durability, uint32_t interval_s, char *text,
                                size_t size);

#endif
