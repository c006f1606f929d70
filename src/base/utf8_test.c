/* utf8_test.c — every kind of well-formed and ill-formed text. */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The check by the book, one code point at a time, for comparison. */
static bool is_valid_by_decoding(const uint8_t *data, size_t size)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    for (size_t index = 0; index < size;) {
        uint8_t lead = data[index];
        size_t count = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : 4;
        if (count == 4 && lead >> 3 != 30) {
            return false;
        }
        if (count > size - index) {
            return false;
        }
        uint32_t code = count == 1 ? lead : lead & (0xFFu >> (count + 1));
        for (size_t further = 1; further < count; further++) {
            if (data[index + further] >> 6 != 2) {
                return false;
            }
            code = code << 6 | (data[index + further] & 0x3F);
        }
        if (code == 0 || code < smallest[count] || code > 0x10FFFF || code >> 11 == 0x1B) {
            return false;
        }
        index += count;
    }
    return true;
}

static void good_text_is_valid(void **state)
{
    (void)state;
    assert_true(utf8_is_valid(BYTES("")));
    assert_true(utf8_is_valid(bytes_of(NULL, 0)));
    assert_true(utf8_is_valid(BYTES("hello")));
    assert_true(utf8_is_valid(BYTES("hello, this is a longer text\x7F\x01")));
    assert_true(utf8_is_valid(BYTES("A\xF0\xAA\x9B\x94"))); /* the standard's A and U+2A6D4 */
    assert_true(utf8_is_valid(BYTES("\xC2\x80 \xDF\xBF \xE0\xA0\x80 \xEF\xBF\xBF")));
    assert_true(utf8_is_valid(BYTES("\xED\x9F\xBF \xEE\x80\x80 \xF0\x90\x80\x80")));
    assert_true(utf8_is_valid(BYTES("\xF4\x8F\xBF\xBF")));
}

static void ill_formed_text_is_refused(void **state)
{
    (void)state;
    assert_false(utf8_is_valid(BYTES("\x80")));     /* continues nothing */
    assert_false(utf8_is_valid(BYTES("\xC0\x80"))); /* long forms */
    assert_false(utf8_is_valid(BYTES("\xC1\xBF")));
    assert_false(utf8_is_valid(BYTES("\xE0\x9F\xBF")));
    assert_false(utf8_is_valid(BYTES("\xF0\x8F\xBF\xBF")));
    assert_false(utf8_is_valid(BYTES("\xED\xA0\x80")));     /* surrogates: U+D800 */
    assert_false(utf8_is_valid(BYTES("\xED\xBF\xBF")));     /* U+DFFF */
    assert_false(utf8_is_valid(BYTES("\xF4\x90\x80\x80"))); /* above U+10FFFF */
    assert_false(utf8_is_valid(BYTES("\xF5\x80\x80\x80")));
    assert_false(utf8_is_valid(BYTES("\xFF")));
    assert_false(utf8_is_valid(BYTES("abcdefgh\xE2\x82"))); /* cut short */
    assert_false(utf8_is_valid(BYTES("\xE2\x82q")));
    assert_false(utf8_is_valid(BYTES("\xF0\x9F\x98")));
    assert_false(utf8_is_valid(BYTES("\xC3")));
}

static void zero_is_refused_everywhere(void **state)
{
    (void)state;
    uint8_t text[40];
    for (size_t size = 1; size <= sizeof(text); size++) {
        for (size_t index = 0; index < size; index++) {
            memset(text, 'x', sizeof(text));
            assert_true(utf8_is_valid(bytes_of(text, size)));
            text[index] = 0;
            assert_false(utf8_is_valid(bytes_of(text, size)));
            memset(text, 1, sizeof(text)); /* a neighbour that a borrowed bit could come from */
            text[index] = 0;
            assert_false(utf8_is_valid(bytes_of(text, size)));
        }
    }
}

static void byte_order_mark_is_a_character(void **state)
{
    (void)state;
    assert_true(utf8_is_valid(BYTES("\xEF\xBB\xBF")));
    assert_true(utf8_is_valid(BYTES("\xEF\xBB\xBFtopic")));
    assert_true(utf8_is_valid(BYTES("to\xEF\xBB\xBFpic")));
}

/* All sequences of up to three bytes, and all of four with a lead that promises four; alone, and
 * behind enough ASCII that they straddle a word. */
static void all_sequences_agree_with_decoding(void **state)
{
    (void)state;
    uint8_t text[11] = {'a', 'b', 'c', 'd', 'e', 'f', 'g'};
    uint8_t *tail = text + 7;
    for (uint32_t bits = 0; bits < 1u << 24; bits++) {
        tail[0] = (uint8_t)(bits >> 16);
        tail[1] = (uint8_t)(bits >> 8);
        tail[2] = (uint8_t)bits;
        tail[3] = 0xBF;
        size_t size = tail[0] >= 0xF0 ? 4 : 3;
        bool expected = is_valid_by_decoding(tail, size);
        if (utf8_is_valid(bytes_of(tail, size)) != expected ||
            utf8_is_valid(bytes_of(text, 7 + size)) != expected) {
            fail_msg("bytes %02x %02x %02x", tail[0], tail[1], tail[2]);
        }
    }
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("well-formed text is valid", good_text_is_valid),
        TEST("[MQTT-1.5.4-1][v3 MQTT-1.5.3-1] ill-formed UTF-8 and surrogates are refused",
             ill_formed_text_is_refused),
        TEST("[MQTT-1.5.4-2][v3 MQTT-1.5.3-2] U+0000 is refused wherever it stands",
             zero_is_refused_everywhere),
        TEST("[MQTT-1.5.4-3][v3 MQTT-1.5.3-3] U+FEFF is a character like any other",
             byte_order_mark_is_a_character),
        TEST("all short sequences agree with a decoder", all_sequences_agree_with_decoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
