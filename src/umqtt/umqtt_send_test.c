/* umqtt_send_test.c — what the program asks for: publishing at each QoS and again after a break;
 * a full outbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "umqtt/client.h"
#include "umqtt/outbox.h"
#include "umqtt/umqtt_testing.h"

static const struct umqtt_bytes NOTHING = {NULL, 0};

static enum umqtt_error publish_error(struct world *world, uint8_t qos, bool retain,
                                      const char *payload)
{
    struct umqtt_publication publication = {
        .topic = umqtt_text("a"), .payload = umqtt_text(payload), .qos = qos, .retain = retain};
    return umqtt_send_publish(&world->client, &publication, NULL);
}

/* QoS */

static void qos_0(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    assert_int_equal(when_publishes(&world, "a/b", "hi", 0), 0);
    then_sends(&world, "30 07 00 03 'a/b' 'hi'");
    assert_true(umqtt_is_settled(&world.client));
    given_connected(&world, UMQTT_5);
    when_publishes(&world, "a/b", "hi", 0);
    then_sends(&world, "30 08 00 03 'a/b' 00 'hi'");
    then_tells(&world, "");
}

static void qos_1(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    assert_int_equal(when_publishes(&world, "a", "x", 1), 1);
    assert_int_equal(when_publishes(&world, "a", "y", 1), 2);
    then_sends(&world, "32 06 00 01 'a' 00 01 'x' 32 06 00 01 'a' 00 02 'y'");
    when_passes_ms(&world, 40000); /* never again on this connection */
    then_sends(&world, "");
    when_receives(&world, "40 02 00 01");
    then_tells(&world, "acknowledged 1");
    assert_false(umqtt_is_settled(&world.client));
    when_receives(&world, "40 02 00 01"); /* again: for nothing any more */
    when_receives(&world, "50 02 00 09"); /* for nothing we know: the server may finish */
    then_sends(&world, "62 02 00 09");
    when_receives(&world, "40 02 00 02");
    then_tells(&world, "acknowledged 2");
    assert_true(umqtt_is_settled(&world.client));
}

static void qos_2(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    when_publishes(&world, "a", "x", 2);
    then_sends(&world, "34 06 00 01 'a' 00 01 'x'");
    when_receives(&world, "70 02 00 01"); /* too early: not what it waits for */
    when_receives(&world, "40 02 00 01");
    then_tells(&world, "");
    when_receives(&world, "50 02 00 01");
    then_sends(&world, "62 02 00 01");
    then_tells(&world, "");
    when_receives(&world, "50 02 00 01"); /* repeated */
    then_sends(&world, "62 02 00 01");
    when_receives(&world, "70 02 00 01");
    then_tells(&world, "acknowledged 1");
    assert_true(umqtt_is_settled(&world.client));
}

static void refused_by_ack(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_5);
    when_publishes(&world, "a", "x", 2);
    when_publishes(&world, "a", "y", 1);
    then_sends(&world, "34 07 00 01 'a' 00 01 00 'x' 32 07 00 01 'a' 00 02 00 'y'");
    when_receives(&world, "50 03 00 01 87");
    when_receives(&world, "40 09 00 02 97 05 1f 00 02 'no'");
    then_tells(&world, "acknowledged 1 error 6 reason 87; acknowledged 2 error 6 reason 97 1f 00 "
                       "02 6e 6f");
    then_sends(&world, "");
    when_publishes(&world, "a", "z", 2);
    then_sends(&world, "34 07 00 01 'a' 00 03 00 'z'");
    when_receives(&world, "50 02 00 03");
    then_sends(&world, "62 02 00 03");
    when_receives(&world, "70 03 00 03 92"); /* no refusal: it was complete there already */
    then_tells(&world, "acknowledged 3 reason 92");
}

static void pubrels_keep_order(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    for (int i = 0; i < 3; i++)
        when_publishes(&world, "a", "", 2);
    then_sends(&world, "34 05 00 01 'a' 00 01 34 05 00 01 'a' 00 02 34 05 00 01 'a' 00 03");
    when_receives(&world, "50 02 00 02 50 02 00 01 50 02 00 03");
    then_sends(&world, "62 02 00 02 62 02 00 01 62 02 00 03");
}

static void more_is_not_said_in_acks(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_5);
    given_connecting(&world);
    when_receives(&world, "20 08 00 00 05 27 00 00 00 05"); /* Maximum Packet Size 5 */
    when_receives(&world, "62 02 00 07"); /* unknown: reason 0x92, and never properties */
    then_sends(&world, "70 03 00 07 92");
    when_receives(&world, "50 02 00 08");
    then_sends(&world, "62 03 00 08 92");
    when_receives(&world, "32 06 00 01 'a' 00 01 00 34 06 00 01 'a' 00 02 00");
    then_sends(&world, "40 02 00 01 50 02 00 02");
}

/* After a break */

static void again_after_a_break(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    world.options.clean_start = false;
    given_connecting(&world);
    when_receives(&world, "20 02 00 00");
    when_publishes(&world, "a", "1", 1);
    when_publishes(&world, "b", "2", 2);
    when_publishes(&world, "c", "3", 2);
    then_sends(&world, "32 06 00 01 'a' 00 01 '1' 34 06 00 01 'b' 00 02 '2' 34 06 00 01 'c' 00 03 "
                       "'3'");
    when_receives(&world, "50 02 00 02");
    when_breaks(&world); /* PUBREL had not gone out */
    when_publishes(&world, "d", "4", 1);
    when_publishes(&world, "e", "5", 0);
    given_reconnected(&world, true);
    then_sends(&world, "3a 06 00 01 'a' 00 01 '1' 62 02 00 02 3c 06 00 01 'c' 00 03 '3' "
                       "32 06 00 01 'd' 00 04 '4' 30 04 00 01 'e' '5'");
    when_receives(&world, "70 02 00 02 40 02 00 01 40 02 00 04 50 02 00 03");
    then_sends(&world, "62 02 00 03");
    when_breaks(&world);
    given_reconnected(&world, true);
    then_sends(&world, "62 02 00 03"); /* no PUBLISH again */
    when_receives(&world, "70 02 00 03");
    then_tells(&world, "connected again; acknowledged 3");
    assert_true(umqtt_is_settled(&world.client));
}

static void in_a_new_session(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    when_publishes(&world, "a", "1", 1);
    when_publishes(&world, "b", "2", 2);
    then_sends(&world, "32 06 00 01 'a' 00 01 '1' 34 06 00 01 'b' 00 02 '2'");
    when_receives(&world, "50 02 00 02");
    when_receives(&world, "34 05 00 01 'm' 00 07");
    when_breaks(&world);
    given_reconnected(&world, false);
    /* 2 had arrived; 1 is sent as something new; 7 is a new message, too */
    then_tells(&world, "acknowledged 2; connected");
    then_sends(&world, "32 06 00 01 'a' 00 01 '1'");
    when_receives(&world, "34 05 00 01 'm' 00 07");
    then_tells(&world, "message m= q2");
}

static void offline(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    when_publishes(&world, "a", "1", 0);
    when_publishes(&world, "a", "2", 1);
    then_sends(&world, "");
    given_connecting(&world);
    then_sends(&world, "");
    when_receives(&world, "20 02 00 00");
    then_sends(&world, "30 04 00 01 'a' '1' 32 06 00 01 'a' 00 01 '2'");
}

/* Packet identifiers */

static void ids_come_round(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    assert_int_equal(when_publishes(&world, "a", "stays", 1), 1);
    then_sends(&world, "32 0a 00 01 'a' 00 01 'stays'");
    for (unsigned i = 2; i <= UINT16_MAX; i++) {
        char ack[] = "40 02 xx xx";
        static const char HEX[] = "0123456789abcdef";
        assert_int_equal(when_publishes(&world, "a", "", 1), i);
        struct umqtt_bytes out = umqtt_output(&world.client);
        umqtt_output_sent(&world.client, world.now_ms, out.size);
        ack[6] = HEX[i >> 12], ack[7] = HEX[i >> 8 & 15];
        ack[9] = HEX[i >> 4 & 15], ack[10] = HEX[i & 15];
        when_receives(&world, ack);
        world.log[0] = '\0';
    }
    assert_int_equal(when_publishes(&world, "a", "", 1), 2); /* 0 never, 1 is in use */
    assert_int_equal(when_publishes(&world, "a", "", 1), 3);
}

/* What MQTT does not allow */

static void illegal_publications(void **state)
{
    (void)state;
    struct world world;
    static const char *const TOPICS[] = {"", "a/#", "+", "a\xc0\x80", "\xed\xa0\x80"};
    given_connected(&world, UMQTT_5);
    for (size_t i = 0; i < 5; i++) {
        struct umqtt_publication publication = {.topic = umqtt_text(TOPICS[i])};
        assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_INVALID);
    }
    struct umqtt_publication publication = {.topic = umqtt_bytes("a\0b", 3)};
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_INVALID);
    publication = (struct umqtt_publication){.topic = umqtt_text("a"), .qos = 3};
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_INVALID);
    publication = (struct umqtt_publication){.topic = umqtt_text("a")};
    static const struct umqtt_bytes SECTIONS[] = {
        {(const uint8_t *)"\x0b\x01", 2},      /* Subscription Identifier */
        {(const uint8_t *)"\x23\x00\x01", 3},  /* Topic Alias: has a field */
        {(const uint8_t *)"\x08\x00\x01#", 4}, /* Response Topic with a wildcard */
        {(const uint8_t *)"\x08\x00\x01\xff", 4},
        {(const uint8_t *)"\x03\x00\x01\xff", 4},
        {(const uint8_t *)"\x11\x00\x00\x00\x01", 5},
        {(const uint8_t *)"\x01", 1},
    };
    for (size_t i = 0; i < 7; i++) {
        publication.properties = SECTIONS[i];
        assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_INVALID);
    }
    publication.properties = umqtt_bytes("\x08\x00\x01r\x03\x00\x01t", 8);
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_OK);
    then_sends(&world, "30 0c 00 01 'a' 08 08 00 01 'r' 03 00 01 't'");
    given_connected(&world, UMQTT_3_1_1);
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_UNSUPPORTED);
}

static void too_long_a_topic(void **state)
{
    (void)state;
    struct world world;
    static char topic[65537];
    memset(topic, 't', sizeof topic - 1);
    given_connected(&world, UMQTT_3_1_1);
    struct umqtt_publication publication = {.topic = umqtt_text(topic)};
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_INVALID);
}

/* The outbox */

static void full_is_an_answer(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    unsigned count = 0;
    while (publish_error(&world, 1, false, "0123456789") == UMQTT_OK)
        count++;
    assert_int_equal(count, WORLD_OUTBOX_MAX / 17);
    assert_int_equal(publish_error(&world, 1, false, "0123456789"), UMQTT_FULL);
    struct umqtt_bytes out;
    while ((out = umqtt_output(&world.client)).size > 0)
        umqtt_output_sent(&world.client, world.now_ms, out.size);
    when_receives(&world, "34 05 00 01 'm' 00 07"); /* reading and answering go on */
    then_sends(&world, "50 02 00 07");
    when_receives(&world, "40 02 00 05 40 02 00 0a"); /* holes in the middle are room, too */
    assert_int_equal(publish_error(&world, 1, false, "0123456789"), UMQTT_OK);
    assert_int_equal(publish_error(&world, 1, false, "0123456789"), UMQTT_OK);
    assert_int_equal(publish_error(&world, 1, false, "0123456789"), UMQTT_FULL);
    when_breaks(&world);
    given_reconnected(&world, true); /* CONNECT needs no room in it */
}

static void too_large_for_ever(void **state)
{
    (void)state;
    struct world world;
    static char large[WORLD_OUTBOX_MAX + 1];
    memset(large, 'x', sizeof large - 1);
    given_connected(&world, UMQTT_3_1_1);
    assert_int_equal(publish_error(&world, 1, false, large), UMQTT_TOO_LARGE);
}

static void by_reference(void **state)
{
    (void)state;
    struct world world;
    static uint8_t large[100000];
    memset(large, 'x', sizeof large);
    given_client(&world, UMQTT_3_1_1);
    world.options.clean_start = false;
    given_connecting(&world);
    when_receives(&world, "20 02 00 00");
    then_tells(&world, "connected");
    struct umqtt_publication publication = {.topic = umqtt_text("a"),
                                            .payload = umqtt_bytes(large, sizeof large),
                                            .by_reference = true,
                                            .qos = 2};
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_OK);
    publication.qos = 0;
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_OK);
    publication.payload = NOTHING;
    assert_int_equal(umqtt_send_publish(&world.client, &publication, NULL), UMQTT_OK);
    when_publishes(&world, "b", "y", 0);
    struct umqtt_bytes out = umqtt_output(&world.client);
    assert_int_equal(out.size, 4 + 3 + 2);
    umqtt_output_sent(&world.client, world.now_ms, out.size);
    out = umqtt_output(&world.client);
    assert_ptr_equal(out.data, large);
    umqtt_output_sent(&world.client, world.now_ms, 1000);
    out = umqtt_output(&world.client);
    assert_ptr_equal(out.data, large + 1000);
    assert_int_equal(out.size, sizeof large - 1000);
    umqtt_output_sent(&world.client, world.now_ms, out.size);
    out = umqtt_output(&world.client);
    assert_int_equal(out.size, 4 + 3);
    umqtt_output_sent(&world.client, world.now_ms, out.size);
    out = umqtt_output(&world.client);
    assert_ptr_equal(out.data, large);
    then_tells(&world, "");
    umqtt_output_sent(&world.client, world.now_ms, out.size);
    then_tells(&world, "acknowledged 0"); /* the memory is the program's again */
    then_sends(&world, "30 03 00 01 'a' 30 04 00 01 'b' 'y'");
    then_tells(&world, "acknowledged 0");
    when_breaks(&world);
    given_reconnected(&world, true);
    out = umqtt_output(&world.client);
    assert_int_equal(out.data[0], 0x3c); /* DUP */
    umqtt_output_sent(&world.client, world.now_ms, out.size);
    assert_ptr_equal(umqtt_output(&world.client).data, large);
    umqtt_output_sent(&world.client, world.now_ms, sizeof large);
    when_receives(&world, "50 02 00 01 70 02 00 01");
    then_tells(&world, "connected again; acknowledged 1");
    then_sends(&world, "62 02 00 01");
    assert_true(umqtt_is_settled(&world.client));
}

static void answer_in_callback(struct world *world, const struct umqtt_event *event)
{
    if (event->type != UMQTT_EVENT_MESSAGE && event->type != UMQTT_EVENT_ACKNOWLEDGED)
        return;
    struct umqtt_publication publication = {.topic = umqtt_text("r"), .qos = 1};
    assert_int_equal(umqtt_send_publish(&world->client, &publication, NULL), UMQTT_OK);
}

static void publishing_in_the_callback(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    world.on_event = answer_in_callback;
    when_receives(&world, "32 05 00 01 'm' 00 07");
    then_sends(&world, "40 02 00 07 32 05 00 01 'r' 00 01");
    when_receives(&world, "40 02 00 01");
    then_sends(&world, "32 05 00 01 'r' 00 02");
}

static void end_in_callback(struct world *world, const struct umqtt_event *event)
{
    if (event->type == UMQTT_EVENT_MESSAGE)
        (void)umqtt_send_disconnect(&world->client, world->now_ms, 0, NOTHING);
}

static void ending_in_the_callback(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    world.options.clean_start = false;
    given_connecting(&world);
    when_receives(&world, "20 02 00 00");
    world.on_event = end_in_callback;
    assert_int_equal(when_offered(&world, "34 05 00 01 'm' 00 07 30 03 00 01 'n'"), 7);
    then_sends(&world, "e0 00");
    then_closes(&world);
    then_tells(&world, "connected; message m= q2; disconnected error 13");
    world.on_event = NULL;
    given_reconnected(&world, true);
    when_receives(&world, "3c 05 00 01 'm' 00 07"); /* the program has had it */
    then_sends(&world, "50 02 00 07");
    then_tells(&world, "connected again");
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("[MQTT-2.2.1-2][MQTT-2.2.2-1][MQTT-3.3.1-2][MQTT-4.3.1-1][v3 MQTT-2.3.1-5]"
             "[v3 MQTT-3.3.1-2][v3 MQTT-4.3.1-1] QoS 0 goes out once, without "
             "identifier or DUP",
             qos_0),
        TEST("[MQTT-2.2.1-3][MQTT-4.3.2-1, -2, -3][v3 MQTT-2.3.1-1, -2]"
             "[v3 MQTT-4.3.2-1] QoS 1 is unacknowledged until PUBACK, and not repeated "
             "while the connection stands",
             qos_1),
        TEST("[MQTT-2.2.1-5][MQTT-3.6.1-1][MQTT-4.3.3-1, -2, -3, -4, -5]"
             "[v3 MQTT-2.3.1-6][v3 MQTT-3.6.1-1][v3 MQTT-4.3.3-1] QoS 2 takes four "
             "packets with one identifier",
             qos_2),
        TEST("[MQTT-4.4.0-2] an acknowledgement that refuses ends it", refused_by_ack),
        TEST("[MQTT-4.6.0-4][v3 MQTT-4.6.0-4] PUBRELs in the order of the PUBRECs",
             pubrels_keep_order),
        TEST("[MQTT-3.4.2-2, -3][MQTT-3.5.2-2, -3][MQTT-3.6.2-1, -2, -3]"
             "[MQTT-3.7.2-1, -2, -3] acknowledgements carry no property that could make "
             "them too large",
             more_is_not_said_in_acks),
        TEST("[MQTT-3.3.1-1][MQTT-4.1.0-1][MQTT-4.3.3-6, -7][MQTT-4.4.0-1][MQTT-4.6.0-1]"
             "[v3 MQTT-2.3.1-3][v3 MQTT-3.3.1-1][v3 MQTT-4.1.0-1, -2][v3 MQTT-4.4.0-1]"
             "[v3 MQTT-4.6.0-1] after a break all goes out again, in its order, with "
             "its identifiers",
             again_after_a_break),
        TEST("[MQTT-3.1.2-4][MQTT-3.2.2-5][v3 MQTT-3.1.2-6] a new session knows nothing "
             "of the old one",
             in_a_new_session),
        TEST("what is published offline goes out after CONNACK", offline),
        TEST("[MQTT-2.2.1-3][MQTT-4.3.2-1][v3 MQTT-2.3.1-1, -2] identifiers come round "
             "past 0 and those in use",
             ids_come_round),
        TEST("[MQTT-1.5.4-1, -2][MQTT-3.3.1-4][MQTT-3.3.2-1, -2, -13, -14, -19]"
             "[MQTT-3.3.4-6][MQTT-4.7.0-1][MQTT-4.7.3-1, -2][v3 MQTT-1.5.3-1, -2]"
             "[v3 MQTT-3.3.1-4][v3 MQTT-3.3.2-1, -2][v3 MQTT-4.7.1-1]"
             "[v3 MQTT-4.7.3-1, -2] publications that may not be",
             illegal_publications),
        TEST("[MQTT-4.7.3-3][v3 MQTT-4.7.3-3] a topic of more than 65535 bytes", too_long_a_topic),
        TEST("a full outbox is an answer, and room comes back", full_is_an_answer),
        TEST("what no outbox of that size can hold", too_large_for_ever),
        TEST("a payload by reference is sent from where it lies", by_reference),
        TEST("the callback may publish", publishing_in_the_callback),
        TEST("[MQTT-3.14.4-1][MQTT-4.3.3-10][MQTT-4.5.0-2][v3 MQTT-3.14.4-2] the "
             "callback may end the connection",
             ending_in_the_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
