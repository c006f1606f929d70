/* keeper_restore.c — see keeper_restore.h. */
#include "broker/keeper_restore.h"

#include "base/log.h"
#include "broker/mail.h"
#include "net/clock.h"

#include <inttypes.h>
#include <stdlib.h>

static void announce(struct keeper_restore *restore);
static void post(struct keeper_restore *restore, uint32_t worker, enum restore_phase phase,
                 struct batch *batch);
static void count(struct keeper_restore *restore, const struct batch *batch);

void keeper_restore_init(struct keeper_restore *restore, struct workforce *force)
{
    *restore = (struct keeper_restore){
        .force = force, .phase = RESTORE_SESSIONS, .begun_us = clock_now_us()};
}

bool keeper_restore_is_crowded(const struct keeper_restore *restore)
{
    for (uint32_t i = 0; i < restore->force->count; i++) {
        if (mailbox_backlog(&restore->force->workers[i].mailbox) >= RESTORE_PORTIONS_MAX) {
            return true;
        }
    }
    return false;
}

void keeper_restore_step(struct keeper_restore *restore, struct store *store)
{
    struct batch *batch = NULL;
    uint32_t worker = 0;
    enum store_phase found = store_restore_next(store, &worker, &batch);
    if (batch) {
        count(restore, batch);
        post(restore, worker, found == STORE_PHASE_SESSIONS ? RESTORE_SESSIONS : RESTORE_RETAINED,
             batch);
        return;
    }
    restore->phase = restore->phase == RESTORE_SESSIONS ? RESTORE_RETAINED : RESTORE_DONE;
    announce(restore);
}

void keeper_restore_log(const struct keeper_restore *restore, const struct log *log,
                        const char *path)
{
    log_write(log, LOG_KIND_INFORMATION,
              "Restored %" PRIu64 " session%s and %" PRIu64
              " retained message%s from %s in %" PRIu64 " ms.",
              restore->session_count, restore->session_count == 1 ? "" : "s",
              restore->retained_count, restore->retained_count == 1 ? "" : "s", path,
              (clock_now_us() - restore->begun_us) / 1000);
}

/* The next phase has begun: everybody hears of it, also who gets nothing of it. */
static void announce(struct keeper_restore *restore)
{
    for (uint32_t i = 0; i < restore->force->count; i++) {
        struct batch *empty = restore->phase == RESTORE_DONE ? NULL : batch_new(i);
        if (restore->phase != RESTORE_DONE && !empty) {
            abort(); /* nothing can be served without */
        }
        post(restore, i, restore->phase, empty);
    }
}

static void post(struct keeper_restore *restore, uint32_t worker, enum restore_phase phase,
                 struct batch *batch)
{
    struct worker_mail *mail = mail_new_surely(MAIL_RESTORED);
    mail->restored.phase = phase;
    mail->restored.batch = batch;
    mail_post(&restore->force->workers[worker], mail);
}

static void count(struct keeper_restore *restore, const struct batch *batch)
{
    struct entry entry;
    for (size_t at = 0; batch_next(batch, &at, &entry);) {
        restore->session_count += entry.kind == ENTRY_SESSION;
        restore->retained_count += entry.kind == ENTRY_RETAINED;
    }
}
