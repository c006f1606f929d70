/* record_codec_test.c — records there and back, and what is refused. */
#include "store/record_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/store_key.h"

static const struct stored_message message = {
    .expires_us = UINT64_C(0x1122334455667788),
    .publisher = 99,
    .payload_size = 3,
    .properties_size = 2,
    .topic_size = 5,
    .qos = 2,
    .retain = true,
};

static const uint32_t ids[] = {1, 0x0A0B0C0D};

/* Encodes and decodes it again; the bytes stay in `out`. */
static struct record there_and_back(struct record_bytes *out, enum store_table table,
                                    uint64_t first, uint64_t second, const struct record *record)
{
    struct store_key key = key_of(table, first, second);
    struct record decoded;
    assert_true(record_encode(out, table, key_bytes(&key), record));
    assert_int_equal(
        record_decode(table, key_bytes(&key), bytes_of(out->bytes, out->size), &decoded),
        RECORD_FINE);
    assert_int_equal(decoded.kind, record->kind);
    assert_true(bytes_equal(decoded.rest, record->rest));
    return decoded;
}

static void assert_same_message(const struct stored_message *a, const struct stored_message *b)
{
    assert_true(a->expires_us == b->expires_us && a->publisher == b->publisher);
    assert_true(a->payload_size == b->payload_size && a->properties_size == b->properties_size);
    assert_true(a->topic_size == b->topic_size && a->qos == b->qos && a->retain == b->retain);
}

static void sessions(void **state)
{
    (void)state;
    struct record_bytes out = {NULL, 0, 0};
    struct record session = {.kind = RECORD_SESSION, .rest = BYTES("annatopicpaypr")};
    session.session = (struct session_entry){.number = 17,
                                             .away_us = UINT64_MAX,
                                             .place_sent = 5,
                                             .place_next = 9,
                                             .expiry_s = UINT32_MAX,
                                             .will_delay_s = 30,
                                             .client_id_size = 4,
                                             .has_will = true,
                                             .will = message};
    struct record back = there_and_back(&out, TABLE_SESSIONS, 17, 0, &session);
    assert_true(back.session.number == 17 && back.session.away_us == UINT64_MAX);
    assert_true(back.session.place_sent == 5 && back.session.place_next == 9);
    assert_true(back.session.expiry_s == UINT32_MAX && back.session.will_delay_s == 30);
    assert_true(back.session.client_id_size == 4 && back.session.has_will);
    assert_same_message(&back.session.will, &message);
    session.session.has_will = false;
    session.rest = BYTES("anna");
    back = there_and_back(&out, TABLE_SESSIONS, 17, 0, &session);
    assert_false(back.session.has_will);
    free(out.bytes);
}

static void deliveries(void **state)
{
    (void)state;
    struct record_bytes out = {NULL, 0, 0};
    struct record delivery = {.kind = RECORD_DELIVERY, .ids = bytes_of(ids, sizeof ids)};
    delivery.delivery = (struct delivery_entry){.session = 17,
                                                .place = 4,
                                                .body = 1234,
                                                .bytes_before = 1 << 30,
                                                .share_group = 77,
                                                .id_count = 2,
                                                .qos = 1,
                                                .retain = true,
                                                .message = message};
    struct record back = there_and_back(&out, TABLE_QUEUE, 17, 4, &delivery);
    assert_true(back.delivery.session == 17 && back.delivery.place == 4);
    assert_true(back.delivery.body == 1234 && back.delivery.bytes_before == 1 << 30);
    assert_true(back.delivery.share_group == 77 && back.delivery.id_count == 2);
    assert_true(back.delivery.qos == 1 && back.delivery.retain);
    assert_same_message(&back.delivery.message, &message);
    assert_memory_equal(back.ids.data, "\1\0\0\0\x0D\x0C\x0B\x0A", 8);
    struct batch *batch = batch_new(0);
    assert_true(record_add_to_batch(batch, &back, BYTES("topicpaypr")));
    struct entry entry;
    size_t at = 0;
    assert_true(batch_next(batch, &at, &entry));
    assert_int_equal(entry.kind, ENTRY_DELIVERY);
    assert_int_equal(((const struct delivery_entry *)entry.fixed)->body, 0);
    assert_memory_equal(entry.rest.data, ids, sizeof ids);
    assert_int_equal(entry.rest.size, sizeof ids + 10);
    batch_free(batch);

    delivery.ids.size = delivery.delivery.id_count = 0;
    delivery.delivery.body = delivery.delivery.share_group = 0;
    delivery.rest = BYTES("topicpaypr");
    back = there_and_back(&out, TABLE_QUEUE, 17, 4, &delivery);
    assert_true(back.delivery.body == 0 && back.delivery.share_group == 0);

    struct record releasing = {.kind = RECORD_RELEASING};
    releasing.delivery.bytes_before = 55;
    back = there_and_back(&out, TABLE_QUEUE, 17, 5, &releasing);
    assert_true(back.delivery.place == 5 && back.delivery.bytes_before == 55);
    free(out.bytes);
}

static void others(void **state)
{
    (void)state;
    struct record_bytes out = {NULL, 0, 0};
    struct record head = {.kind = RECORD_HEAD, .head = {1, 2, 3, true}};
    struct record back = there_and_back(&out, TABLE_META, 1, 0, &head);
    assert_true(back.head.version == 1 && back.head.start == 2);
    assert_true(back.head.hash_seed == 3 && back.head.was_stopped);

    struct record subscription = {.kind = RECORD_SUBSCRIPTION, .rest = BYTES("a/+")};
    subscription.subscription = (struct subscription_entry){
        .qos = 2, .no_local = true, .retain_as_published = true, .id = 268435455};
    back = there_and_back(&out, TABLE_SUBSCRIPTIONS, 17, 3, &subscription);
    assert_true(back.subscription.session == 17 && back.subscription.number == 3);
    assert_true(back.subscription.qos == 2 && back.subscription.no_local);
    assert_true(back.subscription.retain_as_published && back.subscription.id == 268435455);

    struct record shared = {.kind = RECORD_MESSAGE, .rest = BYTES("topicpaypr")};
    shared.message.message = message;
    back = there_and_back(&out, TABLE_MESSAGES, 8, 0, &shared);
    assert_true(back.message.number == 8);
    struct record references = {.kind = RECORD_REFERENCES, .references = 1000};
    back = there_and_back(&out, TABLE_REFERENCES, 8, 0, &references);
    assert_true(back.references == 1000);
    struct record received = {.kind = RECORD_RECEIVED};
    back = there_and_back(&out, TABLE_RECEIVED, 17, 65535, &received);
    assert_true(back.received.session == 17 && back.received.packet_id == 65535);
    struct record retained = {.kind = RECORD_RETAINED, .rest = BYTES("topicpaypr")};
    retained.retained.message = message;
    back = there_and_back(&out, TABLE_RETAINED, 8, 0, &retained);
    assert_same_message(&back.retained.message, &message);
    free(out.bytes);
}

static void every_bit_counts(void **state)
{
    (void)state;
    struct record_bytes out = {NULL, 0, 0};
    struct record retained = {.kind = RECORD_RETAINED, .rest = BYTES("topicpaypr")};
    retained.retained.message = message;
    struct store_key key = key_of(TABLE_RETAINED, 8, 0);
    assert_true(record_encode(&out, TABLE_RETAINED, key_bytes(&key), &retained));
    struct record decoded;
    for (size_t bit = 0; bit < 8 * out.size; bit++) {
        out.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(
            record_decode(TABLE_RETAINED, key_bytes(&key), bytes_of(out.bytes, out.size), &decoded),
            RECORD_FINE);
        out.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t size = 0; size < out.size; size++) {
        assert_int_not_equal(
            record_decode(TABLE_RETAINED, key_bytes(&key), bytes_of(out.bytes, size), &decoded),
            RECORD_FINE);
    }
    /* Whole, but where another should lie. */
    struct store_key other = key_of(TABLE_RETAINED, 9, 0);
    struct bytes whole = bytes_of(out.bytes, out.size);
    assert_int_equal(record_decode(TABLE_RETAINED, key_bytes(&other), whole, &decoded),
                     RECORD_FAULT_CHECKSUM);
    assert_int_equal(record_decode(TABLE_MESSAGES, key_bytes(&key), whole, &decoded),
                     RECORD_FAULT_CHECKSUM);
    assert_int_equal(record_decode(TABLE_QUEUE, key_bytes(&key), whole, &decoded),
                     RECORD_FAULT_KEY);
    free(out.bytes);
}

/* The layout of the disk: whoever changes it changes RECORD_VERSION. */
static void bytes_stay_as_they_are(void **state)
{
    (void)state;
    struct record_bytes out = {NULL, 0, 0};
    struct record subscription = {.kind = RECORD_SUBSCRIPTION, .rest = BYTES("a/+")};
    subscription.subscription = (struct subscription_entry){.qos = 1, .no_local = true, .id = 258};
    there_and_back(&out, TABLE_SUBSCRIPTIONS, 17, 3, &subscription);
    static const uint8_t expected[] = {1,    3,    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                       0x00, 0x05, 0x02, 0x01, 0x00, 0x00, 'a',  '/',  '+'};
    assert_int_equal(out.size, sizeof expected);
    assert_memory_equal(out.bytes, expected, 2);
    assert_memory_equal(out.bytes + RECORD_HEAD_SIZE, expected + RECORD_HEAD_SIZE,
                        sizeof expected - RECORD_HEAD_SIZE);
    uint64_t checksum = 0;
    for (int i = 7; i >= 0; i--) {
        checksum = checksum << 8 | out.bytes[2 + i];
    }
    assert_true(checksum == UINT64_C(0x80E906F331B1CF53));
    struct store_key key = key_of(TABLE_SUBSCRIPTIONS, 17, 3);
    assert_int_equal(key.size, 12);
    assert_memory_equal(key.bytes, "\0\0\0\0\0\0\0\x11\0\0\0\3", 12);
    free(out.bytes);
}

static void damage_is_named(void **state)
{
    (void)state;
    char words[128];
    struct store_key key = key_of(TABLE_QUEUE, 17, 4);
    record_describe(words, sizeof words, TABLE_QUEUE, key_bytes(&key), RECORD_FAULT_CHECKSUM);
    assert_string_equal(words, "a delivery of session 17, place 4: checksum");
    key = key_of(TABLE_RETAINED, 8, 0);
    record_describe(words, sizeof words, TABLE_RETAINED, key_bytes(&key), RECORD_FAULT_SHORT);
    assert_string_equal(words, "retained message 8: too short");
    key = key_of(TABLE_META, 1, 0);
    record_describe(words, sizeof words, TABLE_META, key_bytes(&key), RECORD_FAULT_CHECKSUM);
    assert_string_equal(words, "the head of the store: checksum");
    record_describe(words, sizeof words, TABLE_QUEUE, BYTES("odd"), RECORD_FAULT_KEY);
    assert_string_equal(words, "a delivery: its key has a size that none should have");
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("sessions, with and without a will", sessions),
        TEST("deliveries, with and without their bodies", deliveries),
        TEST("all other records", others),
        TEST("every bit and every byte counts, and so does the place", every_bit_counts),
        TEST("the bytes on the disk stay as they are", bytes_stay_as_they_are),
        TEST("what is damaged is named", damage_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
