/* map_test.c — the map against a plain list of what is in it. */
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/random.h"

struct thing {
    uint64_t hash;
    int key;
    bool is_in;
};

static bool has_key(const void *item, const void *key)
{
    return ((const struct thing *)item)->key == *(const int *)key;
}

static void empty_map(void **state)
{
    (void)state;
    struct map map;
    int key = 1;
    uint32_t cursor = 0;
    map_init(&map);
    assert_null(map_find(&map, 1, has_key, &key));
    map_remove(&map, 1, &key);
    assert_null(map_next(&map, &cursor));
    assert_null(map.slots);
    map_fini(&map);
}

static void agrees_with_a_list(void **state)
{
    (void)state;
    static struct thing things[300];
    struct map map;
    struct random random;
    uint32_t count = 0;
    map_init(&map);
    random_seed(&random, 1);
    for (int i = 0; i < 300; i++) { /* many share a hash, or its low bits */
        things[i] = (struct thing){.hash = random_below(&random, 20) << (i % 3 * 16), .key = i};
    }
    for (int i = 0; i < 50000; i++) {
        struct thing *thing = &things[random_below(&random, 300)];
        void *found = map_find(&map, thing->hash, has_key, &thing->key);
        assert_ptr_equal(found, thing->is_in ? thing : NULL);
        if (thing->is_in) {
            map_remove(&map, thing->hash, thing);
        } else {
            assert_true(map_add(&map, thing->hash, thing));
        }
        thing->is_in = !thing->is_in;
        count += thing->is_in ? 1 : UINT32_MAX;
        assert_int_equal(map.count, count);
    }
    uint32_t cursor = 0, walked = 0;
    struct thing *thing;
    while ((thing = map_next(&map, &cursor)) != NULL) {
        assert_true(thing->is_in);
        walked++;
    }
    assert_int_equal(walked, count);
    map_fini(&map);
}

/* Emptied during a walk: the place just emptied is looked at again. */
static void emptied_one_by_one(void **state)
{
    (void)state;
    static struct thing things[1000];
    struct map map;
    struct random random;
    uint32_t cursor = 0;
    struct thing *thing;
    map_init(&map);
    random_seed(&random, 8);
    for (int i = 0; i < 1000; i++) {
        things[i] = (struct thing){.hash = random_next(&random), .key = i};
        assert_true(map_add(&map, things[i].hash, &things[i]));
    }
    while ((thing = map_next(&map, &cursor)) != NULL) {
        map_remove(&map, thing->hash, thing);
        cursor--;
    }
    assert_int_equal(map.count, 0);
    map_fini(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_map),
        cmocka_unit_test(agrees_with_a_list),
        cmocka_unit_test(emptied_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
