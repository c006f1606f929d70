/* subscribe_test.c — lists of filters and lists of reasons: SUBSCRIBE, UNSUBSCRIBE and their
 * acknowledgements. */
#include "wire/subscribe.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "wire/frame.h"
#include "wire/suback.h"
#include "wire/unsuback.h"
#include "wire/unsubscribe.h"

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

static const struct subscribe_entry ENTRIES[] = {
    {.filter = {(const uint8_t *)"a/#", 3}, .qos = 2, .no_local = true},
    {.filter = {(const uint8_t *)"b", 1},
     .qos = 1,
     .retain_as_published = true,
     .retain_handling = RETAIN_SEND_NONE},
    {.filter = {(const uint8_t *)"$share/g/c", 10}, .retain_handling = RETAIN_SEND_IF_NEW},
};

enum { ENTRY_COUNT = sizeof ENTRIES / sizeof ENTRIES[0] };

static size_t encode_entries(enum protocol_version version, uint8_t *out, size_t out_size)
{
    size_t size = 0;
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        size_t one = subscribe_entry_encode(&ENTRIES[i], version, out + size, out_size - size);
        assert_int_equal(one, subscribe_entry_size(&ENTRIES[i]));
        size += one;
    }
    return size;
}

static void check_entries(enum protocol_version version)
{
    uint8_t entries[64], bytes[64];
    size_t entries_size = encode_entries(version, entries, sizeof entries);
    struct packet_subscribe subscribe = {.packet_id = 3,
                                         .entries = bytes_of(entries, entries_size)};
    size_t size = subscribe_encode(&subscribe, version, bytes, sizeof bytes);
    assert_int_equal(size, subscribe_size(&subscribe, version));
    struct frame frame;
    assert_int_equal(frame_read(bytes_of(bytes, size), &frame), FRAME_WHOLE);
    assert_int_equal(frame.flags, 2);
    struct packet_subscribe found;
    assert_int_equal(subscribe_decode(frame.flags, frame.body, version, &found), REASON_SUCCESS);
    assert_int_equal(found.entry_count, ENTRY_COUNT);

    size_t at = 0;
    struct subscribe_entry entry;
    bool is_5 = version == PROTOCOL_5;
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        assert_true(subscribe_next(&found, version, &at, &entry));
        assert_true(bytes_equal(entry.filter, ENTRIES[i].filter));
        assert_int_equal(entry.qos, ENTRIES[i].qos);
        assert_int_equal(entry.no_local, is_5 && ENTRIES[i].no_local);
        assert_int_equal(entry.retain_as_published, is_5 && ENTRIES[i].retain_as_published);
        assert_int_equal(entry.retain_handling, is_5 ? ENTRIES[i].retain_handling : 0);
    }
    assert_false(subscribe_next(&found, version, &at, &entry));
}

static void entries_come_back_in_order(void **state)
{
    (void)state;
    check_entries(PROTOCOL_3_1);
    check_entries(PROTOCOL_3_1_1);
    check_entries(PROTOCOL_5);
}

static void bad_entries_are_not_encoded(void **state)
{
    (void)state;
    static const uint8_t LONG[65536] = {0};
    const struct subscribe_entry rows[] = {
        {.filter = BYTES("")},
        {.filter = bytes_of(LONG, sizeof LONG)},
        {.filter = BYTES("t"), .qos = 3},
        {.filter = BYTES("t"), .retain_handling = 3},
    };
    uint8_t out[1];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(subscribe_entry_size(&rows[i]), 0);
        assert_int_equal(subscribe_entry_encode(&rows[i], PROTOCOL_5, out, sizeof out), 0);
    }
    assert_int_equal(unsubscribe_entry_encode(BYTES(""), out, sizeof out), 0);
    assert_int_equal(unsubscribe_entry_encode(bytes_of(LONG, sizeof LONG), out, sizeof out), 0);
}

static void a_filter_and_an_id_are_needed(void **state)
{
    (void)state;
    const enum protocol_version versions[] = {PROTOCOL_3_1_1, PROTOCOL_5};
    for (size_t i = 0; i < 2; i++) {
        struct packet_subscribe subscribe = {.packet_id = 1};
        struct packet_unsubscribe unsubscribe = {.packet_id = 1};
        assert_int_equal(subscribe_size(&subscribe, versions[i]), 0);
        assert_int_equal(unsubscribe_size(&unsubscribe, versions[i]), 0);
        subscribe = (struct packet_subscribe){.entries = BYTES("\0\1t\0")};
        unsubscribe = (struct packet_unsubscribe){.entries = BYTES("\0\1t")};
        assert_int_equal(subscribe_size(&subscribe, versions[i]), 0);
        assert_int_equal(unsubscribe_size(&unsubscribe, versions[i]), 0);
    }
}

static void filters_come_back_in_order(void **state)
{
    (void)state;
    uint8_t entries[32], bytes[64];
    size_t size = unsubscribe_entry_encode(BYTES("a/#"), entries, sizeof entries);
    size += unsubscribe_entry_encode(BYTES("b"), entries + size, sizeof entries - size);
    struct packet_unsubscribe unsubscribe = {.packet_id = 3, .entries = bytes_of(entries, size)};
    size = unsubscribe_encode(&unsubscribe, PROTOCOL_5, bytes, sizeof bytes);
    struct frame frame;
    struct packet_unsubscribe found;
    assert_int_equal(frame_read(bytes_of(bytes, size), &frame), FRAME_WHOLE);
    assert_int_equal(unsubscribe_decode(frame.flags, frame.body, PROTOCOL_5, &found),
                     REASON_SUCCESS);
    size_t at = 0;
    struct bytes filter;
    assert_true(unsubscribe_next(&found, &at, &filter));
    assert_true(bytes_equal(filter, BYTES("a/#")));
    assert_true(unsubscribe_next(&found, &at, &filter));
    assert_true(bytes_equal(filter, BYTES("b")));
    assert_false(unsubscribe_next(&found, &at, &filter));
}

static void before_5_every_failure_is_0x80(void **state)
{
    (void)state;
    const struct packet_suback suback = {.packet_id = 1, .reasons = BYTES("\2\x87\0\x80\xa2\1")};
    uint8_t out[16];
    size_t size = suback_encode(&suback, PROTOCOL_3_1_1, out, sizeof out);
    assert_int_equal(size, 10);
    assert_memory_equal(out, "\x90\x08\0\1\2\x80\0\x80\x80\1", 10);
    size = suback_encode(&suback, PROTOCOL_5, out, sizeof out);
    assert_int_equal(size, 11);
    assert_memory_equal(out, "\x90\x09\0\1\0\2\x87\0\x80\xa2\1", 11);
}

static void reasons_must_be_listed(void **state)
{
    (void)state;
    struct packet_suback ack = {.packet_id = 1, .reasons = BYTES("\x11")};
    assert_int_equal(suback_size(&ack, PROTOCOL_5), 0);
    assert_int_equal(suback_size(&ack, PROTOCOL_3_1_1), 0);
    assert_int_equal(unsuback_size(&ack, PROTOCOL_5), 6);
    assert_int_equal(unsuback_size(&ack, PROTOCOL_3_1_1), 4);
    ack.reasons = BYTES("\2");
    assert_int_equal(suback_size(&ack, PROTOCOL_5), 6);
    assert_int_equal(unsuback_size(&ack, PROTOCOL_5), 0);
    ack.reasons = BYTES("");
    assert_int_equal(suback_size(&ack, PROTOCOL_5), 0);
    assert_int_equal(unsuback_size(&ack, PROTOCOL_5), 0);
}

static void acknowledgements_carry_the_id(void **state)
{
    (void)state;
    uint8_t out[8];
    struct packet_suback ack = {.packet_id = 0x1234, .reasons = BYTES("\0")};
    assert_int_equal(suback_encode(&ack, PROTOCOL_5, out, sizeof out), 6);
    assert_memory_equal(out + 2, "\x12\x34", 2);
    assert_int_equal(unsuback_encode(&ack, PROTOCOL_3_1_1, out, sizeof out), 4);
    assert_memory_equal(out + 2, "\x12\x34", 2);
    ack.packet_id = 0;
    assert_int_equal(suback_size(&ack, PROTOCOL_5), 0);
    assert_int_equal(unsuback_size(&ack, PROTOCOL_5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("[MQTT-3.8.1-1][v3 MQTT-3.8.1-1] entries come back in order, with flags 0010",
             entries_come_back_in_order),
        TEST("bad entries are not encoded", bad_entries_are_not_encoded),
        TEST("[MQTT-2.2.1-3][MQTT-3.8.3-2][MQTT-3.10.3-2][v3 MQTT-2.3.1-1][v3 MQTT-3.8.3-3][v3 "
             "MQTT-3.10.3-2] a filter and a packet identifier are needed",
             a_filter_and_an_id_are_needed),
        TEST("filters to unsubscribe come back in order", filters_come_back_in_order),
        TEST("[v3 MQTT-3.9.3-1][v3 MQTT-3.9.3-2] before 5.0 every failure is 0x80",
             before_5_every_failure_is_0x80),
        TEST("[MQTT-3.9.3-1][MQTT-3.9.3-2][MQTT-3.11.3-1][MQTT-3.11.3-2] reasons must be listed",
             reasons_must_be_listed),
        TEST("[MQTT-2.2.1-6][v3 MQTT-2.3.1-7] acknowledgements carry the packet identifier",
             acknowledgements_carry_the_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
