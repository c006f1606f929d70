/* restore.c — see restore.h.
 *
 * What can go wrong: no memory, or a read that fails. The session it happened at is cut from its
 * batch again, and the next call begins with it. */
#include "store/restore.h"

#include <assert.h>

enum { RELEASING_MAX = 1024 };

static bool collect_session(struct restore *restore, struct records *records, struct sweep *sweep,
                            uint32_t *worker);
static bool collect_retained(struct restore *restore, struct records *records, uint32_t *worker);
static bool add_session(struct restore *restore, struct records *records, struct sweep *sweep,
                        struct batch *batch, const struct record *session);
static bool reach(struct restore_follower *follower, struct records *records, struct sweep *sweep,
                  uint64_t session);
static bool note_left_behind(struct records *records, struct sweep *sweep, uint64_t session);
static bool follow(struct restore_follower *follower, struct records *records, uint64_t session);
static bool add_followers(struct restore_follower *follower, struct records *records,
                          struct batch *batch, uint64_t session);
static bool measure_backlog(struct restore_follower *follower, struct records *records,
                            struct backlog_entry *backlog);
static struct batch *batch_for(struct restore *restore, struct bytes name, uint32_t *worker);
static bool give(struct restore *restore, uint32_t *worker, struct batch **batch);

void restore_init(struct restore *restore, const struct store_birth *birth, uint64_t start)
{
    *restore = (struct restore){
        .birth = *birth,
        .phase = STORE_PHASE_SESSIONS,
        .numbers_end = record_number(start, 0, 0),
        .followers = {{TABLE_SUBSCRIPTIONS, false, 0},
                      {TABLE_RECEIVED, false, 0},
                      {TABLE_QUEUE, false, 0}},
    };
}

void restore_fini(struct restore *restore)
{
    for (uint32_t i = 0; i < STORE_WORKERS_MAX; i++) {
        batch_free(restore->collected[i]);
    }
}

enum store_phase restore_next(struct restore *restore, struct records *records, struct sweep *sweep,
                              uint32_t *worker, struct batch **batch)
{
    *batch = NULL;
    while (restore->phase != STORE_PHASE_DONE && !restore->is_walked) {
        bool is_fine = restore->phase == STORE_PHASE_SESSIONS
                           ? collect_session(restore, records, sweep, worker)
                           : collect_retained(restore, records, worker);
        if (!is_fine) {
            return restore->phase;
        }
        if (!restore->is_walked && restore->collected[*worker] &&
            restore->collected[*worker]->size >= RESTORE_PORTION_BYTES) {
            *batch = restore->collected[*worker];
            restore->collected[*worker] = NULL;
            return restore->phase;
        }
    }
    if (restore->phase != STORE_PHASE_DONE && !give(restore, worker, batch)) {
        restore->phase++;
        restore->next = 0;
        restore->is_walked = false;
        if (restore->phase == STORE_PHASE_DONE) {
            sweep_messages_below(sweep, restore->numbers_end);
        }
    }
    return restore->phase;
}

/* The next session, with all that belongs to it. False: try again later. */
static bool collect_session(struct restore *restore, struct records *records, struct sweep *sweep,
                            uint32_t *worker)
{
    struct store_key key = key_of(TABLE_SESSIONS, restore->next, 0);
    struct record session;
    enum backend_result result = records_seek(records, TABLE_SESSIONS, &key, &session);
    if (result == BACKEND_NOT_FOUND ||
        (result == BACKEND_OK && session.session.number >= restore->numbers_end)) {
        /* Whatever lies behind the last one was left behind, too. */
        for (int i = 0; i < 3; i++) {
            if (!reach(&restore->followers[i], records, sweep, restore->numbers_end)) {
                return false;
            }
        }
        restore->is_walked = true;
        return true;
    }
    if (result != BACKEND_OK) {
        return false;
    }
    struct bytes name = bytes_of(session.rest.data, session.session.client_id_size);
    struct batch *batch = batch_for(restore, name, worker);
    if (!batch) {
        return false;
    }
    size_t mark = batch_mark(batch);
    if (!add_session(restore, records, sweep, batch, &session)) {
        batch_cut(batch, mark);
        return false;
    }
    restore->next = session.session.number + 1;
    return true;
}

static bool collect_retained(struct restore *restore, struct records *records, uint32_t *worker)
{
    struct store_key key = key_of(TABLE_RETAINED, restore->next, 0);
    struct record retained;
    enum backend_result result = records_seek(records, TABLE_RETAINED, &key, &retained);
    if (result == BACKEND_NOT_FOUND ||
        (result == BACKEND_OK && retained.retained.number >= restore->numbers_end)) {
        restore->is_walked = true;
        return true;
    }
    if (result != BACKEND_OK) {
        return false;
    }
    struct bytes name = bytes_of(retained.rest.data, retained.retained.message.topic_size);
    struct batch *batch = batch_for(restore, name, worker);
    if (!batch || !record_add_to_batch(batch, &retained, retained.rest)) {
        return false;
    }
    restore->next = retained.retained.number + 1;
    return true;
}

static bool add_session(struct restore *restore, struct records *records, struct sweep *sweep,
                        struct batch *batch, const struct record *session)
{
    uint64_t number = session->session.number;
    if (!record_add_to_batch(batch, session, session->rest)) {
        return false;
    }
    struct backlog_entry backlog = {.session = number};
    for (int i = 0; i < 3; i++) {
        struct restore_follower *follower = &restore->followers[i];
        if (!reach(follower, records, sweep, number)) {
            return false;
        }
        if (follower->is_at_end || follower->session != number) {
            continue;
        }
        if (!(follower->table == TABLE_QUEUE ? measure_backlog(follower, records, &backlog)
                                             : add_followers(follower, records, batch, number))) {
            return false;
        }
    }
    if (backlog.place_first == backlog.place_next) {
        backlog.place_first = backlog.place_next = session->session.place_next;
    } else if (backlog.place_next < session->session.place_next) {
        backlog.place_next = session->session.place_next;
    }
    return batch_add(batch, ENTRY_BACKLOG, &backlog, NULL, 0);
}

/* Goes on to `session`, and notes whom it passes. False: try again later. */
static bool reach(struct restore_follower *follower, struct records *records, struct sweep *sweep,
                  uint64_t session)
{
    if (follower->session == 0 && !follower->is_at_end && !follow(follower, records, 0)) {
        return false;
    }
    while (!follower->is_at_end && follower->session < session) {
        if (!note_left_behind(records, sweep, follower->session) ||
            !follow(follower, records, follower->session + 1)) {
            return false;
        }
    }
    return true;
}

/* What a damaged session has is kept with it. */
static bool note_left_behind(struct records *records, struct sweep *sweep, uint64_t session)
{
    struct store_backend *backend = records->backend;
    struct store_key key = key_of(TABLE_SESSIONS, session, 0);
    struct store_key aside = {{TABLE_SESSIONS}, 1};
    key_add(&aside, session, 8);
    struct bytes value;
    enum backend_result here = backend->get(backend, TABLE_SESSIONS, key_bytes(&key), &value);
    enum backend_result there = backend->get(backend, TABLE_DAMAGED, key_bytes(&aside), &value);
    if (here == BACKEND_NOT_FOUND && there == BACKEND_NOT_FOUND) {
        sweep_note(sweep, session);
    }
    return (here == BACKEND_OK || here == BACKEND_NOT_FOUND) &&
           (there == BACKEND_OK || there == BACKEND_NOT_FOUND);
}

/* Goes on to the first that is not less than `session`. False: the read failed. */
static bool follow(struct restore_follower *follower, struct records *records, uint64_t session)
{
    struct store_backend *backend = records->backend;
    struct store_key from = key_of(follower->table, session, 0);
    struct bytes key = key_bytes(&from), value;
    enum backend_result result;
    while ((result = backend->seek(backend, follower->table, &key, &value)) == BACKEND_OK &&
           key.size < 8) {
        /* No number at all: damaged, and less than all that begin with its bytes. */
        damage_note(&records->damage, follower->table, key, RECORD_FAULT_KEY);
        from = key_copy(key);
        key_go_behind(&from);
        key = key_bytes(&from);
    }
    if (result == BACKEND_OK) {
        follower->session = key_part(key, 0, 8);
    }
    follower->is_at_end = result == BACKEND_NOT_FOUND;
    return result == BACKEND_OK || result == BACKEND_NOT_FOUND;
}

/* All that the session has in this table. */
static bool add_followers(struct restore_follower *follower, struct records *records,
                          struct batch *batch, uint64_t session)
{
    struct store_key key = key_of(follower->table, session, 0);
    for (;;) {
        struct record record;
        enum backend_result result = records_seek(records, follower->table, &key, &record);
        if (result == BACKEND_NOT_FOUND) {
            break;
        }
        if (result != BACKEND_OK) {
            return false;
        }
        if (key_part(key_bytes(&key), 0, 8) != session) {
            break;
        }
        if (!record_add_to_batch(batch, &record, record.rest)) {
            return false;
        }
        key_go_behind(&key);
    }
    return follow(follower, records, session + 1);
}

/* Two steps, however much waits (and one for each message that is being released at its head). */
static bool measure_backlog(struct restore_follower *follower, struct records *records,
                            struct backlog_entry *backlog)
{
    uint64_t session = backlog->session;
    struct record first, last;
    struct store_key key = key_of(TABLE_QUEUE, session, 0);
    enum backend_result result = records_seek(records, TABLE_QUEUE, &key, &first);
    if (result == BACKEND_OK && first.delivery.session == session) {
        uint64_t first_place = first.delivery.place;
        /* What is being released may have come before its delivery, and know no bytes. */
        for (int i = 0; i < RELEASING_MAX && first.kind == RECORD_RELEASING; i++) {
            key_go_behind(&key);
            result = records_seek(records, TABLE_QUEUE, &key, &first);
            if (result != BACKEND_OK || first.delivery.session != session) {
                break;
            }
        }
        if (result != BACKEND_OK && result != BACKEND_NOT_FOUND) {
            return false;
        }
        bool has_delivery = result == BACKEND_OK && first.kind == RECORD_DELIVERY &&
                            first.delivery.session == session;
        uint64_t first_bytes = has_delivery ? first.delivery.bytes_before : UINT64_MAX;
        key = key_of(TABLE_QUEUE, session + 1, 0);
        result = records_seek_before(records, TABLE_QUEUE, &key, &last);
        if (result != BACKEND_OK) {
            return false;
        }
        backlog->place_first = first_place;
        backlog->place_next = last.delivery.place + 1;
        backlog->bytes_next =
            last.delivery.bytes_before + stored_message_size(&last.delivery.message);
        backlog->bytes = backlog->bytes_next > first_bytes ? backlog->bytes_next - first_bytes : 0;
    } else if (result != BACKEND_OK && result != BACKEND_NOT_FOUND) {
        return false;
    }
    return follow(follower, records, session + 1);
}

/* What is being collected for the home of `name`, or NULL: no memory. */
static struct batch *batch_for(struct restore *restore, struct bytes name, uint32_t *worker)
{
    *worker = restore->birth.home(restore->birth.context, name);
    assert(*worker < STORE_WORKERS_MAX);
    if (!restore->collected[*worker]) {
        restore->collected[*worker] = batch_new(*worker);
    }
    return restore->collected[*worker];
}

/* The next batch that is collected. False: there is none. */
static bool give(struct restore *restore, uint32_t *worker, struct batch **batch)
{
    for (uint32_t i = 0; i < STORE_WORKERS_MAX; i++) {
        *batch = restore->collected[i];
        restore->collected[i] = NULL;
        *worker = i;
        if (*batch) {
            return true;
        }
    }
    return false;
}
