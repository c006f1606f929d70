/* packet_ids_test.c — the set of identifiers against a plain table of all of them. */
#include "core/packet_ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/random.h"

static void empty_set(void **state)
{
    (void)state;
    struct packet_ids ids = {0};
    assert_false(packet_ids_have(&ids, 1));
    assert_false(packet_ids_remove(&ids, 1));
    assert_true(packet_ids_add(&ids, 65535));
    assert_true(packet_ids_have(&ids, 65535));
    assert_false(packet_ids_have(&ids, 1));
    assert_true(packet_ids_remove(&ids, 65535));
    assert_null(ids.slots); /* empty, it holds no memory */
}

static void all_of_them(void **state)
{
    (void)state;
    struct packet_ids ids = {0};
    for (uint32_t id = 1; id <= 65535; id++) {
        assert_true(packet_ids_add(&ids, (uint16_t)id));
    }
    assert_int_equal(ids.count, 65535);
    assert_true(ids.capacity * sizeof *ids.slots <= 256 * 1024);
    for (uint32_t id = 65535; id >= 1; id--) {
        assert_true(packet_ids_remove(&ids, (uint16_t)id));
        assert_false(packet_ids_have(&ids, (uint16_t)id));
    }
    assert_int_equal(ids.count, 0);
}

static void agrees_with_a_table(void **state)
{
    (void)state;
    static bool there[65536];
    struct packet_ids ids = {0};
    struct random random;
    random_seed(&random, 3);
    for (int i = 0; i < 100000; i++) {
        /* identifiers that collide in small tables */
        uint16_t id = (uint16_t)(1 + random_below(&random, 40) * 64 + random_below(&random, 3));
        assert_int_equal(packet_ids_have(&ids, id), there[id]);
        if (there[id]) {
            assert_true(packet_ids_remove(&ids, id));
        } else {
            assert_true(packet_ids_add(&ids, id));
        }
        there[id] = !there[id];
    }
    packet_ids_fini(&ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_set),
        cmocka_unit_test(all_of_them),
        cmocka_unit_test(agrees_with_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
