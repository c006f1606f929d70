/* keeper.c — see keeper.h. As src/broker/keeper.c has it, without a thread. */
#include "sim/keeper.h"

#include <assert.h>
#include <stdlib.h>

enum { RETRY_US = 1000000, RESTORE_US_MAX = 20000, TAKE_US_MAX = 200 };

static uint32_t find_home(void *context, struct bytes name);
static void work(void *context);
static void take_all(struct keeper *keeper);
static void tell_taken(struct keeper *keeper);
static void commit(struct keeper *keeper);
static void tell_state(struct keeper *keeper, const struct store_outcome *outcome);
static void tell_persisted(struct keeper *keeper, const uint64_t *numbers);
static void schedule(struct keeper *keeper);
static void restore(void *context);
static void post_restored(struct keeper *keeper, uint32_t worker, struct batch *batch);
static void close_store(struct keeper *keeper, bool in_order);
static void look_for_damage(struct keeper *keeper);

void keeper_init(struct keeper *keeper, struct workforce *force, uint32_t commit_us_max,
                 uint64_t seed)
{
    *keeper =
        (struct keeper){.force = force, .commit_us_max = commit_us_max, .disk = memory_disk_new(0)};
    if (!keeper->disk) {
        abort();
    }
    random_seed(&keeper->random, seed);
    appointment_init(&keeper->work, work, keeper);
    appointment_init(&keeper->restore, restore, keeper);
}

void keeper_fini(struct keeper *keeper)
{
    if (keeper->store) {
        keeper_crash(keeper);
    }
    memory_disk_free(keeper->disk);
}

bool keeper_start(struct keeper *keeper, struct core_birth *birth, bool was_stopped_well)
{
    struct store_birth store_birth = {
        .worker_count = birth->worker_count, .home = find_home, .context = keeper};
    struct store_found found;
    char failure[STORE_WORDS_SIZE];
    workforce_watch(keeper->force, true);
    struct store_backend *backend = store_memory_open(keeper->disk);
    keeper->store =
        backend ? store_open(backend, &store_birth, random_next(&keeper->random), &found, failure)
                : NULL;
    if (!keeper->store) {
        return false;
    }
    if (found.start > 1 && found.was_stopped && !was_stopped_well) {
        keeper->force->wrong = "the store takes a crash for an orderly end";
    }
    birth->hash_seed = keeper->hash_seed = found.hash_seed;
    birth->start = found.start;
    keeper->durability = birth->options->durability;
    keeper->state = STORE_WELL;
    keeper->phase = RESTORE_SESSIONS;
    keeper->has_taken = keeper->is_committing = false;
    memset(keeper->taken, 0, sizeof keeper->taken);
    memset(keeper->told, 0, sizeof keeper->told);
    agenda_make(keeper->force->agenda, &keeper->restore,
                random_below(&keeper->random, RESTORE_US_MAX));
    return true;
}

void keeper_take(struct keeper *keeper, struct batch *batch)
{
    batch->next = NULL;
    if (keeper->last) {
        keeper->last->next = batch;
    } else {
        keeper->first = batch;
    }
    keeper->last = batch;
    schedule(keeper);
}

bool keeper_stop(struct keeper *keeper, uint32_t tries_max)
{
    for (uint32_t i = 0; i < tries_max; i++) {
        take_all(keeper);
        if (!keeper->has_taken) {
            break;
        }
        commit(keeper);
    }
    bool is_written = !keeper->has_taken;
    close_store(keeper, is_written);
    return is_written;
}

void keeper_crash(struct keeper *keeper)
{
    memory_disk_crash(keeper->disk);
    close_store(keeper, false);
}

bool keeper_is_quiet(const struct keeper *keeper)
{
    return !keeper->first && !keeper->has_taken && !keeper->is_committing &&
           keeper->phase == RESTORE_DONE && keeper->state == STORE_WELL;
}

struct memory_faults *keeper_faults(struct keeper *keeper)
{
    return memory_disk_faults(keeper->disk);
}

void keeper_heal_disk(struct keeper *keeper)
{
    *memory_disk_faults(keeper->disk) = (struct memory_faults){0};
}

static uint32_t find_home(void *context, struct bytes name)
{
    const struct keeper *keeper = context;
    return core_home_of(keeper->hash_seed, keeper->force->count, name);
}

/* By turns: the beginning of a transaction, and some time later its end. */
static void work(void *context)
{
    struct keeper *keeper = context;
    if (keeper->is_committing) {
        keeper->is_committing = false;
        commit(keeper);
    } else {
        take_all(keeper);
        keeper->is_committing = keeper->has_taken || keeper->state != STORE_WELL;
    }
    schedule(keeper);
}

static void take_all(struct keeper *keeper)
{
    while (keeper->first) {
        struct batch *batch = keeper->first;
        keeper->first = batch->next;
        keeper->has_taken = true;
        if (batch->number != keeper->taken[batch->worker] + 1) {
            keeper->force->wrong = "a core's batches are not numbered one after another";
        }
        keeper->taken[batch->worker] = batch->number;
        store_take(keeper->store, batch);
    }
    keeper->last = NULL;
    tell_taken(keeper);
}

/* Where nobody waits for the disk: what was taken counts, unless the disk refuses. */
static void tell_taken(struct keeper *keeper)
{
    if (keeper->durability != DURABILITY_ALWAYS && keeper->state != STORE_FAILING) {
        tell_persisted(keeper, keeper->taken);
    }
}

static void commit(struct keeper *keeper)
{
    struct store_outcome outcome;
    workforce_watch(keeper->force, true);
    store_commit(keeper->store, &outcome);
    workforce_watch(keeper->force, false);
    keeper->commits++;
    tell_state(keeper, &outcome);
    tell_persisted(keeper, outcome.persisted);
    if (keeper->state != STORE_FAILING) {
        keeper->has_taken = false;
        tell_taken(keeper);
    }
    while (outcome.answers) {
        struct mail *mail = mail_new(MAIL_FETCHED);
        mail->fetched = outcome.answers;
        outcome.answers = outcome.answers->next;
        worker_post(&keeper->force->workers[mail->fetched->worker], mail);
    }
    look_for_damage(keeper);
}

static void tell_state(struct keeper *keeper, const struct store_outcome *outcome)
{
    static const enum store_state states[] = {[STORE_HEALTHY] = STORE_WELL,
                                              [STORE_NEARLY_FULL] = STORE_FULL,
                                              [STORE_FAILED] = STORE_FAILING};
    if (keeper->state == states[outcome->health]) {
        return;
    }
    keeper->state = states[outcome->health];
    for (uint32_t i = 0; i < keeper->force->count; i++) {
        struct mail *mail = mail_new(MAIL_STORE_CHANGED);
        mail->store.state = keeper->state;
        memcpy(mail->store.words, outcome->words, sizeof mail->store.words - 1);
        worker_post(&keeper->force->workers[i], mail);
    }
}

static void tell_persisted(struct keeper *keeper, const uint64_t *numbers)
{
    for (uint32_t i = 0; i < keeper->force->count; i++) {
        if (numbers[i] > keeper->told[i]) {
            struct mail *mail = mail_new(MAIL_PERSISTED);
            mail->persisted = keeper->told[i] = numbers[i];
            worker_post(&keeper->force->workers[i], mail);
        }
    }
}

static void schedule(struct keeper *keeper)
{
    uint64_t after_us = random_below(&keeper->random, TAKE_US_MAX);
    if (appointment_is_made(&keeper->work) && !keeper->first) {
        return;
    }
    if (keeper->is_committing) {
        if (appointment_is_made(&keeper->work)) {
            return; /* what has come waits for the next one */
        }
        after_us = random_below(&keeper->random, keeper->commit_us_max + 1);
    } else if (keeper->state != STORE_WELL && !keeper->first) {
        after_us = RETRY_US;
    } else if (!keeper->first && !keeper->has_taken) {
        return;
    }
    agenda_make_earlier(keeper->force->agenda, &keeper->work, after_us);
}

/* One portion of what there was. */
static void restore(void *context)
{
    struct keeper *keeper = context;
    struct batch *batch = NULL;
    uint32_t worker = 0;
    workforce_watch(keeper->force, true);
    enum store_phase found = store_restore_next(keeper->store, &worker, &batch);
    workforce_watch(keeper->force, false);
    look_for_damage(keeper);
    if (batch) {
        keeper->phase = found == STORE_PHASE_SESSIONS ? RESTORE_SESSIONS : RESTORE_RETAINED;
        post_restored(keeper, worker, batch);
    } else {
        keeper->phase = keeper->phase == RESTORE_SESSIONS ? RESTORE_RETAINED : RESTORE_DONE;
        for (uint32_t i = 0; i < keeper->force->count; i++) {
            post_restored(keeper, i, keeper->phase == RESTORE_DONE ? NULL : batch_new(i));
        }
    }
    if (keeper->phase != RESTORE_DONE) {
        agenda_make(keeper->force->agenda, &keeper->restore,
                    random_below(&keeper->random, RESTORE_US_MAX));
    }
}

static void post_restored(struct keeper *keeper, uint32_t worker, struct batch *batch)
{
    struct mail *mail = mail_new(MAIL_RESTORED);
    mail->restored.phase = keeper->phase;
    mail->restored.batch = batch;
    worker_post(&keeper->force->workers[worker], mail);
}

static void close_store(struct keeper *keeper, bool in_order)
{
    agenda_cancel(keeper->force->agenda, &keeper->work);
    agenda_cancel(keeper->force->agenda, &keeper->restore);
    while (keeper->first) {
        struct batch *batch = keeper->first;
        keeper->first = batch->next;
        batch_free(batch);
    }
    keeper->last = NULL;
    store_close(keeper->store, in_order);
    keeper->store = NULL;
}

/* Nobody damages this disk. */
static void look_for_damage(struct keeper *keeper)
{
    char words[STORE_WORDS_SIZE];
    if (store_damage_next(keeper->store, words)) {
        keeper->force->wrong = "the store finds a record damaged";
    }
}
