/* topic_aliases_test.c — numbers that stand for names. */
#include "core/topic_aliases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void client_chooses(void **state)
{
    (void)state;
    struct topic_aliases aliases;
    topic_aliases_init(&aliases, 2);
    assert_int_equal(topic_aliases_get(&aliases, 1).size, 0);
    assert_true(topic_aliases_set(&aliases, 2, BYTES("a/b")));
    assert_true(bytes_equal(topic_aliases_get(&aliases, 2), BYTES("a/b")));
    assert_int_equal(topic_aliases_get(&aliases, 0).size, 0);
    assert_int_equal(topic_aliases_get(&aliases, 1).size, 0);
    assert_int_equal(topic_aliases_get(&aliases, 3).size, 0);
    assert_true(topic_aliases_set(&aliases, 2, topic_aliases_get(&aliases, 2))); /* to itself */
    assert_true(topic_aliases_set(&aliases, 2, BYTES("another")));
    assert_true(bytes_equal(topic_aliases_get(&aliases, 2), BYTES("another")));
    topic_aliases_fini(&aliases);
}

static void we_choose(void **state)
{
    (void)state;
    struct topic_aliases aliases;
    bool is_new;
    topic_aliases_init(&aliases, 2);
    assert_int_equal(topic_aliases_assign(&aliases, BYTES("a"), &is_new), 1);
    assert_true(is_new);
    assert_int_equal(topic_aliases_assign(&aliases, BYTES("b"), &is_new), 2);
    assert_true(is_new);
    assert_int_equal(topic_aliases_assign(&aliases, BYTES("a"), &is_new), 1);
    assert_false(is_new);
    assert_int_equal(topic_aliases_assign(&aliases, BYTES("c"), &is_new), 0);
    assert_false(is_new);
    topic_aliases_fini(&aliases);
    topic_aliases_init(&aliases, 0);
    assert_int_equal(topic_aliases_assign(&aliases, BYTES("a"), &is_new), 0);
    topic_aliases_fini(&aliases);
}

static void no_more_than_can_be_searched(void **state)
{
    (void)state;
    struct topic_aliases aliases;
    bool is_new;
    char name[16];
    uint16_t last = 0;
    topic_aliases_init(&aliases, 65535);
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "t/%d", i);
        uint16_t alias = topic_aliases_assign(&aliases, bytes_of_text(name), &is_new);
        last = alias > last ? alias : last;
    }
    assert_in_range(last, 1, 64);
    topic_aliases_fini(&aliases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"[MQTT-3.3.2-12] the client chooses", client_chooses, NULL, NULL, NULL},
        {"[MQTT-3.1.2-26, -27][MQTT-3.3.2-8, -11] we choose, within the client's maximum",
         we_choose, NULL, NULL, NULL},
        {"no more than can be searched", no_more_than_can_be_searched, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
