/* records.c — see records.h. */
#include "store/records.h"

#include <stdlib.h>

/* Of what records are put together in, from one to the next. */
enum { KEPT_SIZE_MAX = 1024 * 1024 };

static const uint64_t REFERENCES_UNKNOWN = UINT64_C(1) << 40;

static enum backend_result count_references(struct records *records, uint64_t message,
                                            uint64_t *references);
static enum backend_result put_references(struct records *records, uint64_t message,
                                          uint64_t references);
static enum backend_result step(struct records *records, enum store_table table,
                                struct store_key *key, struct record *record, bool is_forward);

void records_init(struct records *records, struct store_backend *backend)
{
    *records = (struct records){.backend = backend};
}

void records_fini(struct records *records)
{
    free(records->out.bytes);
}

const char *records_words(const struct records *records)
{
    return records->words ? records->words : records->backend->words(records->backend);
}

enum backend_result records_get(struct records *records, enum store_table table, uint64_t first,
                                uint64_t second, struct record *record)
{
    struct store_backend *backend = records->backend;
    struct store_key key = key_of(table, first, second);
    struct bytes value;
    enum backend_result result = backend->get(backend, table, key_bytes(&key), &value);
    if (result != BACKEND_OK) {
        return result;
    }
    enum record_fault fault = record_decode(table, key_bytes(&key), value, record);
    if (fault != RECORD_FINE) {
        damage_note(&records->damage, table, key_bytes(&key), fault);
        return BACKEND_NOT_FOUND;
    }
    return BACKEND_OK;
}

enum backend_result records_seek(struct records *records, enum store_table table,
                                 struct store_key *key, struct record *record)
{
    return step(records, table, key, record, true);
}

enum backend_result records_seek_before(struct records *records, enum store_table table,
                                        struct store_key *key, struct record *record)
{
    return step(records, table, key, record, false);
}

enum backend_result records_put(struct records *records, enum store_table table, uint64_t first,
                                uint64_t second, const struct record *record)
{
    struct store_backend *backend = records->backend;
    struct store_key key = key_of(table, first, second);
    if (!record_encode(&records->out, table, key_bytes(&key), record)) {
        records->words = "no memory to write a record";
        return BACKEND_FAILED;
    }
    struct bytes value = bytes_of(records->out.bytes, records->out.size);
    enum backend_result result = backend->put(backend, table, key_bytes(&key), value);
    if (records->out.capacity > KEPT_SIZE_MAX) {
        free(records->out.bytes);
        records->out = (struct record_bytes){NULL, 0, 0};
    }
    return result;
}

enum backend_result records_remove(struct records *records, enum store_table table, uint64_t first,
                                   uint64_t second)
{
    struct store_backend *backend = records->backend;
    struct store_key key = key_of(table, first, second);
    enum backend_result result = backend->remove(backend, table, key_bytes(&key));
    return result == BACKEND_NOT_FOUND ? BACKEND_OK : result;
}

enum backend_result records_refer(struct records *records, uint64_t message)
{
    uint64_t references;
    enum backend_result result = count_references(records, message, &references);
    return result == BACKEND_OK ? put_references(records, message, references + 1) : result;
}

enum backend_result records_unrefer(struct records *records, uint64_t message, bool is_awaited)
{
    uint64_t references;
    enum backend_result result = count_references(records, message, &references);
    if (result != BACKEND_OK) {
        return result;
    }
    if (references > 1 || is_awaited) {
        return put_references(records, message, references - (references > 0));
    }
    result = records_remove(records, TABLE_REFERENCES, message, 0);
    return result == BACKEND_OK ? records_remove(records, TABLE_MESSAGES, message, 0) : result;
}

/* A count that is damaged becomes a large one: nobody loses a body by it. */
static enum backend_result count_references(struct records *records, uint64_t message,
                                            uint64_t *references)
{
    struct store_backend *backend = records->backend;
    struct store_key key = key_of(TABLE_REFERENCES, message, 0);
    struct bytes value;
    struct record record;
    enum backend_result result = backend->get(backend, TABLE_REFERENCES, key_bytes(&key), &value);
    *references = 0;
    if (result != BACKEND_OK) {
        return result == BACKEND_NOT_FOUND ? BACKEND_OK : result;
    }
    enum record_fault fault = record_decode(TABLE_REFERENCES, key_bytes(&key), value, &record);
    if (fault != RECORD_FINE) {
        damage_note(&records->damage, TABLE_REFERENCES, key_bytes(&key), fault);
    }
    *references = fault == RECORD_FINE ? record.references : REFERENCES_UNKNOWN;
    return BACKEND_OK;
}

static enum backend_result put_references(struct records *records, uint64_t message,
                                          uint64_t references)
{
    struct record record = {.kind = RECORD_REFERENCES, .references = references};
    return records_put(records, TABLE_REFERENCES, message, 0, &record);
}

static enum backend_result step(struct records *records, enum store_table table,
                                struct store_key *key, struct record *record, bool is_forward)
{
    struct store_backend *backend = records->backend;
    for (;;) {
        struct bytes at = key_bytes(key), value;
        enum backend_result result = is_forward ? backend->seek(backend, table, &at, &value)
                                                : backend->seek_before(backend, table, &at, &value);
        if (result != BACKEND_OK) {
            return result;
        }
        enum record_fault fault = record_decode(table, at, value, record);
        if (fault != RECORD_FINE) {
            damage_note(&records->damage, table, at, fault);
        }
        *key = key_copy(at);
        if (fault == RECORD_FINE) {
            return BACKEND_OK;
        }
        if (is_forward && !key_go_behind(key)) {
            return BACKEND_NOT_FOUND;
        }
    }
}
