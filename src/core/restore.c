/* restore.c — see restore.h. */
#include "core/restore.h"

#include "base/hash.h"
#include "core/durable.h"
#include "core/hold.h"
#include "core/journal.h"
#include "core/retained.h"
#include "core/session_life.h"
#include "core/stored.h"
#include "core/subscribing.h"
#include "core/will.h"

#include <assert.h>
#include <stdlib.h>

/* What a worker says it has done. */
enum progress { PROGRESS_SESSIONS, PROGRESS_GROUPS, PROGRESS_RETAINED };

static uint64_t all_workers(const struct core *core);
static struct session *restore_session(struct core *core, const struct entry *entry);
static void restore_will(struct core *core, struct session *session,
                         const struct session_entry *entry, struct bytes body);
static void restore_subscription(struct core *core, struct session *session,
                                 const struct entry *entry);
static void restore_backlog(struct core *core, struct session *session,
                            const struct backlog_entry *entry);
static void tell_all(struct core *core, enum progress progress);
static void unpause_links(struct core *core);
static void await_sessions(struct core *core);

void restore_begin(struct core *core)
{
    if (journal_is_on(core)) {
        core->journal.unrestored_sessions = all_workers(core);
        core->journal.unrestored_groups = all_workers(core);
        core->journal.unrestored_retained = all_workers(core);
        core->journal.is_reading_sessions = core->journal.is_reading_retained = true;
    }
}

void restore_hear(struct core *core, enum restore_phase phase, const struct batch *batch)
{
    struct session *session = NULL;
    struct entry entry;
    size_t at = 0;
    if (phase != RESTORE_SESSIONS && core->journal.is_reading_sessions) {
        core->journal.is_reading_sessions = false;
        tell_all(core, PROGRESS_SESSIONS);
    }
    while (batch && batch_next(batch, &at, &entry)) {
        const struct received_entry *received = entry.fixed;
        if (entry.kind == ENTRY_SESSION) {
            session = restore_session(core, &entry);
        } else if (entry.kind == ENTRY_RETAINED) {
            retained_restore(core, entry.fixed, entry.rest);
        } else if (entry.kind == ENTRY_SUBSCRIPTION) {
            restore_subscription(core, session, &entry);
        } else if (entry.kind == ENTRY_BACKLOG) {
            restore_backlog(core, session, entry.fixed);
        } else if (entry.kind == ENTRY_RECEIVED &&
                   !packet_ids_have(&session->received, received->packet_id) &&
                   !packet_ids_add(&session->received, received->packet_id)) {
            abort();
        }
    }
    if (phase == RESTORE_DONE) {
        tell_all(core, PROGRESS_RETAINED);
        core->journal.is_reading_retained = false;
        retained_open(core);
    }
}

void restore_note_peer(struct core *core, uint32_t worker, const struct restored_record *record)
{
    struct journal *journal = &core->journal;
    uint64_t bit = UINT64_C(1) << worker;
    if (record->phase == PROGRESS_SESSIONS) {
        journal->unrestored_sessions &= ~bit;
        if (journal->unrestored_sessions == 0) {
            tell_all(core, PROGRESS_GROUPS);
        }
    } else if (record->phase == PROGRESS_GROUPS) {
        journal->unrestored_groups &= ~bit;
    } else {
        journal->unrestored_retained &= ~bit;
    }
    if (journal->unrestored_groups == 0) {
        unpause_links(core);
    }
    if (journal->unrestored_groups == 0 && journal->unrestored_retained == 0) {
        await_sessions(core);
    }
}

bool restore_pauses_link(struct core *core, struct link *link, bool publishes_retained)
{
    bool must_wait = core->journal.unrestored_groups != 0 ||
                     (publishes_retained && core->journal.unrestored_retained != 0);
    if (must_wait && !link->is_awaiting_restore) {
        link->is_awaiting_restore = true;
        hold_pause_link(link);
    }
    return must_wait;
}

static uint64_t all_workers(const struct core *core)
{
    return core->worker_count == 64 ? UINT64_MAX : (UINT64_C(1) << core->worker_count) - 1;
}

/* Without memory for what it had, a broker does not start. */
static struct session *restore_session(struct core *core, const struct entry *entry)
{
    const struct session_entry *stored = entry->fixed;
    struct bytes client_id = bytes_of(entry->rest.data, stored->client_id_size);
    uint64_t hash = hash_bytes(client_id, core->hash_seed);
    struct session *older = sessions_find(&core->sessions, hash, client_id);
    if (older) { /* its end and its successor's beginning were cut apart by a crash */
        will_forget(core, older);
        session_end(core, older);
    }
    struct session *session = sessions_add(&core->sessions, hash, client_id, &core->counters);
    if (!session || !durable_begin(core, session, stored->number)) {
        abort();
    }
    struct durable *durable = session->durable;
    uint64_t wall_us = journal_to_wall(core, core->now_us);
    session->expiry_s = stored->expiry_s;
    session->share_status = SHARE_AWAY;
    session->away_us = core->now_us;
    if (stored->away_us != 0 && wall_us > stored->away_us) {
        durable->away_before_us = wall_us - stored->away_us;
    }
    durable->place_next = stored->place_next;
    durable->place_sent = stored->place_sent;
    durable->was_connected = stored->away_us == 0;
    if (stored->has_will) {
        restore_will(
            core, session, stored,
            bytes_of(entry->rest.data + client_id.size, entry->rest.size - client_id.size));
    }
    return session;
}

static void restore_will(struct core *core, struct session *session,
                         const struct session_entry *entry, struct bytes body)
{
    struct will *will = calloc(1, sizeof *will);
    struct message *message = will ? stored_restore(core, &entry->will, body) : NULL;
    if (!message) {
        abort();
    }
    message->expires_us = entry->will.expires_us; /* an interval, not yet a time */
    will->message = message;
    will->delay_s = entry->will_delay_s;
    session->will = will;
}

static void restore_subscription(struct core *core, struct session *session,
                                 const struct entry *entry)
{
    const struct subscription_entry *stored = entry->fixed;
    struct subscribing subscribing = {.text = entry->rest,
                                      .id = stored->id,
                                      .number = stored->number,
                                      .qos = stored->qos,
                                      .no_local = stored->no_local,
                                      .retain_as_published = stored->retain_as_published};
    bool is_new;
    if (!topic_filter_parse(entry->rest, &subscribing.filter)) {
        return; /* its checksum held, so another version must have written it */
    }
    if (!subscribing_add(core, session, &subscribing, &is_new)) {
        abort();
    }
    if (stored->number > session->durable->subscription_number) {
        session->durable->subscription_number = stored->number;
    }
}

static void restore_backlog(struct core *core, struct session *session,
                            const struct backlog_entry *entry)
{
    struct durable *durable = session->durable;
    if (entry->place_next > durable->place_next) {
        durable->place_next = entry->place_next;
    }
    durable->place_backlog = durable->place_next;
    if (entry->place_first < entry->place_next) {
        durable->place_backlog = entry->place_first;
        durable->backlog_bytes = entry->bytes;
    }
    durable->place_written = durable->place_persisted = durable->place_next;
    durable->bytes_written = entry->bytes_next;
    if (durable->was_connected) {
        /* Any of them may have been sent: what was acknowledged need not be on the disk, so those
         * in flight may lie anywhere. [MQTT-3.3.1-1] */
        durable->place_sent = durable->place_next;
    }
    uint64_t count = durable_backlog_count(session);
    core->counters.owed += count;
    core->counters.queued += count;
    core->counters.queued_bytes += durable->backlog_bytes;
}

static void tell_all(struct core *core, enum progress progress)
{
    struct restored_record record = {.phase = progress};
    for (uint32_t worker = 0; worker < core->worker_count; worker++) {
        if (!peers_say(&core->peers, worker, RECORD_RESTORED, &record, (struct bytes){0},
                       (struct bytes){0})) {
            abort();
        }
    }
}

static void unpause_links(struct core *core)
{
    for (uint32_t i = 0; i < core->links.count; i++) {
        struct link *link = core->links.links[i];
        if (link && link->is_awaiting_restore) {
            link->is_awaiting_restore = false;
            hold_unpause_link(core, link);
        }
    }
}

/* Those whose clients have not come back. */
static void await_sessions(struct core *core)
{
    uint32_t cursor = 0;
    struct session *session;
    while ((session = map_next(&core->sessions, &cursor)) != NULL) {
        if (!session->link) {
            if (session->durable->was_connected && session->expiry_s != SESSION_NEVER_EXPIRES) {
                durable_write_session(core, session); /* it is away since now */
            }
            session_await(core, session);
        }
    }
}
