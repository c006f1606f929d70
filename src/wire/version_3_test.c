/* version_3_test.c — the codec with properties_none.c: all of 3.1 and 3.1.1, and nothing of 5.0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/wire.h"

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

static enum reason_code receive(struct bytes bytes, enum protocol_version version,
                                struct packet *packet)
{
    struct frame frame;
    assert_int_equal(frame_read(bytes, &frame), FRAME_WHOLE);
    return wire_decode_from_client(&frame, version, packet);
}

static void version_3_works(void **state)
{
    (void)state;
    static const struct bytes ROWS[] = {
        {(const uint8_t *)"\x10\x0d\0\4MQTT\4\2\0\x3c\0\1a", 15},
        {(const uint8_t *)"\x32\x06\0\1t\0\1x", 8},
        {(const uint8_t *)"\x62\x02\0\1", 4},
        {(const uint8_t *)"\x82\x06\0\1\0\1t\1", 8},
        {(const uint8_t *)"\xa2\x05\0\1\0\1t", 7},
        {(const uint8_t *)"\xe0\0", 2},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct packet packet;
        uint8_t out[32];
        assert_int_equal(receive(ROWS[i], PROTOCOL_3_1_1, &packet), REASON_SUCCESS);
        assert_int_equal(wire_encode(&packet, PROTOCOL_3_1_1, out, sizeof out), ROWS[i].size);
        assert_memory_equal(out, ROWS[i].data, ROWS[i].size);
    }
}

static void version_5_is_refused(void **state)
{
    (void)state;
    struct packet packet;
    struct bytes connect = BYTES("\x10\x0e\0\4MQTT\5\2\0\x3c\0\0\1a");
    assert_int_equal(receive(connect, PROTOCOL_5, &packet), REASON_UNSUPPORTED_PROTOCOL_VERSION);
    assert_int_equal(packet.connect.version, PROTOCOL_5);
    struct bytes publish = BYTES("\x30\x04\0\1t\0");
    assert_int_equal(receive(publish, PROTOCOL_5, &packet), REASON_UNSUPPORTED_PROTOCOL_VERSION);
    const struct packet rows[] = {
        {.type = PACKET_CONNECT, .connect = {.version = PROTOCOL_5}},
        {.type = PACKET_CONNACK},
        {.type = PACKET_PUBLISH, .publish = {.topic = BYTES("t")}},
        {.type = PACKET_SUBACK, .suback = {.packet_id = 1, .reasons = BYTES("\0")}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[1];
        assert_int_equal(wire_size(&rows[i], PROTOCOL_5), 0);
        assert_int_equal(wire_encode(&rows[i], PROTOCOL_5, out, sizeof out), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("without properties 3.1.1 works", version_3_works),
        TEST("without properties 5.0 is refused", version_5_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
