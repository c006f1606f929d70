/* umqtt_reconnect_test.c — coming back: when, how often, and with what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "umqtt/client.h"
#include "umqtt/umqtt_testing.h"

static void pauses_grow(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    world.options.reconnect_min_ms = 100;
    world.options.reconnect_max_ms = 1000;
    assert_int_equal(umqtt_start(&world.client, 0), UMQTT_OK);
    static const uint32_t EXPECTED_MS[] = {100, 200, 400, 800, 1000, 1000, 1000};
    for (size_t i = 0; i < 7; i++) {
        umqtt_closed(&world.client, world.now_ms); /* could not be opened */
        assert_int_equal(umqtt_state(&world.client), UMQTT_WAITING);
        uint32_t pause_ms = umqtt_wait_ms(&world.client, world.now_ms);
        assert_in_range(pause_ms, EXPECTED_MS[i] / 2, EXPECTED_MS[i]);
        when_passes_ms(&world, pause_ms - 1);
        assert_int_equal(umqtt_wants(&world.client), UMQTT_WANTS_NOTHING);
        when_passes_ms(&world, 1);
        assert_int_equal(umqtt_wants(&world.client), UMQTT_WANTS_OPEN);
    }
    given_connecting(&world);
    world.log[0] = '\0';
    when_receives(&world, "20 02 00 00");
    when_breaks(&world); /* it had worked: the first pause again */
    assert_in_range(umqtt_wait_ms(&world.client, world.now_ms), 50, 100);
}

static void pauses_differ(void **state)
{
    (void)state;
    uint32_t pauses[8];
    static const char *const NAMES[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    unsigned different = 0;
    for (size_t i = 0; i < 8; i++) {
        struct world world;
        given_client(&world, UMQTT_3_1_1);
        world.options.client_id = umqtt_text(NAMES[i]);
        umqtt_init(&world.client, &world.options);
        assert_int_equal(umqtt_start(&world.client, 0), UMQTT_OK);
        umqtt_closed(&world.client, 0);
        pauses[i] = umqtt_wait_ms(&world.client, 0);
        different += i > 0 && pauses[i] != pauses[0];
    }
    assert_true(different >= 6);
}

static void refused_waits_long(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    given_connecting(&world);
    when_receives(&world, "20 02 00 04");
    then_closes(&world);
    assert_in_range(umqtt_wait_ms(&world.client, world.now_ms), 30000, 60000);
}

static void no_more_tries(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    world.options.reconnect_max_ms = 0;
    given_connecting(&world);
    when_breaks(&world);
    assert_int_equal(umqtt_state(&world.client), UMQTT_IDLE);
    assert_int_equal(umqtt_wait_ms(&world.client, world.now_ms), UMQTT_FOREVER);
}

static void second_connect_of_5_resumes(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_5);
    world.options.connect_properties = umqtt_bytes("\x11\x00\x00\x01\x00", 5);
    given_connecting(&world);
    when_receives(&world, "20 03 00 00 00");
    when_breaks(&world);
    when_passes_ms(&world, 60000);
    umqtt_opened(&world.client, world.now_ms);
    assert_int_equal(umqtt_output(&world.client).data[9], 0); /* Clean Start 0 */

    given_client(&world, UMQTT_5); /* the server grants no session */
    world.options.connect_properties = umqtt_bytes("\x11\x00\x00\x01\x00", 5);
    given_connecting(&world);
    when_receives(&world, "20 08 00 00 05 11 00 00 00 00");
    when_breaks(&world);
    when_passes_ms(&world, 60000);
    umqtt_opened(&world.client, world.now_ms);
    assert_int_equal(umqtt_output(&world.client).data[9], 2);
}

static void nothing_leaks_into_the_next(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    when_publishes(&world, "a", "xyz", 1);
    (void)umqtt_output(&world.client);
    umqtt_output_sent(&world.client, world.now_ms, 4);  /* half of it */
    when_receives(&world, "32 0a 00 01 'a' 00 05 'h'"); /* half of one */
    when_breaks(&world);
    given_reconnected(&world, false);
    then_tells(&world, "connected");
    then_sends(&world, "32 08 00 01 'a' 00 01 'xyz'"); /* not sent before: DUP 0 */
    when_receives(&world, "32 06 00 01 'a' 00 05 'h'");
    then_sends(&world, "40 02 00 05");
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("pauses double up to the longest, and start anew when it had worked", pauses_grow),
        TEST("no two devices pause alike", pauses_differ),
        TEST("a refused client waits long", refused_waits_long),
        TEST("no more tries than wanted", no_more_tries),
        TEST("[MQTT-3.1.2-23] the second connection resumes the session",
             second_connect_of_5_resumes),
        TEST("[v3 MQTT-4.8.0-2] half packets die with their connection",
             nothing_leaks_into_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
