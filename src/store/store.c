/* store.c — the door: see store.h.
 *
 * Happy path of a commit: sort what was taken into pieces → begin → set aside what was found
 * damaged → write the pieces that are ready → clear away a portion of what is left behind → commit
 * → (again, while much is ready) → give up the batches that are whole → answer their questions.
 *
 * What can go wrong: the transaction fails anywhere. Then its pieces stay where they are, and the
 * next commit writes them again, with what has come in the meantime. A commit that failed may have
 * happened all the same; the backend finds out and says so at the next begin, so that nothing is
 * counted twice. */
#include "store/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/fetch.h"
#include "store/head.h"
#include "store/part_shelf.h"
#include "store/records.h"
#include "store/restore.h"
#include "store/sweep.h"
#include "store/writer.h"

/* LMDB writes its list of free pages with each transaction, and a large one frees many at a time: a
 * few thousand entries in one make all that follow slow. */
enum { TRANSACTION_ENTRIES = 1024 };

struct store {
    struct store_backend *backend;
    struct records records;
    struct store_head head;
    struct part_shelf shelf;
    struct sweep sweep;
    struct restore restore;
    bool commit_failed;            /* and whether it happened all the same is not known yet … */
    const struct piece *attempted; /* … it wrote up to here; NULL: no piece */
    uint64_t persisted[STORE_WORKERS_MAX];
    struct batch *asking, **asking_end; /* written, with questions to be answered */
    size_t asking_at;                   /* in the first of them */
};

static enum backend_result write_ready(struct store *store, uint64_t *entries);
static enum backend_result write_transaction(struct store *store, struct writer *writer);
static void settle_transaction(struct store *store, const struct piece *last);
static void give_up_written(struct store *store);
static bool has_questions(const struct batch *batch);
static bool answer_questions(struct store *store, struct batch **answers);
static void measure(struct store *store, struct store_outcome *outcome);
static void say_failed(struct store *store, struct store_outcome *outcome, const char *words);

struct store *store_open(struct store_backend *backend, const struct store_birth *birth,
                         uint64_t random, struct store_found *found, char failure[STORE_WORDS_SIZE])
{
    struct store *store = calloc(1, sizeof *store);
    failure[0] = '\0';
    if (!store) {
        backend->close(backend);
        snprintf(failure, STORE_WORDS_SIZE, "There is no memory to open the store.");
        return NULL;
    }
    store->backend = backend;
    records_init(&store->records, backend);
    part_shelf_init(&store->shelf);
    store->asking_end = &store->asking;

    enum head_state state = head_read(&store->records, &store->head, failure);
    *found = (struct store_found){.was_stopped = state == HEAD_NEW || store->head.was_stopped};
    if (state == HEAD_NEW || state == HEAD_DAMAGED) {
        store->head.hash_seed = random;
    }
    store->head.version = STORE_VERSION;
    store->head.start++;
    store->head.was_stopped = false;
    if (state != HEAD_REFUSED && head_write(&store->records, &store->head) != BACKEND_OK) {
        snprintf(failure, STORE_WORDS_SIZE, "The store %s cannot be written: %s",
                 backend->where(backend), records_words(&store->records));
        state = HEAD_REFUSED;
    }
    if (state == HEAD_REFUSED) {
        store_close(store, false);
        return NULL;
    }
    found->start = store->head.start;
    found->hash_seed = store->head.hash_seed;
    found->damaged = backend->count(backend, TABLE_DAMAGED);
    restore_init(&store->restore, birth, store->head.start);
    return store;
}

void store_close(struct store *store, bool in_order)
{
    if (in_order) {
        store->head.was_stopped = true;
        /* Where this fails, the next start takes longer to trust what it finds: no harm. */
        enum backend_result result = head_write(&store->records, &store->head);
        (void)result;
    }
    while (store->asking) {
        struct batch *next = store->asking->next;
        batch_free(store->asking);
        store->asking = next;
    }
    restore_fini(&store->restore);
    part_shelf_fini(&store->shelf);
    records_fini(&store->records);
    store->backend->close(store->backend);
    free(store);
}

enum store_phase store_restore_next(struct store *store, uint32_t *worker, struct batch **batch)
{
    return restore_next(&store->restore, &store->records, &store->sweep, worker, batch);
}

void store_take(struct store *store, struct batch *batch)
{
    part_shelf_take(&store->shelf, batch);
}

size_t store_backlog(const struct store *store)
{
    return store->shelf.bytes;
}

void store_commit(struct store *store, struct store_outcome *outcome)
{
    *outcome = (struct store_outcome){.health = STORE_HEALTHY};
    store->records.words = NULL;
    if (!part_shelf_sort(&store->shelf)) {
        say_failed(store, outcome, "no memory to look through what is to be written.");
    } else if (write_ready(store, &outcome->entries_written) != BACKEND_OK) {
        say_failed(store, outcome, records_words(&store->records));
    }
    give_up_written(store);
    memcpy(outcome->persisted, store->persisted, sizeof outcome->persisted);
    if (!answer_questions(store, &outcome->answers)) {
        say_failed(store, outcome, records_words(&store->records));
    }
    measure(store, outcome);
}

bool store_damage_next(struct store *store, char words[STORE_WORDS_SIZE])
{
    return damage_tell(&store->records.damage, words, STORE_WORDS_SIZE);
}

/* Writes all that is ready, in transactions of a size that suits the disk. Not BACKEND_OK: the last
 * of them is not written. */
static enum backend_result write_ready(struct store *store, uint64_t *entries)
{
    int sweeps_left = 1;
    while (part_shelf_ready(&store->shelf) || damage_waits(&store->records.damage) ||
           (sweep_waits(&store->sweep) && sweeps_left > 0)) {
        enum backend_result result = store->backend->begin(store->backend);
        if (result == BACKEND_DONE) {
            assert(store->commit_failed);
            settle_transaction(store, store->attempted);
            continue;
        }
        if (result != BACKEND_OK) {
            return result;
        }
        store->commit_failed = false;
        struct writer writer = {&store->records, &store->sweep, &store->shelf, 0};
        result = write_transaction(store, &writer);
        if (result != BACKEND_OK) {
            return result;
        }
        *entries += writer.entries;
        sweeps_left--;
    }
    return BACKEND_OK;
}

/* The transaction that was begun. */
static enum backend_result write_transaction(struct store *store, struct writer *writer)
{
    struct store_backend *backend = store->backend;
    sweep_begin(&store->sweep);
    enum backend_result result = damage_set_aside(&store->records.damage, backend);
    const struct piece *last = NULL;
    for (const struct piece *piece = part_shelf_ready(&store->shelf); piece && result == BACKEND_OK;
         piece = piece->next) {
        if (piece->begins_unit && writer->entries >= TRANSACTION_ENTRIES) {
            break;
        }
        result = writer_write(writer, piece);
        last = piece;
    }
    if (result == BACKEND_OK) {
        result = sweep_portion(&store->sweep, &store->records, &store->shelf);
    }
    if (result != BACKEND_OK) {
        backend->abort(backend);
        return result;
    }
    result = backend->commit(backend);
    if (result == BACKEND_OK) {
        settle_transaction(store, last);
    } else {
        store->commit_failed = true;
        store->attempted = last;
    }
    return result;
}

static void settle_transaction(struct store *store, const struct piece *last)
{
    part_shelf_written(&store->shelf, last);
    damage_is_aside(&store->records.damage);
    sweep_committed(&store->sweep);
    store->commit_failed = false;
    store->attempted = NULL;
}

static void give_up_written(struct store *store)
{
    for (uint32_t worker = 0; worker < STORE_WORKERS_MAX; worker++) {
        struct batch *batch;
        while ((batch = part_shelf_pop(&store->shelf, worker)) != NULL) {
            assert(batch->number > store->persisted[worker]);
            store->persisted[worker] = batch->number;
            if (has_questions(batch)) {
                batch->next = NULL;
                *store->asking_end = batch;
                store->asking_end = &batch->next;
            } else {
                batch_free(batch);
            }
        }
    }
}

static bool has_questions(const struct batch *batch)
{
    struct entry entry;
    for (size_t at = 0; batch_next(batch, &at, &entry);) {
        if (entry.kind == ENTRY_FETCH) {
            return true;
        }
    }
    return false;
}

/* False: some are not answered yet. */
static bool answer_questions(struct store *store, struct batch **answers)
{
    struct batch *batch;
    while ((batch = store->asking) != NULL) {
        struct entry entry;
        for (size_t at = store->asking_at; batch_next(batch, &at, &entry); store->asking_at = at) {
            if (entry.kind != ENTRY_FETCH) {
                continue;
            }
            *answers = fetch_answer(&store->records, batch->worker, entry.fixed);
            if (!*answers) {
                return false;
            }
            answers = &(*answers)->next;
        }
        store->asking = batch->next;
        store->asking_at = 0;
        if (!store->asking) {
            store->asking_end = &store->asking;
        }
        batch_free(batch);
    }
    return true;
}

static void measure(struct store *store, struct store_outcome *outcome)
{
    struct backend_size size;
    enum backend_result result = store->backend->measure(store->backend, &size);
    outcome->bytes_used = size.bytes_used;
    outcome->bytes_max = size.bytes_max;
    if (result == BACKEND_FULL && outcome->health == STORE_HEALTHY) {
        outcome->health = STORE_NEARLY_FULL;
        snprintf(outcome->words, sizeof outcome->words, "%s",
                 store->backend->words(store->backend));
    } else if (result == BACKEND_FAILED) {
        say_failed(store, outcome, store->backend->words(store->backend));
    }
}

/* The first that failed is said. */
static void say_failed(struct store *store, struct store_outcome *outcome, const char *words)
{
    if (outcome->health != STORE_FAILED) {
        outcome->health = STORE_FAILED;
        snprintf(outcome->words, sizeof outcome->words, "The store %s fails: %s",
                 store->backend->where(store->backend), words);
    }
}
