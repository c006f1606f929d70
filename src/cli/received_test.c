/* received_test.c — what happens to received bytes on their way to the person: packet_walk,
 * assembly and trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/assembly.h"
#include "cli/packet_walk.h"
#include "cli/trace.h"

/* CONNACK, a PUBLISH of 200 bytes with a long header, PINGRESP. */
static size_t make_stream(uint8_t stream[512])
{
    static const uint8_t head[] = {0x20, 2, 0, 0, 0x30, 0xC8, 0x01, 0, 1, 't'};
    memcpy(stream, head, sizeof(head));
    memset(stream + sizeof(head), 'x', 197);
    stream[sizeof(head) + 197] = 0xD0;
    stream[sizeof(head) + 198] = 0;
    return sizeof(head) + 199;
}

static void the_walk_stops_at_each_packet(void **state)
{
    uint8_t stream[512];
    size_t size = make_stream(stream);
    (void)state;
    for (size_t chunk = 1; chunk <= size; chunk++) { /* however the bytes arrive */
        struct packet_walk walk = {0};
        size_t ends[8] = {0}, end_count = 0;
        for (size_t at = 0; at < size;) {
            size_t there = chunk - at % chunk < size - at ? chunk - at % chunk : size - at;
            at += packet_walk_step(&walk, stream + at, there);
            if (walk.left == 0 && !walk.in_length) {
                ends[end_count++] = at;
            }
        }
        assert_int_equal(end_count, 3);
        assert_int_equal(ends[0], 4);
        assert_int_equal(ends[1], 4 + 203);
        assert_int_equal(ends[2], size);
    }
}

static struct umqtt_message part_of(const char *text, size_t offset, size_t size)
{
    return (struct umqtt_message){
        .topic = umqtt_text("t"),
        .payload = umqtt_bytes(text + offset, size),
        .payload_offset = offset,
        .payload_size = strlen(text),
    };
}

static void parts_become_one(void **state)
{
    struct assembly assembly = {0};
    struct umqtt_message part, whole;
    (void)state;
    part = part_of("hello", 0, 5);
    assert_int_equal(assembly_add(&assembly, &part, &whole), ASSEMBLY_WHOLE);
    assert_null(assembly.data); /* passed through */
    part = part_of("a longer one", 0, 4);
    assert_int_equal(assembly_add(&assembly, &part, &whole), ASSEMBLY_PART);
    part = part_of("a longer one", 0, 6); /* it begins again after a lost connection */
    assert_int_equal(assembly_add(&assembly, &part, &whole), ASSEMBLY_PART);
    part = part_of("a longer one", 6, 6);
    assert_int_equal(assembly_add(&assembly, &part, &whole), ASSEMBLY_WHOLE);
    assert_int_equal(whole.payload.size, 12);
    assert_memory_equal(whole.payload.data, "a longer one", 12);
    assembly_fini(&assembly);
}

static void packets_are_told(void **state)
{
    uint8_t stream[512];
    size_t size = make_stream(stream);
    static const uint8_t sent[] = {0x10, 0,                          /* CONNECT */
                                   0x82, 6, 0, 1, 0,    1, 'a', 1,   /* SUBSCRIBE */
                                   0x3D, 6, 0, 1, 't',  0, 9,   'x', /* PUBLISH */
                                   0x40, 2, 0, 7, 0x62, 2, 0,   9,
                                   0xE0, 0}; /* acks, DISCONNECT */
    struct output *output = calloc(1, sizeof(*output));
    struct trace *trace = calloc(1, sizeof(*trace));
    (void)state;
    output->is_broken = true; /* nothing is to be written */
    trace_init(trace, output, UMQTT_3_1_1, "me");
    for (size_t i = 0; i < size; i++) {
        trace_received(trace, stream + i, 1);
    }
    trace_sent(trace, sent, sizeof(sent));
    output_put_byte(output, 0);
    assert_string_equal(output->block,
                        "Client me received CONNACK (0)\n"
                        "Client me received PUBLISH (d0, q0, r0, m0, 't', ... (197 bytes))\n"
                        "Client me received PINGRESP\n"
                        "Client me sending CONNECT\n"
                        "Client me sending SUBSCRIBE (Mid: 1, Topic: a, QoS: 1, Options: 0x00)\n"
                        "Client me sending PUBLISH (d1, q2, r1, m9, 't', ... (1 bytes))\n"
                        "Client me sending PUBACK (m7, rc0)\n"
                        "Client me sending PUBREL (m9)\n"
                        "Client me sending DISCONNECT\n");
    free(trace);
    free(output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_walk_stops_at_each_packet),
        cmocka_unit_test(parts_become_one),
        cmocka_unit_test(packets_are_told),
    };
    return cmocka_run_group_tests_name("received", tests, NULL, NULL);
}
