/* property_test.c — one property at a time, out and in. */
#include "wire/property.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

/* Encodes, reads back and compares; says how many bytes it took. */
static size_t round_trip(const struct property *property)
{
    uint8_t bytes[64];
    size_t size = property_size(property);
    assert_in_range(size, 2, sizeof bytes);
    assert_int_equal(property_encode(property, bytes, size), size);
    assert_int_equal(bytes[0], property_identifier_of(property->index));
    struct property found;
    size_t at = 0;
    assert_int_equal(property_next(bytes_of(bytes, size), &at, &found), PROPERTY_FOUND);
    assert_int_equal(at, size);
    assert_int_equal(found.index, property->index);
    assert_int_equal(found.number, property->number);
    assert_true(bytes_equal(found.text, property->text));
    assert_true(bytes_equal(found.value, property->value));
    for (size_t cut = 1; cut < size; cut++) {
        at = 0;
        assert_int_equal(property_next(bytes_of(bytes, cut), &at, &found), PROPERTY_MALFORMED);
        assert_int_equal(at, 0);
    }
    at = size;
    assert_int_equal(property_next(bytes_of(bytes, size), &at, &found), PROPERTY_END);
    return size;
}

static void every_property_comes_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PROPERTY_COUNT; i++) {
        struct property property = {.index = (enum property_index)i};
        switch (property_type_of(property.index)) {
        case PROPERTY_TYPE_TEXT:
        case PROPERTY_TYPE_BINARY: property.text = BYTES("value"); break;
        case PROPERTY_TYPE_TEXT_PAIR:
            property.text = BYTES("name");
            property.value = BYTES("value");
            break;
        default: property.number = 200;
        }
        round_trip(&property);
        enum property_index index;
        assert_true(property_find(property_identifier_of(property.index), &index));
        assert_int_equal(index, i);
    }
}

static void numbers_take_the_bytes_they_need(void **state)
{
    (void)state;
    static const struct {
        uint32_t number;
        size_t size;
    } ROWS[] = {{0, 2},     {127, 2},     {128, 3},     {16383, 3},
                {16384, 4}, {2097151, 4}, {2097152, 5}, {SUBSCRIPTION_ID_MAX, 5}};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct property property = {.index = PROPERTY_subscription_identifier,
                                    .number = ROWS[i].number};
        assert_int_equal(round_trip(&property), ROWS[i].size);
    }
}

static void what_does_not_fit_is_not_encoded(void **state)
{
    (void)state;
    static const uint8_t LONG[65536] = {0};
    const struct property rows[] = {
        {.index = PROPERTY_maximum_qos, .number = 256},
        {.index = PROPERTY_receive_maximum, .number = 65536},
        {.index = PROPERTY_subscription_identifier, .number = SUBSCRIPTION_ID_MAX + 1},
        {.index = PROPERTY_correlation_data, .text = bytes_of(LONG, sizeof LONG)},
        {.index = PROPERTY_user_property, .value = bytes_of(LONG, sizeof LONG)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[1];
        assert_int_equal(property_size(&rows[i]), 0);
        assert_int_equal(property_encode(&rows[i], out, sizeof out), 0);
    }
}

static enum property_result first_of(struct bytes section)
{
    size_t at = 0;
    struct property property;
    return property_next(section, &at, &property);
}

static void ill_formed_texts_are_malformed(void **state)
{
    (void)state;
    assert_int_equal(first_of(BYTES("\x03\0\2\xc3\x28")), PROPERTY_MALFORMED);
    assert_int_equal(first_of(BYTES("\x03\0\3\xed\xa0\x80")), PROPERTY_MALFORMED);
    assert_int_equal(first_of(BYTES("\x03\0\1\0")), PROPERTY_MALFORMED);
    assert_int_equal(first_of(BYTES("\x26\0\1\xff\0\1v")), PROPERTY_MALFORMED);
    assert_int_equal(first_of(BYTES("\x26\0\1k\0\1\xff")), PROPERTY_MALFORMED);
    assert_int_equal(first_of(BYTES("\x09\0\1\xff")), PROPERTY_FOUND); /* binary may be anything */
}

static void a_byte_order_mark_is_a_character(void **state)
{
    (void)state;
    size_t at = 0;
    struct property property;
    struct bytes section = BYTES("\x03\0\4\xef\xbb\xbf"
                                 "a");
    assert_int_equal(property_next(section, &at, &property), PROPERTY_FOUND);
    assert_true(bytes_equal(property.text, BYTES("\xef\xbb\xbf"
                                                 "a")));
}

static void unknown_identifiers_are_malformed(void **state)
{
    (void)state;
    unsigned known = 0;
    for (unsigned id = 0; id < 256; id++) {
        enum property_index index;
        uint8_t section[8] = {(uint8_t)id};
        bool is_known = property_find((uint8_t)id, &index);
        known += is_known;
        if (!is_known)
            assert_int_equal(first_of(bytes_of(section, sizeof section)), PROPERTY_MALFORMED);
    }
    assert_int_equal(known, PROPERTY_COUNT);
    assert_int_equal(known, 27);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("every property comes back as it went out", every_property_comes_back),
        TEST("[MQTT-1.5.5-1] a number takes no more bytes than it needs",
             numbers_take_the_bytes_they_need),
        TEST("what does not fit is not encoded", what_does_not_fit_is_not_encoded),
        TEST("[MQTT-1.5.4-1][MQTT-1.5.4-2][MQTT-1.5.7-1] ill-formed texts are malformed",
             ill_formed_texts_are_malformed),
        TEST("[MQTT-1.5.4-3][v3 MQTT-1.5.3-3] a byte order mark is a character",
             a_byte_order_mark_is_a_character),
        TEST("unknown identifiers are malformed", unknown_identifiers_are_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
