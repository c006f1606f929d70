/* worker.c — see worker.h. */
#include "sim/worker.h"

#include "core/record.h"
#include "sim/connection.h"
#include "sim/line.h"

#include <assert.h>

enum { KINDS_OF_ATTENTION = 5 };

static void act(void *context);
static bool act_in_phase(struct worker *worker);
static struct batch *next_batch(struct worker *worker, bool all);
static bool attend(struct worker *worker);
static bool attend_to(struct worker *worker, uint64_t kind);
static bool hear_one(struct worker *worker);
static void hear_all(struct worker *worker);
static void hear(struct worker *worker, struct mail *mail);
static bool act_on_mail(struct worker *worker);
static bool meet_deadline(struct worker *worker);
static bool resume_one(struct worker *worker);
static bool read_one(struct worker *worker);
static void collect_parcels(struct worker *worker);
static void watch_peers(struct worker *worker);
static void collect_endings(struct worker *worker);
static bool end_one(struct worker *worker);
static void end_connection(struct worker *worker, struct connection *connection);
static bool flush_one(struct worker *worker);
static void stop(struct worker *worker);

void worker_init(struct worker *worker, struct workforce *force, const struct core_birth *birth)
{
    *worker = (struct worker){.force = force, .index = birth->worker, .deadline_us = UINT64_MAX};
    list_init(&worker->connections);
    appointment_init(&worker->turn, act, worker);
    workforce_watch(force, true);
    worker->core = core_new(birth);
    workforce_watch(force, false);
    if (worker->core) {
        worker_wake(worker);
    }
}

void worker_fini(struct worker *worker, void (*part)(void *context, struct line *line),
                 void *context)
{
    struct mailbox *const boxes[] = {&worker->box, &worker->aside, &worker->posts};
    agenda_cancel(worker->force->agenda, &worker->turn);
    for (size_t i = 0; i < sizeof boxes / sizeof boxes[0]; i++) {
        struct mail *mail;
        while ((mail = mailbox_take(boxes[i])) != NULL) {
            if (mail->kind == MAIL_CONNECTION) {
                part(context, connection_free(mail->connection));
            }
            mail_free(mail);
        }
    }
    LIST_EACH_SAFE(place, after, &worker->connections)
    {
        part(context, connection_free(LIST_ITEM(place, struct connection, place)));
    }
    core_free(worker->core);
    worker->core = NULL;
}

void worker_accept(struct worker *worker, struct line *line)
{
    connection_adopt(worker, connection_new(line));
    worker_wake(worker);
}

void worker_post(struct worker *worker, struct mail *mail)
{
    mailbox_put(&worker->box, mail);
    worker_wake(worker);
}

void worker_give_batches(struct worker *worker, bool all)
{
    struct workforce *force = worker->force;
    struct batch *batch;
    while (force->has_store && (batch = next_batch(worker, all)) != NULL) {
        force->give_batch(force->keeper, batch);
    }
}

bool worker_is_quiet(const struct worker *worker)
{
    bool is_quiet = !worker->has_stepped && worker->phase == PHASE_ATTEND &&
                    worker->box.count + worker->aside.count + worker->posts.count == 0;
    is_quiet &= !worker->force->has_store || !core_owes_batch(worker->core);
    LIST_EACH(place, &worker->connections)
    {
        is_quiet &= !LIST_ITEM(place, struct connection, place)->is_ready;
    }
    return is_quiet;
}

bool worker_is_done(const struct worker *worker)
{
    return worker->is_stopping && list_is_empty(&worker->connections) && worker_is_quiet(worker);
}

static void act(void *context)
{
    struct worker *worker = context;
    struct agenda *agenda = worker->force->agenda;
    if (act_in_phase(worker)) {
        worker_wake(worker);
    } else if (worker->deadline_us != UINT64_MAX) {
        agenda_make_earlier(
            agenda, &worker->turn,
            worker->deadline_us > agenda->now_us ? worker->deadline_us - agenda->now_us : 0);
    }
}

/* One small step. False: there is nothing to do. */
static bool act_in_phase(struct worker *worker)
{
    struct mail *mail;
    switch (worker->phase) {
    case PHASE_ATTEND:
        if (attend(worker)) {
            worker->phase =
                random_below(&worker->force->random, 3) == 0 ? PHASE_POST : PHASE_ATTEND;
            return true;
        }
        if (!worker->has_stepped) {
            return false;
        }
        worker->phase = PHASE_POST; /* fallthrough */
    case PHASE_POST:
        if (worker->has_stepped) {
            worker_give_batches(worker, false); /* before what follows from them is said */
            collect_parcels(worker);
            collect_endings(worker);
        }
        mail = mailbox_take(&worker->posts);
        if (mail) {
            worker_post(&worker->force->workers[mail->to], mail);
            return true;
        }
        worker->phase = PHASE_END; /* fallthrough */
    case PHASE_END:
        if (end_one(worker)) {
            return true;
        }
        worker->phase = PHASE_FLUSH; /* fallthrough */
    case PHASE_FLUSH:
        if (flush_one(worker)) {
            return true;
        }
        watch_peers(worker);
        worker->phase = PHASE_ATTEND;
    }
    return true;
}

static struct batch *next_batch(struct worker *worker, bool all)
{
    workforce_watch(worker->force, true);
    struct batch *batch = core_next_batch(worker->core, all);
    workforce_watch(worker->force, false);
    return batch;
}

static bool attend(struct worker *worker)
{
    uint64_t first = random_below(&worker->force->random, KINDS_OF_ATTENTION);
    for (uint64_t i = 0; i < KINDS_OF_ATTENTION; i++) {
        if (attend_to(worker, (first + i) % KINDS_OF_ATTENTION)) {
            return true;
        }
    }
    return false;
}

static bool attend_to(struct worker *worker, uint64_t kind)
{
    switch (kind) {
    case 0: return hear_one(worker);
    case 1: return act_on_mail(worker);
    case 2: return meet_deadline(worker);
    case 3: return resume_one(worker);
    default: return read_one(worker);
    }
}

static bool hear_one(struct worker *worker)
{
    struct mail *mail = mailbox_take(&worker->box);
    if (mail) {
        hear(worker, mail);
    }
    return mail != NULL;
}

static void hear_all(struct worker *worker)
{
    while (hear_one(worker)) {
    }
}

/* Parcels at once; what else there is waits for its time. */
static void hear(struct worker *worker, struct mail *mail)
{
    if (mail->kind != MAIL_PARCEL) {
        mailbox_put(&worker->aside, mail);
        return;
    }
    struct event event = {.kind = EVENT_PARCEL, .parcel = mail->parcel};
    struct effects effects;
    mail->parcel = NULL;
    mail_free(mail);
    worker_step(worker, &event, &effects);
}

static bool act_on_mail(struct worker *worker)
{
    struct mail *mail = mailbox_take(&worker->aside);
    struct effects effects;
    struct event event = {.kind = EVENT_TIME};
    if (!mail) {
        return false;
    }
    switch (mail->kind) {
    case MAIL_PARCEL: assert(false); break;
    case MAIL_CONNECTION: connection_adopt(worker, mail->connection); break;
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
    case MAIL_STORE_CHANGED:
        event.kind = EVENT_STORE_CHANGED;
        event.store.state = mail->store.state;
        event.store.words = mail->store.words;
        break;
    case MAIL_STOP: stop(worker); break;
    }
    if (event.kind != EVENT_TIME) {
        worker_step(worker, &event, &effects);
    }
    mail_free(mail);
    return true;
}

static bool meet_deadline(struct worker *worker)
{
    if (worker->deadline_us > worker->force->agenda->now_us) {
        return false;
    }
    struct event event = {.kind = EVENT_TIME};
    struct effects effects;
    worker_step(worker, &event, &effects);
    return true;
}

static bool resume_one(struct worker *worker)
{
    struct link *link = core_next_resumed(worker->core);
    if (link) {
        connection_resume(link->connection);
    }
    return link != NULL;
}

static bool read_one(struct worker *worker)
{
    LIST_EACH(place, &worker->connections)
    {
        struct connection *connection = LIST_ITEM(place, struct connection, place);
        if (connection->is_ready) {
            list_remove(place); /* others first, the next time */
            list_append(&worker->connections, place);
            hear_all(worker); /* what was said before these bytes were sent */
            connection_be_ready(connection);
            return true;
        }
    }
    return false;
}

/* Round by round, as core_next_parcel asks. */
static void collect_parcels(struct worker *worker)
{
    worker->has_stepped = false;
    for (bool found = true; found;) {
        found = false;
        for (uint32_t i = 0; i < worker->force->count; i++) {
            struct parcel *parcel = i == worker->index ? NULL : core_next_parcel(worker->core, i);
            if (parcel) {
                struct mail *mail = mail_new(MAIL_PARCEL);
                mail->parcel = parcel;
                mail->to = i;
                mailbox_put(&worker->posts, mail);
                found = true;
            }
        }
    }
}

/* A worker with much mail gets nothing more from publishers here until it has caught up. */
static void watch_peers(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->force->count; i++) {
        uint32_t backlog = worker->force->workers[i].box.count;
        bool is_busy = (worker->busy_peers >> i & 1) != 0;
        uint32_t border =
            is_busy ? worker->force->peer_busy_above / 2 : worker->force->peer_busy_above;
        if (i == worker->index || is_busy == (backlog > border)) {
            continue;
        }
        worker->busy_peers ^= UINT64_C(1) << i;
        struct event event = {.kind = is_busy ? EVENT_PEER_READY : EVENT_PEER_BUSY, .peer = i};
        struct effects effects;
        worker_step(worker, &event, &effects);
    }
}

/* What ends is known to the world before anybody can see what comes of it. */
static void collect_endings(struct worker *worker)
{
    struct workforce *force = worker->force;
    uint32_t home;
    struct link *link;
    while ((link = core_next_ending(worker->core, &home)) != NULL) {
        struct connection *connection = link->connection;
        connection->is_ending = true;
        connection->ending_to = home;
        if (home == worker->index) {
            force->lose_link(force->context, connection->line);
        }
    }
}

static bool end_one(struct worker *worker)
{
    LIST_EACH(place, &worker->connections)
    {
        struct connection *connection = LIST_ITEM(place, struct connection, place);
        if (connection->is_ending) {
            connection->is_ending = false;
            end_connection(worker, connection);
            return true;
        }
    }
    return false;
}

static void end_connection(struct worker *worker, struct connection *connection)
{
    if (connection->ending_to == worker->index) {
        connection_leave(connection);
        return;
    }
    connection_part(connection);
    struct mail *mail = mail_new(MAIL_CONNECTION);
    mail->connection = connection;
    worker_post(&worker->force->workers[connection->ending_to], mail);
}

static bool flush_one(struct worker *worker)
{
    struct link *link = core_next_dirty(worker->core);
    if (link) {
        connection_flush(link->connection);
    }
    return link != NULL;
}

static void stop(struct worker *worker)
{
    struct event event = {.kind = EVENT_STOPPING};
    struct effects effects;
    worker->is_stopping = true;
    worker_step(worker, &event, &effects);
}
