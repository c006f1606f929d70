/* packets_test.c — every row of packets.def, in both directions and cut short at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/packets.h"
#include "wire/frame.h"
#include "wire/wire.h"

enum { CHECKS_PER_ROW = 3, IDS_MAX = 16 };

typedef void row_check(const struct packet_row *row, uint8_t sender, enum protocol_version version);

/* Runs `check` once for each sender and version the row is for. */
static void for_each_way(const struct packet_row *row, row_check *check)
{
    for (uint8_t sender = CLIENT; sender <= SERVER; sender++)
        for (enum protocol_version version = PROTOCOL_3_1; version <= PROTOCOL_5; version++)
            if (row->senders & sender && row->versions & packet_version_bit(version))
                check(row, sender, version);
}

/* A copy on the heap of exactly its size, so that the sanitizers see a step beyond it. */
static uint8_t *exact_copy(const uint8_t *from, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, from, size);
    return copy;
}

static size_t encode_row(const struct packet_row *row, enum protocol_version version, uint8_t *out)
{
    size_t size = wire_size(&row->packet, version);
    assert_in_range(size, 2, PACKET_ROW_SIZE_MAX);
    assert_int_equal(wire_encode(&row->packet, version, out, size), size);
    return size;
}

static void check_decoded(const struct packet_row *row, uint8_t sender,
                          enum protocol_version version)
{
    uint8_t bytes[PACKET_ROW_SIZE_MAX];
    size_t size = packet_row_bytes(row->text, bytes);
    uint8_t *copy = exact_copy(bytes, size);
    struct packet packet;
    assert_int_equal(packet_decode(bytes_of(copy, size), sender, version, &packet), REASON_SUCCESS);
    assert_true(packet_is_equal(&packet, &row->packet, version));
    free(copy);
}

static void check_encoded(const struct packet_row *row, uint8_t sender,
                          enum protocol_version version)
{
    (void)sender;
    uint8_t expected[PACKET_ROW_SIZE_MAX], encoded[PACKET_ROW_SIZE_MAX];
    size_t expected_size = packet_row_bytes(row->text, expected);
    size_t size = encode_row(row, version, encoded);
    if (row->is_longhand) {
        assert_in_range(size, 2, expected_size);
        assert_true(size != expected_size || memcmp(encoded, expected, size) != 0);
    } else {
        assert_int_equal(size, expected_size);
        assert_memory_equal(encoded, expected, size);
    }
}

/* A packet with less in it is refused, or is another packet that holds together. */
static void check_shorter_body(const struct frame *whole, size_t size, uint8_t sender,
                               enum protocol_version version)
{
    uint8_t *copy = exact_copy(whole->body.data, size);
    struct frame frame = *whole;
    frame.body = bytes_of(copy, size);
    struct packet packet, again;
    enum reason_code reason = sender == CLIENT ? wire_decode_from_client(&frame, version, &packet)
                                               : wire_decode_from_server(&frame, version, &packet);
    if (reason == REASON_SUCCESS) {
        uint8_t room[PACKET_ROW_SIZE_MAX], encoded[PACKET_ROW_SIZE_MAX];
        uint32_t ids[IDS_MAX];
        struct packet to_encode = packet_to_encode(&packet, room, ids, IDS_MAX);
        size_t encoded_size = wire_encode(&to_encode, version, encoded, sizeof encoded);
        struct bytes bytes = bytes_of(encoded, encoded_size);
        assert_int_equal(packet_decode(bytes, sender, version, &again), REASON_SUCCESS);
        assert_true(packet_is_equal(&packet, &again, version));
    } else {
        assert_in_range(reason, REASON_MALFORMED_PACKET, REASON_TOPIC_ALIAS_INVALID);
    }
    free(copy);
}

static void check_truncated(const struct packet_row *row, uint8_t sender,
                            enum protocol_version version)
{
    uint8_t bytes[PACKET_ROW_SIZE_MAX];
    size_t size = packet_row_bytes(row->text, bytes);
    struct frame frame;
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *copy = exact_copy(bytes, cut);
        assert_int_equal(frame_read(bytes_of(copy, cut), &frame), FRAME_INCOMPLETE);
        free(copy);
    }
    assert_int_equal(frame_read(bytes_of(bytes, size), &frame), FRAME_WHOLE);
    for (size_t cut = 0; cut < frame.body.size; cut++)
        check_shorter_body(&frame, cut, sender, version);
}

static void row_decodes(void **state)
{
    for_each_way(*state, check_decoded);
}

static void row_encodes(void **state)
{
    for_each_way(*state, check_encoded);
}

static void row_cut_short_is_refused(void **state)
{
    for_each_way(*state, check_truncated);
}

static struct CMUnitTest test_of(const char *verb, CMUnitTestFunction function,
                                 const struct packet_row *row)
{
    size_t size = strlen(verb) + strlen(row->name) + 2;
    char *name = malloc(size);
    assert_non_null(name);
    snprintf(name, size, "%s %s", row->name, verb);
    return (struct CMUnitTest){name, function, NULL, NULL, (void *)(uintptr_t)row};
}

int main(void)
{
    size_t count = 0;
    struct CMUnitTest *tests = calloc(PACKET_ROW_COUNT, CHECKS_PER_ROW * sizeof *tests);
    if (!tests)
        return 1;
    for (size_t i = 0; i < PACKET_ROW_COUNT; i++) {
        const struct packet_row *row = &PACKET_ROWS[i];
        tests[count++] = test_of("decodes", row_decodes, row);
        tests[count++] = test_of("encodes", row_encodes, row);
        tests[count++] = test_of("cut short is refused", row_cut_short_is_refused, row);
    }
    int failed = _cmocka_run_group_tests("packets.def", tests, count, NULL, NULL);
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)tests[i].name);
    free(tests);
    return failed;
}
