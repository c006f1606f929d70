/* mosquitto_db_test.c — files of both versions, whole, cut at every byte, and with parts that are
 * damaged; among them one of mosquitto 2.0 as it came. (Whole files that Debian's mosquitto writes
 * are moved in by tests/moving_in.) */
#include "store/mosquitto_db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store/mosquitto_db_testing.h"

/* A client with a message on its way, of mosquitto 2.0.11: byte for byte what it wrote, less the
 * machine's names. */
static const uint8_t REAL[] = {
    0x00, 0xb5, 0x00, 'm', 'o', 's', 'q', 'u', 'i', 't', 't', 'o', ' ', 'd', 'b', 0, 0, 0, 0, 0, 0,
    0, 6,
    /* CONFIG */
    0, 0, 0, 1, 0, 0, 0, 16, 0x39, 0, 0, 0, 0, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0, 0,
    /* MESSAGE */
    0, 0, 0, 2, 0, 0, 0, 63, 0x38, 0, 0, 0, 0, 0, 0, 0, 0xbc, 0x6e, 3, 0x6b, 0, 0, 0, 0, 0, 0, 0, 5,
    0, 1, 0, 6, 0, 0, 0, 3, 0x49, 0xb7, 2, 1, 'p', 'u', 'b', 'b', 'e', 'r', 'q', '/', 'c', 't', 'h',
    'r', 'e', 'e', 16, 3, 0, 6, 't', 'e', 'x', 't', '/', 'x', 0x26, 0, 1, 'k', 0, 1, 'v',
    /* CLIENT */
    0, 0, 0, 6, 0, 0, 0, 28, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 3, 0, 4, 0x49, 0xb7,
    0, 0, 0, 0, 0, 0, 'a', 'w', 'a', 'y',
    /* DELIVERY */
    0, 0, 0, 3, 0, 0, 0, 24, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 5, 1, 11, 0x10, 1, 'a', 'w', 'a',
    'y', '5', 2, 0x0b, 0x4d,
    /* SUBSCRIPTION */
    0, 0, 0, 5, 0, 0, 0, 20, 0, 0, 0, 0x4d, 0, 5, 0, 3, 1, 8, 0, 0, 'a', 'w', 'a', 'y', '5', 'q',
    '/', '+',
    /* RETAINED */
    0, 0, 0, 4, 0, 0, 0, 8, 0x38, 0, 0, 0, 0, 0, 0, 0};

static void then_text(struct bytes bytes, const char *text)
{
    assert_int_equal(bytes.size, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.size);
}

static const struct mosquitto_db_chunk *
next(struct mosquitto_db *db, struct mosquitto_db_chunk *chunk, enum mosquitto_db_kind kind)
{
    assert_int_equal(mosquitto_db_next(db, chunk), MOSQUITTO_DB_CHUNK);
    assert_int_equal(chunk->kind, kind);
    return chunk;
}

static void reads_what_mosquitto_wrote(void **state)
{
    (void)state;
    struct mosquitto_db db;
    struct mosquitto_db_chunk chunk;
    assert_int_equal(mosquitto_db_open(&db, bytes_of(REAL, sizeof REAL)), MOSQUITTO_DB_OPEN);
    assert_int_equal(db.version, 6);

    next(&db, &chunk, MOSQUITTO_DB_CONFIG);
    assert_int_equal(chunk.offset, 23);
    assert_int_equal(chunk.config.message_last, 0x39);
    assert_true(chunk.config.was_stopped);

    next(&db, &chunk, MOSQUITTO_DB_MESSAGE);
    assert_int_equal(chunk.message.number, 0x38);
    assert_int_equal(chunk.message.expires_s, 1795387068);
    then_text(chunk.message.source_id, "pubber");
    then_text(chunk.message.source_user_name, "");
    then_text(chunk.message.topic, "q/c");
    then_text(chunk.message.payload, "three");
    then_text(chunk.message.body, "q/cthree");
    assert_int_equal(chunk.message.properties.size, 16);
    assert_int_equal(chunk.message.source_packet_id, 1);
    assert_int_equal(chunk.message.source_port, 18871);
    assert_int_equal(chunk.message.qos, 2);
    assert_true(chunk.message.retain);

    next(&db, &chunk, MOSQUITTO_DB_CLIENT);
    then_text(chunk.client.client_id, "away");
    assert_int_equal(chunk.client.expiry_s, UINT32_MAX);
    assert_int_equal(chunk.client.expires_s, 0);
    assert_int_equal(chunk.client.packet_id_last, 3);
    assert_int_equal(chunk.client.listener_port, 18871);

    next(&db, &chunk, MOSQUITTO_DB_DELIVERY);
    assert_int_equal(chunk.delivery.message, 0x38);
    then_text(chunk.delivery.client_id, "away5");
    assert_int_equal(chunk.delivery.packet_id, 3);
    assert_int_equal(chunk.delivery.qos, 1);
    assert_int_equal(chunk.delivery.state, MOSQUITTO_DB_QUEUED);
    assert_true(chunk.delivery.retain && !chunk.delivery.duplicate && chunk.delivery.is_outgoing);
    assert_int_equal(chunk.delivery.properties.size, 2);

    next(&db, &chunk, MOSQUITTO_DB_SUBSCRIPTION);
    then_text(chunk.subscription.client_id, "away5");
    then_text(chunk.subscription.filter, "q/+");
    assert_int_equal(chunk.subscription.id, 77);
    assert_int_equal(chunk.subscription.qos, 1);
    assert_true(chunk.subscription.retain_as_published && !chunk.subscription.no_local);

    next(&db, &chunk, MOSQUITTO_DB_RETAINED);
    assert_int_equal(chunk.retained.message, 0x38);
    assert_int_equal(mosquitto_db_next(&db, &chunk), MOSQUITTO_DB_END);
    mosquitto_db_rewind(&db);
    next(&db, &chunk, MOSQUITTO_DB_CONFIG);
}

static void reads_version_5(void **state)
{
    (void)state;
    struct made made;
    struct mosquitto_db db;
    struct mosquitto_db_chunk chunk;
    made_begin(&made, 5);
    made_client(&made, &(struct mosquitto_db_client){.client_id = BYTES("old"),
                                                     .expires_s = 1600000000,
                                                     .expiry_s = 7200,
                                                     .packet_id_last = 65535});
    assert_int_equal(mosquitto_db_open(&db, made_file(&made)), MOSQUITTO_DB_OPEN);
    assert_int_equal(db.version, 5);
    next(&db, &chunk, MOSQUITTO_DB_CONFIG);
    next(&db, &chunk, MOSQUITTO_DB_CLIENT);
    then_text(chunk.client.client_id, "old");
    assert_int_equal(chunk.client.expires_s, 1600000000);
    assert_int_equal(chunk.client.expiry_s, 7200);
    assert_int_equal(chunk.client.packet_id_last, 65535);
    assert_int_equal(chunk.client.user_name.size, 0);
    assert_int_equal(mosquitto_db_next(&db, &chunk), MOSQUITTO_DB_END);
}

static void names_other_versions(void **state)
{
    (void)state;
    struct made made;
    struct mosquitto_db db;
    made_begin(&made, 4);
    assert_int_equal(mosquitto_db_open(&db, made_file(&made)), MOSQUITTO_DB_TOO_OLD);
    assert_int_equal(db.version, 4);
    made_begin(&made, 7);
    assert_int_equal(mosquitto_db_open(&db, made_file(&made)), MOSQUITTO_DB_TOO_NEW);
    assert_int_equal(db.version, 7);
    made.bytes[1] ^= 1;
    assert_int_equal(mosquitto_db_open(&db, made_file(&made)), MOSQUITTO_DB_OF_ANOTHER_KIND);
    assert_int_equal(mosquitto_db_open(&db, BYTES("")), MOSQUITTO_DB_OF_ANOTHER_KIND);
    assert_int_equal(mosquitto_db_open(&db, (struct bytes){0}), MOSQUITTO_DB_OF_ANOTHER_KIND);
}

static void passes_over_what_it_does_not_know(void **state)
{
    (void)state;
    struct made made;
    struct mosquitto_db db;
    struct mosquitto_db_chunk chunk;
    made_begin(&made, 6);
    made_chunk(&made, 77, BYTES("something"));
    made_chunk(&made, 0, BYTES(""));
    made_chunk(&made, MOSQUITTO_DB_RETAINED, BYTES("short"));
    made_chunk(&made, MOSQUITTO_DB_RETAINED, BYTES("much too long"));
    made_message(&made, &(struct mosquitto_db_message){.topic = BYTES("t"), .qos = 3});
    made_retained(&made, 12);
    assert_int_equal(mosquitto_db_open(&db, made_file(&made)), MOSQUITTO_DB_OPEN);
    next(&db, &chunk, MOSQUITTO_DB_CONFIG);
    assert_int_equal(mosquitto_db_next(&db, &chunk), MOSQUITTO_DB_UNKNOWN);
    assert_int_equal(mosquitto_db_next(&db, &chunk), MOSQUITTO_DB_UNKNOWN);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mosquitto_db_next(&db, &chunk), MOSQUITTO_DB_DAMAGED);
    }
    assert_int_equal(next(&db, &chunk, MOSQUITTO_DB_RETAINED)->retained.message, 12);
    assert_int_equal(mosquitto_db_next(&db, &chunk), MOSQUITTO_DB_END);
}

/* Cut anywhere, the file gives whole chunks, then says once that it is cut, unless the cut is
 * between two. */
static void knows_where_it_is_cut(void **state)
{
    (void)state;
    size_t cut_between = 0;
    for (size_t size = 23; size <= sizeof REAL; size++) {
        struct mosquitto_db db;
        struct mosquitto_db_chunk chunk;
        enum mosquitto_db_result result;
        assert_int_equal(mosquitto_db_open(&db, bytes_of(REAL, size)), MOSQUITTO_DB_OPEN);
        while ((result = mosquitto_db_next(&db, &chunk)) == MOSQUITTO_DB_CHUNK) {
        }
        if (result == MOSQUITTO_DB_CUT_OFF) {
            assert_int_equal(mosquitto_db_next(&db, &chunk), MOSQUITTO_DB_END);
        } else {
            assert_int_equal(result, MOSQUITTO_DB_END);
            cut_between++;
        }
    }
    assert_int_equal(cut_between, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_mosquitto_wrote),
        cmocka_unit_test(reads_version_5),
        cmocka_unit_test(names_other_versions),
        cmocka_unit_test(passes_over_what_it_does_not_know),
        cmocka_unit_test(knows_where_it_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
