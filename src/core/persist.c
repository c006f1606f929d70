/* persist.c — see persist.h. */
#include "core/persist.h"

#include "core/backlog.h"
#include "core/dispatch.h"
#include "core/durable.h"
#include "core/hold.h"
#include "core/journal.h"
#include "core/links.h"
#include "core/receipt.h"
#include "core/receive_acks.h"
#include "core/receive_connect.h"
#include "core/receive_unsubscribe.h"
#include "core/retained.h"
#include "core/send.h"
#include "core/suback.h"
#include "core/waiting.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static void write_sessions(struct core *core);
static bool is_waited_for(const struct core *core);
static void answer(struct core *core, const struct waiting *waiting);
static void go_on_with_sessions(struct core *core, uint64_t batch);

struct batch *persist_next_batch(struct core *core, bool all)
{
    if (!journal_is_on(core) || (!all && !journal_is_due(core))) {
        return NULL;
    }
    write_sessions(core);
    retained_write(core);
    if (is_waited_for(core)) {
        journal_need_batch(core);
    }
    return journal_take(core);
}

void persist_hear_persisted(struct core *core, uint64_t batch)
{
    struct waiting *waiting;
    journal_note_persisted(core, batch);
    receipts_note_persisted(core, batch);
    while ((waiting = waiting_next(core, batch)) != NULL) {
        answer(core, waiting);
        free(waiting);
    }
    go_on_with_sessions(core, batch);
    if (core->journal.holds && core->journal.state == STORE_WELL && journal_is_short(core)) {
        hold_release_all(core, &core->journal.holds);
    }
}

void persist_hear_fetched(struct core *core, const struct batch *batch)
{
    struct session *session = backlog_receive(core, batch);
    if (session) {
        dispatch_pump(core, session);
    }
}

void persist_hear_state(struct core *core, enum store_state state, const char *words)
{
    struct journal *journal = &core->journal;
    journal->state = (uint8_t)state;
    snprintf(journal->words, sizeof journal->words, "%s", words ? words : "");
    /* From now on 5.0 is told, so it is read; 3.x is held again when it publishes. */
    if (state != STORE_WELL || journal_is_short(core)) {
        hold_release_all(core, &journal->holds);
    }
}

void persist_free(struct core *core)
{
    struct waiting *waiting;
    while ((waiting = waiting_next(core, UINT64_MAX)) != NULL) {
        free(waiting);
    }
    for (uint32_t i = 0; i < core->journal.retained_count; i++) {
        if (core->journal.retained[i].message) {
            message_unref(core->journal.retained[i].message, &core->counters);
        }
    }
    free(core->journal.retained);
    core->journal.retained = NULL;
    core->journal.retained_count = 0;
    receipts_free(core);
    hold_release_all(core, &core->journal.holds);
    journal_free(core);
}

static void write_sessions(struct core *core)
{
    struct list *unwritten = &core->journal.unwritten;
    while (!list_is_empty(unwritten)) {
        durable_write_deliveries(core,
                                 LIST_ITEM(unwritten->next, struct durable, unwritten)->session);
    }
}

/* True when somebody waits for the open batch, even if nothing was added to it. */
static bool is_waited_for(const struct core *core)
{
    const struct list *waits = &core->journal.waits;
    return receipts_wait_for(core, core->journal.number) ||
           (!list_is_empty(waits) &&
            LIST_ITEM(waits->previous, struct waiting, place)->batch == core->journal.number);
}

static void answer(struct core *core, const struct waiting *waiting)
{
    struct session *session = sessions_find_hash(&core->sessions, waiting->session);
    struct link *link = links_find(core, &waiting->link);
    struct bytes rest = bytes_of(waiting->rest, waiting->rest_size);
    if (waiting->kind == WAITING_PUBREL) {
        if (session && session->durable) {
            pubrel_send(core, session, waiting->packet_id);
        }
        return;
    }
    if (!link || !link->session) {
        return; /* who comes back asks again */
    }
    assert(link->session == session);
    switch (waiting->kind) {
    case WAITING_CONNACK: connect_welcome(core, link, rest); break;
    case WAITING_SUBACK: suback_send(core, link, waiting->packet_id, rest); break;
    case WAITING_UNSUBACK: unsuback_send(core, link, waiting->packet_id, rest); break;
    case WAITING_PUBREC:
        send_ack(core, link, PACKET_PUBREC, waiting->packet_id, (enum reason_code)waiting->reason,
                 NULL);
        break;
    case WAITING_PUBCOMP:
        send_ack(core, link, PACKET_PUBCOMP, waiting->packet_id, (enum reason_code)waiting->reason,
                 NULL);
        break;
    case WAITING_PUBREL: break;
    }
}

/* QoS 2 that is on the disk now may be sent. */
static void go_on_with_sessions(struct core *core, uint64_t batch)
{
    struct list *unsettled = &core->journal.unsettled;
    struct list *last = unsettled->previous; /* those behind it have just been put there */
    for (struct list *place = unsettled->next, *next; place != unsettled; place = next) {
        struct session *session = LIST_ITEM(place, struct durable, unsettled)->session;
        bool is_last = place == last;
        next = place->next;
        if (durable_note_persisted(core, session, batch)) {
            dispatch_pump(core, session);
        }
        if (is_last) {
            return;
        }
    }
}
