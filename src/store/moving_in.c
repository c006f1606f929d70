/* moving_in.c — reads the file twice: first messages and clients, then what names them. All that is
 * kept in memory is where things lie; the bytes stay in the file.
 *
 * A chunk that is damaged, or names what is not there, is counted and left behind; only a file that
 * is none of mosquitto's, of a version we do not read, or no memory ends the reading. */
#include "store/moving_in.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "store/moving_in_plan.h"
#include "topic/topic_filter.h"
#include "topic/topic_name.h"
#include "wire/properties.h"
#include "wire/property.h"

typedef bool take_fn(struct moving_in *plan, const struct mosquitto_db_chunk *chunk);

static bool read_through(struct moving_in *plan, bool is_first);
static bool take_first(struct moving_in *plan, const struct mosquitto_db_chunk *chunk);
static bool take_second(struct moving_in *plan, const struct mosquitto_db_chunk *chunk);
static bool take_message(struct moving_in *plan, const struct mosquitto_db_message *found);
static bool take_client(struct moving_in *plan, const struct mosquitto_db_client *found);
static bool take_delivery(struct moving_in *plan, const struct mosquitto_db_delivery *found);
static bool take_outgoing(struct moving_in *plan, struct moved_session *session,
                          struct moved_message *message, const struct mosquitto_db_delivery *found);
static bool take_incoming(struct moving_in *plan, struct moved_session *session,
                          struct moved_message *message, const struct mosquitto_db_delivery *found);
static bool take_ids(struct moved_delivery *delivery, struct bytes properties);
static bool take_subscription(struct moving_in *plan,
                              const struct mosquitto_db_subscription *found);
static bool take_retained(struct moving_in *plan, const struct mosquitto_db_retained *found);
static bool place_all(struct moving_in *plan);
static void count(struct moving_in *plan);
static struct moved_message *find_message(const struct moving_in *plan, uint64_t number);
static struct moved_session *find_session(const struct moving_in *plan, struct bytes client_id);
static bool message_has_number(const void *item, const void *key);
static bool session_has_client_id(const void *item, const void *key);
static bool subscription_is_same(const void *item, const void *key);
static bool subscription_has_filter(const void *item, const void *key);
static bool retained_has_topic(const void *item, const void *key);
static bool receipt_is_same(const void *item, const void *key);
static void free_deliveries(struct moved_deliveries *deliveries);
static void say(char words[STORE_WORDS_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct moving_in *moving_in_read(struct bytes file, uint64_t saved_us, char words[STORE_WORDS_SIZE])
{
    struct moving_in *plan = calloc(1, sizeof *plan);
    if (!plan) {
        say(words, "There is not enough memory.");
        return NULL;
    }
    plan->saved_us = saved_us;
    plan->sessions_end = &plan->sessions;
    plan->receipts_end = &plan->receipts;
    plan->retained_end = &plan->retained;
    enum mosquitto_db_opening opening = mosquitto_db_open(&plan->db, file);
    plan->counts.version = plan->db.version;
    switch (opening) {
    case MOSQUITTO_DB_OPEN: break;
    case MOSQUITTO_DB_OF_ANOTHER_KIND:
        say(words, "This is no persistence file of mosquitto's.");
        goto fail;
    case MOSQUITTO_DB_TOO_OLD:
        say(words,
            "Its format has version %u, and only 5 and 6 are read. Let mosquitto 2.0 load and stop "
            "once with this file: it then writes version 6.",
            plan->db.version);
        goto fail;
    case MOSQUITTO_DB_TOO_NEW:
        say(words, "Its format has version %u, and only 5 and 6 are read: a newer Midge may.",
            plan->db.version);
        goto fail;
    }
    if (read_through(plan, true) && read_through(plan, false) && moving_in_route(plan) &&
        place_all(plan)) {
        count(plan);
        return plan;
    }
    say(words, "There is not enough memory for all that the file names.");
fail:
    moving_in_free(plan);
    return NULL;
}

void moving_in_free(struct moving_in *plan)
{
    if (!plan) {
        return;
    }
    for (struct moved_session *session = plan->sessions, *next; session; session = next) {
        next = session->next;
        free_deliveries(&session->in_flight);
        free_deliveries(&session->waiting);
        for (struct moved_subscription *one = session->subscriptions, *after; one; one = after) {
            after = one->next;
            free(one);
        }
        free(session);
    }
    for (struct moved_receipt *receipt = plan->receipts, *next; receipt; receipt = next) {
        next = receipt->next;
        free(receipt);
    }
    for (struct moved_retained *retained = plan->retained, *next; retained; retained = next) {
        next = retained->next;
        free(retained);
    }
    uint32_t cursor = 0;
    for (void *message; (message = map_next(&plan->messages, &cursor));) {
        free(message);
    }
    map_fini(&plan->messages);
    map_fini(&plan->clients);
    map_fini(&plan->subscriptions);
    map_fini(&plan->topics);
    map_fini(&plan->taken);
    free(plan);
}

const struct moving_in_counts *moving_in_counts(const struct moving_in *plan)
{
    return &plan->counts;
}

struct moved_delivery *moved_deliveries_add(struct moved_deliveries *deliveries,
                                            struct moved_message *message)
{
    struct moved_delivery *delivery = calloc(1, sizeof *delivery);
    if (delivery) {
        delivery->message = message;
        *deliveries->end = delivery;
        deliveries->end = &delivery->next;
        deliveries->count++;
        if (message) {
            message->delivery_count++;
        }
    }
    return delivery;
}

bool moving_in_retain(struct moving_in *plan, struct moved_message *message)
{
    struct bytes topic = message->found.topic;
    uint64_t hash = hash_bytes(topic, 0);
    struct moved_retained *retained = map_find(&plan->topics, hash, retained_has_topic, &topic);
    bool clears = message->found.payload.size == 0;
    if (retained) {
        retained->message = clears ? NULL : message;
        return true;
    }
    if (clears) {
        return true;
    }
    retained = calloc(1, sizeof *retained);
    if (!retained || !map_add(&plan->topics, hash, retained)) {
        free(retained);
        return false;
    }
    retained->message = message;
    *plan->retained_end = retained;
    plan->retained_end = &retained->next;
    return true;
}

static bool read_through(struct moving_in *plan, bool is_first)
{
    struct moving_in_counts *counts = &plan->counts;
    struct mosquitto_db_chunk chunk;
    enum mosquitto_db_result result;
    mosquitto_db_rewind(&plan->db);
    while ((result = mosquitto_db_next(&plan->db, &chunk)) != MOSQUITTO_DB_END) {
        if (result == MOSQUITTO_DB_CHUNK) {
            if (!(is_first ? take_first : take_second)(plan, &chunk)) {
                return false;
            }
        } else if (is_first && result == MOSQUITTO_DB_UNKNOWN) {
            counts->unknown++;
        } else if (is_first) {
            counts->is_cut_off = result == MOSQUITTO_DB_CUT_OFF;
            counts->damaged_at = counts->damaged == 0 ? chunk.offset : counts->damaged_at;
            counts->damaged++;
        }
    }
    return true;
}

static bool take_first(struct moving_in *plan, const struct mosquitto_db_chunk *chunk)
{
    switch (chunk->kind) {
    case MOSQUITTO_DB_MESSAGE: return take_message(plan, &chunk->message);
    case MOSQUITTO_DB_CLIENT: return take_client(plan, &chunk->client);
    }
    return true;
}

static bool take_second(struct moving_in *plan, const struct mosquitto_db_chunk *chunk)
{
    switch (chunk->kind) {
    case MOSQUITTO_DB_DELIVERY: return take_delivery(plan, &chunk->delivery);
    case MOSQUITTO_DB_SUBSCRIPTION: return take_subscription(plan, &chunk->subscription);
    case MOSQUITTO_DB_RETAINED: return take_retained(plan, &chunk->retained);
    }
    return true;
}

static bool take_message(struct moving_in *plan, const struct mosquitto_db_message *found)
{
    struct properties properties;
    if (!topic_name_is_valid(found->topic) || found->payload.size > PACKET_SIZE_MAX ||
        properties_decode(found->properties, PACKET_PUBLISH, &properties) != REASON_SUCCESS) {
        plan->counts.illegal++;
        return true;
    }
    if (find_message(plan, found->number)) {
        plan->counts.illegal++;
        return true;
    }
    struct moved_message *message = calloc(1, sizeof *message);
    if (!message) {
        return false;
    }
    message->found = *found;
    message->properties_size = properties_passed_on_size(found->properties);
    uint64_t hash = hash_bytes(bytes_of(&found->number, sizeof found->number), 0);
    if (!map_add(&plan->messages, hash, message)) {
        free(message);
        return false;
    }
    return true;
}

static bool take_client(struct moving_in *plan, const struct mosquitto_db_client *found)
{
    if (found->expiry_s == 0) {
        plan->counts.sessions_ended++;
        return true;
    }
    if (found->client_id.size == 0 || !utf8_is_valid(found->client_id) ||
        find_session(plan, found->client_id)) {
        plan->counts.illegal++;
        return true;
    }
    struct moved_session *session = calloc(1, sizeof *session);
    if (!session || !map_add(&plan->clients, hash_bytes(found->client_id, 0), session)) {
        free(session);
        return false;
    }
    session->found = *found;
    session->in_flight.end = &session->in_flight.first;
    session->waiting.end = &session->waiting.first;
    session->subscriptions_end = &session->subscriptions;
    *plan->sessions_end = session;
    plan->sessions_end = &session->next;
    return true;
}

static bool take_delivery(struct moving_in *plan, const struct mosquitto_db_delivery *found)
{
    struct moved_session *session = find_session(plan, found->client_id);
    struct moved_message *message = find_message(plan, found->message);
    if (!session) {
        plan->counts.unowned++;
        return true;
    }
    return found->is_outgoing ? take_outgoing(plan, session, message, found)
                              : take_incoming(plan, session, message, found);
}

static bool take_outgoing(struct moving_in *plan, struct moved_session *session,
                          struct moved_message *message, const struct mosquitto_db_delivery *found)
{
    if (found->qos == 0) {
        plan->counts.qos_0++;
        return true;
    }
    bool is_releasing = found->qos == 2 && (found->state == MOSQUITTO_DB_RESEND_PUBREL ||
                                            found->state == MOSQUITTO_DB_WAIT_FOR_PUBCOMP);
    bool is_in_flight = is_releasing || (found->state >= MOSQUITTO_DB_PUBLISH_QOS_1 &&
                                         found->state <= MOSQUITTO_DB_WAIT_FOR_PUBREC);
    if (!message && !is_releasing) {
        plan->counts.unowned++;
        return true;
    }
    struct moved_delivery *delivery = moved_deliveries_add(
        is_in_flight ? &session->in_flight : &session->waiting, is_releasing ? NULL : message);
    if (!delivery) {
        return false;
    }
    delivery->packet_id = found->packet_id;
    delivery->qos = found->qos;
    delivery->retain = found->retain;
    return take_ids(delivery, found->properties);
}

static bool take_incoming(struct moving_in *plan, struct moved_session *session,
                          struct moved_message *message, const struct mosquitto_db_delivery *found)
{
    if (found->qos != 2 || found->packet_id == 0) {
        plan->counts.unowned++; /* its client sends it again */
        return true;
    }
    struct moved_receipt wanted = {.session = session, .packet_id = found->packet_id};
    uint64_t hash = hash_bytes(found->client_id, found->packet_id);
    if (map_find(&plan->taken, hash, receipt_is_same, &wanted)) {
        plan->counts.illegal++;
        return true;
    }
    struct moved_receipt *receipt = malloc(sizeof *receipt);
    if (!receipt || !map_add(&plan->taken, hash, receipt)) {
        free(receipt);
        return false;
    }
    bool was_delivered = found->state == MOSQUITTO_DB_RESEND_PUBCOMP;
    *receipt = wanted;
    receipt->message = was_delivered ? NULL : message;
    plan->counts.unowned += !message && !was_delivered;
    *plan->receipts_end = receipt;
    plan->receipts_end = &receipt->next;
    return true;
}

static bool take_ids(struct moved_delivery *delivery, struct bytes properties)
{
    uint32_t ids[MOVED_IDS_MAX];
    uint32_t id_count = 0;
    struct property property;
    for (size_t at = 0; property_next(properties, &at, &property) == PROPERTY_FOUND;) {
        if (property.index == PROPERTY_subscription_identifier && property.number > 0 &&
            id_count < MOVED_IDS_MAX) {
            ids[id_count++] = property.number;
        }
    }
    if (id_count == 0) {
        return true;
    }
    delivery->ids = malloc(id_count * sizeof *ids);
    if (!delivery->ids) {
        return false;
    }
    memcpy(delivery->ids, ids, id_count * sizeof *ids);
    delivery->id_count = id_count;
    return true;
}

static bool take_subscription(struct moving_in *plan, const struct mosquitto_db_subscription *found)
{
    struct topic_filter filter;
    struct moved_session *session = find_session(plan, found->client_id);
    if (!session) {
        plan->counts.unowned++;
        return true;
    }
    struct moved_subscription wanted = {.session = session, .found = *found};
    uint64_t filter_hash = hash_bytes(found->filter, 0);
    uint64_t hash = hash_bytes(found->filter, hash_bytes(found->client_id, 0));
    if (!topic_filter_parse(found->filter, &filter) || found->id > SUBSCRIPTION_ID_MAX ||
        map_find(&plan->subscriptions, hash, subscription_is_same, &wanted)) {
        plan->counts.illegal++;
        return true;
    }
    struct moved_subscription *subscription = malloc(sizeof *subscription);
    if (!subscription || !map_add(&plan->subscriptions, hash, subscription)) {
        free(subscription);
        return false;
    }
    *subscription = wanted;
    subscription->filter = filter.filter;
    subscription->is_shared = filter.share_name.size > 0;
    *session->subscriptions_end = subscription;
    session->subscriptions_end = &subscription->next;
    plan->counts.subscriptions++;
    if (!subscription->is_shared) {
        return true;
    }
    subscription->found.no_local = false; /* which is not for shared ones */
    if (map_find(&plan->subscriptions, filter_hash, subscription_has_filter, &found->filter)) {
        return true;
    }
    subscription->is_first_of_group = true;
    return map_add(&plan->subscriptions, filter_hash, subscription);
}

static bool take_retained(struct moving_in *plan, const struct mosquitto_db_retained *found)
{
    struct moved_message *message = find_message(plan, found->message);
    if (!message) {
        plan->counts.unowned++;
        return true;
    }
    /* What stands below $ is the broker's own: ours says it anew. */
    return topic_name_is_reserved(message->found.topic) || moving_in_retain(plan, message);
}

static bool place_all(struct moving_in *plan)
{
    for (struct moved_session *session = plan->sessions; session; session = session->next) {
        bool is_reordered;
        if (!moving_in_place(session, &is_reordered)) {
            return false;
        }
        plan->counts.reordered += is_reordered;
    }
    return true;
}

static void count(struct moving_in *plan)
{
    struct moving_in_counts *counts = &plan->counts;
    for (const struct moved_session *session = plan->sessions; session; session = session->next) {
        counts->sessions++;
        counts->deliveries += session->waiting.count;
        for (const struct moved_delivery *one = session->in_flight.first; one; one = one->next) {
            counts->deliveries += one->message != NULL;
            counts->releasing += one->message == NULL;
        }
    }
    for (const struct moved_receipt *receipt = plan->receipts; receipt; receipt = receipt->next) {
        counts->received++;
    }
    for (const struct moved_retained *one = plan->retained; one; one = one->next) {
        counts->retained += one->message != NULL;
    }
}

static struct moved_message *find_message(const struct moving_in *plan, uint64_t number)
{
    uint64_t hash = hash_bytes(bytes_of(&number, sizeof number), 0);
    return map_find(&plan->messages, hash, message_has_number, &number);
}

static struct moved_session *find_session(const struct moving_in *plan, struct bytes client_id)
{
    return map_find(&plan->clients, hash_bytes(client_id, 0), session_has_client_id, &client_id);
}

static bool message_has_number(const void *item, const void *key)
{
    const struct moved_message *message = item;
    return message->found.number == *(const uint64_t *)key;
}

static bool session_has_client_id(const void *item, const void *key)
{
    const struct moved_session *session = item;
    return bytes_equal(session->found.client_id, *(const struct bytes *)key);
}

static bool subscription_is_same(const void *item, const void *key)
{
    const struct moved_subscription *one = item, *other = key;
    return one->session == other->session && bytes_equal(one->found.filter, other->found.filter);
}

static bool subscription_has_filter(const void *item, const void *key)
{
    const struct moved_subscription *one = item;
    return one->is_shared && bytes_equal(one->found.filter, *(const struct bytes *)key);
}

static bool retained_has_topic(const void *item, const void *key)
{
    const struct moved_retained *retained = item;
    /* A cleared one is forgotten here, and comes back as a new item. */
    return retained->message &&
           bytes_equal(retained->message->found.topic, *(const struct bytes *)key);
}

static bool receipt_is_same(const void *item, const void *key)
{
    const struct moved_receipt *one = item, *other = key;
    return one->session == other->session && one->packet_id == other->packet_id;
}

static void free_deliveries(struct moved_deliveries *deliveries)
{
    for (struct moved_delivery *delivery = deliveries->first, *next; delivery; delivery = next) {
        next = delivery->next;
        free(delivery->ids);
        free(delivery);
    }
}

static void say(char words[STORE_WORDS_SIZE], const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(words, STORE_WORDS_SIZE, format, values);
    va_end(values);
}
