/* record_codec.c — see record_codec.h.
 *
 * Encoding writes fields one behind the other, then the checksum into the place left for it.
 * Decoding checks the key, the version and the checksum before it looks at a field; a reader that
 * came to the end gives zeros and remembers it, so that only the end needs to be checked. */
#include "store/record_codec.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "store/store_key.h"

enum { CHECKSUM_AT = 2, SIZE_MIN = 256, SIZE_LARGE = 64 * 1024 };

enum message_flag {
    MESSAGE_QOS = 0x03,
    MESSAGE_RETAIN = 0x04,
    MESSAGE_EXPIRES = 0x08,
    MESSAGE_PUBLISHER = 0x10,
};

enum delivery_flag {
    DELIVERY_QOS = 0x03,
    DELIVERY_RETAIN = 0x04,
    DELIVERY_BODY_ELSEWHERE = 0x08,
    DELIVERY_SHARED = 0x10,
    DELIVERY_IDS = 0x20,
};

enum subscription_flag {
    SUBSCRIPTION_QOS = 0x03,
    SUBSCRIPTION_NO_LOCAL = 0x04,
    SUBSCRIPTION_RETAIN_AS_PUBLISHED = 0x08,
};

struct reader {
    const uint8_t *at, *end;
    bool is_short;
};

static uint64_t checksum_of(enum store_table table, struct bytes key, struct bytes value);
static bool make_room(struct record_bytes *out, size_t size);
static void put(struct record_bytes *out, uint64_t number, size_t width);
static void put_rest(struct record_bytes *out, struct bytes rest);
static void put_message(struct record_bytes *out, const struct stored_message *message);
static void put_body(struct record_bytes *out, const struct record *record);
static void put_session(struct record_bytes *out, const struct session_entry *session);
static void put_delivery(struct record_bytes *out, const struct record *record);
static uint64_t take(struct reader *reader, size_t width);
static struct bytes take_bytes(struct reader *reader, uint64_t size);
static void take_message(struct reader *reader, struct stored_message *message);
static bool take_body(struct reader *reader, struct record *record, struct bytes key);
static void take_session(struct reader *reader, struct record *record);
static void take_delivery(struct reader *reader, struct record *record);
static bool kind_is_of(enum store_table table, unsigned kind);

bool record_encode(struct record_bytes *out, enum store_table table, struct bytes key,
                   const struct record *record)
{
    /* No fixed part is longer than SIZE_MIN. */
    if (!make_room(out, SIZE_MIN + record->ids.size + record->rest.size)) {
        return false;
    }
    out->size = 0;
    put(out, RECORD_VERSION, 1);
    put(out, record->kind, 1);
    put(out, 0, 8);
    put_body(out, record);
    assert(out->size <= out->capacity && kind_is_of(table, record->kind));
    uint64_t checksum = checksum_of(table, key, bytes_of(out->bytes, out->size));
    size_t size = out->size;
    out->size = CHECKSUM_AT;
    put(out, checksum, 8);
    out->size = size;
    return true;
}

enum record_fault record_decode(enum store_table table, struct bytes key, struct bytes value,
                                struct record *record)
{
    if (!key_is_of(table, key)) {
        return RECORD_FAULT_KEY;
    }
    if (value.size < RECORD_HEAD_SIZE) {
        return RECORD_FAULT_SHORT;
    }
    if (value.data[0] != RECORD_VERSION) {
        return RECORD_FAULT_VERSION;
    }
    struct reader reader = {value.data + CHECKSUM_AT, value.data + value.size, false};
    if (take(&reader, 8) != checksum_of(table, key, value)) {
        return RECORD_FAULT_CHECKSUM;
    }
    if (!kind_is_of(table, value.data[1])) {
        return RECORD_FAULT_KIND;
    }
    *record = (struct record){.kind = (enum record_kind)value.data[1]};
    bool fits = take_body(&reader, record, key);
    return fits && !reader.is_short && reader.at == reader.end ? RECORD_FINE : RECORD_FAULT_SIZES;
}

void record_describe(char *words, size_t size, enum store_table table, struct bytes key,
                     enum record_fault fault)
{
    static const char *const nouns[TABLE_COUNT] = {
        [TABLE_META] = "the head of the store",
        [TABLE_SESSIONS] = "session",
        [TABLE_SUBSCRIPTIONS] = "a subscription of session %, number ",
        [TABLE_QUEUE] = "a delivery of session %, place ",
        [TABLE_MESSAGES] = "shared message",
        [TABLE_REFERENCES] = "the count of shared message",
        [TABLE_RECEIVED] = "a received identifier of session %, ",
        [TABLE_RETAINED] = "retained message",
        [TABLE_DAMAGED] = "a record set aside",
    };
    static const char *const faults[] = {
        [RECORD_FINE] = "nothing",
        [RECORD_FAULT_KEY] = "its key has a size that none should have",
        [RECORD_FAULT_SHORT] = "too short",
        [RECORD_FAULT_VERSION] = "a version that this store should not hold",
        [RECORD_FAULT_CHECKSUM] = "checksum",
        [RECORD_FAULT_KIND] = "a kind that does not belong there",
        [RECORD_FAULT_SIZES] = "its sizes contradict each other",
        [RECORD_FAULT_BODY] = "the body it shares with others is not there",
        [RECORD_FAULT_LEFTOVER] = "what it belonged to has gone",
    };
    const char *noun = nouns[table];
    const char *gap = strchr(noun, '%');
    if (table == TABLE_META || !key_is_of(table, key)) {
        int length = gap ? (int)(gap - noun) - (int)strlen(" of session ") : (int)strlen(noun);
        snprintf(words, size, "%.*s: %s", length, noun, faults[fault]);
    } else if (!gap) {
        snprintf(words, size, "%s %llu: %s", noun, (unsigned long long)key_part(key, 0, 8),
                 faults[fault]);
    } else {
        snprintf(words, size, "%.*s%llu%s%llu: %s", (int)(gap - noun), noun,
                 (unsigned long long)key_part(key, 0, 8), gap + 1,
                 (unsigned long long)key_part(key, 8, key_second_width(table)), faults[fault]);
    }
}

bool record_add_to_batch(struct batch *batch, const struct record *record, struct bytes body)
{
    size_t mark = batch_mark(batch);
    switch (record->kind) {
    case RECORD_SESSION: return batch_add(batch, ENTRY_SESSION, &record->session, &record->rest, 1);
    case RECORD_SUBSCRIPTION:
        return batch_add(batch, ENTRY_SUBSCRIPTION, &record->subscription, &record->rest, 1);
    case RECORD_RECEIVED: return batch_add(batch, ENTRY_RECEIVED, &record->received, NULL, 0);
    case RECORD_RETAINED:
        return batch_add(batch, ENTRY_RETAINED, &record->retained, &record->rest, 1);
    case RECORD_RELEASING: return batch_add(batch, ENTRY_RELEASING, &record->delivery, NULL, 0);
    case RECORD_DELIVERY: break;
    default: assert(!"a record that no core knows");
    }
    const struct bytes runs[] = {record->ids, body};
    if (!batch_add(batch, ENTRY_DELIVERY, &record->delivery, runs, 2)) {
        return false;
    }
    struct delivery_entry *delivery = batch_fixed_at(batch, mark);
    delivery->body = 0;
    uint8_t *ids = (uint8_t *)(delivery + 1);
    for (uint32_t i = 0; i < delivery->id_count; i++) {
        struct reader reader = {ids + 4 * i, ids + 4 * i + 4, false};
        uint32_t id = (uint32_t)take(&reader, 4);
        memcpy(ids + 4 * i, &id, 4);
    }
    return true;
}

static uint64_t checksum_of(enum store_table table, struct bytes key, struct bytes value)
{
    uint64_t seed = (uint64_t)table << 16 | (uint64_t)value.data[0] << 8 | value.data[1];
    struct bytes body =
        bytes_of(value.data + RECORD_HEAD_SIZE, value.size - (size_t)RECORD_HEAD_SIZE);
    return hash_bytes(body, hash_bytes(key, seed));
}

static bool make_room(struct record_bytes *out, size_t size)
{
    if (out->capacity >= size) {
        return true;
    }
    size_t capacity = size < SIZE_LARGE ? size * 2 : size;
    uint8_t *larger = realloc(out->bytes, capacity);
    if (larger) {
        out->bytes = larger;
        out->capacity = capacity;
    }
    return larger != NULL;
}

static void put(struct record_bytes *out, uint64_t number, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        out->bytes[out->size + i] = (uint8_t)(number >> (8 * i));
    }
    out->size += width;
}

static void put_rest(struct record_bytes *out, struct bytes rest)
{
    if (rest.size > 0) {
        memcpy(out->bytes + out->size, rest.data, rest.size);
    }
    out->size += rest.size;
}

static void put_body(struct record_bytes *out, const struct record *record)
{
    switch (record->kind) {
    case RECORD_HEAD:
        put(out, record->head.version, 4);
        put(out, record->head.start, 8);
        put(out, record->head.hash_seed, 8);
        put(out, record->head.was_stopped, 1);
        break;
    case RECORD_SESSION: put_session(out, &record->session); break;
    case RECORD_SUBSCRIPTION:
        put(out,
            record->subscription.qos |
                (record->subscription.no_local ? SUBSCRIPTION_NO_LOCAL : 0u) |
                (record->subscription.retain_as_published ? SUBSCRIPTION_RETAIN_AS_PUBLISHED : 0u),
            1);
        put(out, record->subscription.id, 4);
        break;
    case RECORD_DELIVERY: put_delivery(out, record); break;
    case RECORD_RELEASING: put(out, record->delivery.bytes_before, 8); break;
    case RECORD_MESSAGE: put_message(out, &record->message.message); break;
    case RECORD_REFERENCES: put(out, record->references, 8); break;
    case RECORD_RECEIVED: break;
    case RECORD_RETAINED: put_message(out, &record->retained.message); break;
    case RECORD_KIND_END: assert(!"a kind");
    }
    put_rest(out, record->rest);
}

static void put_session(struct record_bytes *out, const struct session_entry *session)
{
    put(out, session->has_will, 1);
    put(out, session->away_us, 8);
    put(out, session->place_sent, 8);
    put(out, session->place_next, 8);
    put(out, session->expiry_s, 4);
    put(out, session->client_id_size, 2);
    if (session->has_will) {
        put(out, session->will_delay_s, 4);
        put_message(out, &session->will);
    }
}

static void put_delivery(struct record_bytes *out, const struct record *record)
{
    const struct delivery_entry *delivery = &record->delivery;
    put(out,
        delivery->qos | (delivery->retain ? DELIVERY_RETAIN : 0u) |
            (delivery->body ? DELIVERY_BODY_ELSEWHERE : 0u) |
            (delivery->share_group ? DELIVERY_SHARED : 0u) |
            (delivery->id_count ? DELIVERY_IDS : 0u),
        1);
    put(out, delivery->bytes_before, 8);
    put_message(out, &delivery->message);
    if (delivery->body) {
        put(out, delivery->body, 8);
    }
    if (delivery->share_group) {
        put(out, delivery->share_group, 8);
    }
    if (delivery->id_count) {
        assert(record->ids.size == 4 * (size_t)delivery->id_count);
        put(out, delivery->id_count, 4);
        for (uint32_t i = 0; i < delivery->id_count; i++) {
            uint32_t id;
            memcpy(&id, record->ids.data + 4 * (size_t)i, 4);
            put(out, id, 4);
        }
    }
}

static void put_message(struct record_bytes *out, const struct stored_message *message)
{
    put(out,
        message->qos | (message->retain ? MESSAGE_RETAIN : 0u) |
            (message->expires_us ? MESSAGE_EXPIRES : 0u) |
            (message->publisher ? MESSAGE_PUBLISHER : 0u),
        1);
    put(out, message->topic_size, 2);
    put(out, message->payload_size, 4);
    put(out, message->properties_size, 4);
    if (message->expires_us) {
        put(out, message->expires_us, 8);
    }
    if (message->publisher) {
        put(out, message->publisher, 8);
    }
}

static uint64_t take(struct reader *reader, size_t width)
{
    if ((size_t)(reader->end - reader->at) < width) {
        reader->is_short = true;
        return 0;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < width; i++) {
        number |= (uint64_t)reader->at[i] << (8 * i);
    }
    reader->at += width;
    return number;
}

static struct bytes take_bytes(struct reader *reader, uint64_t size)
{
    if ((uint64_t)(reader->end - reader->at) < size) {
        reader->is_short = true;
        return bytes_of(NULL, 0);
    }
    struct bytes bytes = bytes_of(reader->at, (size_t)size);
    reader->at += size;
    return bytes;
}

/* False: what is left does not have the size that the fields tell of. */
static bool take_body(struct reader *reader, struct record *record, struct bytes key)
{
    uint64_t first = key.size >= 8 ? key_part(key, 0, 8) : 0;
    switch (record->kind) {
    case RECORD_HEAD:
        record->head.version = (uint32_t)take(reader, 4);
        record->head.start = take(reader, 8);
        record->head.hash_seed = take(reader, 8);
        record->head.was_stopped = take(reader, 1) != 0;
        break;
    case RECORD_SESSION:
        record->session.number = first;
        take_session(reader, record);
        break;
    case RECORD_SUBSCRIPTION: {
        unsigned flags = (unsigned)take(reader, 1);
        record->subscription = (struct subscription_entry){
            .session = first,
            .number = (uint32_t)key_part(key, 8, 4),
            .id = (uint32_t)take(reader, 4),
            .qos = flags & SUBSCRIPTION_QOS,
            .no_local = flags & SUBSCRIPTION_NO_LOCAL,
            .retain_as_published = flags & SUBSCRIPTION_RETAIN_AS_PUBLISHED,
        };
        record->rest = take_bytes(reader, (uint64_t)(reader->end - reader->at));
        break;
    }
    case RECORD_DELIVERY:
        record->delivery.session = first;
        record->delivery.place = key_part(key, 8, 8);
        take_delivery(reader, record);
        break;
    case RECORD_RELEASING:
        record->delivery.session = first;
        record->delivery.place = key_part(key, 8, 8);
        record->delivery.bytes_before = take(reader, 8);
        break;
    case RECORD_MESSAGE:
        record->message.number = first;
        take_message(reader, &record->message.message);
        record->rest = take_bytes(reader, stored_message_size(&record->message.message));
        break;
    case RECORD_REFERENCES: record->references = take(reader, 8); break;
    case RECORD_RECEIVED:
        record->received.session = first;
        record->received.packet_id = (uint16_t)key_part(key, 8, 2);
        break;
    case RECORD_RETAINED:
        record->retained.number = first;
        take_message(reader, &record->retained.message);
        record->rest = take_bytes(reader, stored_message_size(&record->retained.message));
        break;
    case RECORD_KIND_END: return false;
    }
    return true;
}

static void take_session(struct reader *reader, struct record *record)
{
    struct session_entry *session = &record->session;
    session->has_will = take(reader, 1) != 0;
    session->away_us = take(reader, 8);
    session->place_sent = take(reader, 8);
    session->place_next = take(reader, 8);
    session->expiry_s = (uint32_t)take(reader, 4);
    session->client_id_size = (uint16_t)take(reader, 2);
    uint64_t rest_size = session->client_id_size;
    if (session->has_will) {
        session->will_delay_s = (uint32_t)take(reader, 4);
        take_message(reader, &session->will);
        rest_size += stored_message_size(&session->will);
    }
    record->rest = take_bytes(reader, rest_size);
}

static void take_delivery(struct reader *reader, struct record *record)
{
    struct delivery_entry *delivery = &record->delivery;
    unsigned flags = (unsigned)take(reader, 1);
    delivery->qos = flags & DELIVERY_QOS;
    delivery->retain = flags & DELIVERY_RETAIN;
    delivery->bytes_before = take(reader, 8);
    take_message(reader, &delivery->message);
    delivery->body = flags & DELIVERY_BODY_ELSEWHERE ? take(reader, 8) : 0;
    delivery->share_group = flags & DELIVERY_SHARED ? take(reader, 8) : 0;
    delivery->id_count = flags & DELIVERY_IDS ? (uint32_t)take(reader, 4) : 0;
    record->ids = take_bytes(reader, 4 * (uint64_t)delivery->id_count);
    record->rest = take_bytes(reader, delivery->body ? 0 : stored_message_size(&delivery->message));
}

static void take_message(struct reader *reader, struct stored_message *message)
{
    unsigned flags = (unsigned)take(reader, 1);
    message->qos = flags & MESSAGE_QOS;
    message->retain = flags & MESSAGE_RETAIN;
    message->topic_size = (uint16_t)take(reader, 2);
    message->payload_size = (uint32_t)take(reader, 4);
    message->properties_size = (uint32_t)take(reader, 4);
    message->expires_us = flags & MESSAGE_EXPIRES ? take(reader, 8) : 0;
    message->publisher = flags & MESSAGE_PUBLISHER ? take(reader, 8) : 0;
}

static bool kind_is_of(enum store_table table, unsigned kind)
{
    switch (table) {
    case TABLE_META: return kind == RECORD_HEAD;
    case TABLE_SESSIONS: return kind == RECORD_SESSION;
    case TABLE_SUBSCRIPTIONS: return kind == RECORD_SUBSCRIPTION;
    case TABLE_QUEUE: return kind == RECORD_DELIVERY || kind == RECORD_RELEASING;
    case TABLE_MESSAGES: return kind == RECORD_MESSAGE;
    case TABLE_REFERENCES: return kind == RECORD_REFERENCES;
    case TABLE_RECEIVED: return kind == RECORD_RECEIVED;
    case TABLE_RETAINED: return kind == RECORD_RETAINED;
    case TABLE_DAMAGED:
    case TABLE_COUNT: break;
    }
    return false;
}
