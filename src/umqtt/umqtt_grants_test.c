/* umqtt_grants_test.c — what a server of 5.0 grants in CONNACK is not overstepped: Receive Maximum,
 * Maximum QoS, retained messages, packet size, topic aliases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "umqtt/client.h"
#include "umqtt/umqtt_testing.h"

static const struct umqtt_bytes NOTHING = {NULL, 0};

static void receive_maximum(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_5);
    given_connecting(&world);
    when_receives(&world, "20 06 00 00 03 21 00 02");
    when_publishes(&world, "a", "1", 1);
    when_publishes(&world, "a", "2", 2);
    when_publishes(&world, "a", "3", 1);
    when_publishes(&world, "a", "4", 0);
    struct umqtt_subscription subscription = {.filter = umqtt_text("f")};
    assert_int_equal(umqtt_send_subscribe(&world.client, &subscription, 1, NOTHING, NULL),
                     UMQTT_OK);
    then_sends(&world, "32 07 00 01 'a' 00 01 00 '1' 34 07 00 01 'a' 00 02 00 '2' "
                       "30 05 00 01 'a' 00 '4' 82 07 00 04 00 00 01 'f' 00");
    when_receives(&world, "50 02 00 02"); /* not yet complete */
    then_sends(&world, "62 02 00 02");
    when_receives(&world, "70 02 00 02");
    then_sends(&world, "32 07 00 01 'a' 00 03 00 '3'");
    when_publishes(&world, "a", "5", 1);
    then_sends(&world, "");
    when_receives(&world, "40 03 00 01 80"); /* a refusal gives the quota back, too */
    then_sends(&world, "32 07 00 01 'a' 00 05 00 '5'");
}

static void receive_maximum_after_a_break(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_5);
    world.options.clean_start = false;
    given_connecting(&world);
    when_receives(&world, "20 06 00 00 03 21 00 01");
    when_publishes(&world, "a", "1", 2);
    when_publishes(&world, "a", "2", 1);
    then_sends(&world, "34 07 00 01 'a' 00 01 00 '1'");
    when_receives(&world, "50 02 00 01");
    when_breaks(&world);
    when_passes_ms(&world, 60000);
    given_connecting(&world);
    when_receives(&world, "20 06 01 00 03 21 00 01");
    then_sends(&world, "62 02 00 01"); /* still in flight: the other one waits */
    when_receives(&world, "70 02 00 01");
    then_sends(&world, "32 07 00 01 'a' 00 02 00 '2'");
}

static enum umqtt_error publish_error(struct world *world, uint8_t qos, bool retain,
                                      const char *payload)
{
    struct umqtt_publication publication = {
        .topic = umqtt_text("a"), .payload = umqtt_text(payload), .qos = qos, .retain = retain};
    return umqtt_send_publish(&world->client, &publication, NULL);
}

static void not_granted(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_5);
    /* Queued before we know: told when CONNACK says so. */
    assert_int_equal(publish_error(&world, 2, false, "x"), UMQTT_OK);
    assert_int_equal(publish_error(&world, 0, true, "x"), UMQTT_OK);
    assert_int_equal(publish_error(&world, 1, false, "0123456789"), UMQTT_OK);
    assert_int_equal(publish_error(&world, 1, false, "ok"), UMQTT_OK);
    given_connecting(&world);
    /* Maximum QoS 1, no retained messages, packets of 10 bytes */
    when_receives(&world, "20 0c 00 00 09 24 01 25 00 27 00 00 00 0a");
    then_tells(&world, "acknowledged 1 error 5 reason 9b; acknowledged 0 error 5 reason 9a; "
                       "acknowledged 2 error 5 reason 95; connected 24 01 25 00 27 00 00 00 0a");
    then_sends(&world, "32 08 00 01 'a' 00 03 00 'ok'");
    assert_int_equal(publish_error(&world, 2, false, "x"), UMQTT_UNSUPPORTED);
    assert_int_equal(publish_error(&world, 1, true, "x"), UMQTT_UNSUPPORTED);
    assert_int_equal(publish_error(&world, 1, false, "0123"), UMQTT_TOO_LARGE);
    assert_int_equal(publish_error(&world, 1, false, "012"), UMQTT_TOO_LARGE);
    assert_int_equal(publish_error(&world, 1, false, "01"), UMQTT_OK);
    struct umqtt_bytes filter = umqtt_text("12345");
    assert_int_equal(umqtt_send_unsubscribe(&world.client, &filter, 1, NOTHING, NULL),
                     UMQTT_TOO_LARGE);
    when_breaks(&world);
    assert_int_equal(publish_error(&world, 2, true, "0123"), UMQTT_OK); /* another may grant it */
}

static void aliases(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_5);
    struct umqtt_publication publication = {
        .topic = umqtt_text("a/b"), .payload = umqtt_text("x"), .topic_alias = 1};
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_NOT_CONNECTED);
    given_connecting(&world);
    when_receives(&world, "20 06 00 00 03 22 00 02"); /* Topic Alias Maximum 2 */
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_OK);
    publication.topic = NOTHING;
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_OK);
    then_sends(&world, "30 0a 00 03 'a/b' 03 23 00 01 'x' 30 07 00 00 03 23 00 01 'x'");
    publication.qos = 1; /* could not be sent again */
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_INVALID);
    publication.topic_alias = 3;
    publication.topic = umqtt_text("a/b");
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_UNSUPPORTED);
    given_connected(&world, UMQTT_5); /* a server that grants none */
    publication.topic_alias = 1;
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_UNSUPPORTED);
    given_connected(&world, UMQTT_3_1_1);
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_UNSUPPORTED);
}

static void aliases_end_with_their_connection(void **state)
{
    (void)state;
    struct world world;
    static char large[118]; /* its packet loses a byte of its length with the alias */
    memset(large, 'x', sizeof large - 1);
    given_client(&world, UMQTT_5);
    world.options.clean_start = false;
    given_connecting(&world);
    when_receives(&world, "20 06 00 00 03 22 00 02");
    struct umqtt_publication publication = {.topic = umqtt_text("a/b"),
                                            .payload = umqtt_text(large),
                                            .properties = umqtt_bytes("\x01\x01", 2),
                                            .topic_alias = 1,
                                            .qos = 1};
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_OK);
    publication.payload = umqtt_text("y");
    publication.by_reference = true;
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_OK);
    publication.topic = NOTHING;
    publication.qos = 0;
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_OK);
    when_publishes(&world, "z", "z", 1);
    struct umqtt_bytes out = umqtt_output(&world.client);
    assert_int_equal(out.data[1], 0x82); /* 130 bytes: a length of two */
    umqtt_output_sent(&world.client, world.now_ms, out.size);
    when_breaks(&world);
    when_passes_ms(&world, 60000);
    given_connecting(&world);
    when_receives(&world, "20 03 01 00 00");
    then_tells(&world, "acknowledged 0 error 5 reason 94; connected again");
    char expected[600];
    snprintf(expected, sizeof expected,
             "3a 7f 00 03 'a/b' 00 01 02 01 01 '%s' 32 0b 00 03 'a/b' 00 02 02 01 01 'y' "
             "32 07 00 01 'z' 00 03 00 'z'",
             large);
    then_sends(&world, expected);
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] =
    { TEST("[MQTT-3.3.4-7, -8][MQTT-4.9.0-1, -2, -3] the server's Receive Maximum holds back "
           "QoS 1 and 2, and nothing else",
           receive_maximum),
      TEST("[MQTT-4.9.0-1] what is in flight after a break counts", receive_maximum_after_a_break),
      TEST("[MQTT-3.2.2-11, -14, -15] nothing that the server does not grant is sent", not_granted),
      TEST("[MQTT-3.2.2-17, -18][MQTT-3.3.2-8, -9] aliases within the server's maximum", aliases),
      TEST("[MQTT-3.3.2-7] aliases end with their connection", aliases_end_with_their_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
