/* worker.c — see worker.h. */
#include "broker/worker.h"

#include "base/version.h"
#include "broker/connection.h"
#include "broker/keeper.h"
#include "broker/mail.h"
#include "net/clock.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static void *run(void *context);
static void turn(struct worker *worker);
static uint64_t find_timeout(struct worker *worker);
static void attend(struct worker *worker);
static void resume_all(struct worker *worker);
static void hear_all(struct worker *worker);
static bool speak(struct worker *worker);
static void give_batches(struct worker *worker, bool all);
static bool post_round(struct worker *worker);
static void watch_peers(struct worker *worker);
static void end_all(struct worker *worker);
static void flush_all(struct worker *worker);
static void act_on_mail(struct worker *worker, struct worker_mail *mail);
static void hear_keeper(struct worker *worker, const struct worker_mail *mail);
static void take_options(struct worker *worker, const struct mail_options *options);
static void add_status(struct worker *worker);
static void begin_stop(struct worker *worker);
static void accept_connection(void *context, int fd);
static void note_refused(void *context, uint32_t count, int error);

bool worker_init(struct worker *worker, const struct worker_birth *birth)
{
    const struct config *config = birth->config;
    *worker = (struct worker){.force = birth->force,
                              .index = birth->index,
                              .options = config->core,
                              .log = *birth->log,
                              .deadline_us = UINT64_MAX};
    worker->set_aside_end = &worker->set_aside;
    list_init(&worker->connections);
    list_init(&worker->leaving);
    worker->doors = calloc(config->listener_count, sizeof *worker->doors);
    worker->buffer = malloc(WORKER_READ_SIZE);
    worker->loop = loop_new();
    worker->stop_mail = mail_new(MAIL_STOP);
    bool has_mailbox = mailbox_init(&worker->mailbox);
    for (size_t i = 0; worker->doors && i < config->listener_count; i++) {
        worker->doors[i] =
            (struct worker_door){.worker = worker,
                                 .listener = birth->listeners[i],
                                 .link = config->listeners[i].link,
                                 .connections_max = config->listeners[i].listener.connections_max,
                                 .index = (uint32_t)i};
        worker->door_count++;
    }
    if (!worker->doors || !worker->buffer || !worker->loop || !has_mailbox || !worker->stop_mail ||
        !loop_attach_mailbox(worker->loop, &worker->mailbox)) {
        return false;
    }
    struct core_birth core_birth = {.worker = birth->index,
                                    .worker_count = birth->force->count,
                                    .hash_seed = birth->hash_seed,
                                    .random_seed = birth->random_seed,
                                    .now_us = loop_now_us(worker->loop),
                                    .tally = &birth->force->tally,
                                    .options = &worker->options,
                                    .log = &worker->log,
                                    .version = MIDGE_VERSION,
                                    .has_store = birth->force->keeper != NULL,
                                    .start = birth->start,
                                    .wall_us = clock_wall_us()};
    worker->core = core_new(&core_birth);
    return worker->core;
}

bool worker_start(struct worker *worker)
{
    struct listener_visitor visitor = {.accepted = accept_connection, .refused = note_refused};
    for (uint32_t i = 0; i < worker->door_count; i++) {
        visitor.context = &worker->doors[i];
        if (!listener_attach(worker->doors[i].listener, worker->loop, &visitor)) {
            return false;
        }
    }
    errno = pthread_create(&worker->thread, NULL, run, worker);
    return errno == 0;
}

void worker_stop(struct worker *worker)
{
    struct worker_mail *mail = worker->stop_mail;
    worker->stop_mail = NULL;
    mail_post(worker, mail);
}

void worker_join(struct worker *worker)
{
    pthread_join(worker->thread, NULL);
}

bool worker_settle(struct worker *worker)
{
    bool has_mail = !mailbox_is_empty(&worker->mailbox) || worker->set_aside;
    hear_all(worker);
    return speak(worker) || has_mail;
}

void worker_give_last(struct worker *worker)
{
    give_batches(worker, true);
}

void worker_fini(struct worker *worker)
{
    struct worker_mail *mail;
    if (worker->core) {
        mail_hear(worker);
    }
    while ((mail = mail_next_set_aside(worker)) != NULL) {
        if (mail->kind == MAIL_CONNECTION) {
            connection_adopt(worker, mail->connection);
        }
        mail_free(mail);
    }
    while (!list_is_empty(&worker->connections)) {
        connection_close(connection_first(&worker->connections));
    }
    while (!list_is_empty(&worker->leaving)) {
        connection_close(connection_first(&worker->leaving));
    }
    for (uint32_t i = 0; i < worker->door_count; i++) {
        listener_close(worker->doors[i].listener);
    }
    core_free(worker->core);
    loop_free(worker->loop);
    mailbox_fini(&worker->mailbox);
    free(worker->stop_mail);
    free(worker->doors);
    free(worker->buffer);
}

static void *run(void *context)
{
    struct worker *worker = context;
    while (!worker->is_stopping ||
           !(list_is_empty(&worker->connections) && list_is_empty(&worker->leaving))) {
        turn(worker);
    }
    speak(worker);
    return NULL;
}

static void turn(struct worker *worker)
{
    loop_turn(worker->loop, find_timeout(worker));
    atomic_fetch_add_explicit(&worker->turn_count, 1, memory_order_relaxed);
    attend(worker);
    speak(worker);
    end_all(worker);
    flush_all(worker);
    speak(worker); /* what sending has set free */
    watch_peers(worker);
}

static uint64_t find_timeout(struct worker *worker)
{
    uint64_t now_us = loop_now_us(worker->loop);
    uint64_t cut_us = UINT64_MAX;
    connection_cut_late(worker, &cut_us);
    if (!core_is_idle(worker->core)) {
        return 0;
    }
    uint64_t deadline_us = cut_us < worker->deadline_us ? cut_us : worker->deadline_us;
    if (worker->busy_peers != 0 && deadline_us > now_us + 1000) {
        deadline_us = now_us + 1000; /* look whether they are ready */
    }
    if (deadline_us == UINT64_MAX) {
        return LOOP_FOREVER;
    }
    return deadline_us > now_us ? deadline_us - now_us : 0;
}

/* Mail, deadlines, and links that may be read again. */
static void attend(struct worker *worker)
{
    hear_all(worker);
    if (worker->deadline_us <= loop_now_us(worker->loop)) {
        struct event event = {.kind = EVENT_TIME};
        struct effects effects;
        mail_step(worker, &event, &effects);
    }
    resume_all(worker);
}

static void hear_all(struct worker *worker)
{
    struct worker_mail *mail;
    if (!mailbox_is_empty(&worker->mailbox)) {
        mail_hear(worker);
    }
    while ((mail = mail_next_set_aside(worker)) != NULL) {
        act_on_mail(worker, mail);
    }
}

static void resume_all(struct worker *worker)
{
    struct link *link;
    for (int i = 0; i < WORKER_WRITES_MAX; i++) {
        link = core_next_resumed(worker->core);
        if (!link) {
            return;
        }
        connection_resume(link->connection);
    }
}

/* Batches before parcels: the part of a group from which others follow is taken first, and the
 * batches are written while we send. Parcels round by round, as core_next_parcel asks. False: there
 * were none. */
static bool speak(struct worker *worker)
{
    bool any = false;
    give_batches(worker, false);
    while (post_round(worker)) {
        any = true;
    }
    return any;
}

static void give_batches(struct worker *worker, bool all)
{
    struct batch *batch;
    while (worker->force->keeper && (batch = core_next_batch(worker->core, all)) != NULL) {
        keeper_take(worker->force->keeper, batch);
    }
}

static bool post_round(struct worker *worker)
{
    bool posted = false;
    for (uint32_t i = 0; i < worker->force->count; i++) {
        struct worker *peer = &worker->force->workers[i];
        struct parcel *parcel = i == worker->index ? NULL : core_next_parcel(worker->core, i);
        if (!parcel) {
            continue;
        }
        struct worker_mail *mail = mail_new(MAIL_PARCEL);
        if (!mail) {
            abort(); /* what workers say to each other is never lost */
        }
        mail->parcel = parcel;
        mail_post(peer, mail);
        posted = true;
    }
    return posted;
}

/* A worker with a long backlog gets nothing more from publishers here until it has caught up. */
static void watch_peers(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->force->count; i++) {
        uint64_t backlog = mailbox_backlog(&worker->force->workers[i].mailbox);
        bool is_busy = (worker->busy_peers >> i & 1) != 0;
        if (i == worker->index ||
            is_busy == (backlog > (is_busy ? WORKER_BACKLOG_READY : WORKER_BACKLOG_BUSY))) {
            continue;
        }
        worker->busy_peers ^= UINT64_C(1) << i;
        struct event event = {.kind = is_busy ? EVENT_PEER_READY : EVENT_PEER_BUSY, .peer = i};
        struct effects effects;
        mail_step(worker, &event, &effects);
    }
}

static void end_all(struct worker *worker)
{
    struct link *link;
    uint32_t home;
    while ((link = core_next_ending(worker->core, &home)) != NULL) {
        struct connection *connection = link->connection;
        struct worker_mail *mail = home == worker->index ? NULL : mail_new(MAIL_CONNECTION);
        if (mail) {
            connection_part(connection);
            mail->connection = connection;
            mail_post(&worker->force->workers[home], mail);
        } else {
            connection_leave(connection);
        }
    }
}

static void flush_all(struct worker *worker)
{
    struct link *link;
    for (int i = 0; i < WORKER_WRITES_MAX; i++) {
        link = core_next_dirty(worker->core);
        if (!link) {
            return;
        }
        connection_flush(link->connection);
    }
}

static void act_on_mail(struct worker *worker, struct worker_mail *mail)
{
    struct event event = {.kind = EVENT_LOGGED};
    struct effects effects;
    switch (mail->kind) {
    case MAIL_PARCEL: assert(false); break;
    case MAIL_CONNECTION: connection_adopt(worker, mail->connection); break;
    case MAIL_CONFIGURE: take_options(worker, mail->options); break;
    case MAIL_STATUS: add_status(worker); break;
    case MAIL_LOGGED:
        event.logged.kind = mail->logged.kind;
        event.logged.line = mail->logged.line;
        mail_step(worker, &event, &effects);
        break;
    case MAIL_RESTORED:
    case MAIL_PERSISTED:
    case MAIL_FETCHED:
    case MAIL_STORE: hear_keeper(worker, mail); break;
    case MAIL_WAKE: break;
    case MAIL_STOP: begin_stop(worker); break;
    }
    mail_free(mail);
}

static void hear_keeper(struct worker *worker, const struct worker_mail *mail)
{
    struct event event = {0};
    struct effects effects;
    switch (mail->kind) {
    case MAIL_RESTORED:
        event.kind = EVENT_RESTORED;
        event.restored.phase = mail->restored.phase;
        event.restored.batch = mail->restored.batch;
        break;
    case MAIL_PERSISTED:
        event.kind = EVENT_PERSISTED;
        event.persisted = mail->persisted;
        break;
    case MAIL_FETCHED:
        event.kind = EVENT_FETCHED;
        event.fetched = mail->fetched;
        break;
    default:
        event.kind = EVENT_STORE_CHANGED;
        event.store.state = mail->store.state;
        event.store.words = mail->store.words ? mail->store.words : "";
        break;
    }
    mail_step(worker, &event, &effects);
}

static void take_options(struct worker *worker, const struct mail_options *options)
{
    worker->options = options->core;
    worker->log.kinds = options->log_kinds;
    for (uint32_t i = 0; i < worker->door_count && i < options->link_count; i++) {
        worker->doors[i].link = options->links[i];
    }
    struct event event = {.kind = EVENT_CONFIGURED};
    struct effects effects;
    mail_step(worker, &event, &effects);
}

static void add_status(struct worker *worker)
{
    struct workforce *force = worker->force;
    pthread_mutex_lock(&force->status_mutex);
    counters_add(&force->status_sum, core_counters(worker->core));
    if (--force->status_awaited == 0) {
        const struct counters *sum = &force->status_sum;
        log_write(&worker->log, LOG_KIND_NOTICE,
                  "Status: %" PRIu64 " clients connected, %" PRIu64 " sessions, %" PRIu64
                  " subscriptions, %" PRIu64 " retained messages; PUBLISH: %" PRIu64
                  " received, %" PRIu64 " sent; deliveries: %" PRIu64 " owed, %" PRIu64
                  " delivered, %" PRIu64 " queued, %" PRIu64 " in flight, %" PRIu64
                  " dropped; %" PRIu64 " bytes held.",
                  sum->connected, sum->sessions, sum->subscriptions, sum->retained,
                  sum->publish_received, sum->publish_sent, sum->owed, sum->delivered, sum->queued,
                  sum->in_flight, counters_dropped(sum), sum->memory_held);
        force->status_sum = (struct counters){0};
    }
    pthread_mutex_unlock(&force->status_mutex);
}

/* Nobody comes in any more, and everybody hears goodbye. */
static void begin_stop(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->door_count; i++) {
        listener_detach(worker->doors[i].listener);
    }
    worker->is_stopping = true;
    struct event event = {.kind = EVENT_STOPPING};
    struct effects effects;
    mail_step(worker, &event, &effects);
}

static void accept_connection(void *context, int fd)
{
    connection_accept(context, fd);
}

static void note_refused(void *context, uint32_t count, int error)
{
    struct worker_door *door = context;
    uint64_t now_us = loop_now_us(door->worker->loop);
    door->refused_count += count;
    if (now_us < door->refused_log_us) {
        return;
    }
    log_write(&door->worker->log, LOG_KIND_ERROR,
              "No room for more connections at port %u: %s. %" PRIu32 " were refused, others wait.",
              door->link.port, strerrordesc_np(error), door->refused_count);
    door->refused_count = 0;
    door->refused_log_us = now_us + WORKER_REFUSED_LOG_US;
}
