/* properties_option_test.c — -D and what it writes. */
#include "cli/properties_option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"

static bool add(struct options *options, const char *command, const char *name, const char *value,
                const char *second)
{
    const char *values[] = {command, name, value, second};
    return properties_option_read(options, (char **)(void *)values);
}

static void check_encoded(const struct options *options, enum property_target target,
                          struct bytes expected)
{
    const struct umqtt_properties *properties = &options->properties[target];
    assert_int_equal(properties->size, expected.size);
    assert_memory_equal(properties->data, expected.data, expected.size);
}

static void every_kind_of_value(void **state)
{
    struct options options;
    (void)state;
    options_init(&options, COMMAND_PUB, "mosquitto_pub", true);
    assert_true(add(&options, "publish", "payload-format-indicator", "1", NULL));
    assert_true(add(&options, "PUBLISH", "message-expiry-interval", "258", NULL));
    assert_true(add(&options, "publish", "content-type", "a", NULL));
    assert_true(add(&options, "publish", "correlation-data", "", NULL));
    assert_true(add(&options, "publish", "user-property", "k", "v"));
    assert_true(add(&options, "publish", "user-property", "k", "v"));
    check_encoded(&options, PROPERTIES_PUBLISH,
                  BYTES("\x01\x01\x02\0\0\x01\x02\x03\0\x01"
                        "a\x09\0\0\x26\0\x01k\0\x01v\x26\0\x01k\0\x01v"));
    assert_true(add(&options, "subscribe", "subscription-identifier", "128", NULL));
    check_encoded(&options, PROPERTIES_SUBSCRIBE, BYTES("\x0B\x80\x01"));
    assert_true(add(&options, "publish", "topic-alias", "5", NULL));
    assert_int_equal(options.topic_alias, 5);
    assert_int_equal(options.version, UMQTT_5);
    options_fini(&options);
}

static void user_properties_take_one_value_more(void **state)
{
    char *plain[] = {"publish", "content-type", "a"};
    char *pair[] = {"publish", "user-property", "k"};
    (void)state;
    assert_int_equal(properties_option_value_count(plain, 3), 3);
    assert_int_equal(properties_option_value_count(plain, 1), 3);
    assert_int_equal(properties_option_value_count(pair, 3), 4);
}

static void mistakes(void **state)
{
    static const struct {
        const char *command, *name, *value;
    } rows[] = {
        {"nothing", "content-type", "a"},
        {"puback", "reason-string", "a"},
        {"auth", "authentication-method", "a"},
        {"publish", "nonsense", "a"},
        {"publish", "will-delay-interval", "1"},
        {"connect", "content-type", "a"},
        {"will", "topic-alias", "1"},
        {"publish", "topic-alias", "0"},
        {"publish", "topic-alias", "65536"},
        {"publish", "topic-alias", "x"},
        {"publish", "payload-format-indicator", "2"},
        {"publish", "message-expiry-interval", "-1"},
        {"publish", "message-expiry-interval", "4294967296"},
        {"publish", "content-type", "\xff"},
        {"connect", "receive-maximum", "0"},
        {"connect", "maximum-packet-size", "0"},
        {"subscribe", "subscription-identifier", "268435456"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct options options;
        options_init(&options, COMMAND_PUB, "mosquitto_pub", true);
        if (add(&options, rows[i].command, rows[i].name, rows[i].value, NULL)) {
            fail_msg("accepted: %s %s %s", rows[i].command, rows[i].name, rows[i].value);
        }
        options_fini(&options);
    }
}

static void once_only(void **state)
{
    struct options options;
    (void)state;
    options_init(&options, COMMAND_PUB, "mosquitto_pub", true);
    assert_true(add(&options, "publish", "content-type", "a", NULL));
    assert_false(add(&options, "publish", "content-type", "a", NULL));
    assert_true(add(&options, "will", "content-type", "a", NULL));
    assert_true(add(&options, "publish", "topic-alias", "1", NULL));
    assert_false(add(&options, "publish", "topic-alias", "1", NULL));
    options_fini(&options);
}

static void the_memory_grows(void **state)
{
    struct options options;
    char value[1000];
    (void)state;
    memset(value, 'x', sizeof(value));
    value[sizeof(value) - 1] = 0;
    options_init(&options, COMMAND_PUB, "mosquitto_pub", true);
    for (int i = 0; i < 100; i++) {
        assert_true(add(&options, "publish", "user-property", "k", value));
    }
    assert_int_equal(options.properties[PROPERTIES_PUBLISH].size, 100 * (1 + 2 + 1 + 2 + 999));
    options_fini(&options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value),
        cmocka_unit_test(user_properties_take_one_value_more),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(once_only),
        cmocka_unit_test(the_memory_grows),
    };
    return cmocka_run_group_tests_name("properties_option", tests, NULL, NULL);
}
