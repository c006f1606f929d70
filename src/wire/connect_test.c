/* connect_test.c — what CONNECT says even when it is refused, and what is no CONNECT at all. */
#include "wire/connect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "wire/frame.h"

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

static enum protocol_version answer_to(struct bytes body, enum reason_code expected)
{
    struct packet_connect connect;
    memset(&connect, 0xA5, sizeof connect);
    assert_int_equal(connect_decode(0, body, &connect), expected);
    return connect.version;
}

static void a_refusal_knows_its_language(void **state)
{
    (void)state;
    enum reason_code other = REASON_UNSUPPORTED_PROTOCOL_VERSION;
    enum reason_code malformed = REASON_MALFORMED_PACKET;
    assert_int_equal(answer_to(BYTES(""), malformed), PROTOCOL_3_1_1);
    assert_int_equal(answer_to(BYTES("\0\4MQTX\4"), other), PROTOCOL_3_1_1);
    assert_int_equal(answer_to(BYTES("\0\4MQTT\0"), other), PROTOCOL_3_1_1);
    assert_int_equal(answer_to(BYTES("\0\4MQTT\3"), other), PROTOCOL_3_1_1);
    assert_int_equal(answer_to(BYTES("\0\4MQTT\6"), other), PROTOCOL_5);
    assert_int_equal(answer_to(BYTES("\0\4MQTT\x7f"), other), PROTOCOL_5);
    assert_int_equal(answer_to(BYTES("\0\4MQTT\x85"), other), PROTOCOL_3_1_1);
    assert_int_equal(answer_to(BYTES("\0\6MQIsdp\4"), other), PROTOCOL_3_1);
    assert_int_equal(answer_to(BYTES("\0\4MQTT\4\3"), malformed), PROTOCOL_3_1_1);
    assert_int_equal(answer_to(BYTES("\0\4MQTT\5\3"), malformed), PROTOCOL_5);
    assert_int_equal(answer_to(BYTES("\0\4MQTT\5\2\0\0\3\x21\0\0"), REASON_PROTOCOL_ERROR),
                     PROTOCOL_5);
}

static void wrong_flags_are_refused_first(void **state)
{
    (void)state;
    struct packet_connect connect;
    struct bytes body = BYTES("\0\4MQTT\4\2\0\0\0\1a");
    assert_int_equal(connect_decode(0, body, &connect), REASON_SUCCESS);
    for (uint8_t flags = 1; flags < 16; flags++)
        assert_int_equal(connect_decode(flags, body, &connect), REASON_MALFORMED_PACKET);
}

static void contradictions_are_not_encoded(void **state)
{
    (void)state;
    static const uint8_t LONG[65536] = {0};
    const struct packet_connect rows[] = {
        {.version = PROTOCOL_3_1_1, .has_password = true},
        {.version = PROTOCOL_3_1, .has_password = true},
        {.version = PROTOCOL_5, .is_bridge = true},
        {.version = PROTOCOL_5, .has_will = true},
        {.version = PROTOCOL_5, .has_will = true, .will = {.qos = 3, .topic = BYTES("w")}},
        {.version = PROTOCOL_3_1_1, .client_id = bytes_of(LONG, sizeof LONG)},
        {.version = PROTOCOL_5, .has_password = true, .password = bytes_of(LONG, sizeof LONG)},
        {.version = PROTOCOL_5, .properties = {.present = 1u << PROPERTY_will_delay_interval_s}},
        {.version = PROTOCOL_5,
         .has_will = true,
         .will = {.topic = BYTES("w"), .properties = {.present = 1u << PROPERTY_receive_maximum}}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[1];
        assert_int_equal(connect_size(&rows[i]), 0);
        assert_int_equal(connect_encode(&rows[i], out, sizeof out), 0);
    }
}

static void absent_fields_leave_no_trace(void **state)
{
    (void)state;
    const struct packet_connect connect = {
        .version = PROTOCOL_3_1_1,
        .client_id = BYTES("a"),
        .will = {.qos = 2, .retain = true, .topic = BYTES("w"), .payload = BYTES("p")},
        .user_name = BYTES("u"),
        .password = BYTES("p"),
    };
    uint8_t out[32];
    assert_int_equal(connect_encode(&connect, out, sizeof out), 15);
    assert_memory_equal(out, "\x10\x0d\0\4MQTT\4\0\0\0\0\1a", 15);
}

static void the_payload_has_its_order(void **state)
{
    (void)state;
    const struct packet_connect connect = {
        .version = PROTOCOL_5,
        .client_id = BYTES("I"),
        .has_will = true,
        .will = {.topic = BYTES("T"),
                 .payload = BYTES("P"),
                 .properties = {.present = 1u << PROPERTY_payload_format_indicator}},
        .has_user_name = true,
        .user_name = BYTES("U"),
        .has_password = true,
        .password = BYTES("W"),
    };
    uint8_t out[64];
    size_t size = connect_encode(&connect, out, sizeof out);
    struct bytes payload = BYTES("\0\1I"
                                 "\2\1\0"
                                 "\0\1T"
                                 "\0\1P"
                                 "\0\1U"
                                 "\0\1W");
    assert_int_equal(size, 2 + 11 + payload.size);
    assert_memory_equal(out + 13, payload.data, payload.size);

    struct packet_connect old = connect;
    old.version = PROTOCOL_3_1_1;
    size = connect_encode(&old, out, sizeof out);
    payload = BYTES("\0\1I"
                    "\0\1T"
                    "\0\1P"
                    "\0\1U"
                    "\0\1W");
    assert_int_equal(size, 2 + 10 + payload.size);
    assert_memory_equal(out + 12, payload.data, payload.size);
}

static void the_will_keeps_its_encoded_properties(void **state)
{
    (void)state;
    struct packet_connect connect;
    struct bytes body = BYTES("\0\4MQTT\5\6\0\0\0"
                              "\0\1a"
                              "\7\1\1\x18\0\0\0\5"
                              "\0\1w"
                              "\0\0");
    assert_int_equal(connect_decode(0, body, &connect), REASON_SUCCESS);
    assert_true(bytes_equal(connect.will.property_bytes, BYTES("\1\1\x18\0\0\0\5")));
    assert_int_equal(connect.will.properties.will_delay_interval_s, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("[MQTT-3.1.2-2][v3 MQTT-3.1.2-2] a refusal knows the language of its answer",
             a_refusal_knows_its_language),
        TEST("[MQTT-2.1.3-1][v3 MQTT-2.2.2-1][v3 MQTT-2.2.2-2] wrong flags are refused",
             wrong_flags_are_refused_first),
        TEST("[MQTT-3.1.2-12][v3 MQTT-3.1.2-14][v3 MQTT-3.1.2-22] contradictions are not encoded",
             contradictions_are_not_encoded),
        TEST("[MQTT-3.1.2-11][MQTT-3.1.2-13][MQTT-3.1.2-16][MQTT-3.1.2-18][v3 MQTT-3.1.2-11][v3 "
             "MQTT-3.1.2-13][v3 MQTT-3.1.2-15][v3 MQTT-3.1.2-18][v3 MQTT-3.1.2-20] absent fields "
             "leave no trace",
             absent_fields_leave_no_trace),
        TEST("[MQTT-3.1.2-9][MQTT-3.1.2-17][MQTT-3.1.2-19][MQTT-3.1.3-1][MQTT-3.1.3-3][v3 "
             "MQTT-3.1.2-9][v3 MQTT-3.1.2-19][v3 MQTT-3.1.2-21][v3 MQTT-3.1.3-1][v3 MQTT-3.1.3-3] "
             "the payload has its order",
             the_payload_has_its_order),
        TEST("the will keeps its encoded properties", the_will_keeps_its_encoded_properties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
