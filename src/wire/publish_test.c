/* publish_test.c — PUBLISH with its payload apart, its limits, and what travels on. */
#include "wire/publish.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "wire/frame.h"

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

static const enum protocol_version VERSIONS[] = {PROTOCOL_3_1, PROTOCOL_3_1_1, PROTOCOL_5};

static void the_header_stands_alone(void **state)
{
    (void)state;
    const uint32_t ids[] = {5, 300};
    const struct packet_publish publish = {.qos = 2,
                                           .dup = true,
                                           .packet_id = 7,
                                           .topic = BYTES("a/b"),
                                           .payload = BYTES("hello"),
                                           .properties = BYTES("\x01\1"),
                                           .has_message_expiry = true,
                                           .message_expiry_interval_s = 9,
                                           .subscription_ids = ids,
                                           .subscription_id_count = 2};
    for (size_t i = 0; i < 3; i++) {
        uint8_t whole[64], header[64];
        size_t size = publish_encode(&publish, VERSIONS[i], whole, sizeof whole);
        assert_int_equal(size, publish_size(&publish, VERSIONS[i]));
        size_t header_size = publish_header_size(&publish, VERSIONS[i]);
        assert_int_equal(header_size + publish.payload.size, size);
        struct packet_publish elsewhere = publish;
        elsewhere.payload.data = NULL;
        assert_int_equal(publish_encode_header(&elsewhere, VERSIONS[i], header, header_size),
                         header_size);
        assert_memory_equal(header, whole, header_size);
        assert_memory_equal(whole + header_size, "hello", 5);
    }
}

static void the_largest_packet_has_a_header(void **state)
{
    (void)state;
    struct packet_publish publish = {.topic = BYTES("t")};
    for (size_t i = 0; i < 3; i++) {
        size_t before = VERSIONS[i] == PROTOCOL_5 ? 4 : 3;
        uint8_t out[16];
        publish.payload = bytes_of(NULL, 268435455 - before);
        assert_int_equal(publish_size(&publish, VERSIONS[i]), PACKET_SIZE_MAX);
        size_t size = publish_encode_header(&publish, VERSIONS[i], out, sizeof out);
        assert_int_equal(size, 5 + before);
        assert_memory_equal(out, "\x30\xff\xff\xff\x7f\0\1t", 8);
        publish.payload.size++;
        assert_int_equal(publish_size(&publish, VERSIONS[i]), 0);
        assert_int_equal(publish_header_size(&publish, VERSIONS[i]), 0);
        assert_int_equal(publish_encode_header(&publish, VERSIONS[i], out, sizeof out), 0);
        assert_int_equal(publish_encode(&publish, VERSIONS[i], out, sizeof out), 0);
    }
}

static void topics_end_at_65535_bytes(void **state)
{
    (void)state;
    static uint8_t topic[65536], out[65544];
    memset(topic, 'a', sizeof topic);
    struct packet_publish publish = {.topic = bytes_of(topic, 65535)}, found;
    size_t size = publish_encode(&publish, PROTOCOL_3_1_1, out, sizeof out);
    assert_int_equal(size, 4 + 2 + 65535);
    struct frame frame;
    assert_int_equal(frame_read(bytes_of(out, size), &frame), FRAME_WHOLE);
    assert_int_equal(publish_decode(frame.flags, frame.body, PROTOCOL_3_1_1, &found),
                     REASON_SUCCESS);
    assert_int_equal(found.topic.size, 65535);
    publish.topic.size = 65536;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(publish_size(&publish, VERSIONS[i]), 0);
}

static void assert_unencodable(const struct packet_publish *publish)
{
    for (size_t i = 0; i < 3; i++) {
        uint8_t out[1];
        assert_int_equal(publish_size(publish, VERSIONS[i]), 0);
        assert_int_equal(publish_encode(publish, VERSIONS[i], out, sizeof out), 0);
    }
}

static void qos_3_is_not_encoded(void **state)
{
    (void)state;
    assert_unencodable(&(struct packet_publish){.qos = 3, .packet_id = 1, .topic = BYTES("t")});
}

static void dup_needs_a_qos(void **state)
{
    (void)state;
    assert_unencodable(&(struct packet_publish){.dup = true, .topic = BYTES("t")});
}

static void qos_needs_a_packet_id(void **state)
{
    (void)state;
    assert_unencodable(&(struct packet_publish){.qos = 1, .topic = BYTES("t")});
    assert_unencodable(&(struct packet_publish){.qos = 2, .topic = BYTES("t")});
}

static void a_topic_is_needed(void **state)
{
    (void)state;
    assert_unencodable(&(struct packet_publish){.payload = BYTES("x")});
    struct packet_publish publish = {.topic_alias = 1};
    assert_int_equal(publish_size(&publish, PROTOCOL_3_1_1), 0);
    assert_int_equal(publish_size(&publish, PROTOCOL_5), 2 + 2 + 1 + 3);
}

static void subscription_ids_are_in_range(void **state)
{
    (void)state;
    uint32_t id = 0;
    struct packet_publish publish = {
        .topic = BYTES("t"), .subscription_ids = &id, .subscription_id_count = 1};
    assert_int_equal(publish_size(&publish, PROTOCOL_5), 0);
    id = SUBSCRIPTION_ID_MAX + 1;
    assert_int_equal(publish_size(&publish, PROTOCOL_5), 0);
    id = SUBSCRIPTION_ID_MAX;
    assert_int_equal(publish_size(&publish, PROTOCOL_5), 2 + 3 + 1 + 5);
}

static void qos_0_has_no_packet_id(void **state)
{
    (void)state;
    uint8_t out[8];
    struct packet_publish publish = {.packet_id = 77, .topic = BYTES("t")};
    assert_int_equal(publish_encode(&publish, PROTOCOL_3_1_1, out, sizeof out), 5);
    assert_memory_equal(out, "\x30\x03\0\1t", 5);
    assert_int_equal(publish_encode(&publish, PROTOCOL_5, out, sizeof out), 6);
    assert_memory_equal(out, "\x30\x04\0\1t\0", 6);
}

static void what_travels_on_is_copied(void **state)
{
    (void)state;
    struct packet_publish publish;
    uint8_t out[32];
    struct bytes body = BYTES("\0\1t"
                              "\x13"
                              "\x26\0\1b\0\1"
                              "1"
                              "\x02\0\0\0\1"
                              "\x26\0\1a\0\1"
                              "2"
                              "pay");
    assert_int_equal(publish_decode_from_client(0, body, PROTOCOL_5, &publish), REASON_SUCCESS);
    assert_true(publish.has_message_expiry);
    assert_int_equal(publish.passed_on_size, 14);
    publish_copy_passed_on(&publish, out);
    assert_memory_equal(out,
                        "\x26\0\1b\0\1"
                        "1"
                        "\x26\0\1a\0\1"
                        "2",
                        14);
    assert_true(bytes_equal(publish.payload, BYTES("pay")));

    body = BYTES("\0\1t"
                 "\x02"
                 "\x01\1"); /* all of it travels on */
    assert_int_equal(publish_decode_from_client(0, body, PROTOCOL_5, &publish), REASON_SUCCESS);
    assert_int_equal(publish.passed_on_size, 2);
    publish_copy_passed_on(&publish, out);
    assert_memory_equal(out, "\x01\1", 2);

    body = BYTES("\0\1t"
                 "\x03"
                 "\x23\0\1"); /* nothing does */
    assert_int_equal(publish_decode_from_client(0, body, PROTOCOL_5, &publish), REASON_SUCCESS);
    assert_int_equal(publish.passed_on_size, 0);
    publish_copy_passed_on(&publish, NULL);
}

static void only_servers_send_subscription_ids(void **state)
{
    (void)state;
    struct packet_publish publish;
    struct bytes body = BYTES("\0\1t"
                              "\x02"
                              "\x0b\1");
    assert_int_equal(publish_decode(0, body, PROTOCOL_5, &publish), REASON_SUCCESS);
    assert_int_equal(publish.passed_on_size, 0);
    assert_int_equal(publish_decode_from_client(0, body, PROTOCOL_5, &publish),
                     REASON_PROTOCOL_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("the header stands alone, whatever the payload is", the_header_stands_alone),
        TEST("the largest packet has a header, a larger one none", the_largest_packet_has_a_header),
        TEST("[MQTT-4.7.3-3][v3 MQTT-4.7.3-3] topics end at 65535 bytes",
             topics_end_at_65535_bytes),
        TEST("[MQTT-3.3.1-4][v3 MQTT-3.3.1-4] QoS 3 is not encoded", qos_3_is_not_encoded),
        TEST("[MQTT-3.3.1-2][v3 MQTT-3.3.1-2] DUP needs a QoS", dup_needs_a_qos),
        TEST("[MQTT-2.2.1-3][MQTT-2.2.1-4][v3 MQTT-2.3.1-1][v3 MQTT-2.3.1-4] QoS 1 and 2 need a "
             "packet identifier",
             qos_needs_a_packet_id),
        TEST("[MQTT-4.7.3-1][v3 MQTT-4.7.3-1] a topic is needed, or in 5.0 an alias",
             a_topic_is_needed),
        TEST("subscription identifiers are in range", subscription_ids_are_in_range),
        TEST("[MQTT-2.2.1-2][v3 MQTT-2.3.1-5] QoS 0 has no packet identifier",
             qos_0_has_no_packet_id),
        TEST("[MQTT-3.3.2-17][MQTT-3.3.2-18] what travels on is copied in its order",
             what_travels_on_is_copied),
        TEST("[MQTT-3.3.4-6] only servers send subscription identifiers",
             only_servers_send_subscription_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
