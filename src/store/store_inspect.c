/* store_inspect.c — see store_inspect.h.
 *
 * The walk goes through the tables by their keys, with one place in the table that is being walked
 * and one in the table of sessions. */
#include "store/store_inspect.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/head.h"
#include "store/records.h"

enum walk_phase {
    WALK_HEAD,
    WALK_SESSIONS,
    WALK_FOLLOWERS, /* what the session has */
    WALK_RETAINED,
    WALK_LEFT, /* tables in which something may be left behind */
    WALK_ASIDE,
    WALK_END
};

struct store_inspection {
    struct store_backend *backend;
    struct records records;
    enum walk_phase phase;
    uint32_t table_index;     /* in `followers`, or `left` */
    struct store_key session; /* the place in the table of sessions */
    struct store_key at;      /* the place in the other */
    uint64_t session_number;
    struct batch *batch; /* holds the entry that was given last */
};

static const enum store_table followers[] = {TABLE_SUBSCRIPTIONS, TABLE_RECEIVED, TABLE_QUEUE};
static const enum store_table left[] = {TABLE_SUBSCRIPTIONS, TABLE_RECEIVED, TABLE_QUEUE,
                                        TABLE_MESSAGES, TABLE_REFERENCES};

enum { FOLLOWER_COUNT = 3, LEFT_COUNT = 5 };

static bool walk(struct store_inspection *inspection, struct store_item *item,
                 enum backend_result *result);
static bool walk_head(struct store_inspection *inspection, struct store_item *item);
static enum backend_result find(struct store_inspection *inspection, enum store_table table,
                                struct store_key *at, struct bytes *value);
static enum backend_result find_left(struct store_inspection *inspection, enum store_table table,
                                     struct bytes *value);
static enum backend_result is_in_use(struct store_inspection *inspection, enum store_table table,
                                     struct bytes value, bool *is_so);
static bool has(struct store_inspection *inspection, enum store_table table, uint64_t number);
static enum backend_result show(struct store_inspection *inspection, enum store_table table,
                                const struct store_key *key, struct bytes value,
                                struct store_item *item);
static void show_aside(const struct store_key *key, struct bytes value, struct store_item *item);

struct store_inspection *store_inspect_open(struct store_backend *backend,
                                            struct store_summary *summary,
                                            char failure[STORE_WORDS_SIZE])
{
    struct store_inspection *inspection = calloc(1, sizeof *inspection);
    struct batch *batch = batch_new(0);
    failure[0] = '\0';
    if (!inspection || !batch) {
        snprintf(failure, STORE_WORDS_SIZE, "There is no memory to look into the store.");
        batch_free(batch);
        free(inspection);
        backend->close(backend);
        return NULL;
    }
    inspection->backend = backend;
    inspection->batch = batch;
    records_init(&inspection->records, backend);
    struct store_head head;
    enum head_state state = head_read(&inspection->records, &head, failure);
    if (state == HEAD_REFUSED) {
        store_inspect_close(inspection);
        return NULL;
    }
    *summary = (struct store_summary){
        .version = head.version,
        .start = head.start,
        .was_stopped = head.was_stopped,
        .is_head_damaged = state == HEAD_DAMAGED,
    };
    for (int table = 0; table < TABLE_COUNT; table++) {
        summary->records[table] = backend->count(backend, (enum store_table)table);
    }
    backend->measure(backend, &summary->size);
    return inspection;
}

void store_inspect_close(struct store_inspection *inspection)
{
    records_fini(&inspection->records);
    batch_free(inspection->batch);
    inspection->backend->close(inspection->backend);
    free(inspection);
}

bool store_inspect_next(struct store_inspection *inspection, struct store_item *item,
                        char failure[STORE_WORDS_SIZE])
{
    enum backend_result result = BACKEND_OK;
    failure[0] = '\0';
    *item = (struct store_item){.kind = STORE_ITEM_ENTRY};
    while (inspection->phase != WALK_END && result == BACKEND_OK) {
        if (walk(inspection, item, &result)) {
            return true;
        }
    }
    if (result != BACKEND_OK) {
        snprintf(failure, STORE_WORDS_SIZE, "The store %.200s cannot be read: %.200s",
                 inspection->backend->where(inspection->backend),
                 records_words(&inspection->records));
    }
    return false;
}

/* One step. True: there is an item. */
static bool walk(struct store_inspection *inspection, struct store_item *item,
                 enum backend_result *result)
{
    enum store_table table = TABLE_SESSIONS;
    struct bytes value;
    enum walk_phase next = WALK_END;
    switch (inspection->phase) {
    case WALK_HEAD: inspection->phase = WALK_SESSIONS; return walk_head(inspection, item);
    case WALK_SESSIONS:
        *result = find(inspection, table, &inspection->session, &value);
        if (*result == BACKEND_OK) {
            struct store_key session = inspection->session;
            key_go_behind(&inspection->session);
            inspection->session_number =
                session.size >= 8 ? key_part(key_bytes(&session), 0, 8) : UINT64_MAX;
            inspection->phase = WALK_FOLLOWERS;
            inspection->table_index = 0;
            inspection->at = key_of(followers[0], inspection->session_number, 0);
            *result = show(inspection, table, &session, value, item);
            return *result == BACKEND_OK;
        }
        next = WALK_RETAINED;
        break;
    case WALK_FOLLOWERS:
        table = followers[inspection->table_index];
        *result = find(inspection, table, &inspection->at, &value);
        if (*result == BACKEND_OK &&
            (inspection->at.size < 8 ||
             key_part(key_bytes(&inspection->at), 0, 8) != inspection->session_number)) {
            *result = BACKEND_NOT_FOUND;
        }
        next = WALK_SESSIONS;
        if (*result == BACKEND_NOT_FOUND && ++inspection->table_index < FOLLOWER_COUNT) {
            inspection->at =
                key_of(followers[inspection->table_index], inspection->session_number, 0);
            *result = BACKEND_OK;
            return false;
        }
        break;
    case WALK_RETAINED:
        table = TABLE_RETAINED;
        *result = find(inspection, table, &inspection->at, &value);
        next = WALK_LEFT;
        inspection->table_index = 0;
        break;
    case WALK_LEFT:
        table = left[inspection->table_index];
        *result = find_left(inspection, table, &value);
        next = inspection->table_index + 1 < LEFT_COUNT ? WALK_LEFT : WALK_ASIDE;
        inspection->table_index += *result == BACKEND_NOT_FOUND;
        break;
    case WALK_ASIDE:
        table = TABLE_DAMAGED;
        *result = find(inspection, table, &inspection->at, &value);
        break;
    case WALK_END: return false;
    }
    if (*result == BACKEND_NOT_FOUND) {
        inspection->phase = next;
        inspection->at.size = 0;
        *result = BACKEND_OK;
        return false;
    }
    if (*result == BACKEND_OK) {
        struct store_key key = inspection->at;
        key_go_behind(&inspection->at);
        *result = show(inspection, table, &key, value, item);
    }
    return *result == BACKEND_OK;
}

static bool walk_head(struct store_inspection *inspection, struct store_item *item)
{
    struct store_key key = key_of(TABLE_META, 1, 0);
    struct bytes value;
    struct record record;
    if (inspection->backend->get(inspection->backend, TABLE_META, key_bytes(&key), &value) !=
        BACKEND_OK) {
        return false;
    }
    enum record_fault fault = record_decode(TABLE_META, key_bytes(&key), value, &record);
    if (fault != RECORD_FINE) {
        item->kind = STORE_ITEM_DAMAGED;
        item->table = TABLE_META;
        item->record = value;
        record_describe(item->words, sizeof item->words, TABLE_META, key_bytes(&key), fault);
    }
    return fault != RECORD_FINE;
}

/* The first that is at `at` or behind it; `at` becomes its key. */
static enum backend_result find(struct store_inspection *inspection, enum store_table table,
                                struct store_key *at, struct bytes *value)
{
    struct store_backend *backend = inspection->backend;
    if (at->size == 0) {
        at->size = 1; /* no key is empty, and none is before this */
        at->bytes[0] = 0;
    }
    struct bytes key = key_bytes(at);
    enum backend_result result = backend->seek(backend, table, &key, value);
    if (result == BACKEND_OK) {
        *at = key_copy(key);
    }
    return result;
}

/* The next that is damaged or belongs to nothing. */
static enum backend_result find_left(struct store_inspection *inspection, enum store_table table,
                                     struct bytes *value)
{
    for (;;) {
        enum backend_result result = find(inspection, table, &inspection->at, value);
        bool is_used = false;
        if (result == BACKEND_OK) {
            result = is_in_use(inspection, table, *value, &is_used);
        }
        if (result != BACKEND_OK || !is_used) {
            return result;
        }
        if (key_second_width(table) > 0) {
            /* All of this session was shown with it. */
            uint64_t session = key_part(key_bytes(&inspection->at), 0, 8);
            inspection->at = key_of(table, session + 1, 0);
        } else {
            key_go_behind(&inspection->at);
        }
    }
}

static enum backend_result is_in_use(struct store_inspection *inspection, enum store_table table,
                                     struct bytes value, bool *is_so)
{
    struct bytes key = key_bytes(&inspection->at);
    struct record record;
    *is_so = false;
    if (key.size < 8) {
        return BACKEND_OK;
    }
    uint64_t number = key_part(key, 0, 8);
    if (key_second_width(table) > 0) {
        *is_so = has(inspection, TABLE_SESSIONS, number);
    } else if (record_decode(table, key, value, &record) == RECORD_FINE) {
        if (table == TABLE_REFERENCES) {
            *is_so = record.references > 0 && has(inspection, TABLE_MESSAGES, number);
        } else {
            enum backend_result result =
                records_get(&inspection->records, TABLE_REFERENCES, number, 0, &record);
            *is_so = result == BACKEND_OK && record.references > 0;
            return result == BACKEND_NOT_FOUND ? BACKEND_OK : result;
        }
    }
    return BACKEND_OK;
}

static bool has(struct store_inspection *inspection, enum store_table table, uint64_t number)
{
    struct store_key key = key_of(table, number, 0);
    struct bytes value;
    return inspection->backend->get(inspection->backend, table, key_bytes(&key), &value) ==
           BACKEND_OK;
}

/* Tells of a record, as an entry or in words. */
static enum backend_result show(struct store_inspection *inspection, enum store_table table,
                                const struct store_key *key, struct bytes value,
                                struct store_item *item)
{
    item->table = table;
    item->record = value;
    if (table == TABLE_DAMAGED) {
        show_aside(key, value, item);
        return BACKEND_OK;
    }
    struct record record, message;
    enum record_fault fault = record_decode(table, key_bytes(key), value, &record);
    struct bytes body = record.rest;
    if (fault == RECORD_FINE && inspection->phase == WALK_LEFT) {
        fault = RECORD_FAULT_LEFTOVER;
    } else if (fault == RECORD_FINE && record.kind == RECORD_DELIVERY && record.delivery.body) {
        enum backend_result result =
            records_get(&inspection->records, TABLE_MESSAGES, record.delivery.body, 0, &message);
        if (result != BACKEND_OK && result != BACKEND_NOT_FOUND) {
            return result;
        }
        bool is_alike = result == BACKEND_OK &&
                        stored_message_is_alike(&message.message.message, &record.delivery.message);
        fault = is_alike ? RECORD_FINE : RECORD_FAULT_BODY;
        body = message.rest;
    }
    if (fault != RECORD_FINE) {
        item->kind = fault == RECORD_FAULT_LEFTOVER ? STORE_ITEM_LEFTOVER : STORE_ITEM_DAMAGED;
        record_describe(item->words, sizeof item->words, table, key_bytes(key), fault);
        return BACKEND_OK;
    }
    size_t at = 0;
    batch_cut(inspection->batch, 0);
    if (!record_add_to_batch(inspection->batch, &record, body)) {
        inspection->records.words = "no memory for a record.";
        return BACKEND_FAILED;
    }
    batch_next(inspection->batch, &at, &item->entry);
    return BACKEND_OK;
}

static void show_aside(const struct store_key *key, struct bytes value, struct store_item *item)
{
    struct record record;
    struct bytes inner = bytes_of(key->bytes + 1, key->size - 1);
    item->kind = STORE_ITEM_ASIDE;
    if (key->bytes[0] >= TABLE_DAMAGED) {
        snprintf(item->words, sizeof item->words, "a record of an unknown table");
        return;
    }
    item->table = (enum store_table)key->bytes[0];
    enum record_fault fault = record_decode(item->table, inner, value, &record);
    record_describe(item->words, sizeof item->words, item->table, inner,
                    fault == RECORD_FINE ? RECORD_FAULT_BODY : fault);
}
