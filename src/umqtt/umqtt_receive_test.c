/* umqtt_receive_test.c — messages in: each QoS, whole and in pieces, larger than the buffer, by
 * alias; and AUTH. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "umqtt/client.h"
#include "umqtt/umqtt_testing.h"

/* QoS */

static void each_qos(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    when_receives(&world, "31 06 00 01 'a' 'one' 3a 06 00 01 'a' 00 05 'x'");
    then_tells(&world, "message a=one q0 retain; message a=x q1 dup");
    then_sends(&world, "40 02 00 05");
    when_receives(&world, "32 06 00 01 'a' 00 05 'x'"); /* after PUBACK: a new one */
    then_tells(&world, "message a=x q1");
    then_sends(&world, "40 02 00 05");
    when_receives(&world, "34 06 00 01 'a' 00 05 'y'");
    then_tells(&world, "message a=y q2");
    then_sends(&world, "50 02 00 05");
    when_receives(&world, "3c 06 00 01 'a' 00 05 'y'");
    then_tells(&world, "");
    then_sends(&world, "50 02 00 05");
    when_receives(&world, "62 02 00 05");
    then_sends(&world, "70 02 00 05");
    when_receives(&world, "62 02 00 05"); /* repeated: answered all the same */
    then_sends(&world, "70 02 00 05");
    when_receives(&world, "34 06 00 01 'a' 00 05 'z'"); /* after PUBCOMP: a new one */
    then_tells(&world, "message a=z q2");
    then_sends(&world, "50 02 00 05");
}

static void acknowledgements_keep_order(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_5);
    when_receives(&world, "34 06 00 01 'a' 00 09 00 32 06 00 01 'a' 00 03 00 "
                          "34 06 00 01 'a' 00 01 00 32 06 00 01 'a' 00 08 00");
    then_sends(&world, "50 02 00 09 40 02 00 03 50 02 00 01 40 02 00 08");
}

static void exactly_once_across_breaks(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    world.options.clean_start = false;
    given_connecting(&world);
    when_receives(&world, "20 02 00 00");
    when_receives(&world, "34 06 00 01 'a' 00 05 'y'");
    when_breaks(&world); /* PUBREC had not gone out */
    given_reconnected(&world, true);
    when_receives(&world, "3c 06 00 01 'a' 00 05 'y'");
    then_tells(&world, "connected again");
    then_sends(&world, "50 02 00 05");
    when_receives(&world, "62 02 00 05");
    then_sends(&world, "70 02 00 05");
}

static void more_than_can_be_remembered(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_5);
    world.options.receipt_count_max = 2;
    given_connecting(&world);
    when_receives(&world, "20 03 00 00 00");
    when_receives(&world, "34 06 00 01 'a' 00 01 00 34 06 00 01 'a' 00 02 00");
    then_sends(&world, "50 02 00 01 50 02 00 02");
    when_receives(&world, "3c 06 00 01 'a' 00 01 00"); /* a repeat needs no room */
    then_sends(&world, "50 02 00 01");
    world.log[0] = '\0';
    when_receives(&world, "34 06 00 01 'a' 00 03 00");
    then_sends(&world, "e0 01 93");
    then_closes(&world);
    then_tells(&world, "disconnected error 11 reason 93");
}

static void acknowledgements_have_room_or_reading_stops(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    world.options.control.size = UMQTT_CONTROL_MIN;
    umqtt_init(&world.client, &world.options);
    given_connecting(&world);
    when_receives(&world, "20 02 00 00");
    then_tells(&world, "connected");
    static const char MESSAGES[] = "32 05 00 01 'a' 00 01 32 05 00 01 'b' 00 02 32 05 00 01 'c' 00 "
                                   "03 32 05 00 01 'd' 00 04 32 05 00 01 'e' 00 05";
    assert_int_equal(when_offered(&world, MESSAGES), 28); /* 4 * 4 + 11 > 24 */
    then_tells(&world, "message a= q1; message b= q1; message c= q1; message d= q1");
    assert_int_equal(when_offered(&world, "32 05 00 01 'e' 00 05"), 0);
    then_sends(&world, "40 02 00 01 40 02 00 02 40 02 00 03 40 02 00 04");
    when_receives(&world, "32 05 00 01 'e' 00 05");
    then_sends(&world, "40 02 00 05");
}

static void texts_as_they_are(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_3_1_1);
    when_receives(&world, "30 06 00 04 ef bb bf 'a'");
    then_tells(&world, "message \xef\xbb\xbf"
                       "a= q0");
    static const char *const BAD[] = {"30 04 00 02 c0 80", "30 03 00 01 00",
                                      "30 03 00 01 '#'",   "30 02 00 00",
                                      "30 03 00 02 'a'",   "32 05 00 01 'a' 00 00"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        given_connected(&world, UMQTT_3_1_1);
        when_offered(&world, BAD[i]);
        then_sends(&world, "");
        then_closes(&world);
    }
}

/* Pieces */

static const char STREAM[] =
    "31 06 00 01 'a' 'one' 32 06 00 01 'a' 00 05 'x' d0 00 40 02 00 01 "
    "34 1c 00 04 'long' 00 06 '01234567890123456789' 62 02 00 06 "
    "30 40 00 04 'huge' '0123456789012345678901234567890123456789012345678901234567' "
    "34 41 00 02 'hu' 00 07 '01234567890123456789012345678901234567890123456789012345678' "
    "30 03 00 01 'z'";

/* Gives the stream in pieces; the parts of each message are put together again. */
struct assembly {
    char text[600];
    size_t size, next;
};

static void assemble(struct world *world, const struct umqtt_event *event)
{
    struct assembly *assembly = world->context;
    const struct umqtt_message *message = &event->message;
    if (event->type != UMQTT_EVENT_MESSAGE)
        return;
    if (message->payload_offset == 0) {
        memcpy(assembly->text + assembly->size, message->topic.data, message->topic.size);
        assembly->size += message->topic.size;
        assembly->text[assembly->size++] = '=';
        assembly->next = 0;
    }
    assert_int_equal(message->payload_offset, assembly->next);
    memcpy(assembly->text + assembly->size, message->payload.data, message->payload.size);
    assembly->size += message->payload.size;
    assembly->next += message->payload.size;
    assert_true(assembly->next <= message->payload_size);
    if (assembly->next == message->payload_size)
        assembly->text[assembly->size++] = ';';
    world->log[0] = '\0';
}

static void any_pieces(void **state)
{
    (void)state;
    static uint8_t bytes[WORLD_BYTES_MAX];
    struct umqtt_bytes stream = bytes_from(STREAM);
    memcpy(bytes, stream.data, stream.size);
    for (size_t first = 1; first < stream.size; first++) {
        for (size_t step = 1; step <= 45; step += 11) {
            struct world world;
            struct assembly assembly = {0};
            given_connected(&world, UMQTT_3_1_1);
            world.on_event = assemble;
            world.context = &assembly;
            size_t at = 0, size = first;
            while (at < stream.size) {
                if (size > stream.size - at)
                    size = stream.size - at;
                assert_int_equal(
                    umqtt_receive(&world.client, world.now_ms, umqtt_bytes(bytes + at, size)),
                    size);
                at += size;
                size = step;
            }
            then_sends(&world, "40 02 00 05 50 02 00 06 70 02 00 06 50 02 00 07");
            assert_string_equal(
                assembly.text,
                "a=one;a=x;long=01234567890123456789;"
                "huge=0123456789012345678901234567890123456789012345678901234567;"
                "hu=01234567890123456789012345678901234567890123456789012345678;z=;");
        }
    }
}

static void larger_than_the_buffer(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_5);
    when_receives(&world, "35 33 00 01 'a' 00 05 03 03 00 00 '0123456789'");
    then_tells(&world, "message a=0123456789 q2 0/42 retain 03 00 00");
    when_receives(&world, "'0123456789012345'");
    then_tells(&world, "message a=0123456789012345 q2 10/42 retain 03 00 00");
    when_receives(&world, "'67890'");
    then_tells(&world, "message a=67890 q2 26/42 retain 03 00 00");
    then_sends(&world, "");
    when_receives(&world, "'12345678901' d0 00");
    then_tells(&world, "message a=12345678901 q2 31/42 retain 03 00 00");
    then_sends(&world, "50 02 00 05");
    when_receives(&world, "3d 33 00 01 'a' 00 05 03 03 00 00 "
                          "'012345678901234567890123456789012345678901'");
    then_tells(&world, "");
    then_sends(&world, "50 02 00 05");
}

static void broken_off(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    world.options.clean_start = false;
    given_connecting(&world);
    when_receives(&world, "20 02 00 00");
    when_receives(&world, "34 33 00 01 'a' 00 05 '01234567890123456789012345678901234567'");
    then_tells(&world, "connected; message a=012345678901234567890123456789012 q2 0/46; "
                       "message a=34567 q2 33/46");
    when_breaks(&world);
    given_reconnected(&world, true);
    when_receives(&world, "3c 33 00 01 'a' 00 05 '0123456789012345678901234567890123456789012345'");
    then_tells(&world, "connected again; message "
                       "a=0123456789012345678901234567890123456789012345 q2 dup");
    then_sends(&world, "50 02 00 05");
}

static void skipped(void **state)
{
    (void)state;
    struct world world;
    static const char TOPIC[] = "'0123456789012345678901234567890123456789012345'";
    char bytes[200];
    for (size_t split = 1; split < 64; split++) {
        given_connected(&world, UMQTT_3_1_1);
        snprintf(bytes, sizeof bytes, "32 37 00 2e %s 12 34 'hello' d0 00", TOPIC);
        struct umqtt_bytes all = bytes_from(bytes);
        size_t first = split < all.size ? split : all.size;
        if (first == all.size - 2 || first > all.size - 2)
            break;
        /* In one piece it would be taken from where it lies: split it. */
        assert_int_equal(umqtt_receive(&world.client, 0, umqtt_bytes(all.data, first)), first);
        assert_int_equal(
            umqtt_receive(&world.client, 0, umqtt_bytes(all.data + first, all.size - first)),
            all.size - first);
        if (first == 57)
            break; /* the whole packet */
        then_tells(&world, "skipped 4660 q1 7");
        then_sends(&world, "40 02 12 34");
    }
    given_connected(&world, UMQTT_5); /* properties may be what is too much */
    when_receives(&world, "34 3f 00 01 'a' 00 05 38 09 00 35 '0123456789012345678901234567890'");
    when_receives(&world, "'0123456789012345678901' 'x'");
    then_tells(&world, "skipped 5 q2 60");
    then_sends(&world, "50 02 00 05");
    given_connected(&world, UMQTT_3_1_1); /* an identifier beyond the end */
    when_offered(&world, "32 37 00 36 '0123456789012345678901234567890123456789'");
    then_closes(&world);
}

static void only_messages_may_be_large(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_5);
    when_offered(&world, "90 60 00 01");
    then_sends(&world, "e0 01 95");
    then_closes(&world);
    then_tells(&world, "disconnected error 2 reason 95");
}

/* Properties and aliases */

static void properties(void **state)
{
    (void)state;
    struct world world;
    given_connected(&world, UMQTT_5);
    when_receives(&world, "30 15 00 01 'a' 0e 0b 05 0b 07 26 00 01 'k' 00 01 'v' 09 00 00 'hi!'");
    then_tells(&world, "message a=hi! q0 0b 05 0b 07 26 00 01 6b 00 01 76 09 00 00");
    static const char *const BAD[] = {
        "30 07 00 01 'a' 03 11 00 00",              /* not PUBLISH's */
        "30 06 00 01 'a' 02 26 00",                 /* cut off */
        "30 0b 00 01 'a' 07 26 00 01 ff 00 01 'v'", /* half a pair */
        "30 08 00 01 'a' 04 01 00 01 00",           /* twice */
        "30 07 00 01 'a' 03 23 00 00",              /* alias 0 */
        "30 05 00 00 01 01 00",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        given_connected(&world, UMQTT_5);
        when_offered(&world, BAD[i]);
        struct umqtt_bytes out = umqtt_output(&world.client);
        assert_int_equal(out.size, 3);
        assert_true(out.data[0] == 0xe0 && out.data[2] >= 0x80);
        umqtt_output_sent(&world.client, 0, out.size);
        then_closes(&world);
    }
}

static void given_aliases(struct world *world)
{
    given_client(world, UMQTT_5);
    world->options.connect_properties = umqtt_bytes("\x22\x00\x03", 3);
    given_connecting(world);
    when_receives(world, "20 03 00 00 00");
    then_tells(world, "connected");
}

static void aliases(void **state)
{
    (void)state;
    struct world world;
    given_aliases(&world);
    when_receives(&world, "30 0a 00 03 'a/b' 03 23 00 03 '1' 30 0b 00 04 'long' 03 23 00 01 '2'");
    when_receives(&world, "30 07 00 00 03 23 00 03 '3' 30 07 00 00 03 23 00 01 '4'");
    then_tells(&world, "message a/b=1 q0 23 00 03; message long=2 q0 23 00 01; "
                       "message a/b=3 q0 23 00 03; message long=4 q0 23 00 01");
    when_receives(&world, "30 08 00 01 'c' 03 23 00 03 '5' 30 07 00 00 03 23 00 03 '6'");
    when_receives(&world, "30 07 00 00 03 23 00 01 '7'");
    then_tells(&world, "message c=5 q0 23 00 03; message c=6 q0 23 00 03; "
                       "message long=7 q0 23 00 01");
    when_receives(&world, "30 07 00 00 03 23 00 04 '8'"); /* above our maximum */
    then_sends(&world, "e0 01 94");
    then_closes(&world);
    given_reconnected(&world, false);
    when_receives(&world, "30 07 00 00 03 23 00 01 '9'"); /* another connection's */
    then_sends(&world, "e0 01 82");
    given_connected(&world, UMQTT_5); /* none allowed */
    when_receives(&world, "30 08 00 01 'c' 03 23 00 01 '5'");
    then_sends(&world, "e0 01 94");
}

static void alias_of_a_large_message(void **state)
{
    (void)state;
    struct world world;
    given_aliases(&world);
    when_receives(&world, "30 09 00 03 'a/b' 03 23 00 03");
    when_receives(&world, "30 2e 00 00 03 23 00 03 '0123456789012345678901234567890123456'");
    when_receives(&world, "'789'");
    then_tells(&world, "message a/b= q0 23 00 03; "
                       "message a/b=01234567890123456789012345678901 q0 0/40 23 00 03; "
                       "message a/b=23456 q0 32/40 23 00 03; message a/b=789 q0 37/40 23 00 03");
}

static void aliases_without_room(void **state)
{
    (void)state;
    struct world world;
    given_aliases(&world); /* 40 bytes: one of 20, and no other one */
    when_receives(&world, "30 1b 00 14 '01234567890123456789' 03 23 00 01 "
                          "'x' 30 1b 00 14 'a1234567890123456789' 03 23 00 01 'x'");
    world.log[0] = '\0';
    when_receives(&world, "30 1b 00 14 'b1234567890123456789' 03 23 00 02 'x'");
    then_sends(&world, "e0 01 97");
    then_closes(&world);
    then_tells(&world, "disconnected error 2 reason 97");
}

/* AUTH */

static const char METHOD[] = "\x15\x00\x01M";

static void given_authenticating(struct world *world)
{
    given_client(world, UMQTT_5);
    world->options.connect_properties = umqtt_bytes(METHOD, 4);
    given_connecting(world);
}

static void authentication(void **state)
{
    (void)state;
    struct world world;
    given_authenticating(&world);
    when_publishes(&world, "a", "", 0);
    when_receives(&world, "f0 0a 18 08 15 00 01 'M' 16 00 01 'q'");
    then_tells(&world, "auth reason 18 15 00 01 4d 16 00 01 71");
    assert_int_equal(
        umqtt_send_auth(&world.client, 0x18, umqtt_bytes("\x15\x00\x01M\x16\x00\x01r", 8)),
        UMQTT_OK);
    then_sends(&world, "f0 0a 18 08 15 00 01 'M' 16 00 01 'r'"); /* and nothing else yet */
    assert_int_equal(umqtt_send_auth(&world.client, 0x19, umqtt_bytes(METHOD, 4)),
                     UMQTT_NOT_CONNECTED);
    when_receives(&world, "20 07 00 00 04 15 00 01 'M'");
    then_tells(&world, "connected 15 00 01 4d");
    then_sends(&world, "30 04 00 01 'a' 00");
    assert_int_equal(umqtt_send_auth(&world.client, 0x19, umqtt_bytes(METHOD, 4)), UMQTT_OK);
    then_sends(&world, "f0 06 19 04 15 00 01 'M'");
    when_receives(&world, "f0 06 00 04 15 00 01 'M'");
    then_tells(&world, "auth 15 00 01 4d");
    assert_int_equal(umqtt_send_auth(&world.client, 0, umqtt_bytes(METHOD, 4)), UMQTT_INVALID);
    assert_int_equal(umqtt_send_auth(&world.client, 0x18, umqtt_bytes("\x15\x00\x01N", 4)),
                     UMQTT_INVALID);
    when_receives(&world, "e0 01 87"); /* failed: the server ends it */
    then_closes(&world);
}

static void authentication_out_of_place(void **state)
{
    (void)state;
    struct world world;
    static const char *const BAD[] = {"f0 06 18 04 15 00 01 'N'",   "f0 06 19 04 15 00 01 'M'",
                                      "f0 06 00 04 15 00 01 'M'",   "f0 00",
                                      "f1 06 18 04 15 00 01 'M'",   "20 03 00 00 00",
                                      "20 07 00 00 04 15 00 01 'N'"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        given_authenticating(&world);
        when_offered(&world, BAD[i]);
        then_sends(&world, "");
        then_closes(&world);
    }
    given_connected(&world, UMQTT_5); /* no method, no AUTH: either way */
    assert_int_equal(umqtt_send_auth(&world.client, 0x19, umqtt_bytes(METHOD, 4)), UMQTT_INVALID);
    when_receives(&world, "f0 06 18 04 15 00 01 'M'");
    then_sends(&world, "e0 01 82");
    given_connected(&world, UMQTT_3_1_1);
    assert_int_equal(umqtt_send_auth(&world.client, 0x19, umqtt_bytes(METHOD, 4)),
                     UMQTT_UNSUPPORTED);
    when_receives(&world, "f0 00");
    then_closes(&world);
    given_authenticating(&world); /* a server's Maximum Packet Size */
    when_receives(&world, "20 0c 00 00 09 15 00 01 'M' 27 00 00 00 07");
    assert_int_equal(umqtt_send_auth(&world.client, 0x19, umqtt_bytes(METHOD, 4)), UMQTT_TOO_LARGE);
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("[MQTT-2.2.1-5][MQTT-3.3.4-1][MQTT-4.3.2-4, -5]"
             "[MQTT-4.3.3-8, -10, -11, -12, -13][v3 MQTT-2.3.1-6][v3 MQTT-3.3.4-1]"
             "[v3 MQTT-4.3.2-2][v3 MQTT-4.3.3-2] messages are acknowledged as their QoS "
             "asks, and QoS 2 delivered once",
             each_qos),
        TEST("[MQTT-4.6.0-2, -3][v3 MQTT-4.6.0-2, -3] PUBACKs and PUBRECs in the order "
             "of the messages",
             acknowledgements_keep_order),
        TEST("[MQTT-4.1.0-1][MQTT-4.3.3-10][v3 MQTT-4.1.0-1][v3 MQTT-4.3.3-2] QoS 2 is "
             "delivered once across a break",
             exactly_once_across_breaks),
        TEST("more QoS 2 messages than can be remembered", more_than_can_be_remembered),
        TEST("[MQTT-4.5.0-2][v3 MQTT-4.5.0-2] nothing is read whose acknowledgement has "
             "no room",
             acknowledgements_have_room_or_reading_stops),
        TEST("[MQTT-1.5.4-1, -2, -3][MQTT-2.2.1-2][MQTT-3.3.2-1, -2][MQTT-4.7.3-1]"
             "[v3 MQTT-1.5.3-1, -2, -3][v3 MQTT-2.3.1-1][v3 MQTT-3.3.2-1, -2]"
             "[v3 MQTT-4.7.3-1] topics that are none end the connection",
             texts_as_they_are),
        TEST("[MQTT-4.2-1] packets come in any pieces", any_pieces),
        TEST("a message larger than the buffer comes in parts", larger_than_the_buffer),
        TEST("a message broken off begins again", broken_off),
        TEST("a topic larger than the buffer is skipped, told and acknowledged", skipped),
        TEST("no other packet may be larger than the buffer", only_messages_may_be_large),
        TEST("[MQTT-1.5.7-1][MQTT-3.3.2-8] properties come as they are, if they may be "
             "there",
             properties),
        TEST("[MQTT-3.3.2-7, -10] the server's aliases, up to our maximum", aliases),
        TEST("the alias of a message in parts", alias_of_a_large_message),
        TEST("aliases that do not fit end the connection", aliases_without_room),
        TEST("[MQTT-3.1.2-30][MQTT-3.15.1-1][MQTT-3.15.2-1][MQTT-4.12.0-3, -5, -7]"
             "[MQTT-4.12.1-1, -2] enhanced authentication",
             authentication),
        TEST("[MQTT-3.15.1-1][MQTT-3.15.2-1, -2, -3][MQTT-4.12.0-5, -7] AUTH out of "
             "place",
             authentication_out_of_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
