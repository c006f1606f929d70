/* core.c — the door: each event to the part it concerns. See core.h. */
#include "core/core.h"

#include "core/core_state.h"
#include "core/dispatch.h"
#include "core/durable.h"
#include "core/goodbye.h"
#include "core/hear.h"
#include "core/hold.h"
#include "core/journal.h"
#include "core/keep_alive.h"
#include "core/links.h"
#include "core/persist.h"
#include "core/quotas.h"
#include "core/receive.h"
#include "core/receive_auth.h"
#include "core/refuse.h"
#include "core/replay.h"
#include "core/restore.h"
#include "core/retained.h"
#include "core/session_life.h"
#include "core/share_group.h"
#include "core/sys_topics.h"
#include "core/timers.h"
#include "core/will.h"

#include <assert.h>
#include <stdlib.h>

enum {
    TIMERS_A_STEP_MAX = 1000,
    SWEEP_INTERVAL_US = 1000000,
    UNREAD_SIZE_SMALL =
        64 * 1024, /* of an unfinished packet: whoever has more goes first when memory is full */
};

static void open_link(struct core *core, const struct event *event, struct effects *effects);
static void receive(struct core *core, const struct event *event, struct effects *effects);
static void note_sent(struct core *core, struct link *link, size_t size);
static void lose_link(struct core *core, struct link *link, const char *words);
static void run_timers(struct core *core);
static void meet_deadline(struct core *core, struct heap_entry *entry);
static void sweep(struct core *core);
static void stop(struct core *core);
static struct link *take_turn(struct list *list);

struct core *core_new(const struct core_birth *birth)
{
    assert(birth->worker < birth->worker_count && birth->worker_count <= PEERS_MAX);
    struct core *core = calloc(1, sizeof *core);
    if (!core) {
        return NULL;
    }
    core->worker = birth->worker;
    core->worker_count = birth->worker_count;
    core->hash_seed = birth->hash_seed;
    core->now_us = core->started_us = birth->now_us;
    core->options = birth->options;
    core->log = birth->log;
    core->authenticator = birth->authenticator;
    core->version = birth->version;
    core->own_tally = birth->tally ? NULL : aligned_alloc(64, sizeof *core->own_tally);
    core->tally = birth->tally ? birth->tally : core->own_tally;
    if (core->own_tally) {
        memset(core->own_tally, 0, sizeof *core->own_tally);
    }
    journal_begin(core, birth->has_store, birth->start, birth->wall_us);
    restore_begin(core);
    core->peers.self = birth->worker;
    core->peers.count = birth->worker_count;
    core->sys_timer.place = core->sweep_timer.place = HEAP_NOWHERE;
    random_seed(&core->random, birth->random_seed);
    outbox_pool_init(&core->pool, &core->counters);
    heap_init(&core->timers);
    map_init(&core->sessions);
    map_init(&core->subscriptions);
    map_init(&core->shared_members);
    map_init(&core->share_groups);
    map_init(&core->replays);
    map_init(&core->retained_walks);
    map_init(&core->receipts);
    list_init(&core->dirty);
    list_init(&core->resumed);
    list_init(&core->ending);
    core->retained = topic_tree_new(birth->hash_seed);
    if (!core->tally || !core->retained || !routes_init(&core->routes, birth->hash_seed) ||
        !sys_topics_begin(core)) {
        core_free(core);
        return NULL;
    }
    timer_set(&core->timers, &core->sweep_timer, TIMER_SWEEP, core->now_us + SWEEP_INTERVAL_US);
    return core;
}

void core_free(struct core *core)
{
    if (!core) {
        return;
    }
    for (uint32_t i = 0; i < core->links.count; i++) {
        struct link *link = core->links.links[i];
        if (link && link->session) {
            link->session->link = NULL;
            link->session = NULL;
        }
        if (link) {
            links_remove(core, link);
        }
    }
    uint32_t cursor = 0;
    struct session *session;
    persist_free(core);
    core->journal.is_on = false; /* what is on the disk stays there */
    while ((session = map_next(&core->sessions, &cursor)) != NULL) {
        durable_free(session);
        will_forget(core, session);
        hold_release_all(core, &session->holds);
        session_end(core, session);
        cursor--; /* the place may hold the next one now */
    }
    for (uint32_t i = 0; i < PEERS_MAX; i++) {
        hold_release_all(core, &core->peer_holds[i]);
    }
    hold_release_all(core, &core->memory_holds);
    peers_fini(&core->peers);
    retained_free(core);
    share_groups_free(core);
    routes_fini(&core->routes);
    sys_topics_free(core);
    heap_fini(&core->timers);
    map_fini(&core->sessions);
    map_fini(&core->subscriptions);
    map_fini(&core->shared_members);
    map_fini(&core->replays);
    outbox_pool_fini(&core->pool);
    free(core->links.links);
    free(core->links.free_places);
    free(core->receivers);
    free(core->own_tally);
    free(core);
}

void core_step(struct core *core, const struct event *event, struct effects *effects)
{
    assert(event->now_us >= core->now_us);
    core->now_us = event->now_us;
    *effects = (struct effects){0};
    switch (event->kind) {
    case EVENT_TIME: run_timers(core); break;
    case EVENT_LINK_OPENED: open_link(core, event, effects); break;
    case EVENT_LINK_RECEIVED: receive(core, event, effects); break;
    case EVENT_LINK_SENT: note_sent(core, event->link, event->sent_size); break;
    case EVENT_LINK_LOST: lose_link(core, event->link, event->lost_words); break;
    case EVENT_PARCEL:
        hear_parcel(core, event->parcel);
        parcel_free(event->parcel);
        break;
    case EVENT_PEER_BUSY: core->peers.busy |= UINT64_C(1) << event->peer; break;
    case EVENT_PEER_READY:
        core->peers.busy &= ~(UINT64_C(1) << event->peer);
        hold_release_all(core, &core->peer_holds[event->peer]);
        break;
    case EVENT_AUTHENTICATED: receive_verdict(core, event->link, event); break;
    case EVENT_LOGGED: sys_topics_publish_log(core, event->logged.kind, event->logged.line); break;
    case EVENT_CONFIGURED:
        if (!sys_topics_begin(core)) {
            log_write(core->log, LOG_KIND_ERROR, "No memory for $SYS.");
        }
        break;
    case EVENT_RESTORED: restore_hear(core, event->restored.phase, event->restored.batch); break;
    case EVENT_PERSISTED: persist_hear_persisted(core, event->persisted); break;
    case EVENT_FETCHED: persist_hear_fetched(core, event->fetched); break;
    case EVENT_STORE_CHANGED:
        persist_hear_state(core, event->store.state, event->store.words);
        sys_topics_publish_store(core);
        break;
    case EVENT_STOPPING: stop(core); break;
    }
    hear_self(core);
    quotas_publish(core);
    effects->deadline_us = UINT64_MAX;
    heap_first(&core->timers, &effects->deadline_us);
}

struct link *core_next_dirty(struct core *core)
{
    if (list_is_empty(&core->dirty)) {
        return NULL;
    }
    struct link *link = LIST_ITEM(core->dirty.next, struct link, dirty);
    list_remove(&link->dirty);
    return link;
}

struct link *core_next_resumed(struct core *core)
{
    return take_turn(&core->resumed);
}

struct link *core_next_ending(struct core *core, uint32_t *worker)
{
    struct link *link = take_turn(&core->ending);
    if (link) {
        *worker = link->is_handed_over ? link->handed_to : core->worker;
    }
    return link;
}

struct parcel *core_next_parcel(struct core *core, uint32_t worker)
{
    assert(worker < core->worker_count && worker != core->worker);
    return peers_take(&core->peers, worker);
}

struct batch *core_next_batch(struct core *core, bool all)
{
    return persist_next_batch(core, all);
}

bool core_owes_batch(const struct core *core)
{
    return journal_is_on(core) && core->journal.due_us != UINT64_MAX;
}

bool core_is_idle(const struct core *core)
{
    bool has_parcels = false;
    for (uint32_t i = 0; i < core->worker_count; i++) {
        has_parcels |= core->peers.outgoing[i] != NULL;
    }
    return !has_parcels && list_is_empty(&core->dirty) && list_is_empty(&core->resumed) &&
           list_is_empty(&core->ending);
}

bool core_link_is_held(const struct link *link)
{
    return hold_is_on(link) || link->state == LINK_CLOSING || link_is_stuffed(link);
}

size_t core_link_pieces(const struct link *link, struct iovec *pieces, size_t count_max)
{
    return outbox_pieces(&link->outbox, pieces, count_max);
}

const struct counters *core_counters(const struct core *core)
{
    return &core->counters;
}

static void open_link(struct core *core, const struct event *event, struct effects *effects)
{
    struct link *link =
        links_add(core, event->opened.options, event->opened.address, event->opened.connection);
    if (link) {
        core->counters.connections_opened++;
        keep_alive_await_connect(core, link);
    }
    effects->opened = link;
}

static void receive(struct core *core, const struct event *event, struct effects *effects)
{
    effects->consumed = receive_bytes(core, event->link, event->received);
    core->counters.bytes_received += effects->consumed;
    size_t unread_size = event->received.size - effects->consumed;
    core->counters.memory_held += unread_size - event->link->unread_size;
    event->link->unread_size = unread_size;
    if (unread_size > UNREAD_SIZE_SMALL && quotas_memory_is_full(core)) {
        refuse_link(core, event->link, REASON_QUOTA_EXCEEDED, "memory_limit is reached");
    }
}

/* Room in an outbox: what waits may go on. */
static void note_sent(struct core *core, struct link *link, size_t size)
{
    outbox_sent(&link->outbox, &core->pool, size);
    core->counters.bytes_sent += size;
    if (link_is_stuffed(link)) {
        link->active_us = core->now_us; /* it reads, so it lives, though we do not listen */
    }
    if (link->outbox.size < OUTBOX_SHORT_SIZE) {
        if (link_is_stuffed(link) && !link->close_wanted && !list_is_linked(&link->turn)) {
            list_append(&core->resumed, &link->turn);
        }
        link->answers_size = 0;
    }
    if (link->session) {
        link->session->progress_us = core->now_us;
        if (link->outbox.size < OUTBOX_SHORT_SIZE) {
            dispatch_pump(core, link->session);
            replay_pump(core, link->session);
        }
    }
}

static void lose_link(struct core *core, struct link *link, const char *words)
{
    if (link->session) {
        struct session *session = link->session;
        if (core->options->connection_messages) {
            log_write(core->log, LOG_KIND_NOTICE,
                      words ? "Client %.*s disconnected: %s."
                            : "Client %.*s closed its connection.",
                      (int)session->client_id_size, (const char *)session->client_id, words);
        }
        session_detach(core, session, PARTING_ABRUPT);
    }
    core->counters.connections_opened -= link->is_handed_over; /* it is opened where it goes */
    links_remove(core, link);
}

static void run_timers(struct core *core)
{
    uint64_t deadline_us;
    struct heap_entry *entry;
    for (size_t i = 0; i < TIMERS_A_STEP_MAX;
         i++) { /* what is left comes in the next step, at once */
        entry = heap_first(&core->timers, &deadline_us);
        if (!entry || deadline_us > core->now_us) {
            return;
        }
        heap_remove(&core->timers, entry);
        meet_deadline(core, entry);
    }
}

static void meet_deadline(struct core *core, struct heap_entry *entry)
{
    switch ((enum timer_kind)entry->kind) {
    case TIMER_LINK: keep_alive_judge(core, LIST_ITEM(entry, struct link, timer)); break;
    case TIMER_SESSION: session_meet_deadline(core, LIST_ITEM(entry, struct session, timer)); break;
    case TIMER_SYS: sys_topics_tick(core); break;
    case TIMER_SWEEP: sweep(core); break;
    case TIMER_JOURNAL: break; /* core_next_batch is asked at the end of the turn */
    }
}

static void sweep(struct core *core)
{
    retained_sweep(core);
    outbox_pool_trim(&core->pool);
    if (quotas_memory_is_free(core)) {
        hold_release_all(core, &core->memory_holds);
    }
    timer_set(&core->timers, &core->sweep_timer, TIMER_SWEEP, core->now_us + SWEEP_INTERVAL_US);
}

static void stop(struct core *core)
{
    core->is_stopping = true;
    for (uint32_t i = 0; i < core->links.count; i++) {
        struct link *link = core->links.links[i];
        if (link && link->state != LINK_CLOSING) {
            goodbye_say(core, link, REASON_SERVER_SHUTTING_DOWN, NULL);
            if (link->session) {
                session_detach(core, link->session, PARTING_ABRUPT);
            }
            links_end(core, link);
        }
    }
}

static struct link *take_turn(struct list *list)
{
    if (list_is_empty(list)) {
        return NULL;
    }
    struct link *link = LIST_ITEM(list->next, struct link, turn);
    list_remove(&link->turn);
    return link;
}
