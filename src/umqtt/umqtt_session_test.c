/* umqtt_session_test.c — the life of a client: CONNACK, keep alive, endings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "umqtt/client.h"
#include "umqtt/umqtt_testing.h"

static const struct umqtt_bytes NOTHING = {NULL, 0};

/* CONNACK */

static void connack_first(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    given_connecting(&world);
    when_offered(&world, "d0 00");
    then_closes(&world);
    then_tells(&world, "disconnected error 10 reason 82");
    given_connected(&world, UMQTT_3_1_1);
    when_receives(&world, "20 02 00 00"); /* and once */
    then_closes(&world);
    then_tells(&world, "disconnected error 10 reason 82");
}

static void connack_refuses(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    given_connecting(&world);
    when_receives(&world, "20 02 00 05");
    then_sends(&world, "");
    then_closes(&world);
    then_tells(&world, "ending error 6 reason 05; disconnected error 6 reason 05");
    given_client(&world, UMQTT_5);
    given_connecting(&world);
    when_receives(&world, "20 08 00 87 05 1f 00 02 'no'");
    then_sends(&world, "");
    then_closes(&world);
    then_tells(&world, "ending error 6 reason 87 1f 00 02 6e 6f; disconnected error 6 reason 87");
}

static void session_nobody_asked_for(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_5);
    given_connecting(&world);
    when_receives(&world, "20 03 01 00 00");
    then_closes(&world);
    then_tells(&world, "disconnected error 10 reason 82");
    given_client(&world, UMQTT_5);
    world.options.clean_start = false;
    given_connecting(&world);
    when_receives(&world, "20 03 01 00 00");
    then_tells(&world, "connected again");
}

static void bad_connacks(void **state)
{
    (void)state;
    static const char *const BAD[] = {"20 02 02 00", "20 03 00 00 00", "21 02 00 00", "20 01 00"};
    static const char *const BAD_5[] = {"20 02 00 00", "20 03 00 01 00", "20 05 00 00 02 24 02",
                                        "20 06 00 00 03 23 00 01"};
    struct world world;
    for (size_t i = 0; i < 4; i++) {
        given_client(&world, UMQTT_3_1_1);
        given_connecting(&world);
        when_offered(&world, BAD[i]);
        then_sends(&world, "");
        then_closes(&world);
        given_client(&world, UMQTT_5);
        given_connecting(&world);
        when_offered(&world, BAD_5[i]);
        then_sends(&world, "");
        then_closes(&world);
    }
}

static void no_connack(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    given_connecting(&world);
    assert_int_equal(umqtt_wait_ms(&world.client, world.now_ms), 10000);
    when_passes_ms(&world, 9999);
    assert_int_equal(umqtt_wants(&world.client), UMQTT_WANTS_NOTHING);
    when_passes_ms(&world, 1);
    then_closes(&world);
    then_tells(&world, "disconnected error 8");
}

/* Keep alive */

static void pings_when_idle(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    assert_int_equal(umqtt_wait_ms(&world.client, world.now_ms), 45000);
    when_passes_ms(&world, 44999);
    then_sends(&world, "");
    when_passes_ms(&world, 1);
    then_sends(&world, "c0 00");
    when_receives(&world, "d0 00");
    then_sends(&world, "");
    assert_int_equal(umqtt_wait_ms(&world.client, world.now_ms), 45000);
}

static void pings_a_server_that_only_listens(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    when_passes_ms(&world, 30000);
    when_publishes(&world, "a", "x", 0);
    then_sends(&world, "30 04 00 01 'a' 'x'");
    when_passes_ms(&world, 15000); /* nothing heard for 45 s */
    then_sends(&world, "c0 00");
}

static void dead_peer(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_5);
    when_passes_ms(&world, 45000);
    then_sends(&world, "c0 00");
    when_passes_ms(&world, 29999);
    assert_int_equal(umqtt_state(&world.client), UMQTT_CONNECTED);
    when_passes_ms(&world, 1); /* 75 s: within 1.5 times the keep alive */
    then_sends(&world, "");
    then_closes(&world);
    then_tells(&world, "disconnected error 8");
}

static void ping_deadline_is_settable(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    world.options.ping_timeout_ms = 2000;
    given_connecting(&world);
    when_receives(&world, "20 02 00 00");
    assert_int_equal(umqtt_send_ping(&world.client, world.now_ms), UMQTT_OK);
    then_sends(&world, "c0 00");
    when_passes_ms(&world, 2000);
    then_closes(&world);
}

static void servers_keep_alive(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_5);
    given_connecting(&world);
    when_receives(&world, "20 06 00 00 03 13 00 14"); /* 20 s */
    assert_int_equal(umqtt_wait_ms(&world.client, world.now_ms), 15000);
    when_passes_ms(&world, 15000);
    then_sends(&world, "c0 00");
}

static void no_keep_alive(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    world.options.keep_alive_s = 0;
    given_connecting(&world);
    when_receives(&world, "20 02 00 00");
    assert_int_equal(umqtt_wait_ms(&world.client, world.now_ms), UMQTT_FOREVER);
}

static void time_wraps(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    world.now_ms = UINT32_MAX - 10000;
    given_connecting(&world);
    when_receives(&world, "20 02 00 00");
    when_passes_ms(&world, 44999);
    then_sends(&world, "");
    when_passes_ms(&world, 1);
    then_sends(&world, "c0 00");
    assert_int_equal(umqtt_wait_ms(&world.client, world.now_ms - 5), 30000); /* stamped later */
}

/* Endings */

static void ends_in_order(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    when_publishes(&world, "a", "x", 0);
    assert_int_equal(umqtt_send_disconnect(&world.client, world.now_ms, 0, NOTHING), UMQTT_OK);
    when_publishes(&world, "a", "y", 0);
    assert_int_equal(umqtt_wants(&world.client), UMQTT_WANTS_NOTHING);
    then_sends(&world, "e0 00"); /* and nothing behind it */
    assert_int_equal(when_offered(&world, "30 04 00 01 'a' 'x'"), 0);
    when_passes_ms(&world, 10);
    then_sends(&world, "");
    then_closes(&world);
    then_tells(&world, "disconnected error 13");
    assert_int_equal(umqtt_state(&world.client), UMQTT_IDLE);
}

static void finishes_what_it_began(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    when_publishes(&world, "a", "x", 0);
    when_publishes(&world, "b", "y", 0);
    assert_int_equal(umqtt_output(&world.client).size, 12); /* both in one write */
    umqtt_output_sent(&world.client, world.now_ms, 3);
    (void)umqtt_send_disconnect(&world.client, world.now_ms, 0, NOTHING);
    then_sends(&world, "01 'a' 'x' e0 00");
    then_closes(&world);
}

static void ends_with_reason(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_5);
    assert_int_equal(umqtt_send_disconnect(&world.client, world.now_ms, 4,
                                           umqtt_bytes("\x1f\x00\x03"
                                                       "bye",
                                                       6)),
                     UMQTT_OK);
    then_sends(&world, "e0 08 04 06 1f 00 03 'bye'");
    then_closes(&world);
    then_tells(&world, "disconnected error 13 reason 04");

    given_connected(&world, UMQTT_5); /* only reasons and properties that belong there */
    assert_int_equal(umqtt_send_disconnect(&world.client, 0, 1, NOTHING), UMQTT_INVALID);
    assert_int_equal(umqtt_send_disconnect(&world.client, 0, 0, umqtt_bytes("\x23\x00\x01", 3)),
                     UMQTT_INVALID);
    given_connected(&world, UMQTT_3_1_1);
    assert_int_equal(umqtt_send_disconnect(&world.client, 0, 4, NOTHING), UMQTT_UNSUPPORTED);
}

static void reason_string_gives_way(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_5);
    given_connecting(&world);
    when_receives(&world, "20 08 00 00 05 27 00 00 00 09"); /* Maximum Packet Size 9 */
    assert_int_equal(umqtt_send_disconnect(&world.client, world.now_ms, 4,
                                           umqtt_bytes("\x1f\x00\x03"
                                                       "bye",
                                                       6)),
                     UMQTT_OK);
    then_sends(&world, "e0 01 04");
}

static void server_ends(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_5);
    when_publishes(&world, "a", "x", 1);
    when_receives(&world, "e0 02 8b 00");
    then_sends(&world, "");
    then_closes(&world);
    then_tells(&world, "ending error 12 reason 8b; disconnected error 12 reason 8b");
    assert_int_equal(umqtt_state(&world.client), UMQTT_WAITING);
    given_connected(&world, UMQTT_5);
    when_receives(&world, "e0 02 01 00"); /* no reason of DISCONNECT's */
    then_sends(&world, "e0 01 82");
    then_closes(&world);
    given_connected(&world, UMQTT_5);
    when_receives(&world, "e1 00");
    then_sends(&world, "e0 01 81");
    then_closes(&world);
    given_connected(&world, UMQTT_3_1_1); /* there only clients send it */
    when_receives(&world, "e0 00");
    then_closes(&world);
}

static void lingers_no_longer_than_a_second(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    (void)umqtt_send_disconnect(&world.client, world.now_ms, 0, NOTHING);
    assert_int_equal(umqtt_wait_ms(&world.client, world.now_ms), 1000);
    when_passes_ms(&world, 1000); /* the transport takes nothing */
    then_closes(&world);
}

static void ends_in_every_state(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    (void)umqtt_send_disconnect(&world.client, 0, 0, NOTHING);
    assert_int_equal(umqtt_state(&world.client), UMQTT_IDLE);
    assert_int_equal(umqtt_start(&world.client, 0), UMQTT_OK);
    (void)umqtt_send_disconnect(&world.client, 0, 0, NOTHING); /* while opening */
    then_closes(&world);
    then_tells(&world, "disconnected error 13");
    given_connecting(&world);
    (void)umqtt_send_disconnect(&world.client, 0, 0, NOTHING); /* before CONNACK */
    then_sends(&world, "");
    then_closes(&world);
    then_tells(&world, "disconnected error 13");
    given_connecting(&world);
    when_breaks(&world);
    assert_int_equal(umqtt_state(&world.client), UMQTT_WAITING);
    (void)umqtt_send_disconnect(&world.client, 0, 0, NOTHING);
    assert_int_equal(umqtt_state(&world.client), UMQTT_IDLE);
    then_tells(&world, "");
}

/* What a server may not do */

static void violations(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *answer;
    } CASES[] = {
        {"00 00", "e0 01 81"},             /* no packet type */
        {"80 80 80 80 80 01", "e0 01 81"}, /* a length of five bytes */
        {"40 80 00", "e0 01 81"},          /* a length that could be shorter */
        {"d1 00", "e0 01 81"},             /* flags */
        {"60 02 00 01", "e0 01 81"},       /* PUBREL without its flags */
        {"d0 01 00", "e0 01 81"},          /* too long */
        {"40 01 00", "e0 01 81"},          /* too short */
        {"40 02 00 00", "e0 01 82"},       /* packet identifier 0 */
        {"40 03 00 01 01", "e0 01 82"},    /* a reason of another packet */
        {"50 03 00 01 92", "e0 01 82"},
        {"62 03 00 01 10", "e0 01 82"},
        {"70 03 00 01 80", "e0 01 82"},
        {"10 00", "e0 01 82"}, /* packets of clients */
        {"82 00", "e0 01 82"},
        {"a2 00", "e0 01 82"},
        {"c0 00", "e0 01 82"},
        {"36 04 00 01 'a' 'x'", "e0 01 81"},    /* QoS 3 */
        {"38 05 00 01 'a' 00 'x'", "e0 01 81"}, /* DUP, QoS 0 */
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct world world;
        given_connected(&world, UMQTT_5);
        when_offered(&world, CASES[i].bytes);
        then_sends(&world, CASES[i].answer);
        then_closes(&world);
    }
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("nothing comes before CONNACK, and it comes once", connack_first),
        TEST("[MQTT-4.13.2-1] a CONNACK that refuses closes, and says why", connack_refuses),
        TEST("[MQTT-3.2.2-4] session present after a clean start closes", session_nobody_asked_for),
        TEST("[MQTT-2.1.3-1][v3 MQTT-2.2.2-1, -2] CONNACKs that are none close", bad_connacks),
        TEST("no CONNACK in time", no_connack),
        TEST("[MQTT-3.1.2-20][v3 MQTT-3.1.2-23] PINGREQ when nothing else goes out",
             pings_when_idle),
        TEST("PINGREQ when nothing is heard", pings_a_server_that_only_listens),
        TEST("a dead peer is noticed within 1.5 times the keep alive", dead_peer),
        TEST("the PINGRESP deadline is settable", ping_deadline_is_settable),
        TEST("[MQTT-3.1.2-21][MQTT-3.2.2-21] the server's keep alive counts", servers_keep_alive),
        TEST("keep alive 0 never pings", no_keep_alive),
        TEST("the clock may wrap, and be late", time_wraps),
        TEST("[MQTT-3.14.4-1, -2][v3 MQTT-3.14.4-1, -2] after DISCONNECT nothing is "
             "sent, and the transport is closed",
             ends_in_order),
        TEST("DISCONNECT waits for the packet that is going out", finishes_what_it_began),
        TEST("[MQTT-3.14.2-1] DISCONNECT has a reason of its own", ends_with_reason),
        TEST("[MQTT-3.14.2-3, -4] properties that make DISCONNECT too large are left out",
             reason_string_gives_way),
        TEST("[MQTT-3.14.1-1][MQTT-4.13.2-1] the server's DISCONNECT", server_ends),
        TEST("the last bytes have a second", lingers_no_longer_than_a_second),
        TEST("DISCONNECT in every state", ends_in_every_state),
        TEST("[MQTT-1.5.5-1][MQTT-2.1.3-1][MQTT-3.3.1-2, -4][MQTT-3.4.2-1][MQTT-3.5.2-1]"
             "[MQTT-3.6.1-1][MQTT-3.6.2-1][MQTT-3.7.2-1][MQTT-4.13.2-1]"
             "[v3 MQTT-4.8.0-1] what a server may not send ends the connection, with "
             "its reason",
             violations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
