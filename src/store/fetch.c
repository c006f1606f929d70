/* fetch.c — see fetch.h.
 *
 * What can go wrong: a body that several deliveries share is not there, or has another size. Then
 * the delivery is damaged, and passed over. */
#include "store/fetch.h"

static bool add_deliveries(struct records *records, struct batch *batch,
                           const struct fetch_entry *fetch, struct fetched_entry *fetched);
static enum backend_result find_body(struct records *records, const struct record *delivery,
                                     const struct store_key *key, struct bytes *body);

struct batch *fetch_answer(struct records *records, uint32_t worker,
                           const struct fetch_entry *fetch)
{
    struct fetched_entry fetched = {fetch->session, fetch->session_hash, fetch->place, true};
    struct batch *batch = batch_new(worker);
    if (!batch || !add_deliveries(records, batch, fetch, &fetched) ||
        !batch_add(batch, ENTRY_FETCHED, &fetched, NULL, 0)) {
        batch_free(batch);
        return NULL;
    }
    return batch;
}

static bool add_deliveries(struct records *records, struct batch *batch,
                           const struct fetch_entry *fetch, struct fetched_entry *fetched)
{
    struct store_key key = key_of(TABLE_QUEUE, fetch->session, fetch->place);
    uint64_t count = 0, bytes = 0;
    for (;;) {
        struct record record;
        enum backend_result result = records_seek(records, TABLE_QUEUE, &key, &record);
        if (result == BACKEND_NOT_FOUND ||
            (result == BACKEND_OK && record.delivery.session != fetch->session)) {
            return true;
        }
        if (result != BACKEND_OK) {
            return false;
        }
        if (count == fetch->count_max || (count > 0 && bytes >= fetch->bytes_max)) {
            fetched->is_all = false;
            return true;
        }
        struct bytes body;
        result = find_body(records, &record, &key, &body);
        if (result == BACKEND_OK) {
            if (!record_add_to_batch(batch, &record, body)) {
                return false;
            }
            count++;
            bytes += body.size;
        } else if (result != BACKEND_NOT_FOUND) {
            return false;
        }
        fetched->place_next = record.delivery.place + 1;
        key_go_behind(&key);
    }
}

static enum backend_result find_body(struct records *records, const struct record *delivery,
                                     const struct store_key *key, struct bytes *body)
{
    *body = delivery->rest;
    if (delivery->kind != RECORD_DELIVERY || delivery->delivery.body == 0) {
        return BACKEND_OK;
    }
    struct record message;
    enum backend_result result =
        records_get(records, TABLE_MESSAGES, delivery->delivery.body, 0, &message);
    if (result == BACKEND_OK) {
        *body = message.rest;
        if (stored_message_is_alike(&message.message.message, &delivery->delivery.message)) {
            return BACKEND_OK;
        }
        result = BACKEND_NOT_FOUND;
    }
    if (result == BACKEND_NOT_FOUND) {
        damage_note(&records->damage, TABLE_QUEUE, key_bytes(key), RECORD_FAULT_BODY);
    }
    return result;
}
