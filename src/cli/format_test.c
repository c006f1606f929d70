/* format_test.c — what -F makes of a message; the expected texts are what mosquitto_sub 2.0.11
 * prints, unless a comment says otherwise. */
#include "cli/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static uint8_t property_memory[256];

static struct umqtt_message plain(void)
{
    return (struct umqtt_message){
        .topic = umqtt_text("f/b"),
        .payload = umqtt_text("x\"y"),
        .packet_id = 7,
        .qos = 1,
        .retain = true,
    };
}

static struct umqtt_message with_properties(void)
{
    struct umqtt_properties properties = {property_memory, 0, sizeof(property_memory)};
    struct umqtt_message message = plain();
    umqtt_property_add_text(&properties, UMQTT_CONTENT_TYPE, umqtt_text("text/plain"));
    umqtt_property_add_text(&properties, UMQTT_RESPONSE_TOPIC, umqtt_text("res/p"));
    umqtt_property_add_text(&properties, UMQTT_CORRELATION_DATA, umqtt_text("cd"));
    umqtt_property_add_pair(&properties, umqtt_text("k"), umqtt_text("v"));
    umqtt_property_add_pair(&properties, umqtt_text("k2"), umqtt_text("v2"));
    umqtt_property_add_number(&properties, UMQTT_PAYLOAD_FORMAT_INDICATOR, 1);
    umqtt_property_add_number(&properties, UMQTT_MESSAGE_EXPIRY_INTERVAL, 94);
    umqtt_property_add_number(&properties, UMQTT_SUBSCRIPTION_IDENTIFIER, 7);
    message.properties = umqtt_properties_bytes(&properties);
    return message;
}

static bool print(const char *text, struct umqtt_message message, struct output *output)
{
    static const struct timespec now = {1600000000, 123456789};
    char fault[FORMAT_FAULT_SIZE_MAX];
    struct format *format = format_new(text, fault);
    assert_non_null(format);
    output->size = 0;
    output->is_broken = true; /* nothing is to be written */
    bool is_good = format_print(format, &message, &now, false, output);
    format_free(format);
    return is_good;
}

static void check(const char *text, struct umqtt_message message, const char *expected)
{
    struct output *output = calloc(1, sizeof(*output));
    assert_true(print(text, message, output));
    output_put_byte(output, 0);
    assert_string_equal(output->block, expected);
    free(output);
}

static void fields(void **state)
{
    (void)state;
    check("%t %p", plain(), "f/b x\"y");
    check("%l|%m|%q|%r|%x|%%", plain(), "3|7|1|1|782279|%");
    check("%X", (struct umqtt_message){.payload = umqtt_text("\xab\xcd")}, "ABCD");
    check("%C|%D|%E|%F|%P|%R|%S|", with_properties(), "text/plain|cd|94|1|k:v k2:v2|res/p|7|");
    check("%A|%C|%D|%E|%F|%P|%R|%S|", plain(), "||||||||");
    check("%U", plain(), "1600000000.123456789");
    check("", plain(), "");
}

static void widths(void **state)
{
    (void)state;
    check("%10t|%-10t|%.2t|%10.2t|%-10.2t|%010t|", plain(),
          "       f/b|f/b       |f/|        f/|f/        |       f/b|");
    check("%05l|%-5l|%5m|%-05l|", plain(), "00003|3    |    7|3    |");
    check("%10p|%-10p|%010p|%2p|%.2p|", plain(), "       x\"y|x\"y       |0000000x\"y|x\"|x\"y|");
    check("%20C|%.3R|%5.3R|%05S|%-10E|", with_properties(),
          "          text/plain|res|  res|00007|94        |");
    check("%5A|%05A|%-05E|%5C|%05C|%5F|%5R|%5S|", plain(),
          "     |00000|00000|     |     |     ||     |");
    /* mosquitto_sub shows only half of a payload in hex that has a width: we show what fits. */
    check("%10x|%010x|%-10x|%4X|", plain(), "    782279|0000782279|782279    |7822|");
}

static void escapes_and_times(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    check("a\\nb\\t\\\\\\e\\a\\r\\v", plain(), "a\nb\t\\\033\a\r\v");
    check("@@ @Y-@m-@d @H:@M:@S.@N", plain(), "@ 2020-09-13 12:26:40.123456789");
    check("%I", plain(), "2020-09-13T12:26:40+0000");
    check("%.4I|%26I", plain(), "2020|  2020-09-13T12:26:40+0000");

    struct output *output = calloc(1, sizeof(*output));
    assert_true(print("a\\0b", plain(), output));
    assert_int_equal(output->size, 3);
    assert_memory_equal(output->block, "a\0b", 3);
    free(output);
}

static void json(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    check("%j", plain(),
          "{\"tst\":\"2020-09-13T12:26:40.123456Z+0000\",\"topic\":\"f/b\",\"qos\":1,\"retain\":1,"
          "\"payloadlen\":3,\"mid\":7,\"payload\":\"x\\\"y\"}");
    struct umqtt_message message = with_properties();
    message.qos = 0;
    message.payload = umqtt_text("{\"a\": [1.50, null]}");
    check("%J", message,
          "{\"tst\":\"2020-09-13T12:26:40.123456Z+0000\",\"topic\":\"f/b\",\"qos\":0,\"retain\":1,"
          "\"payloadlen\":19,\"properties\":{\"content-type\":\"text/plain\",\"response-topic\":"
          "\"res/p\",\"correlation-data\":\"cd\",\"user-properties\":{\"k\":\"v\",\"k2\":\"v2\"},"
          "\"payload-format-indicator\":1,\"message-expiry-interval\":94,"
          "\"subscription-identifier\":7},\"payload\":{\"a\":[1.5,null]}}");
    message.properties = umqtt_bytes(NULL, 0);
    message.payload = umqtt_bytes(NULL, 0);
    check("%J", message,
          "{\"tst\":\"2020-09-13T12:26:40.123456Z+0000\",\"topic\":\"f/b\",\"qos\":0,\"retain\":1,"
          "\"payloadlen\":0,\"payload\":null}");
}

static void payloads_that_are_no_json(void **state)
{
    (void)state;
    struct output *output = calloc(1, sizeof(*output));
    static const char *const broken[] = {"nul", "{", "1 2", "{\"a\":1}x", " "};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct umqtt_message message = plain();
        message.payload = umqtt_text(broken[i]);
        assert_false(print("%J", message, output));
        assert_int_equal(output->size, 0);
    }
    free(output);
}

static void broken_formats(void **state)
{
    static const char *const broken[] = {"%",  "%5", "%-", "%5.", "%z",      "%--5l",   "%0-5l",
                                         "%|", "@",  "\\", "\\z", "%99999t", "%.99999t"};
    char fault[FORMAT_FAULT_SIZE_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        fault[0] = 0;
        assert_null(format_new(broken[i], fault));
        assert_true(fault[0] != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),
        cmocka_unit_test(widths),
        cmocka_unit_test(escapes_and_times),
        cmocka_unit_test(json),
        cmocka_unit_test(payloads_that_are_no_json),
        cmocka_unit_test(broken_formats),
    };
    return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
