/* umqtt_subscribe_test.c — subscribing and unsubscribing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "umqtt/client.h"
#include "umqtt/umqtt_testing.h"

static const struct umqtt_bytes NOTHING = {NULL, 0};

static void subscribing(void **state)
{
    (void)state;
    struct world world;
    uint16_t packet_id;
    struct umqtt_subscription subscriptions[] = {
        {.filter = umqtt_text("a/+"), .qos = 1},
        {.filter = umqtt_text("#"),
         .qos = 2,
         .no_local = true,
         .retain_as_published = true,
         .retain_handling = UMQTT_RETAIN_SEND_NONE},
    };
    given_connected(&world, UMQTT_5);
    assert_int_equal(umqtt_send_subscribe(&world.client, subscriptions, 2,
                                          umqtt_bytes("\x0b\x05", 2), &packet_id),
                     UMQTT_OK);
    assert_int_equal(packet_id, 1);
    then_sends(&world, "82 0f 00 01 02 0b 05 00 03 'a/+' 01 00 01 '#' 2e");
    when_receives(&world, "90 05 00 01 00 01 87");
    then_tells(&world, "subscribed 1: 01 87");
    struct umqtt_bytes filters[] = {umqtt_text("a/+"), umqtt_text("#")};
    assert_int_equal(umqtt_send_unsubscribe(&world.client, filters, 2, NOTHING, &packet_id),
                     UMQTT_OK);
    then_sends(&world, "a2 0b 00 02 00 00 03 'a/+' 00 01 '#'");
    when_receives(&world, "b0 05 00 02 00 00 11");
    then_tells(&world, "unsubscribed 2: 00 11");

    given_connected(&world, UMQTT_3_1_1);
    assert_int_equal(umqtt_send_subscribe(&world.client, subscriptions, 1, NOTHING, NULL),
                     UMQTT_OK);
    then_sends(&world, "82 08 00 01 00 03 'a/+' 01");
    when_receives(&world, "90 03 00 01 80");
    then_tells(&world, "subscribed 1: 80");
    assert_int_equal(umqtt_send_subscribe(&world.client, subscriptions + 1, 1, NOTHING, NULL),
                     UMQTT_INVALID); /* its options are 5.0's */
    assert_int_equal(umqtt_send_unsubscribe(&world.client, filters, 1, NOTHING, NULL), UMQTT_OK);
    then_sends(&world, "a2 07 00 02 00 03 'a/+'");
    when_receives(&world, "b0 02 00 02");
    then_tells(&world, "unsubscribed 2:");
}

static void subscribing_survives_a_break(void **state)
{
    (void)state;
    struct world world;
    struct umqtt_subscription subscription = {.filter = umqtt_text("f"), .qos = 1};
    given_connected(&world, UMQTT_3_1_1);
    assert_int_equal(umqtt_send_subscribe(&world.client, &subscription, 1, NOTHING, NULL),
                     UMQTT_OK);
    then_sends(&world, "82 06 00 01 00 01 'f' 01");
    when_breaks(&world);
    given_reconnected(&world, false);
    then_sends(&world, "82 06 00 01 00 01 'f' 01");
    when_receives(&world, "90 03 00 01 01");
    then_tells(&world, "connected; subscribed 1: 01");
}

static void illegal_filters(void **state)
{
    (void)state;
    struct world world;
    static const char *const FILTERS[] = {
        "", "a#", "#/a", "a/b+", "a\xc0\x80", "$share//a", "$share/n", "$share/n+/a", "$share/n/"};
    given_connected(&world, UMQTT_5);
    struct umqtt_subscription subscription = {0};
    for (size_t i = 0; i < sizeof FILTERS / sizeof FILTERS[0]; i++) {
        subscription.filter = umqtt_text(FILTERS[i]);
        assert_int_equal(umqtt_send_subscribe(&world.client, &subscription, 1, NOTHING, NULL),
                         UMQTT_INVALID);
        assert_int_equal(
            umqtt_send_unsubscribe(&world.client, &subscription.filter, 1, NOTHING, NULL),
            UMQTT_INVALID);
    }
    subscription.filter = umqtt_text("$share/n/a");
    assert_int_equal(umqtt_send_subscribe(&world.client, &subscription, 1, NOTHING, NULL),
                     UMQTT_OK);
    subscription.no_local = true;
    assert_int_equal(umqtt_send_subscribe(&world.client, &subscription, 1, NOTHING, NULL),
                     UMQTT_INVALID);
    assert_int_equal(umqtt_send_subscribe(&world.client, &subscription, 0, NOTHING, NULL),
                     UMQTT_INVALID);
    assert_int_equal(umqtt_send_unsubscribe(&world.client, NULL, 0, NOTHING, NULL), UMQTT_INVALID);
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("[MQTT-3.8.1-1][MQTT-3.10.1-1][v3 MQTT-3.8.1-1][v3 MQTT-3.10.1-1] subscribing and "
             "unsubscribing",
             subscribing),
        TEST("a SUBSCRIBE without answer is sent again", subscribing_survives_a_break),
        TEST("[MQTT-3.8.3-1, -2, -4][MQTT-3.10.3-1, -2][MQTT-4.7.1-1, -2][MQTT-4.8.2-1, -2][v3 "
             "MQTT-3.8.3-1, -3][v3 MQTT-3.10.3-1, -2][v3 MQTT-4.7.1-2, -3] filters that may not be",
             illegal_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
