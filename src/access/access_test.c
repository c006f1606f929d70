/* access_test.c — the rules of access.h. */
#include "access/access.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void only_the_broker_writes_to_its_own_topics(void **state)
{
    (void)state;
    assert_false(access_may_publish(BYTES("$SYS")));
    assert_false(access_may_publish(BYTES("$SYS/broker/uptime")));
    assert_false(access_may_publish(BYTES("$CONTROL/midge/v1")));
    assert_true(access_may_publish(BYTES("$SYSTEM/mine")));
    assert_true(access_may_publish(BYTES("$other")));
    assert_true(access_may_publish(BYTES("hello")));
}

static void everybody_reads_sys(void **state)
{
    (void)state;
    assert_true(access_may_subscribe(BYTES("$SYS/#")));
    assert_true(access_may_subscribe(BYTES("#")));
    assert_false(access_may_subscribe(BYTES("$CONTROL/#")));
}

static void anonymous_clients_are_the_listeners_choice(void **state)
{
    (void)state;
    assert_true(access_may_connect(true));
    assert_false(access_may_connect(false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_broker_writes_to_its_own_topics),
        cmocka_unit_test(everybody_reads_sys),
        cmocka_unit_test(anonymous_clients_are_the_listeners_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
