/* head.c — see head.h.
 *
 * What can go wrong: the head itself is damaged. Then the numbers of what is there tell how often
 * the store was opened, for no number may be given twice. */
#include "store/head.h"

#include <stdio.h>

enum { META_HEAD = 1 };

static enum backend_result find_start(struct store_backend *backend, uint64_t *start);
static enum head_state refuse(struct records *records, char failure[STORE_WORDS_SIZE]);

enum head_state head_read(struct records *records, struct store_head *head,
                          char failure[STORE_WORDS_SIZE])
{
    struct store_backend *backend = records->backend;
    *head = (struct store_head){.version = STORE_VERSION};
    struct store_key key = key_of(TABLE_META, META_HEAD, 0);
    struct bytes value;
    struct record record;
    enum backend_result result = backend->get(backend, TABLE_META, key_bytes(&key), &value);
    if (result == BACKEND_OK) {
        enum record_fault fault = record_decode(TABLE_META, key_bytes(&key), value, &record);
        if (fault == RECORD_FINE && record.head.version > STORE_VERSION) {
            snprintf(failure, STORE_WORDS_SIZE,
                     "The store %s has format %u, and this version of Midge knows formats up to "
                     "%u: start the newer version that wrote it, or use another file.",
                     backend->where(backend), record.head.version, (unsigned)STORE_VERSION);
            return HEAD_REFUSED;
        }
        if (fault == RECORD_FINE) {
            *head = record.head;
            return HEAD_FOUND;
        }
        damage_note(&records->damage, TABLE_META, key_bytes(&key), fault);
    } else if (result != BACKEND_NOT_FOUND) {
        return refuse(records, failure);
    }
    bool is_empty = result == BACKEND_NOT_FOUND;
    for (int table = 0; table < TABLE_COUNT; table++) {
        is_empty = is_empty && backend->count(backend, (enum store_table)table) == 0;
    }
    if (is_empty) {
        return HEAD_NEW;
    }
    return find_start(backend, &head->start) == BACKEND_OK ? HEAD_DAMAGED
                                                           : refuse(records, failure);
}

enum backend_result head_write(struct records *records, const struct store_head *head)
{
    struct store_backend *backend = records->backend;
    struct record record = {.kind = RECORD_HEAD, .head = *head};
    enum backend_result result;
    while ((result = backend->begin(backend)) == BACKEND_DONE) {
    }
    if (result != BACKEND_OK) {
        return result;
    }
    result = records_put(records, TABLE_META, META_HEAD, 0, &record);
    if (result != BACKEND_OK) {
        backend->abort(backend);
        return result;
    }
    return backend->commit(backend);
}

/* The start in the greatest number that was given to anything. */
static enum backend_result find_start(struct store_backend *backend, uint64_t *start)
{
    static const enum store_table tables[] = {TABLE_SESSIONS, TABLE_SUBSCRIPTIONS, TABLE_QUEUE,
                                              TABLE_MESSAGES, TABLE_RECEIVED,      TABLE_RETAINED};
    *start = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct store_key end = {{0}, 8};
        memset(end.bytes, 0xFF, 8);
        struct bytes key = key_bytes(&end), value;
        enum backend_result result = backend->seek_before(backend, tables[i], &key, &value);
        if (result == BACKEND_OK && key.size >= 8 && key_part(key, 0, 8) >> 44 > *start) {
            *start = key_part(key, 0, 8) >> 44;
        } else if (result != BACKEND_OK && result != BACKEND_NOT_FOUND) {
            return result;
        }
    }
    return BACKEND_OK;
}

static enum head_state refuse(struct records *records, char failure[STORE_WORDS_SIZE])
{
    struct store_backend *backend = records->backend;
    snprintf(failure, STORE_WORDS_SIZE, "The store %s cannot be read: %s", backend->where(backend),
             records_words(records));
    return HEAD_REFUSED;
}
