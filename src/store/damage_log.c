/* damage_log.c — see damage_log.h. */
#include "store/damage_log.h"

#include <stdlib.h>

static void forget_done(struct damage_log *log);
static enum backend_result set_aside(const struct damage *damage, struct store_backend *backend);
static bool misses_its_body(const struct record *record, struct store_backend *backend);

void damage_note(struct damage_log *log, enum store_table table, struct bytes key,
                 enum record_fault fault)
{
    for (uint32_t i = 0; i < log->count; i++) {
        const struct damage *known = &log->found[i];
        if (known->table == table && bytes_equal(key_bytes(&known->key), key)) {
            return;
        }
    }
    if (log->count < DAMAGE_MAX) {
        log->found[log->count++] = (struct damage){table, fault, key_copy(key), false, false};
    }
}

bool damage_waits(const struct damage_log *log)
{
    for (uint32_t i = 0; i < log->count; i++) {
        if (!log->found[i].is_aside) {
            return true;
        }
    }
    return false;
}

enum backend_result damage_set_aside(const struct damage_log *log, struct store_backend *backend)
{
    enum backend_result result = BACKEND_OK;
    for (uint32_t i = 0; i < log->count && result == BACKEND_OK; i++) {
        if (!log->found[i].is_aside) {
            result = set_aside(&log->found[i], backend);
        }
    }
    return result;
}

void damage_is_aside(struct damage_log *log)
{
    for (uint32_t i = 0; i < log->count; i++) {
        log->found[i].is_aside = true;
    }
    forget_done(log);
}

bool damage_tell(struct damage_log *log, char *words, size_t size)
{
    for (uint32_t i = 0; i < log->count; i++) {
        struct damage *damage = &log->found[i];
        if (!damage->is_told) {
            record_describe(words, size, damage->table, key_bytes(&damage->key), damage->fault);
            damage->is_told = true;
            forget_done(log);
            return true;
        }
    }
    return false;
}

static void forget_done(struct damage_log *log)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < log->count; i++) {
        if (!log->found[i].is_told || !log->found[i].is_aside) {
            log->found[kept++] = log->found[i];
        }
    }
    log->count = kept;
}

/* What was written since under the same key, whole, stays. */
static enum backend_result set_aside(const struct damage *damage, struct store_backend *backend)
{
    struct bytes key = key_bytes(&damage->key), value;
    enum backend_result result = backend->get(backend, damage->table, key, &value);
    if (result != BACKEND_OK) {
        return result == BACKEND_NOT_FOUND ? BACKEND_OK : result;
    }
    struct record record;
    if (record_decode(damage->table, key, value, &record) == RECORD_FINE &&
        !misses_its_body(&record, backend)) {
        return BACKEND_OK;
    }
    /* Asking may have ended the view. */
    result = backend->get(backend, damage->table, key, &value);
    if (result != BACKEND_OK) {
        return result;
    }
    struct store_key aside = {{(uint8_t)damage->table}, 1};
    size_t room = STORE_KEY_SIZE_MAX - 1;
    memcpy(aside.bytes + 1, key.data, key.size < room ? key.size : room);
    aside.size += key.size < room ? key.size : room;
    /* The view ends with the first write. */
    uint8_t *copy = malloc(value.size + 1);
    if (!copy) {
        return BACKEND_OK; /* it is found again */
    }
    memcpy(copy, value.data, value.size);
    result = backend->put(backend, TABLE_DAMAGED, key_bytes(&aside), bytes_of(copy, value.size));
    free(copy);
    return result == BACKEND_OK ? backend->remove(backend, damage->table, key) : result;
}

static bool misses_its_body(const struct record *record, struct store_backend *backend)
{
    if (record->kind != RECORD_DELIVERY || record->delivery.body == 0) {
        return false;
    }
    struct store_key key = key_of(TABLE_MESSAGES, record->delivery.body, 0);
    struct bytes value;
    struct record body;
    return backend->get(backend, TABLE_MESSAGES, key_bytes(&key), &value) != BACKEND_OK ||
           record_decode(TABLE_MESSAGES, key_bytes(&key), value, &body) != RECORD_FINE ||
           !stored_message_is_alike(&record->delivery.message, &body.message.message);
}
