/* umqtt_connect_test.c — CONNECT as our client writes it, read back by the decoder of wire/. */
#include "wire/connect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "umqtt/client.h"
#include "umqtt/umqtt_testing.h"
#include "wire/frame.h"

/* Opens, and decodes what comes first. */
static struct packet_connect connect_of(struct world *world)
{
    assert_int_equal(umqtt_start(&world->client, 0), UMQTT_OK);
    assert_int_equal(umqtt_output(&world->client).size, 0);
    umqtt_opened(&world->client, 0);
    struct umqtt_bytes out = umqtt_output(&world->client);
    struct frame frame;
    struct packet_connect connect;
    assert_int_equal(frame_read(bytes_in(out), &frame), FRAME_WHOLE);
    assert_int_equal(frame.type, PACKET_CONNECT);
    assert_int_equal(frame.size, out.size);
    assert_int_equal(connect_decode(frame.flags, frame.body, &connect), REASON_SUCCESS);
    return connect;
}

static bool is_text(struct bytes bytes, const char *text)
{
    return bytes_equal(bytes, bytes_of_text(text));
}

static void smallest(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, 0);
    assert_int_equal(umqtt_start(&world.client, 0), UMQTT_OK);
    umqtt_opened(&world.client, 0);
    then_sends(&world, "10 0e 00 04 'MQTT' 04 02 00 3c 00 02 'me'");
    given_client(&world, UMQTT_3_1);
    assert_int_equal(umqtt_start(&world.client, 0), UMQTT_OK);
    umqtt_opened(&world.client, 0);
    then_sends(&world, "10 10 00 06 'MQIsdp' 03 02 00 3c 00 02 'me'");
    given_client(&world, UMQTT_5);
    assert_int_equal(umqtt_start(&world.client, 0), UMQTT_OK);
    umqtt_opened(&world.client, 0);
    then_sends(&world, "10 0f 00 04 'MQTT' 05 02 00 3c 00 00 02 'me'");
}

static void everything(void **state)
{
    (void)state;
    struct world world;
    static const struct umqtt_will will = {.topic = {(const uint8_t *)"w/t", 3},
                                           .payload = {(const uint8_t *)"gone", 4},
                                           .qos = 2,
                                           .retain = true};
    for (int version = UMQTT_3_1; version <= UMQTT_5; version++) {
        given_client(&world, (enum umqtt_version)version);
        world.options.will = &will;
        world.options.user_name = umqtt_text("user");
        world.options.password = umqtt_text("secret");
        world.options.clean_start = false;
        struct packet_connect connect = connect_of(&world);
        assert_int_equal(connect.version, version);
        assert_true(is_text(connect.client_id, "me"));
        assert_true(connect.has_will && connect.will.retain && connect.will.qos == 2);
        assert_true(is_text(connect.will.topic, "w/t") && is_text(connect.will.payload, "gone"));
        assert_true(connect.has_user_name && is_text(connect.user_name, "user"));
        assert_true(connect.has_password && is_text(connect.password, "secret"));
        assert_false(connect.clean_start);
        assert_int_equal(connect.keep_alive_s, 60);
    }
}

static void nothing(void **state)
{
    (void)state;
    struct world world;
    for (int version = UMQTT_3_1; version <= UMQTT_5; version++) {
        given_client(&world, (enum umqtt_version)version);
        struct packet_connect connect = connect_of(&world);
        assert_false(connect.has_will || connect.has_user_name || connect.has_password);
        assert_true(connect.clean_start);
        struct umqtt_bytes out = umqtt_output(&world.client);
        size_t flags_at = version == UMQTT_3_1 ? 11 : 9;
        assert_int_equal(out.data[flags_at], 2); /* will QoS and retain are 0 */
    }
}

static void properties_of_5(void **state)
{
    (void)state;
    struct world world;
    static const struct umqtt_will will = {
        .topic = {(const uint8_t *)"w", 1},
        .payload = {(const uint8_t *)"", 0},
        .properties = {(const uint8_t *)"\x18\x00\x00\x00\x05", 5}};
    given_client(&world, UMQTT_5);
    world.options.will = &will;
    world.options.connect_properties = umqtt_bytes("\x11\x00\x00\x01\x00", 5);
    world.options.receipt_count_max = 4;
    struct packet_connect connect = connect_of(&world);
    assert_int_equal(connect.properties.session_expiry_interval_s, 256);
    assert_int_equal(connect.properties.receive_maximum, 4); /* what the table holds */
    assert_int_equal(connect.will.properties.will_delay_interval_s, 5);
}

static enum umqtt_error start_with(struct world *world)
{
    return umqtt_start(&world->client, 0);
}

static void bad_texts(void **state)
{
    (void)state;
    struct world world;
    struct umqtt_will will = {.topic = umqtt_text("w/\xff")};
    given_client(&world, UMQTT_3_1_1);
    world.options.client_id = umqtt_text("\xc0\x80");
    assert_int_equal(start_with(&world), UMQTT_INVALID);
    given_client(&world, UMQTT_3_1_1);
    world.options.user_name = umqtt_text("\xed\xa0\x80");
    assert_int_equal(start_with(&world), UMQTT_INVALID);
    given_client(&world, UMQTT_3_1_1);
    world.options.will = &will;
    assert_int_equal(start_with(&world), UMQTT_INVALID);
    will.topic = umqtt_text("w/#");
    assert_int_equal(start_with(&world), UMQTT_INVALID);
    will.topic = umqtt_text("w");
    will.qos = 3;
    assert_int_equal(start_with(&world), UMQTT_INVALID);
    will.qos = 2;
    assert_int_equal(start_with(&world), UMQTT_OK);
}

static void needs_of_3(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, UMQTT_3_1_1);
    world.options.password = umqtt_text("secret");
    assert_int_equal(start_with(&world), UMQTT_INVALID);
    world.options.version = UMQTT_5; /* there it may stand alone */
    assert_int_equal(start_with(&world), UMQTT_OK);
    given_client(&world, UMQTT_3_1_1);
    world.options.client_id = umqtt_text("");
    world.options.clean_start = false;
    assert_int_equal(start_with(&world), UMQTT_INVALID);
    world.options.clean_start = true;
    assert_int_equal(start_with(&world), UMQTT_OK);
}

static void refusals(void **state)
{
    (void)state;
    struct world world;
    given_client(&world, (enum umqtt_version)6);
    assert_int_equal(start_with(&world), UMQTT_UNSUPPORTED);
    given_client(&world, UMQTT_3_1_1);
    world.options.connect_properties = umqtt_bytes("\x11\x00\x00\x01\x00", 5);
    assert_int_equal(start_with(&world), UMQTT_UNSUPPORTED);
    world.options.version = UMQTT_5;
    world.options.connect_properties = umqtt_bytes("\x23\x00\x01", 3); /* PUBLISH's */
    assert_int_equal(start_with(&world), UMQTT_INVALID);
    given_client(&world, UMQTT_3_1_1);
    world.options.control.size = UMQTT_CONTROL_MIN;
    world.options.user_name = umqtt_text("someone with a long name");
    assert_int_equal(start_with(&world), UMQTT_TOO_LARGE);
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("[MQTT-3.1.0-1][MQTT-3.1.3-3][v3 MQTT-3.1.0-1][v3 MQTT-3.1.3-3] CONNECT is "
             "first, and the client identifier in it",
             smallest),
        TEST("[MQTT-3.1.2-9, -12, -17, -19][MQTT-3.1.3-1, -2][v3 MQTT-3.1.2-9, -19, -21]"
             "[v3 MQTT-3.1.3-1, -2] will, user name and password are there, in their "
             "order",
             everything),
        TEST("[MQTT-3.1.2-11, -13, -16, -18][v3 MQTT-3.1.2-11, -13, -15, -18, -20] "
             "nothing is there of what is not wanted",
             nothing),
        TEST("[MQTT-3.1.2-9][MQTT-2.2.2-1] properties of CONNECT and of the will", properties_of_5),
        TEST("[MQTT-3.1.3-4, -11, -12][MQTT-3.1.2-12][MQTT-1.5.4-1, -2]"
             "[v3 MQTT-3.1.3-4, -10, -11][v3 MQTT-3.1.2-14] texts that are no texts, "
             "and QoS 3, are the program's answer",
             bad_texts),
        TEST("[v3 MQTT-3.1.2-22][v3 MQTT-3.1.3-7] what 3.x asks for besides", needs_of_3),
        TEST("options that cannot be", refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
