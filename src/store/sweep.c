/* sweep.c — see sweep.h. A crash forgets what was noted: the next start finds it again. */
#include "store/sweep.h"

static enum backend_result sweep_table(struct sweep *sweep, struct records *records,
                                       const struct part_shelf *shelf, enum store_table table,
                                       uint64_t session, bool *is_all);
static enum backend_result drop_body(struct records *records, const struct part_shelf *shelf,
                                     struct bytes key, struct bytes value);
static enum backend_result sweep_messages(struct sweep *sweep, struct records *records);

void sweep_note(struct sweep *sweep, uint64_t session)
{
    for (uint32_t i = 0; i < sweep->count; i++) {
        if (sweep->sessions[i] == session) {
            return;
        }
    }
    if (sweep->count < SWEEP_SESSIONS_MAX) {
        sweep->sessions[sweep->count++] = session;
    }
}

void sweep_messages_below(struct sweep *sweep, uint64_t number)
{
    sweep->messages_end = number;
}

bool sweep_waits(const struct sweep *sweep)
{
    return sweep->count > 0;
}

enum backend_result sweep_session(struct sweep *sweep, struct records *records,
                                  const struct part_shelf *shelf, uint64_t session, bool *is_all)
{
    static const enum store_table tables[] = {TABLE_SUBSCRIPTIONS, TABLE_RECEIVED, TABLE_QUEUE};
    *is_all = true;
    enum backend_result result = BACKEND_OK;
    for (size_t i = 0; i < sizeof tables / sizeof *tables && *is_all && result == BACKEND_OK; i++) {
        result = sweep_table(sweep, records, shelf, tables[i], session, is_all);
    }
    return result;
}

enum backend_result sweep_portion(struct sweep *sweep, struct records *records,
                                  const struct part_shelf *shelf)
{
    while (sweep->done < sweep->count) {
        bool is_all;
        enum backend_result result =
            sweep_session(sweep, records, shelf, sweep->sessions[sweep->done], &is_all);
        if (result != BACKEND_OK || !is_all) {
            return result;
        }
        sweep->done++;
    }
    return sweep_messages(sweep, records);
}

void sweep_begin(struct sweep *sweep)
{
    sweep->left = SWEEP_PORTION;
    sweep->done = 0;
    sweep->messages_done = sweep->messages_next;
}

void sweep_committed(struct sweep *sweep)
{
    sweep->count -= sweep->done;
    memmove(sweep->sessions, sweep->sessions + sweep->done, sweep->count * sizeof *sweep->sessions);
    sweep->done = 0;
    sweep->messages_next = sweep->messages_done;
}

static enum backend_result sweep_table(struct sweep *sweep, struct records *records,
                                       const struct part_shelf *shelf, enum store_table table,
                                       uint64_t session, bool *is_all)
{
    struct store_backend *backend = records->backend;
    for (;;) {
        struct store_key from = key_of(table, session, 0);
        struct bytes key = key_bytes(&from), value;
        enum backend_result result = backend->seek(backend, table, &key, &value);
        if (result != BACKEND_OK) {
            return result == BACKEND_NOT_FOUND ? BACKEND_OK : result;
        }
        if (!key_is_of(table, key) || key_part(key, 0, 8) != session) {
            return BACKEND_OK;
        }
        if (sweep->left == 0) {
            *is_all = false;
            return BACKEND_OK;
        }
        sweep->left--;
        struct store_key found = key_copy(key);
        if (table == TABLE_QUEUE) {
            result = drop_body(records, shelf, key, value);
        }
        if (result == BACKEND_OK) {
            result = backend->remove(backend, table, key_bytes(&found));
        }
        if (result != BACKEND_OK) {
            return result;
        }
    }
}

static enum backend_result drop_body(struct records *records, const struct part_shelf *shelf,
                                     struct bytes key, struct bytes value)
{
    struct record record;
    if (record_decode(TABLE_QUEUE, key, value, &record) != RECORD_FINE ||
        record.kind != RECORD_DELIVERY || record.delivery.body == 0) {
        return BACKEND_OK;
    }
    uint64_t body = record.delivery.body;
    return records_unrefer(records, body, part_shelf_holds(shelf, TABLE_MESSAGES, body, 0));
}

static enum backend_result sweep_messages(struct sweep *sweep, struct records *records)
{
    struct store_backend *backend = records->backend;
    while (sweep->left > 0 && sweep->messages_done < sweep->messages_end) {
        sweep->left--;
        struct store_key from = key_of(TABLE_MESSAGES, sweep->messages_done, 0);
        struct bytes key = key_bytes(&from), value;
        enum backend_result result = backend->seek(backend, TABLE_MESSAGES, &key, &value);
        if (result == BACKEND_NOT_FOUND ||
            (result == BACKEND_OK &&
             (key.size < 8 || key_part(key, 0, 8) >= sweep->messages_end))) {
            sweep->messages_done = sweep->messages_end;
            return BACKEND_OK;
        }
        if (result != BACKEND_OK) {
            return result;
        }
        uint64_t number = key_part(key, 0, 8);
        sweep->messages_done = number + 1;
        struct record record;
        struct store_key references = key_of(TABLE_REFERENCES, number, 0);
        result = backend->get(backend, TABLE_REFERENCES, key_bytes(&references), &value);
        bool is_garbage =
            result == BACKEND_NOT_FOUND || (result == BACKEND_OK &&
                                            record_decode(TABLE_REFERENCES, key_bytes(&references),
                                                          value, &record) == RECORD_FINE &&
                                            record.references == 0);
        if (is_garbage) {
            result = records_remove(records, TABLE_REFERENCES, number, 0);
            if (result == BACKEND_OK) {
                result = records_remove(records, TABLE_MESSAGES, number, 0);
            }
        }
        if (result != BACKEND_OK) {
            return result;
        }
    }
    return BACKEND_OK;
}
