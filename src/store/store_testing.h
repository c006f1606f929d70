/* store_testing.h — words to tell a store's stories with: fill a batch, commit, crash, look.
 *
 * A bench is a store on either backend, with two or more workers; it can be crashed and opened
 * again. Everything fails the test that goes wrong. */
#ifndef MIDGE_STORE_STORE_TESTING_H
#define MIDGE_STORE_STORE_TESTING_H

#include "core/record.h"
#include "store/store.h"
#include "store/store_inspect.h"
#include "store/store_lmdb.h"
#include "store/store_memory.h"

enum { BENCH_WORKERS = 4 };

struct bench {
    bool is_lmdb;
    char folder[64];
    char path[96];
    struct memory_disk *disk;
    struct store *store;
    struct store_found found;
    struct store_outcome outcome;
    uint64_t batches[BENCH_WORKERS]; /* the number of each worker's last */
    uint64_t size_max;
};

void bench_init(struct bench *bench, bool is_lmdb);
void bench_fini(struct bench *bench);
void bench_open(struct bench *bench);
/* Ends without order: what was not committed is lost. */
void bench_crash(struct bench *bench);
void bench_stop(struct bench *bench);
struct store_backend *bench_backend(struct bench *bench);
struct store_backend *bench_backend_to_read(struct bench *bench);

/* The batch `bench_take` is to take next, of `worker`. */
struct batch *bench_batch(struct bench *bench, uint32_t worker);
void bench_take(struct bench *bench, struct batch *batch);
/* Commits; the answers are freed unless `answers` is given. It is healthy. */
void bench_commit(struct bench *bench);

void add_session(struct batch *batch, uint64_t number, const char *client_id);
void add_session_gone(struct batch *batch, uint64_t number);
void add_subscription(struct batch *batch, uint64_t session, uint32_t number, const char *filter);
void add_message(struct batch *batch, uint64_t number, const char *body);
/* `shared` 0: the body is in it. */
void add_delivery(struct batch *batch, uint64_t session, uint64_t place, uint64_t shared,
                  const char *body);
void add_delivery_gone(struct batch *batch, uint64_t session, uint64_t place);
void add_releasing(struct batch *batch, uint64_t session, uint64_t place);
void add_received(struct batch *batch, uint64_t session, uint16_t packet_id);
void add_received_gone(struct batch *batch, uint64_t session, uint16_t packet_id);
void add_retained(struct batch *batch, uint64_t number, const char *topic, const char *payload);
void add_retained_gone(struct batch *batch, uint64_t number);
void add_group(struct batch *batch, uint64_t group, uint32_t more, uint32_t entry_count);
void add_fetch(struct batch *batch, uint64_t session, uint64_t place, uint32_t count_max);

/* Everything that store_restore_next gives, a line an entry, sorted as it came; at most `size`. */
void bench_restore(struct bench *bench, char *text, size_t size);
/* Everything that an inspection finds, leftovers too. The store is closed for it, and opened
 * again. */
void bench_inspect(struct bench *bench, char *text, size_t size);
/* Everything in `backend` (taken), but what was left behind. */
void inspection_tell(struct store_backend *backend, char *text, size_t size);
/* What a batch says, a line an entry. */
void batch_tell(const struct batch *batch, char *text, size_t size);

#endif
