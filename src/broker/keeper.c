/* keeper.c — see keeper.h.
 *
 * The happy path: await → take_all → commit → tell_persisted, give_answers. What can go wrong is
 * the disk: `judge` says it to the log and to all workers, once when it begins and once when it is
 * over. A batch is on its way at any moment: in `batches`, in the store, or written. */
#include "broker/keeper.h"

#include "broker/keeper_restore.h"
#include "broker/mail.h"
#include "net/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_SIZE = 1280 };

struct keeper {
    struct workforce *force;
    struct store *store;
    char path[PATH_SIZE];
    uint64_t hash_seed;
    bool is_running, was_stopped;
    pthread_t thread;

    pthread_mutex_t mutex; /* guards the next ones */
    pthread_cond_t changed;
    struct batch *batches, **batches_end;
    struct keeper_options wanted;
    bool is_changed; /* it differs from options */
    bool is_stopping;

    /* The thread's own. */
    struct keeper_restore restore;
    struct keeper_options options;
    struct log log;
    bool has_taken;    /* since the last transaction that was written */
    bool is_urgent;    /* somebody waits for an answer in it */
    uint64_t taken_us; /* when the first of it came */
    uint64_t retry_us; /* while the store is not well */
    uint64_t taken[STORE_WORKERS_MAX], told[STORE_WORKERS_MAX]; /* numbers of batches */
    enum store_state state;
    uint64_t damage_count;
};

static uint32_t find_home(void *context, struct bytes name);
static bool init_condition(pthread_cond_t *condition);
static void *run(void *context);
static struct batch *await(struct keeper *keeper, bool *stops);
static void wait_until(struct keeper *keeper, uint64_t deadline_us);
static void take_all(struct keeper *keeper, struct batch *batches);
static void tell_taken(struct keeper *keeper);
static bool asks(const struct batch *batch);
static uint64_t find_due_us(const struct keeper *keeper);
static bool commit(struct keeper *keeper);
static void judge(struct keeper *keeper, const struct store_outcome *outcome);
static void log_state(const struct keeper *keeper, bool was_full, const char *words);
static void tell_persisted(struct keeper *keeper, const uint64_t *numbers);
static void restore(struct keeper *keeper);
static void log_damage(struct keeper *keeper);
static void write_last(struct keeper *keeper);

struct keeper *keeper_open(struct store_backend *backend, const struct keeper_birth *birth,
                           struct store_found *found, char *error, size_t error_size)
{
    char failure[STORE_WORDS_SIZE] = "There is no memory to open the store.";
    struct keeper *keeper = calloc(1, sizeof *keeper);
    struct store_birth store_birth = {
        .worker_count = birth->force->count, .home = find_home, .context = keeper};
    if (!keeper) {
        backend->close(backend);
        goto undo_keeper;
    }
    keeper->force = birth->force;
    keeper->log = *birth->log;
    keeper->batches_end = &keeper->batches;
    keeper->options = birth->options;
    snprintf(keeper->path, sizeof keeper->path, "%s", birth->path);
    keeper_restore_init(&keeper->restore, birth->force);
    keeper->store = store_open(backend, &store_birth, birth->random, found, failure);
    if (!keeper->store) {
        goto undo_keeper;
    }
    keeper->hash_seed = found->hash_seed;
    keeper->was_stopped = found->was_stopped;
    if (init_condition(&keeper->changed)) {
        pthread_mutex_init(&keeper->mutex, NULL);
        return keeper;
    }
    snprintf(failure, sizeof failure, "The store's thread finds no resources.");
    store_close(keeper->store, found->was_stopped);
undo_keeper:
    free(keeper);
    snprintf(error, error_size, "%s", failure);
    return NULL;
}

bool keeper_start(struct keeper *keeper)
{
    errno = pthread_create(&keeper->thread, NULL, run, keeper);
    keeper->is_running = errno == 0;
    return keeper->is_running;
}

void keeper_take(struct keeper *keeper, struct batch *batch)
{
    batch->next = NULL;
    pthread_mutex_lock(&keeper->mutex);
    *keeper->batches_end = batch;
    keeper->batches_end = &batch->next;
    pthread_cond_signal(&keeper->changed);
    pthread_mutex_unlock(&keeper->mutex);
}

void keeper_configure(struct keeper *keeper, const struct keeper_options *options)
{
    pthread_mutex_lock(&keeper->mutex);
    keeper->wanted = *options;
    keeper->is_changed = true;
    pthread_cond_signal(&keeper->changed);
    pthread_mutex_unlock(&keeper->mutex);
}

void keeper_stop(struct keeper *keeper)
{
    if (!keeper) {
        return;
    }
    bool in_order = keeper->was_stopped;
    if (keeper->is_running) {
        pthread_mutex_lock(&keeper->mutex);
        keeper->is_stopping = true;
        pthread_cond_signal(&keeper->changed);
        pthread_mutex_unlock(&keeper->mutex);
        pthread_join(keeper->thread, NULL);
        in_order = !keeper->has_taken;
    }
    store_close(keeper->store, in_order);
    pthread_cond_destroy(&keeper->changed);
    pthread_mutex_destroy(&keeper->mutex);
    free(keeper);
}

void keeper_describe_durability(enum durability durability, uint32_t interval_s, char *text,
                                size_t size)
{
    static const char *const when = "lost when the power fails or the broker is killed";
    switch (durability) {
    case DURABILITY_ALWAYS:
        snprintf(text, size, "durability always: what is acknowledged is on the disk");
        break;
    case DURABILITY_INTERVAL:
        snprintf(text, size,
                 "durability interval %" PRIu32 ": up to %" PRIu32
                 " s of acknowledged messages are %s",
                 interval_s, interval_s, when);
        break;
    case DURABILITY_OFF:
        snprintf(text, size, "durability off: all that was acknowledged since the start is %s",
                 when);
        break;
    }
}

static uint32_t find_home(void *context, struct bytes name)
{
    const struct keeper *keeper = context;
    return core_home_of(keeper->hash_seed, keeper->force->count, name);
}

static bool init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    errno = pthread_condattr_init(&attributes);
    if (errno != 0) {
        return false;
    }
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    errno = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return errno == 0;
}

static void *run(void *context)
{
    struct keeper *keeper = context;
    bool stops = false;
    commit(keeper); /* of nothing: how is the disk? */
    while (!stops) {
        take_all(keeper, await(keeper, &stops));
        if (!stops && keeper->restore.phase != RESTORE_DONE) {
            restore(keeper);
        }
        if (!stops && find_due_us(keeper) <= clock_now_us()) {
            commit(keeper);
        }
    }
    write_last(keeper);
    return NULL;
}

/* Sleeps until there may be something to do. Returns the batches that have come. */
static struct batch *await(struct keeper *keeper, bool *stops)
{
    uint64_t deadline_us = find_due_us(keeper);
    if (keeper->restore.phase != RESTORE_DONE) {
        uint64_t pause_us = keeper_restore_is_crowded(&keeper->restore) ? KEEPER_CROWDED_US : 0;
        uint64_t go_on_us = clock_now_us() + pause_us;
        deadline_us = go_on_us < deadline_us ? go_on_us : deadline_us;
    }
    pthread_mutex_lock(&keeper->mutex);
    if (!keeper->batches && !keeper->is_stopping && !keeper->is_changed) {
        wait_until(keeper, deadline_us);
    }
    struct batch *batches = keeper->batches;
    keeper->batches = NULL;
    keeper->batches_end = &keeper->batches;
    if (keeper->is_changed) {
        keeper->is_changed = false;
        keeper->options = keeper->wanted;
        keeper->log.kinds = keeper->wanted.log_kinds;
    }
    *stops = keeper->is_stopping;
    pthread_mutex_unlock(&keeper->mutex);
    return batches;
}

/* Until then, or until something has changed. */
static void wait_until(struct keeper *keeper, uint64_t deadline_us)
{
    struct timespec deadline = {.tv_sec = (time_t)(deadline_us / 1000000),
                                .tv_nsec = (long)(deadline_us % 1000000 * 1000)};
    if (deadline_us == UINT64_MAX) {
        pthread_cond_wait(&keeper->changed, &keeper->mutex);
    } else if (deadline_us > clock_now_us()) {
        pthread_cond_timedwait(&keeper->changed, &keeper->mutex, &deadline);
    }
}

static void take_all(struct keeper *keeper, struct batch *batches)
{
    while (batches) {
        struct batch *batch = batches;
        batches = batch->next;
        if (!keeper->has_taken) {
            keeper->has_taken = true;
            keeper->taken_us = clock_now_us();
        }
        keeper->is_urgent |= keeper->options.durability != DURABILITY_ALWAYS && asks(batch);
        keeper->taken[batch->worker] = batch->number;
        store_take(keeper->store, batch);
    }
    tell_taken(keeper);
}

/* Where nobody waits for the disk: what was taken counts, unless the disk refuses. */
static void tell_taken(struct keeper *keeper)
{
    if (keeper->options.durability != DURABILITY_ALWAYS && keeper->state != STORE_FAILING) {
        tell_persisted(keeper, keeper->taken);
    }
}

/* True: somebody waits for what the store has to say. */
static bool asks(const struct batch *batch)
{
    struct entry entry;
    for (size_t at = 0; batch_next(batch, &at, &entry);) {
        if (entry.kind == ENTRY_FETCH) {
            return true;
        }
    }
    return false;
}

/* When there is to be a transaction; UINT64_MAX: nothing asks for one. */
static uint64_t find_due_us(const struct keeper *keeper)
{
    uint64_t due_us = UINT64_MAX;
    if (keeper->has_taken) {
        if (keeper->options.durability == DURABILITY_ALWAYS || keeper->is_urgent ||
            store_backlog(keeper->store) >= KEEPER_BACKLOG_MAX) {
            due_us = 0;
        } else if (keeper->options.durability == DURABILITY_INTERVAL) {
            due_us = keeper->taken_us + keeper->options.interval_s * UINT64_C(1000000);
        }
    }
    if (keeper->state == STORE_FAILING ||
        (keeper->state == STORE_FULL && keeper->retry_us < due_us)) {
        due_us = keeper->retry_us;
    }
    return due_us;
}

/* False: nothing was written. */
static bool commit(struct keeper *keeper)
{
    struct store_outcome outcome;
    store_commit(keeper->store, &outcome);
    keeper->retry_us = clock_now_us() + KEEPER_RETRY_US;
    judge(keeper, &outcome);
    tell_persisted(keeper, outcome.persisted);
    if (keeper->state != STORE_FAILING) {
        keeper->has_taken = keeper->is_urgent = false;
        tell_taken(keeper);
    }
    while (outcome.answers) {
        struct worker_mail *mail = mail_new_surely(MAIL_FETCHED);
        mail->fetched = outcome.answers;
        outcome.answers = outcome.answers->next;
        mail_post(&keeper->force->workers[mail->fetched->worker], mail);
    }
    log_damage(keeper);
    return keeper->state != STORE_FAILING;
}

/* How the store is now: who has to know is told when it changes. */
static void judge(struct keeper *keeper, const struct store_outcome *outcome)
{
    static const enum store_state states[] = {[STORE_HEALTHY] = STORE_WELL,
                                              [STORE_NEARLY_FULL] = STORE_FULL,
                                              [STORE_FAILED] = STORE_FAILING};
    if (keeper->state == states[outcome->health]) {
        return;
    }
    bool was_full = keeper->state == STORE_FULL;
    keeper->state = states[outcome->health];
    log_state(keeper, was_full, outcome->words);
    for (uint32_t i = 0; i < keeper->force->count; i++) {
        struct worker_mail *mail = mail_new_surely(MAIL_STORE);
        mail->store.state = keeper->state;
        mail->store.words = strdup(outcome->words); /* NULL: no memory for words */
        mail_post(&keeper->force->workers[i], mail);
    }
}

static void log_state(const struct keeper *keeper, bool was_full, const char *words)
{
    switch (keeper->state) {
    case STORE_WELL:
        log_write(&keeper->log, LOG_KIND_NOTICE, "The store %s %s again.", keeper->path,
                  was_full ? "has room" : "is written");
        break;
    case STORE_FULL:
        log_write(&keeper->log, LOG_KIND_WARNING,
                  "%s Publishing to durable sessions is refused or held until there is room.",
                  words);
        break;
    case STORE_FAILING:
        log_write(&keeper->log, LOG_KIND_ERROR,
                  "%s Acknowledgements wait; publishing to durable sessions is refused or held "
                  "until the store can be written.",
                  words);
        break;
    }
}

static void tell_persisted(struct keeper *keeper, const uint64_t *numbers)
{
    for (uint32_t i = 0; i < keeper->force->count; i++) {
        if (numbers[i] > keeper->told[i]) {
            struct worker_mail *mail = mail_new_surely(MAIL_PERSISTED);
            mail->persisted = keeper->told[i] = numbers[i];
            mail_post(&keeper->force->workers[i], mail);
        }
    }
}

static void restore(struct keeper *keeper)
{
    if (keeper_restore_is_crowded(&keeper->restore)) {
        return;
    }
    keeper_restore_step(&keeper->restore, keeper->store);
    log_damage(keeper);
    if (keeper->restore.phase == RESTORE_DONE) {
        keeper_restore_log(&keeper->restore, &keeper->log, keeper->path);
        if (keeper->damage_count > KEEPER_DAMAGE_LOGGED_MAX) {
            log_write(&keeper->log, LOG_KIND_WARNING,
                      "All in all %" PRIu64 " records of the store are damaged and set aside.",
                      keeper->damage_count);
        }
    }
}

static void log_damage(struct keeper *keeper)
{
    char words[STORE_WORDS_SIZE];
    while (store_damage_next(keeper->store, words)) {
        if (++keeper->damage_count <= KEEPER_DAMAGE_LOGGED_MAX) {
            log_write(&keeper->log, LOG_KIND_WARNING,
                      "A record of the store is damaged and was set aside: %s.", words);
        }
        if (keeper->damage_count == KEEPER_DAMAGE_LOGGED_MAX + 1) {
            log_write(&keeper->log, LOG_KIND_WARNING,
                      "More damaged records are only counted; \"midge store check\" lists them.");
        }
    }
}

/* All workers have ended: what they gave last is written, or given up. */
static void write_last(struct keeper *keeper)
{
    for (int tries = 1; keeper->has_taken && !commit(keeper); tries++) {
        if (tries == KEEPER_STOP_TRIES) {
            log_write(&keeper->log, LOG_KIND_ERROR,
                      "What the store %s did not take is given up. None of it was acknowledged%s.",
                      keeper->path,
                      keeper->options.durability == DURABILITY_ALWAYS
                          ? ""
                          : ", or durability is not always");
            return;
        }
        pthread_mutex_lock(&keeper->mutex);
        wait_until(keeper, keeper->retry_us);
        pthread_mutex_unlock(&keeper->mutex);
    }
}
