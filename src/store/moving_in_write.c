/* moving_in_write.c — the plan becomes batches: retained messages, then one session after the
 * other, each followed by all that is its own. Batches are committed whenever enough has come
 * together. A transaction that fails ends it: whoever called us throws the store away. */
#include "store/moving_in.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "store/moving_in_plan.h"
#include "wire/properties.h"

enum {
    WORKER = 0,              /* of the batches */
    NUMBER_WORKER = 63,      /* in the numbers we give; start and count make them unique already */
    BATCH_SIZE = 256 * 1024, /* and one entry more */
    TAKEN_SIZE_MAX = 8 << 20 /* then it is committed */
};

struct writing {
    struct moving_in *plan;
    struct store *store;
    const struct store_found *found;
    struct batch *batch;   /* NULL: none is open */
    uint64_t batch_number; /* of the last one that was taken */
    uint64_t number_count;
    uint8_t *properties; /* of one message, those that travel on */
    size_t properties_capacity;
    char *words;
};

static bool write_retained(struct writing *writing);
static bool write_session(struct writing *writing, struct moved_session *session);
static bool write_subscriptions(struct writing *writing, const struct moved_session *session);
static bool write_deliveries(struct writing *writing, const struct moved_session *session,
                             const struct moved_deliveries *deliveries, uint64_t *bytes_before);
static bool write_message(struct writing *writing, struct moved_message *message);
static bool write_received(struct writing *writing);
static struct stored_message stored_message_of(const struct writing *writing,
                                               const struct moved_message *message);
static bool copy_properties(struct writing *writing, const struct moved_message *message,
                            struct bytes *properties);
static size_t body_size(const struct moved_message *message);
static uint64_t microseconds(uint64_t time_s);
static uint64_t next_number(struct writing *writing);
static bool add(struct writing *writing, enum entry_kind kind, const void *fixed,
                const struct bytes *runs, size_t run_count);
static void take(struct writing *writing);
static bool commit(struct writing *writing);

bool moving_in_write(struct moving_in *plan, struct store *store, const struct store_found *found,
                     char words[STORE_WORDS_SIZE])
{
    struct writing writing = {.plan = plan, .store = store, .found = found, .words = words};
    snprintf(words, STORE_WORDS_SIZE, "There is not enough memory.");
    bool is_well = write_retained(&writing);
    for (struct moved_session *session = plan->sessions; is_well && session;
         session = session->next) {
        is_well = write_session(&writing, session);
    }
    is_well = is_well && write_received(&writing);
    if (is_well) {
        take(&writing);
        is_well = commit(&writing);
    }
    batch_free(writing.batch);
    free(writing.properties);
    return is_well;
}

static bool write_retained(struct writing *writing)
{
    for (struct moved_retained *retained = writing->plan->retained; retained;
         retained = retained->next) {
        const struct moved_message *message = retained->message;
        if (!message) {
            continue;
        }
        struct retained_entry entry = {.number = next_number(writing),
                                       .message = stored_message_of(writing, message)};
        entry.message.retain = true;
        struct bytes runs[2] = {message->found.body};
        if (!copy_properties(writing, message, &runs[1]) ||
            !add(writing, ENTRY_RETAINED, &entry, runs, 2)) {
            return false;
        }
    }
    return true;
}

static bool write_session(struct writing *writing, struct moved_session *session)
{
    const struct mosquitto_db_client *found = &session->found;
    uint64_t bytes_before = 0;
    session->number = next_number(writing);
    struct session_entry entry = {
        .number = session->number,
        .away_us = writing->plan->saved_us,
        .place_sent = session->place_sent,
        .place_next = session->place_next,
        .expiry_s = found->expiry_s,
        .client_id_size = (uint16_t)found->client_id.size,
    };
    /* When it left is when it will expire less how long it stays. */
    if (found->expiry_s != UINT32_MAX && found->expires_s > found->expiry_s) {
        entry.away_us = microseconds(found->expires_s - found->expiry_s);
    }
    return add(writing, ENTRY_SESSION, &entry, &found->client_id, 1) &&
           write_subscriptions(writing, session) &&
           write_deliveries(writing, session, &session->in_flight, &bytes_before) &&
           write_deliveries(writing, session, &session->waiting, &bytes_before);
}

static bool write_subscriptions(struct writing *writing, const struct moved_session *session)
{
    uint32_t number = 0;
    for (const struct moved_subscription *subscription = session->subscriptions; subscription;
         subscription = subscription->next) {
        const struct mosquitto_db_subscription *found = &subscription->found;
        struct subscription_entry entry = {.session = session->number,
                                           .number = ++number,
                                           .id = found->id,
                                           .qos = found->qos,
                                           .no_local = found->no_local,
                                           .retain_as_published = found->retain_as_published};
        if (!add(writing, ENTRY_SUBSCRIPTION, &entry, &found->filter, 1)) {
            return false;
        }
    }
    return true;
}

static bool write_deliveries(struct writing *writing, const struct moved_session *session,
                             const struct moved_deliveries *deliveries, uint64_t *bytes_before)
{
    for (struct moved_delivery *delivery = deliveries->first; delivery; delivery = delivery->next) {
        struct moved_message *message = delivery->message;
        struct delivery_entry entry = {
            .session = session->number,
            .place = delivery->place,
            .bytes_before = *bytes_before,
            .qos = delivery->qos,
            .retain = delivery->retain,
        };
        if (!message) {
            if (!add(writing, ENTRY_RELEASING, &entry, NULL, 0)) {
                return false;
            }
            continue;
        }
        if (!write_message(writing, message)) {
            return false;
        }
        entry.body = message->number;
        entry.id_count = delivery->id_count;
        entry.message = stored_message_of(writing, message);
        struct bytes runs[3] = {bytes_of(delivery->ids, delivery->id_count * sizeof(uint32_t)),
                                message->found.body};
        bool has_body = message->number == 0;
        if ((has_body && !copy_properties(writing, message, &runs[2])) ||
            !add(writing, ENTRY_DELIVERY, &entry, runs, has_body ? 3 : 1)) {
            return false;
        }
        *bytes_before += body_size(message);
    }
    return true;
}

/* A body that several deliveries share goes ahead of the first. */
static bool write_message(struct writing *writing, struct moved_message *message)
{
    if (message->delivery_count < 2 || message->number) {
        return true;
    }
    message->number = next_number(writing);
    struct message_entry entry = {.number = message->number,
                                  .message = stored_message_of(writing, message)};
    struct bytes runs[2] = {message->found.body};
    return copy_properties(writing, message, &runs[1]) &&
           add(writing, ENTRY_MESSAGE, &entry, runs, 2);
}

static bool write_received(struct writing *writing)
{
    for (const struct moved_receipt *receipt = writing->plan->receipts; receipt;
         receipt = receipt->next) {
        struct received_entry entry = {.session = receipt->session->number,
                                       .packet_id = receipt->packet_id};
        if (!add(writing, ENTRY_RECEIVED, &entry, NULL, 0)) {
            return false;
        }
    }
    return true;
}

static struct stored_message stored_message_of(const struct writing *writing,
                                               const struct moved_message *message)
{
    const struct mosquitto_db_message *found = &message->found;
    return (struct stored_message){
        .expires_us = microseconds(found->expires_s),
        .publisher =
            found->source_id.size ? hash_bytes(found->source_id, writing->found->hash_seed) : 0,
        .payload_size = (uint32_t)found->payload.size,
        .properties_size = (uint32_t)message->properties_size,
        .topic_size = (uint16_t)found->topic.size,
        .qos = found->qos,
        .retain = found->retain,
    };
}

static bool copy_properties(struct writing *writing, const struct moved_message *message,
                            struct bytes *properties)
{
    if (message->properties_size > writing->properties_capacity) {
        uint8_t *grown = realloc(writing->properties, message->properties_size);
        if (!grown) {
            return false;
        }
        writing->properties = grown;
        writing->properties_capacity = message->properties_size;
    }
    *properties = bytes_of(writing->properties, message->properties_size);
    if (message->properties_size > 0) {
        properties_copy_passed_on(message->found.properties, writing->properties);
    }
    return true;
}

static size_t body_size(const struct moved_message *message)
{
    return message->found.body.size + message->properties_size;
}

/* A time too far away to be counted is never. */
static uint64_t microseconds(uint64_t time_s)
{
    return time_s > UINT64_MAX / 2 / 1000000 ? 0 : time_s * 1000000;
}

static uint64_t next_number(struct writing *writing)
{
    return record_number(writing->found->start, NUMBER_WORKER, ++writing->number_count);
}

static bool add(struct writing *writing, enum entry_kind kind, const void *fixed,
                const struct bytes *runs, size_t run_count)
{
    if (writing->batch && writing->batch->size >= BATCH_SIZE) {
        take(writing);
        if (store_backlog(writing->store) >= TAKEN_SIZE_MAX && !commit(writing)) {
            return false;
        }
    }
    if (!writing->batch) {
        writing->batch = batch_new(WORKER);
    }
    return writing->batch && batch_add(writing->batch, kind, fixed, runs, run_count);
}

static void take(struct writing *writing)
{
    if (writing->batch) {
        writing->batch->number = ++writing->batch_number;
        store_take(writing->store, writing->batch);
        writing->batch = NULL;
    }
}

static bool commit(struct writing *writing)
{
    struct store_outcome outcome;
    store_commit(writing->store, &outcome);
    if (outcome.health == STORE_FAILED) {
        snprintf(writing->words, STORE_WORDS_SIZE, "%s", outcome.words);
        return false;
    }
    return true;
}
