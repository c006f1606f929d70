/* store.h — what survives: sessions and what they are owed, and retained messages.
 *
 *     store = store_open(backend, &birth, &failure);
 *     store_restore_next(store, …)          until RESTORE_DONE: everything there was, home by home
 *     store_take(store, batch)              any number of times
 *     store_commit(store, &outcome)         one transaction of all that was taken
 *
 * A store is used by one thread, may block on the disk, and knows no MQTT beyond record.h. The
 * backend under it is LMDB (store_lmdb.h) or memory with a disk's manners (store_memory.h).
 *
 * A batch is written whole or not at all, batches of one worker in order. Parts of a group
 * (ENTRY_GROUP) are set aside until all of them are there, then written in one transaction; what
 * else is in their batches is not held up. Where it is about the same thing as a part that waits,
 * the part's entry is left out when it is written at last. A body in a part (ENTRY_MESSAGE) is only
 * for deliveries of that part. A worker's batch n counts as persisted when it and all
 * before it are written, set-aside parts included.
 *
 * When a transaction fails, everything in it is kept and nothing counts as persisted; the next
 * store_commit begins afresh. A failed sync closes the environment and opens it again: what the
 * kernel says it has lost is never believed to be there. */
#ifndef MIDGE_STORE_STORE_H
#define MIDGE_STORE_STORE_H

#include "core/record.h"
#include "store/store_backend.h"
#include "store/store_terms.h"

struct store;

/* What a start found. */
struct store_found {
    uint64_t start;     /* how often the store was opened, this time included */
    uint64_t hash_seed; /* drawn when it was made; the publishers' hashes were made with it */
    bool was_stopped;   /* the last broker ended in order */
    uint64_t damaged;   /* records set aside so far: see store_damage_next */
};

enum store_health {
    STORE_HEALTHY,
    STORE_NEARLY_FULL, /* little room is left: only what frees room should come now */
    STORE_FAILED,      /* the last transaction was not written; see words */
};

struct store_outcome {
    enum store_health health;
    char words[STORE_WORDS_SIZE];          /* what is wrong; "" when healthy */
    uint64_t persisted[STORE_WORKERS_MAX]; /* highest batch of each worker that is persisted */
    struct batch *answers; /* given: for their workers, in order; ENTRY_FETCHED and what it gives */
    uint64_t entries_written, bytes_used, bytes_max;
};

/* Opens what `backend` (taken) holds, or makes it. NULL: failure says what and how to mend it; the
 * backend is closed. The store of a newer version is refused with its version named.
 * `random` makes the hash seed of a new store. */
struct store *store_open(struct store_backend *backend, const struct store_birth *birth,
                         uint64_t random, struct store_found *found,
                         char failure[STORE_WORDS_SIZE]);
/* Everything that was taken has been written, or is lost. `in_order`: the broker ends in order. */
void store_close(struct store *store, bool in_order);

/* The next portion of what there was at the start: a batch (given) for `*worker`, and the phase it
 * is of. NULL: the phase that is returned has begun (DONE: that was all) or, where it is the same
 * as before, a read failed or there was no memory: call again, later. Each batch has whole
 * sessions: ENTRY_SESSION, then its ENTRY_SUBSCRIPTION, ENTRY_RECEIVED and one ENTRY_BACKLOG.
 * Records that fail their checksum are set aside. May be called between commits: what was written
 * since the start (numbers of this start) is not given. A portion is at most about 256 KiB and one
 * session. */
enum store_phase store_restore_next(struct store *store, uint32_t *worker, struct batch **batch);

/* Takes `batch`. Its worker and number are set; a worker's numbers rise. Parts of a group come in
 * the order of cause: a part before those that follow from it (so a worker hands its batch over
 * before its parcels). Never fails, reads and writes nothing. */
void store_take(struct store *store, struct batch *batch);
/* Bytes of batches taken and not yet written. */
size_t store_backlog(const struct store *store);
/* Writes all that can be written, in one transaction with one sync (or a few, where much has come),
 * then answers what was to be fetched by batches that are persisted. With nothing to write, nothing
 * is synced.
 *
 * An answer shows the queue as it is now: what later batches did to it may show, too. The asker
 * leaves aside what it has written itself since. */
void store_commit(struct store *store, struct store_outcome *outcome);

/* A record that was found damaged since the last call, in words ("a delivery of session 17, place
 * 4: checksum"), or false. It stays in the store, set aside, for `midge store check`. */
bool store_damage_next(struct store *store, char words[STORE_WORDS_SIZE]);

#endif
