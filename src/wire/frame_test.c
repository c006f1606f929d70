/* frame_test.c — where packets end. */
#include "wire/frame.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

static void lengths_are_read_to_their_limits(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[5];
        size_t header_size, length;
    } ROWS[] = {
        {{0x30, 0x00}, 2, 0},
        {{0x30, 0x7f}, 2, 127},
        {{0x30, 0x80, 0x01}, 3, 128},
        {{0x30, 0xff, 0x7f}, 3, 16383},
        {{0x30, 0x80, 0x80, 0x01}, 4, 16384},
        {{0x30, 0xff, 0xff, 0x7f}, 4, 2097151},
        {{0x30, 0x80, 0x80, 0x80, 0x01}, 5, 2097152},
        {{0x30, 0xff, 0xff, 0xff, 0x7f}, 5, 268435455},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct frame frame;
        for (size_t cut = 0; cut < ROWS[i].header_size; cut++) {
            assert_int_equal(frame_read(bytes_of(ROWS[i].bytes, cut), &frame), FRAME_INCOMPLETE);
            assert_int_equal(frame.size, 0);
        }
        enum frame_result expected = ROWS[i].length == 0 ? FRAME_WHOLE : FRAME_INCOMPLETE;
        struct bytes header = bytes_of(ROWS[i].bytes, ROWS[i].header_size);
        assert_int_equal(frame_read(header, &frame), expected);
        assert_int_equal(frame.size, ROWS[i].header_size + ROWS[i].length);
    }
}

static void overlong_lengths_are_malformed(void **state)
{
    (void)state;
    struct frame frame;
    assert_int_equal(frame_read(BYTES("\xc0\x80\x00"), &frame), FRAME_MALFORMED);
    assert_int_equal(frame_read(BYTES("\xc0\xff\x00"), &frame), FRAME_MALFORMED);
    assert_int_equal(frame_read(BYTES("\xc0\x80\x80\x80\x00"), &frame), FRAME_MALFORMED);
    assert_int_equal(frame_read(BYTES("\xc0\xff\xff\xff\xff"), &frame), FRAME_MALFORMED);
    assert_int_equal(frame_read(BYTES("\xc0\x80\x80\x80\x80\x01"), &frame), FRAME_MALFORMED);
}

static void the_first_of_several_is_found(void **state)
{
    (void)state;
    struct bytes input = BYTES("\x36\x03"
                               "abc"
                               "\xc0\x00");
    struct frame frame;
    assert_int_equal(frame_read(input, &frame), FRAME_WHOLE);
    assert_int_equal(frame.type, PACKET_PUBLISH);
    assert_int_equal(frame.flags, 6);
    assert_int_equal(frame.size, 5);
    assert_ptr_equal(frame.body.data, input.data + 2);
    assert_int_equal(frame.body.size, 3);
}

static void type_and_flags_come_first(void **state)
{
    (void)state;
    struct frame frame;
    assert_int_equal(frame_read(bytes_of(NULL, 0), &frame), FRAME_INCOMPLETE);
    assert_int_equal(frame.type, 0);
    assert_int_equal(frame_read(BYTES("\x62"), &frame), FRAME_INCOMPLETE);
    assert_int_equal(frame.type, PACKET_PUBREL);
    assert_int_equal(frame.flags, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("lengths are read to their limits", lengths_are_read_to_their_limits),
        TEST("[MQTT-1.5.5-1] a length in more bytes than it needs is malformed",
             overlong_lengths_are_malformed),
        TEST("the first of several packets is found", the_first_of_several_is_found),
        TEST("type and flags are known from the first byte on", type_and_flags_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
