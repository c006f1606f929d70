/* flow_out_test.c — messages in flight: identifiers, order, and what is sent again. */
#include "core/flow_out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/random.h"

static struct delivery delivery_of(uint8_t qos, struct counters *counters)
{
    struct message_draft draft = {.topic = BYTES("t"), .payload = BYTES("x"), .qos = qos};
    struct message *message = message_new(&draft, counters);
    assert_non_null(message);
    return (struct delivery){.message = message, .qos = qos};
}

static uint16_t start(struct flow_out *flow, uint8_t qos, struct counters *counters)
{
    struct delivery delivery = delivery_of(qos, counters);
    uint16_t id = 0;
    assert_true(flow_out_start(flow, &delivery, &id, counters));
    return id;
}

static void finish(struct flow_out *flow, uint16_t id, struct counters *counters)
{
    struct delivery *delivery = flow_out_find(flow, id);
    assert_non_null(delivery);
    flow_out_finish(flow, delivery, counters);
}

static void qos_2_passes_through_its_states(void **state)
{
    (void)state;
    struct flow_out flow = {0};
    struct counters counters = {0};
    uint16_t id = start(&flow, 2, &counters);
    assert_int_equal(id, 1);
    assert_int_equal(flow_out_find(&flow, id)->state, DELIVERY_SENT);
    flow_out_release(&flow, flow_out_find(&flow, id), DELIVERY_RELEASING, &counters);
    assert_int_equal(flow_out_find(&flow, id)->state, DELIVERY_RELEASING);
    assert_null(flow_out_find(&flow, id)->message);
    assert_int_equal(flow.open, 1);
    assert_int_equal(flow.bytes, 0);
    assert_int_equal(counters.messages_held, 0);
    finish(&flow, id, &counters);
    assert_null(flow_out_find(&flow, id));
    assert_int_equal(counters.in_flight, 0);
    flow_out_fini(&flow, &counters);
    assert_int_equal(counters.memory_held, 0);
}

static void identifiers_wrap_around(void **state)
{
    (void)state;
    struct flow_out flow = {0};
    struct counters counters = {0};
    uint16_t held = 0;
    for (uint32_t i = 1; i <= 150000; i++) {
        uint16_t id = start(&flow, 1, &counters);
        assert_true(id != 0);
        assert_int_equal(id, (i - 1) % 65535 + 1);
        assert_true(id != held);
        if (i == 65530) {
            held = id; /* it stays across the end of the numbers */
        } else {
            finish(&flow, id, &counters);
        }
        if (i == 70000) {
            finish(&flow, held, &counters);
            held = 0;
        }
    }
    assert_int_equal(flow.count, 0);
    flow_out_fini(&flow, &counters);
    assert_int_equal(counters.memory_held, 0);
}

static void window_has_an_end(void **state)
{
    (void)state;
    struct flow_out flow = {0};
    struct counters counters = {0};
    uint16_t first = start(&flow, 1, &counters);
    while (flow_out_has_place(&flow, 0)) {
        finish(&flow, start(&flow, 1, &counters), &counters);
    }
    assert_int_equal(flow.count, FLOW_OUT_WINDOW_MAX);
    assert_int_equal(flow.open, 1);
    struct delivery delivery = delivery_of(1, &counters);
    uint16_t id = 0;
    assert_false(flow_out_start(&flow, &delivery, &id, &counters));
    finish(&flow, first, &counters);
    assert_int_equal(flow.count, 0);
    assert_true(flow_out_start(&flow, &delivery, &id, &counters));
    flow_out_fini(&flow, &counters);
    assert_int_equal(counters.memory_held, 0);
}

static void acknowledged_in_any_order(void **state)
{
    (void)state;
    struct flow_out flow = {0};
    struct counters counters = {0};
    uint16_t open[50];
    uint32_t count = 0;
    struct random random;
    random_seed(&random, 9);
    for (int i = 0; i < 100000; i++) {
        if (count < 50 && random_below(&random, 2) == 0) {
            uint16_t id = start(&flow, 1 + (uint8_t)random_below(&random, 2), &counters);
            for (uint32_t at = 0; at < count; at++) {
                assert_true(open[at] != id); /* never one that is in use */
            }
            open[count++] = id;
        } else if (count > 0) {
            uint32_t at = (uint32_t)random_below(&random, count);
            finish(&flow, open[at], &counters);
            assert_null(flow_out_find(&flow, open[at]));
            open[at] = open[--count];
        }
        assert_int_equal(flow.open, count);
        assert_int_equal(counters.in_flight, count);
    }
    flow_out_fini(&flow, &counters);
    assert_int_equal(counters.memory_held, 0);
    assert_int_equal(counters.in_flight, 0);
}

static void sent_again_in_the_old_order(void **state)
{
    (void)state;
    struct flow_out flow = {0};
    struct counters counters = {0};
    for (int i = 0; i < 6; i++) {
        start(&flow, 2, &counters);
    }
    finish(&flow, 2, &counters);
    flow_out_release(&flow, flow_out_find(&flow, 4), DELIVERY_RELEASING, &counters);
    flow_out_suspend(&flow);
    assert_int_equal(flow.unsent, 5);
    uint16_t id;
    assert_true(flow_out_resend(&flow, &id)->dup);
    assert_int_equal(id, 1);
    assert_int_equal(flow_out_resend(&flow, &id)->state, DELIVERY_SENT);
    assert_int_equal(id, 3);
    finish(&flow, 4, &counters); /* before its turn came */
    finish(&flow, 1, &counters);
    assert_non_null(flow_out_resend(&flow, &id));
    assert_int_equal(id, 5);
    flow_out_suspend(&flow); /* from the beginning */
    assert_non_null(flow_out_resend(&flow, &id));
    assert_int_equal(id, 3);
    assert_non_null(flow_out_resend(&flow, &id));
    assert_non_null(flow_out_resend(&flow, &id));
    assert_int_equal(id, 6);
    assert_null(flow_out_resend(&flow, &id));
    assert_int_equal(flow.unsent, 0);
    assert_int_equal(start(&flow, 1, &counters), 7);
    assert_null(flow_out_resend(&flow, &id)); /* a new one is not sent again */
    flow_out_fini(&flow, &counters);
    assert_int_equal(counters.memory_held, 0);
}

static void strangers_are_not_found(void **state)
{
    (void)state;
    struct flow_out flow = {0};
    struct counters counters = {0};
    assert_null(flow_out_find(&flow, 1));
    start(&flow, 1, &counters);
    assert_null(flow_out_find(&flow, 0));
    assert_null(flow_out_find(&flow, 2));
    assert_null(flow_out_find(&flow, 65535));
    flow_out_fini(&flow, &counters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"[MQTT-4.3.3-3, -5, -6] QoS 2 passes through its states", qos_2_passes_through_its_states,
         NULL, NULL, NULL},
        {"[MQTT-2.2.1-4][MQTT-4.3.2-1][MQTT-4.3.3-1][v3 MQTT-2.3.1-4] identifiers wrap around at "
         "65535 and pass by those in use",
         identifiers_wrap_around, NULL, NULL, NULL},
        {"the window has an end", window_has_an_end, NULL, NULL, NULL},
        {"[MQTT-2.2.1-4] acknowledged in any order", acknowledged_in_any_order, NULL, NULL, NULL},
        {"[MQTT-4.4.0-1][v3 MQTT-4.4.0-1] sent again in the old order", sent_again_in_the_old_order,
         NULL, NULL, NULL},
        {"strangers are not found", strangers_are_not_found, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
