/* core_outbox_test.c — bytes come out as they went in, whatever portions they are sent in. */
#include "core/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"

enum { TOTAL = 400000 };

static uint8_t byte_at(size_t at)
{
    return (uint8_t)(at * 31 + at / 251);
}

/* Puts the next `size` bytes of the sequence in: copied, or as the payload of a message. */
static void put(struct outbox *outbox, struct outbox_pool *pool, size_t at, size_t size, bool refer)
{
    if (!refer) {
        uint8_t *room = outbox_reserve(outbox, pool, size);
        assert_non_null(room);
        for (size_t i = 0; i < size; i++) {
            room[i] = byte_at(at + i);
        }
        outbox_commit(outbox, size);
        return;
    }
    uint8_t *payload = malloc(size + 1);
    assert_non_null(payload);
    for (size_t i = 0; i < size; i++) {
        payload[i] = byte_at(at + i);
    }
    struct message_draft draft = {.topic = BYTES("t"), .payload = bytes_of(payload, size)};
    struct message *message = message_new(&draft, pool->counters);
    assert_true(outbox_refer(outbox, pool, message));
    message_unref(message, pool->counters); /* the outbox has its own reference */
    free(payload);
}

/* Sends up to `size` bytes and compares them; returns how many went. */
static size_t take(struct outbox *outbox, struct outbox_pool *pool, size_t at, size_t size)
{
    struct iovec pieces[4];
    size_t count = outbox_pieces(outbox, pieces, 4), taken = 0;
    for (size_t i = 0; i < count && taken < size; i++) {
        for (size_t j = 0; j < pieces[i].iov_len && taken < size; j++) {
            assert_int_equal(((uint8_t *)pieces[i].iov_base)[j], byte_at(at + taken));
            taken++;
        }
    }
    outbox_sent(outbox, pool, taken);
    return taken;
}

static void bytes_stay_in_order(void **state)
{
    (void)state;
    struct counters counters = {0};
    struct outbox_pool pool;
    struct outbox outbox = {0};
    struct random random;
    size_t in = 0, out = 0;
    random_seed(&random, 4);
    outbox_pool_init(&pool, &counters);
    while (out < TOTAL) {
        if (in < TOTAL && random_below(&random, 2) == 0) {
            size_t size = random_below(&random, random_below(&random, 4) == 0 ? 9000 : 40);
            put(&outbox, &pool, in, size, random_below(&random, 3) == 0);
            in += size;
        } else {
            out += take(&outbox, &pool, out, random_below(&random, 6000) + (in >= TOTAL));
        }
        assert_int_equal(outbox.size, in - out);
    }
    outbox_clear(&outbox, &pool);
    assert_null(outbox.head);
    assert_int_equal(counters.memory_held, 0);
    assert_int_equal(counters.messages_held, 0);
    outbox_pool_fini(&pool);
}

static void cleared_halfway(void **state)
{
    (void)state;
    struct counters counters = {0};
    struct outbox_pool pool;
    struct outbox outbox = {0};
    outbox_pool_init(&pool, &counters);
    put(&outbox, &pool, 0, 100, false);
    put(&outbox, &pool, 100, 20000, true);
    put(&outbox, &pool, 20100, 5000, false);
    assert_int_equal(take(&outbox, &pool, 0, 150), 150);
    outbox_clear(&outbox, &pool);
    assert_int_equal(outbox.size, 0);
    assert_int_equal(counters.memory_held, 0);
    outbox_pool_fini(&pool);
}

static void free_chunks_are_few(void **state)
{
    (void)state;
    struct counters counters = {0};
    struct outbox_pool pool;
    struct outbox outbox = {0};
    outbox_pool_init(&pool, &counters);
    for (size_t i = 0; i < 1000; i++) {
        put(&outbox, &pool, i * 4000, 4000, false);
    }
    outbox_clear(&outbox, &pool);
    assert_int_equal(pool.free_count, OUTBOX_POOL_CHUNKS_MAX);
    for (int i = 0; i < 9; i++) {
        outbox_pool_trim(&pool);
    }
    assert_int_equal(pool.free_count, 0);
    outbox_pool_trim(&pool);
    outbox_pool_fini(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_stay_in_order),
        cmocka_unit_test(cleared_halfway),
        cmocka_unit_test(free_chunks_are_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
