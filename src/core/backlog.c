/* backlog.c — see backlog.h.
 *
 * The places of a backlog follow one another, but some may be missing on the disk (at a restart
 * nobody has counted them): those that a portion does not bring were never owed. Only places that
 * were on the disk when it was asked for are looked at: of later ones some may be missing still. */
#include "core/backlog.h"

#include "core/durable.h"
#include "core/journal.h"
#include "core/stored.h"

#include <assert.h>
#include <stdlib.h>

enum { QUEUE_LOW_COUNT = BACKLOG_PORTION_COUNT / 2, QUEUE_LOW_SIZE = BACKLOG_PORTION_SIZE / 2 };

static void take_in(struct core *core, struct session *session, const struct entry *entry);
static void enqueue(struct core *core, struct session *session, struct delivery *delivery);
static void shorten(struct core *core, struct durable *durable, uint64_t count, uint64_t bytes);

void backlog_ask(struct core *core, struct session *session)
{
    struct durable *durable = session->durable;
    if (durable->is_fetching || durable->place_backlog >= durable->place_persisted ||
        durable_backlog_count(session) == 0 || session->queue.count >= QUEUE_LOW_COUNT ||
        session->queue.bytes >= QUEUE_LOW_SIZE) {
        return;
    }
    struct fetch_entry entry = {.session = durable->number,
                                .session_hash = session->hash,
                                .place = durable->place_backlog,
                                .count_max = BACKLOG_PORTION_COUNT,
                                .bytes_max = BACKLOG_PORTION_SIZE};
    journal_add(core, ENTRY_FETCH, &entry, NULL, 0);
    journal_hurry(core);
    durable->is_fetching = true;
    durable->place_fetch_end = durable->place_persisted;
}

struct session *backlog_receive(struct core *core, const struct batch *batch)
{
    struct session *session = NULL;
    struct entry entry;
    size_t at = 0;
    while (batch_next(batch, &at, &entry)) { /* who it is for stands at its end */
        if (entry.kind == ENTRY_FETCHED) {
            const struct fetched_entry *fetched = entry.fixed;
            session = sessions_find_hash(&core->sessions, fetched->session_hash);
            if (!session || !session->durable || session->durable->number != fetched->session) {
                return NULL;
            }
        }
    }
    assert(session && session->durable->is_fetching);
    session->durable->is_fetching = false;
    if (!session->link) {
        return session; /* it will be asked for again */
    }
    at = 0;
    while (batch_next(batch, &at, &entry)) {
        take_in(core, session, &entry);
    }
    return session;
}

void backlog_drop_first(struct core *core, struct session *session)
{
    struct durable *durable = session->durable;
    uint64_t count = durable_backlog_count(session);
    assert(count > 0);
    struct delivery_entry entry = {.session = durable->number, .place = durable->place_backlog};
    journal_add(core, ENTRY_DELIVERY_GONE, &entry, NULL, 0);
    journal_linger(core, JOURNAL_LINGER_LAZY_US);
    durable->place_backlog++;
    shorten(core, durable, 1, durable->backlog_bytes / count); /* about its size */
}

void backlog_discard(struct core *core, struct session *session)
{
    uint64_t count = durable_backlog_count(session);
    core->counters.dropped[DROP_SESSION_ENDED] += count;
    session->durable->place_backlog = session->durable->place_next;
    shorten(core, session->durable, count, session->durable->backlog_bytes);
}

static void take_in(struct core *core, struct session *session, const struct entry *entry)
{
    struct durable *durable = session->durable;
    const struct fetched_entry *fetched = entry->fixed;
    const struct delivery_entry *stored = entry->fixed;
    uint64_t place_end = entry->kind != ENTRY_FETCHED ? stored->place
                         : fetched->is_all            ? durable->place_fetch_end
                                                      : fetched->place_next;
    if (place_end > durable->place_fetch_end) {
        place_end = durable->place_fetch_end;
    }
    if (place_end > durable->place_backlog) { /* none there */
        uint64_t missing = place_end - durable->place_backlog;
        core->counters.owed -= missing;
        durable->place_backlog = place_end;
        shorten(core, durable, missing, 0);
    }
    if (entry->kind == ENTRY_FETCHED || stored->place < durable->place_backlog ||
        stored->place >= durable->place_fetch_end) {
        return;
    }
    assert(stored->place == durable->place_backlog);
    bool failed = false;
    struct delivery delivery = {.place = (uint32_t)stored->place,
                                .qos = stored->qos,
                                .retain = stored->retain,
                                .dup = stored->place < durable->place_sent};
    if (entry->kind == ENTRY_RELEASING) {
        delivery.state = DELIVERY_RELEASING;
        delivery.qos = 2;
    } else {
        size_t ids_size = stored->id_count * sizeof(uint32_t);
        delivery.state = DELIVERY_WAITING;
        delivery.tag = delivery_tag_new((const uint32_t *)entry->rest.data, stored->id_count,
                                        stored->share_group, &failed);
        delivery.message =
            stored_restore(core, &stored->message,
                           bytes_of(entry->rest.data + ids_size, entry->rest.size - ids_size));
        failed |= !delivery.message;
    }
    if (failed) {
        abort(); /* it stays on the disk for a start with more memory */
    }
    durable->place_backlog++;
    enqueue(core, session, &delivery);
}

static void enqueue(struct core *core, struct session *session, struct delivery *delivery)
{
    shorten(core, session->durable, 1, delivery_size(delivery));
    if (!queue_add(&session->queue, delivery, &core->counters)) {
        abort();
    }
}

/* That many are not in the backlog any more, wherever they are now. */
static void shorten(struct core *core, struct durable *durable, uint64_t count, uint64_t bytes)
{
    bool is_empty = durable->place_backlog == durable->place_next;
    if (is_empty || bytes > durable->backlog_bytes) {
        bytes = durable->backlog_bytes;
    }
    durable->backlog_bytes -= bytes;
    core->counters.queued -= count;
    core->counters.queued_bytes -= bytes;
}
