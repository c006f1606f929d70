/* umqtt_properties_test.c — writing and reading properties; words; the public numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "umqtt/client.h"
#include "umqtt/umqtt_testing.h"
#include "wire/property.h"

static void write_and_read(void **state)
{
    (void)state;
    uint8_t memory[64];
    struct umqtt_properties properties = {memory, 0, sizeof memory};
    assert_int_equal(umqtt_property_add_number(&properties, UMQTT_MESSAGE_EXPIRY_INTERVAL, 258),
                     UMQTT_OK);
    assert_int_equal(umqtt_property_add_number(&properties, UMQTT_SUBSCRIPTION_IDENTIFIER, 200),
                     UMQTT_OK);
    assert_int_equal(umqtt_property_add_text(&properties, UMQTT_CONTENT_TYPE, umqtt_text("t")),
                     UMQTT_OK);
    assert_int_equal(
        umqtt_property_add_text(&properties, UMQTT_CORRELATION_DATA, umqtt_text("\xff")), UMQTT_OK);
    assert_int_equal(umqtt_property_add_pair(&properties, umqtt_text("k"), umqtt_text("")),
                     UMQTT_OK);
    struct umqtt_bytes expected =
        bytes_from("02 00 00 01 02 0b c8 01 03 00 01 't' 09 00 01 ff 26 00 01 'k' 00 00");
    struct umqtt_bytes written = umqtt_properties_bytes(&properties);
    assert_int_equal(written.size, expected.size);
    assert_memory_equal(written.data, expected.data, expected.size);

    struct umqtt_property property;
    size_t count = 0;
    for (size_t at = 0; umqtt_property_next(written, &at, &property);)
        count++;
    assert_int_equal(count, 5);
    assert_int_equal(property.id, UMQTT_USER_PROPERTY);
    assert_true(umqtt_property_find(written, UMQTT_SUBSCRIPTION_IDENTIFIER, &property));
    assert_int_equal(property.number, 200);
    assert_false(umqtt_property_find(written, UMQTT_TOPIC_ALIAS, &property));

    uint8_t copy_memory[64];
    struct umqtt_properties copy = {copy_memory, 0, sizeof copy_memory};
    for (size_t at = 0; umqtt_property_next(written, &at, &property);)
        assert_int_equal(umqtt_property_add(&copy, &property), UMQTT_OK);
    assert_int_equal(copy.size, written.size);
    assert_memory_equal(copy.data, written.data, copy.size);
}

static void refused(void **state)
{
    (void)state;
    uint8_t memory[8];
    static char large[65537];
    struct umqtt_properties properties = {memory, 0, sizeof memory};
    memset(large, 'x', sizeof large - 1);
    assert_int_equal(umqtt_property_add_number(&properties, (enum umqtt_property_id)4, 1),
                     UMQTT_INVALID);
    assert_int_equal(umqtt_property_add_number(&properties, UMQTT_CONTENT_TYPE, 1), UMQTT_INVALID);
    assert_int_equal(umqtt_property_add_number(&properties, UMQTT_TOPIC_ALIAS, 65536),
                     UMQTT_INVALID);
    assert_int_equal(umqtt_property_add_number(&properties, UMQTT_MAXIMUM_QOS, 256), UMQTT_INVALID);
    assert_int_equal(umqtt_property_add_text(&properties, UMQTT_TOPIC_ALIAS, umqtt_text("t")),
                     UMQTT_INVALID);
    assert_int_equal(umqtt_property_add_text(&properties, UMQTT_CONTENT_TYPE, umqtt_text("\xff")),
                     UMQTT_INVALID);
    assert_int_equal(umqtt_property_add_text(&properties, UMQTT_CONTENT_TYPE, umqtt_text(large)),
                     UMQTT_INVALID);
    assert_int_equal(umqtt_property_add_pair(&properties, umqtt_text("k"), umqtt_text("\xff")),
                     UMQTT_INVALID);
    assert_int_equal(umqtt_property_add_text(&properties, UMQTT_CONTENT_TYPE, umqtt_text("123456")),
                     UMQTT_FULL);
    assert_int_equal(properties.size, 0);
    assert_int_equal(umqtt_property_add_text(&properties, UMQTT_CONTENT_TYPE, umqtt_text("12345")),
                     UMQTT_OK);
    assert_int_equal(properties.size, 8);
}

static void numbers_are_the_standards(void **state)
{
    (void)state;
    static const uint8_t IDS[] = {
        UMQTT_PAYLOAD_FORMAT_INDICATOR,
        UMQTT_MESSAGE_EXPIRY_INTERVAL,
        UMQTT_CONTENT_TYPE,
        UMQTT_RESPONSE_TOPIC,
        UMQTT_CORRELATION_DATA,
        UMQTT_SUBSCRIPTION_IDENTIFIER,
        UMQTT_SESSION_EXPIRY_INTERVAL,
        UMQTT_ASSIGNED_CLIENT_IDENTIFIER,
        UMQTT_SERVER_KEEP_ALIVE,
        UMQTT_AUTHENTICATION_METHOD,
        UMQTT_AUTHENTICATION_DATA,
        UMQTT_REQUEST_PROBLEM_INFORMATION,
        UMQTT_WILL_DELAY_INTERVAL,
        UMQTT_REQUEST_RESPONSE_INFORMATION,
        UMQTT_RESPONSE_INFORMATION,
        UMQTT_SERVER_REFERENCE,
        UMQTT_REASON_STRING,
        UMQTT_RECEIVE_MAXIMUM,
        UMQTT_TOPIC_ALIAS_MAXIMUM,
        UMQTT_TOPIC_ALIAS,
        UMQTT_MAXIMUM_QOS,
        UMQTT_RETAIN_AVAILABLE,
        UMQTT_USER_PROPERTY,
        UMQTT_MAXIMUM_PACKET_SIZE,
        UMQTT_WILDCARD_SUBSCRIPTION_AVAILABLE,
        UMQTT_SUBSCRIPTION_IDENTIFIER_AVAILABLE,
        UMQTT_SHARED_SUBSCRIPTION_AVAILABLE,
    };
    assert_int_equal(sizeof IDS, PROPERTY_COUNT);
    for (unsigned i = 0; i < PROPERTY_COUNT; i++)
        assert_int_equal(IDS[i], property_identifier_of((enum property_index)i));
}

static void words(void **state)
{
    (void)state;
    for (int error = UMQTT_OK; error <= UMQTT_ENDED; error++) {
        assert_non_null(umqtt_error_words((enum umqtt_error)error));
        assert_string_not_equal(umqtt_error_words((enum umqtt_error)error), "unknown error");
    }
    assert_string_equal(umqtt_error_words((enum umqtt_error)99), "unknown error");
    assert_string_equal(umqtt_error_words((enum umqtt_error)(-1)), "unknown error");
    assert_string_equal(umqtt_reason_words(0x87), "not authorized");
    assert_string_equal(umqtt_connack_words(UMQTT_5, 0x87), "not authorized");
    assert_string_equal(umqtt_connack_words(UMQTT_3_1_1, 5), "not authorized");
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("properties are read as they were written", write_and_read),
        TEST("[MQTT-1.5.4-1][MQTT-1.5.7-1][MQTT-3.3.2-19] what no property may be", refused),
        TEST("the public numbers are the standard's", numbers_are_the_standards),
        TEST("words for everything", words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
