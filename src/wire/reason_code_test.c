/* reason_code_test.c — every code against the standard's table 2-6, typed in a second time. */
#include "wire/reason_code.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "wire/wire.h"

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

/* The codes a packet may carry. */
static const struct {
    enum packet_type type;
    struct bytes codes;
} LISTS[] = {
    {PACKET_CONNACK,
     {(const uint8_t *)"\x00\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8c\x90\x95\x97\x99\x9a"
                       "\x9b\x9c\x9d\x9f",
      22}},
    {PACKET_PUBACK, {(const uint8_t *)"\x00\x10\x80\x83\x87\x90\x91\x97\x99", 9}},
    {PACKET_PUBREC, {(const uint8_t *)"\x00\x10\x80\x83\x87\x90\x91\x97\x99", 9}},
    {PACKET_PUBREL, {(const uint8_t *)"\x00\x92", 2}},
    {PACKET_PUBCOMP, {(const uint8_t *)"\x00\x92", 2}},
    {PACKET_SUBACK, {(const uint8_t *)"\x00\x01\x02\x80\x83\x87\x8f\x91\x97\x9e\xa1\xa2", 12}},
    {PACKET_UNSUBACK, {(const uint8_t *)"\x00\x11\x80\x83\x87\x8f\x91", 7}},
    {PACKET_DISCONNECT,
     {(const uint8_t *)"\x00\x04\x80\x81\x82\x83\x87\x89\x8b\x8c\x8d\x8e\x8f\x90\x93\x94\x95\x96"
                       "\x97\x98\x99\x9a\x9b\x9c\x9d\x9e\x9f\xa0\xa1\xa2",
      30}},
    {PACKET_AUTH, {(const uint8_t *)"\x00\x18\x19", 3}},
};

static bool is_listed(struct bytes codes, unsigned code)
{
    return memchr(codes.data, (int)code, codes.size) != NULL;
}

static void packets_carry_what_is_listed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof LISTS / sizeof LISTS[0]; i++)
        for (unsigned code = 0; code < 256; code++)
            assert_int_equal(reason_code_is_allowed((enum reason_code)code, LISTS[i].type),
                             is_listed(LISTS[i].codes, code));
    assert_false(reason_code_is_allowed(REASON_SUCCESS, PACKET_PUBLISH));
}

static void encoders_refuse_the_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof LISTS / sizeof LISTS[0]; i++) {
        for (unsigned code = 0; code < 256; code++) {
            uint8_t reasons[] = {(uint8_t)code};
            struct packet packet = {.type = LISTS[i].type};
            if (packet.type == PACKET_CONNACK) {
                packet.connack.reason = reasons[0];
            } else if (packet.type >= PACKET_PUBACK && packet.type <= PACKET_PUBCOMP) {
                packet.ack = (struct packet_ack){.packet_id = 1, .reason = reasons[0]};
            } else if (packet.type == PACKET_SUBACK || packet.type == PACKET_UNSUBACK) {
                packet.suback.packet_id = 1;
                packet.suback.reasons = bytes_of(reasons, 1);
            } else {
                packet.disconnect.reason = reasons[0];
                packet.disconnect.properties.present = 0;
                if (packet.type == PACKET_AUTH)
                    packet.disconnect.properties.present = 1u << PROPERTY_authentication_method;
            }
            assert_int_equal(wire_size(&packet, PROTOCOL_5) > 0, is_listed(LISTS[i].codes, code));
        }
    }
}

static void every_code_has_words(void **state)
{
    (void)state;
    unsigned known = 0;
    for (unsigned code = 0; code < 256; code++) {
        bool is_known = false;
        for (size_t i = 0; i < sizeof LISTS / sizeof LISTS[0]; i++)
            is_known |= is_listed(LISTS[i].codes, code);
        const char *words = reason_code_words((enum reason_code)code);
        assert_int_equal(strcmp(words, "unknown reason") != 0, is_known);
        known += is_known;
    }
    assert_int_equal(known, 43);
    assert_string_equal(reason_code_words(REASON_NOT_AUTHORIZED), "not authorized");
    for (int code = RETURN_ACCEPTED; code <= RETURN_NOT_AUTHORIZED; code++)
        assert_string_not_equal(return_code_words((enum connect_return_code)code),
                                "unknown return code");
    assert_string_equal(return_code_words((enum connect_return_code)6), "unknown return code");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("[MQTT-3.2.2-8][MQTT-3.4.2-1][MQTT-3.5.2-1][MQTT-3.6.2-1][MQTT-3.7.2-1][MQTT-3.9.3-2]"
             "[MQTT-3.11.3-2][MQTT-3.14.2-1][MQTT-3.15.2-1] packets carry the codes listed",
             packets_carry_what_is_listed),
        TEST("[MQTT-3.2.2-8][MQTT-3.4.2-1][MQTT-3.5.2-1][MQTT-3.6.2-1][MQTT-3.7.2-1][MQTT-3.9.3-2]"
             "[MQTT-3.11.3-2][MQTT-3.14.2-1][MQTT-3.15.2-1] encoders refuse the others",
             encoders_refuse_the_others),
        TEST("every code has words for a person", every_code_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
