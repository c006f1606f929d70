/* heap_test.c — deadlines against a plain list. */
#include "base/heap.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/random.h"

#define ENTRIES 500

struct timer {
    struct heap_entry entry;
    uint64_t deadline_us;
};

static void reset(struct timer *timers)
{
    for (size_t index = 0; index < ENTRIES; index++) {
        timers[index].entry.place = HEAP_NOWHERE;
    }
}

static void empty_heap_has_no_first(void **state)
{
    (void)state;
    struct heap heap;
    struct heap_entry entry = {.place = HEAP_NOWHERE};
    uint64_t deadline_us = 77;
    heap_init(&heap);
    assert_null(heap_first(&heap, &deadline_us));
    assert_int_equal(deadline_us, 77);
    heap_remove(&heap, &entry);
    assert_true(heap_set(&heap, &entry, 5));
    assert_ptr_equal(heap_first(&heap, &deadline_us), &entry);
    assert_int_equal(deadline_us, 5);
    heap_remove(&heap, &entry);
    assert_int_equal(entry.place, HEAP_NOWHERE);
    assert_null(heap_first(&heap, &deadline_us));
    heap_fini(&heap);
}

/* The smallest deadline of the timers that are in, or UINT64_MAX. */
static uint64_t earliest(const struct timer *timers)
{
    uint64_t deadline_us = UINT64_MAX;
    for (size_t index = 0; index < ENTRIES; index++) {
        if (timers[index].entry.place != HEAP_NOWHERE && timers[index].deadline_us < deadline_us) {
            deadline_us = timers[index].deadline_us;
        }
    }
    return deadline_us;
}

static void first_is_the_earliest(void **state)
{
    (void)state;
    static struct timer timers[ENTRIES];
    struct random random;
    struct heap heap;
    random_seed(&random, 3);
    heap_init(&heap);
    reset(timers);
    for (size_t round = 0; round < 20000; round++) {
        struct timer *timer = &timers[random_below(&random, ENTRIES)];
        if (random_below(&random, 10) < (round / 4000 % 2 ? 3 : 8)) {
            timer->deadline_us = random_below(&random, 1000);
            assert_true(heap_set(&heap, &timer->entry, timer->deadline_us));
        } else {
            heap_remove(&heap, &timer->entry);
        }
        uint64_t deadline_us = UINT64_MAX;
        struct heap_entry *first = heap_first(&heap, &deadline_us);
        assert_true(deadline_us == earliest(timers));
        assert_true(!first || ((struct timer *)first)->deadline_us == deadline_us);
    }
    uint64_t last_us = 0;
    uint64_t deadline_us;
    for (struct heap_entry *first; (first = heap_first(&heap, &deadline_us));) {
        assert_true(deadline_us >= last_us);
        last_us = deadline_us;
        heap_remove(&heap, first);
    }
    assert_true(earliest(timers) == UINT64_MAX && heap.count == 0 && heap.capacity <= 16);
    heap_fini(&heap);
}

/* Two heaps told the same give equal deadlines out in the same order. */
static void ties_repeat(void **state)
{
    (void)state;
    static struct timer timers[2][ENTRIES];
    struct heap heaps[2];
    for (size_t which = 0; which < 2; which++) {
        heap_init(&heaps[which]);
        reset(timers[which]);
        for (size_t index = 0; index < ENTRIES; index++) {
            assert_true(heap_set(&heaps[which], &timers[which][index].entry, index % 3));
        }
    }
    uint64_t deadline_us;
    for (size_t count = 0; count < ENTRIES; count++) {
        struct heap_entry *first[2];
        for (size_t which = 0; which < 2; which++) {
            first[which] = heap_first(&heaps[which], &deadline_us);
            heap_remove(&heaps[which], first[which]);
        }
        assert_int_equal((struct timer *)first[0] - timers[0],
                         (struct timer *)first[1] - timers[1]);
    }
    heap_fini(&heaps[0]);
    heap_fini(&heaps[1]);
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("an empty heap has no first", empty_heap_has_no_first),
        TEST("the first is the earliest, whatever was set, moved and removed",
             first_is_the_earliest),
        TEST("ties come out the same way every time", ties_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
