/* queue_test.c — first in, first out, and every byte accounted for. */
#include "core/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/random.h"

static struct delivery numbered(uint32_t number, struct counters *counters)
{
    struct message_draft draft = {.topic = BYTES("t"), .payload = bytes_of(&number, sizeof number)};
    return (struct delivery){.message = message_new(&draft, counters)};
}

static uint32_t number_of(const struct delivery *delivery)
{
    uint32_t number;
    memcpy(&number, message_payload(delivery->message).data, sizeof number);
    return number;
}

static void in_order(void **state)
{
    (void)state;
    struct queue queue = {0};
    struct counters counters = {0};
    struct random random;
    uint32_t added = 0, taken = 0;
    random_seed(&random, 2);
    assert_null(queue_first(&queue));
    for (int i = 0; i < 20000; i++) {
        bool grows = i / 1000 % 2 == 0;
        if (random_below(&random, 4) < (grows ? 3u : 1u)) {
            struct delivery delivery = numbered(added++, &counters);
            assert_true(queue_add(&queue, &delivery, &counters));
        } else if (queue.count > 0) {
            assert_int_equal(number_of(queue_first(&queue)), taken);
            struct delivery delivery = queue_take(&queue, &counters);
            assert_int_equal(number_of(&delivery), taken++);
            delivery_fini(&delivery, &counters);
        }
        assert_int_equal(queue.count, added - taken);
        assert_int_equal(counters.queued, queue.count);
        assert_int_equal(counters.queued_bytes, queue.bytes);
        assert_int_equal(counters.messages_held, queue.count);
    }
    queue_fini(&queue, &counters);
    assert_int_equal(counters.memory_held, 0);
    assert_int_equal(counters.queued + counters.queued_bytes, 0);
}

static bool is_even(void *context, struct delivery *delivery)
{
    if (number_of(delivery) % 2 == 0) {
        return true;
    }
    delivery_fini(delivery, context);
    return false;
}

static void filtered(void **state)
{
    (void)state;
    struct queue queue = {0};
    struct counters counters = {0};
    for (uint32_t i = 0; i < 13; i++) {
        struct delivery delivery = numbered(i, &counters);
        assert_true(queue_add(&queue, &delivery, &counters));
        if (i < 5) { /* so that the ring wraps around */
            delivery = queue_take(&queue, &counters);
            delivery_fini(&delivery, &counters);
        }
    }
    queue_filter(&queue, is_even, &counters, &counters);
    assert_int_equal(queue.count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(number_of(queue_at(&queue, i)), 6 + i * 2);
    }
    assert_int_equal(counters.queued, 4);
    assert_int_equal(counters.queued_bytes, queue.bytes);
    queue_fini(&queue, &counters);
    assert_int_equal(counters.memory_held, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),
        cmocka_unit_test(filtered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
