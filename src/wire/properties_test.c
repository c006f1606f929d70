/* properties_test.c — whole property sections. */
#include "wire/properties.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire/property.h"
#include "wire/wire.h"

#define HAVE(property) (1u << PROPERTY_##property)
#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

/* The standard's table 2-4, turned: a column for the will, then one for each packet type. */
static const char WHERE[PROPERTY_COUNT][PACKET_AUTH + 2] = {
    [PROPERTY_payload_format_indicator] = "W..P............",
    [PROPERTY_message_expiry_interval_s] = "W..P............",
    [PROPERTY_content_type] = "W..P............",
    [PROPERTY_response_topic] = "W..P............",
    [PROPERTY_correlation_data] = "W..P............",
    [PROPERTY_subscription_identifier] = "...P....8.......",
    [PROPERTY_session_expiry_interval_s] = ".CA...........D.",
    [PROPERTY_assigned_client_identifier] = "..A.............",
    [PROPERTY_server_keep_alive_s] = "..A.............",
    [PROPERTY_authentication_method] = ".CA............X",
    [PROPERTY_authentication_data] = ".CA............X",
    [PROPERTY_request_problem_information] = ".C..............",
    [PROPERTY_will_delay_interval_s] = "W...............",
    [PROPERTY_request_response_information] = ".C..............",
    [PROPERTY_response_information] = "..A.............",
    [PROPERTY_server_reference] = "..A...........D.",
    [PROPERTY_reason_string] = "..A.4567.s.u..DX",
    [PROPERTY_receive_maximum] = ".CA.............",
    [PROPERTY_topic_alias_maximum] = ".CA.............",
    [PROPERTY_topic_alias] = "...P............",
    [PROPERTY_maximum_qos] = "..A.............",
    [PROPERTY_retain_available] = "..A.............",
    [PROPERTY_user_property] = "WCAP45678sUu..DX",
    [PROPERTY_maximum_packet_size] = ".CA.............",
    [PROPERTY_wildcard_subscription_available] = "..A.............",
    [PROPERTY_subscription_identifier_available] = "..A.............",
    [PROPERTY_shared_subscription_available] = "..A.............",
};

static bool belongs(enum property_index index, enum packet_type type)
{
    return WHERE[index][type] != '.';
}

/* One legal property, encoded. */
static size_t sample(enum property_index index, uint8_t *out, size_t out_size)
{
    struct property property = {
        .index = index, .number = 1, .text = BYTES("x"), .value = BYTES("y")};
    return property_encode(&property, out, out_size);
}

static void properties_stay_where_they_belong(void **state)
{
    (void)state;
    for (unsigned index = 0; index < PROPERTY_COUNT; index++) {
        for (unsigned type = 0; type <= PACKET_AUTH; type++) {
            uint8_t section[64];
            size_t size = sample((enum property_index)index, section, sizeof section);
            if (index == PROPERTY_authentication_data) /* comes with its method */
                size +=
                    sample(PROPERTY_authentication_method, section + size, sizeof section - size);
            struct properties properties;
            enum reason_code reason =
                properties_decode(bytes_of(section, size), (enum packet_type)type, &properties);
            bool is_here = belongs((enum property_index)index, (enum packet_type)type);
            assert_int_equal(reason, is_here ? REASON_SUCCESS : REASON_MALFORMED_PACKET);
            if (!is_here)
                continue;
            assert_true(properties_have(&properties, (enum property_index)index));
            uint8_t again[64];
            assert_int_equal(properties_size(&properties, (enum packet_type)type), size);
            assert_int_equal(properties_encode(&properties, again, size), size);
            if (index != PROPERTY_authentication_data)
                assert_memory_equal(again, section, size);
        }
    }
}

static void twice_is_an_error_unless_it_is_not(void **state)
{
    (void)state;
    for (unsigned index = 0; index < PROPERTY_COUNT; index++) {
        for (unsigned type = 0; type <= PACKET_AUTH; type++) {
            if (!belongs((enum property_index)index, (enum packet_type)type))
                continue;
            uint8_t section[64];
            size_t size = sample((enum property_index)index, section, sizeof section);
            size += sample((enum property_index)index, section + size, sizeof section - size);
            struct properties properties;
            enum reason_code reason =
                properties_decode(bytes_of(section, size), (enum packet_type)type, &properties);
            bool may_repeat = index == PROPERTY_user_property ||
                              (index == PROPERTY_subscription_identifier && type == PACKET_PUBLISH);
            assert_int_equal(reason, may_repeat ? REASON_SUCCESS : REASON_PROTOCOL_ERROR);
        }
    }
}

static void what_is_absent_is_zero(void **state)
{
    (void)state;
    struct properties properties, zero;
    memset(&zero, 0, sizeof zero);
    memset(&properties, 0xA5, sizeof properties);
    assert_int_equal(properties_decode(bytes_of(NULL, 0), PACKET_CONNECT, &properties),
                     REASON_SUCCESS);
    assert_memory_equal(&properties, &zero, sizeof zero);
}

static void user_properties_keep_their_order(void **state)
{
    (void)state;
    struct bytes section = BYTES("\x26\0\1b\0\1"
                                 "1"
                                 "\x21\0\x05"
                                 "\x26\0\1a\0\1"
                                 "2"
                                 "\x26\0\1b"
                                 "\0\1"
                                 "3");
    struct properties properties;
    assert_int_equal(properties_decode(section, PACKET_CONNECT, &properties), REASON_SUCCESS);
    assert_int_equal(properties.receive_maximum, 5);
    uint8_t out[64];
    size_t size = properties_size(&properties, PACKET_CONNECT);
    assert_int_equal(size, section.size);
    assert_int_equal(properties_encode(&properties, out, size), size);
    struct bytes expected = BYTES("\x21\0\x05"
                                  "\x26\0\1b\0\1"
                                  "1"
                                  "\x26\0\1a\0\1"
                                  "2"
                                  "\x26\0\1b"
                                  "\0\1"
                                  "3");
    assert_memory_equal(out, expected.data, expected.size);
}

static void what_travels_on_is_copied_in_order(void **state)
{
    (void)state;
    struct bytes section = BYTES("\x26\0\1k\0\1v"
                                 "\x18\0\0\0\5"
                                 "\x01\1"
                                 "\x02\0\0\0\x3c"
                                 "\x09\0\2\xff\0"
                                 "\x03\0\1c"
                                 "\x08\0\1r"
                                 "\x26\0\0\0\0");
    struct bytes expected = BYTES("\x26\0\1k\0\1v"
                                  "\x01\1"
                                  "\x09\0\2\xff\0"
                                  "\x03\0\1c"
                                  "\x08\0\1r"
                                  "\x26\0\0\0\0");
    uint8_t out[64];
    assert_int_equal(properties_passed_on_size(section), expected.size);
    assert_int_equal(properties_copy_passed_on(section, out), expected.size);
    assert_memory_equal(out, expected.data, expected.size);
}

static void thousands_of_user_properties_are_fine(void **state)
{
    (void)state;
    enum { COUNT = 20000, SIZE = 7 };
    uint8_t *section = malloc(COUNT * SIZE);
    assert_non_null(section);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(section + i * SIZE, "\x26\0\1k\0\1v", SIZE);
    struct properties properties;
    struct bytes whole = bytes_of(section, COUNT * SIZE);
    assert_int_equal(properties_decode(whole, PACKET_CONNECT, &properties), REASON_SUCCESS);
    assert_int_equal(properties_size(&properties, PACKET_CONNECT), COUNT * SIZE);
    free(section);
}

static void what_cannot_be_is_not_encoded(void **state)
{
    (void)state;
    static const uint8_t LONG[65536] = {0};
    struct properties properties = {.present = HAVE(topic_alias), .topic_alias = 1};
    assert_int_equal(properties_size(&properties, PACKET_CONNECT), UNENCODABLE);
    properties = (struct properties){.present = 1u << 31};
    assert_int_equal(properties_size(&properties, PACKET_CONNECT), UNENCODABLE);
    properties = (struct properties){.present = HAVE(user_property),
                                     .user_property = BYTES("\x26\0\1k\0\2v")};
    assert_int_equal(properties_size(&properties, PACKET_CONNECT), UNENCODABLE);
    properties =
        (struct properties){.present = HAVE(authentication_method) | HAVE(authentication_data),
                            .authentication_method = bytes_of(LONG, sizeof LONG),
                            .authentication_data = bytes_of(LONG, sizeof LONG)};
    assert_int_equal(properties_size(&properties, PACKET_AUTH), UNENCODABLE);
    properties = (struct properties){.present = HAVE(reason_string),
                                     .reason_string = bytes_of(LONG, sizeof LONG)};
    struct packet packet = {.type = PACKET_DISCONNECT};
    packet.disconnect.properties = properties;
    uint8_t out[1];
    assert_int_equal(wire_size(&packet, PROTOCOL_5), 0);
    assert_int_equal(wire_encode(&packet, PROTOCOL_5, out, sizeof out), 0);
}

static void no_properties_have_a_length_all_the_same(void **state)
{
    (void)state;
    const struct packet packets[] = {
        {.type = PACKET_CONNACK},
        {.type = PACKET_PUBLISH, .publish = {.topic = BYTES("t")}},
        {.type = PACKET_SUBACK, .suback = {.packet_id = 1, .reasons = BYTES("\0")}},
        {.type = PACKET_UNSUBACK, .suback = {.packet_id = 1, .reasons = BYTES("\0")}},
        {.type = PACKET_SUBSCRIBE, .subscribe = {.packet_id = 1, .entries = BYTES("\0\1t\0")}},
        {.type = PACKET_UNSUBSCRIBE, .unsubscribe = {.packet_id = 1, .entries = BYTES("\0\1t")}},
    };
    static const uint8_t LENGTH_AT[] = {4, 5, 4, 4, 4, 4};
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        uint8_t out[32];
        size_t size = wire_encode(&packets[i], PROTOCOL_5, out, sizeof out);
        assert_in_range(size, LENGTH_AT[i] + 1, sizeof out);
        assert_int_equal(out[LENGTH_AT[i]], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("properties stay where they belong", properties_stay_where_they_belong),
        TEST("twice is an error, but for user properties and a PUBLISH's subscription identifiers",
             twice_is_an_error_unless_it_is_not),
        TEST("what is absent is zero", what_is_absent_is_zero),
        TEST("[MQTT-3.1.3-10][MQTT-3.3.2-18] user properties keep their order",
             user_properties_keep_their_order),
        TEST("[MQTT-3.3.2-4][MQTT-3.3.2-15][MQTT-3.3.2-16][MQTT-3.3.2-17][MQTT-3.3.2-20] what "
             "travels on is copied unaltered",
             what_travels_on_is_copied_in_order),
        TEST("thousands of user properties are fine", thousands_of_user_properties_are_fine),
        TEST("what cannot be is not encoded", what_cannot_be_is_not_encoded),
        TEST("[MQTT-2.2.2-1] no properties have a length all the same",
             no_properties_have_a_length_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
