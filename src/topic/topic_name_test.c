/* topic_name_test.c — what may be published to. */
#include "topic/topic_name.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void good_names(void **state)
{
    (void)state;
    assert_true(topic_name_is_valid(BYTES("a")));
    assert_true(topic_name_is_valid(BYTES("/")));
    assert_true(topic_name_is_valid(BYTES("Accounts payable/gr\xC3\xBC\xC3\x9F")));
    assert_true(topic_name_is_valid(BYTES("$SYS/broker/uptime")));
}

static void wildcards_are_refused(void **state)
{
    (void)state;
    assert_false(topic_name_is_valid(BYTES("a/+")));
    assert_false(topic_name_is_valid(BYTES("a/#")));
    assert_false(topic_name_is_valid(BYTES("a+b")));
    assert_false(topic_name_is_valid(BYTES("#")));
}

static void empty_is_refused(void **state)
{
    (void)state;
    assert_false(topic_name_is_valid(BYTES("")));
    assert_false(topic_name_is_valid(bytes_of(NULL, 0)));
}

static void zero_is_refused(void **state)
{
    (void)state;
    assert_false(topic_name_is_valid(BYTES("a\0b")));
    assert_false(topic_name_is_valid(BYTES("\0")));
}

static void too_long_is_refused(void **state)
{
    (void)state;
    static char name[65536];
    memset(name, 'n', sizeof(name));
    assert_true(topic_name_is_valid(bytes_of(name, 65535)));
    assert_false(topic_name_is_valid(bytes_of(name, 65536)));
}

static void ill_formed_is_refused(void **state)
{
    (void)state;
    assert_false(topic_name_is_valid(BYTES("a/\xED\xA0\x80")));
    assert_false(topic_name_is_valid(BYTES("a/\xFF")));
}

static void levels_are_counted(void **state)
{
    (void)state;
    static char slashes[65535];
    memset(slashes, '/', sizeof(slashes));
    assert_int_equal(topic_name_level_count(BYTES("a")), 1);
    assert_int_equal(topic_name_level_count(BYTES("a/b")), 2);
    assert_int_equal(topic_name_level_count(BYTES("/")), 2);
    assert_int_equal(topic_name_level_count(bytes_of(slashes, sizeof(slashes))), 65536);
}

static void dollar_reserves(void **state)
{
    (void)state;
    assert_true(topic_name_is_reserved(BYTES("$SYS")));
    assert_false(topic_name_is_reserved(BYTES("a/$SYS")));
    assert_false(topic_name_is_reserved(BYTES("")));
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] =
    { TEST("good names are valid", good_names),
      TEST("[MQTT-3.3.2-2][MQTT-4.7.0-1][v3 MQTT-3.3.2-2][v3 MQTT-4.7.1-1] a name has no "
           "wildcards",
           wildcards_are_refused),
      TEST("[MQTT-4.7.3-1][v3 MQTT-4.7.3-1] an empty name is refused", empty_is_refused),
      TEST("[MQTT-4.7.3-2][v3 MQTT-4.7.3-2] a name with U+0000 is refused", zero_is_refused),
      TEST("[MQTT-4.7.3-3][v3 MQTT-4.7.3-3] a name of 65536 bytes is refused", too_long_is_refused),
      TEST("[MQTT-1.5.4-1][v3 MQTT-1.5.3-1] an ill-formed name is refused", ill_formed_is_refused),
      TEST("levels are counted", levels_are_counted),
      TEST("`$` in front reserves a name", dollar_reserves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
