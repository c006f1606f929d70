/* record_test.c — batches: what is added comes out again, whole and in its place. */
#include "core/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void add_delivery(struct batch *batch, uint64_t place, struct bytes first,
                         struct bytes second)
{
    struct delivery_entry delivery = {.session = 7, .place = place, .qos = 1};
    struct bytes runs[] = {first, second};
    assert_true(batch_add(batch, ENTRY_DELIVERY, &delivery, runs, 2));
}

static void entries_come_in_order(void **state)
{
    (void)state;
    struct batch *batch = batch_new(3);
    assert_non_null(batch);
    assert_true(batch_is_empty(batch));
    assert_int_equal(batch->worker, 3);
    assert_int_equal(batch->number, 0);
    static const uint8_t letters[] = "abcdefghijklmnopqrstuvwxyz";
    for (uint64_t i = 0; i < 200; i++) {
        struct bytes all = bytes_of(letters, i % 20);
        add_delivery(batch, i, bytes_of(all.data, all.size / 3),
                     bytes_of(all.data + all.size / 3, all.size - all.size / 3));
        struct received_entry received = {.session = i, .packet_id = (uint16_t)i};
        assert_true(batch_add(batch, ENTRY_RECEIVED, &received, NULL, 0));
    }
    struct entry entry;
    size_t at = 0;
    for (uint64_t i = 0; i < 200; i++) {
        assert_true(batch_next(batch, &at, &entry));
        const struct delivery_entry *delivery = entry.fixed;
        assert_int_equal(entry.kind, ENTRY_DELIVERY);
        assert_int_equal((uintptr_t)entry.fixed % 8, 0);
        assert_int_equal((uintptr_t)entry.rest.data % 4, 0); /* identifiers are read from it */
        assert_true(delivery->session == 7 && delivery->place == i && delivery->qos == 1);
        assert_int_equal(entry.rest.size, i % 20);
        assert_memory_equal(entry.rest.data, letters, i % 20);
        assert_true(batch_next(batch, &at, &entry));
        const struct received_entry *received = entry.fixed;
        assert_int_equal(entry.kind, ENTRY_RECEIVED);
        assert_int_equal((uintptr_t)entry.fixed % 8, 0);
        assert_true(received->session == i && received->packet_id == i && entry.rest.size == 0);
    }
    assert_false(batch_next(batch, &at, &entry));
    assert_false(batch_next(batch, &at, &entry));
    batch_free(batch);
}

static void every_kind_has_a_struct(void **state)
{
    (void)state;
    static const union {
        struct session_entry session;
        struct delivery_entry delivery;
        struct retained_entry retained;
    } nothing = {.session = {.number = 0}};
    struct batch *batch = batch_new(0);
    assert_non_null(batch);
    struct bytes rest = bytes_of_text("rest");
    for (int kind = 0; kind < ENTRY_KIND_COUNT; kind++) {
        assert_true(batch_add(batch, (enum entry_kind)kind, &nothing, &rest, 1));
    }
    struct entry entry;
    size_t at = 0;
    for (int kind = 0; kind < ENTRY_KIND_COUNT; kind++) {
        assert_true(batch_next(batch, &at, &entry));
        assert_int_equal(entry.kind, kind);
        assert_true(bytes_equal(entry.rest, rest));
    }
    batch_free(batch);
}

static void cut_forgets_the_end(void **state)
{
    (void)state;
    struct batch *batch = batch_new(0);
    assert_non_null(batch);
    add_delivery(batch, 1, bytes_of_text("one"), bytes_of(NULL, 0));
    size_t mark = batch_mark(batch);
    add_delivery(batch, 2, bytes_of_text("two"), bytes_of(NULL, 0));
    add_delivery(batch, 3, bytes_of_text("three"), bytes_of(NULL, 0));
    batch_cut(batch, mark);
    assert_int_equal(batch_mark(batch), mark);
    add_delivery(batch, 4, bytes_of_text("four"), bytes_of(NULL, 0));
    struct entry entry;
    size_t at = 0;
    assert_true(batch_next(batch, &at, &entry));
    assert_true(batch_next(batch, &at, &entry));
    assert_true(bytes_equal(entry.rest, bytes_of_text("four")));
    assert_false(batch_next(batch, &at, &entry));
    batch_cut(batch, 0);
    assert_true(batch_is_empty(batch));
    batch_free(batch);
}

/* As the journal does with a group, whose size is known at its end. */
static void fixed_part_is_completed_later(void **state)
{
    (void)state;
    struct batch *batch = batch_new(0);
    assert_non_null(batch);
    add_delivery(batch, 1, bytes_of_text("before"), bytes_of(NULL, 0));
    struct group_entry group = {.group = 9};
    size_t mark = batch_mark(batch);
    assert_true(batch_add(batch, ENTRY_GROUP, &group, NULL, 0));
    for (uint64_t i = 0; i < 1000; i++) { /* it has moved meanwhile */
        add_delivery(batch, i, bytes_of_text("inside"), bytes_of(NULL, 0));
    }
    struct group_entry *completed = batch_fixed_at(batch, mark);
    completed->entry_count = 1000;
    struct entry entry;
    size_t at = mark;
    assert_true(batch_next(batch, &at, &entry));
    assert_int_equal(entry.kind, ENTRY_GROUP);
    assert_int_equal(((const struct group_entry *)entry.fixed)->group, 9);
    assert_int_equal(((const struct group_entry *)entry.fixed)->entry_count, 1000);
    batch_free(batch);
}

static void large_entries_fit(void **state)
{
    (void)state;
    size_t size = (size_t)3 << 20;
    uint8_t *bytes = test_malloc(size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 31 >> 3);
    }
    struct batch *batch = batch_new(0);
    assert_non_null(batch);
    add_delivery(batch, 1, bytes_of_text("small"), bytes_of(NULL, 0));
    add_delivery(batch, 2, bytes_of(bytes, 100001), bytes_of(bytes + 100001, size - 100001));
    add_delivery(batch, 3, bytes_of_text("small again"), bytes_of(NULL, 0));
    struct entry entry;
    size_t at = 0;
    assert_true(batch_next(batch, &at, &entry));
    assert_true(batch_next(batch, &at, &entry));
    assert_int_equal(entry.rest.size, size);
    assert_memory_equal(entry.rest.data, bytes, size);
    assert_true(batch_next(batch, &at, &entry));
    assert_true(bytes_equal(entry.rest, bytes_of_text("small again")));
    assert_true(batch->capacity >= batch->size);
    batch_free(batch);
    test_free(bytes);
}

static void nothing_can_be_freed(void **state)
{
    (void)state;
    batch_free(NULL);
    struct batch *batch = batch_new(0);
    struct entry entry;
    size_t at = 0;
    assert_false(batch_next(batch, &at, &entry));
    batch_free(batch);
}

static void numbers_are_never_used_twice(void **state)
{
    (void)state;
    uint64_t greatest = record_number(1, 63, ((uint64_t)1 << 38) - 1);
    assert_true(record_number(1, 0, 1) < record_number(1, 0, 2));
    assert_true(record_number(1, 0, ((uint64_t)1 << 38) - 1) < record_number(1, 1, 0));
    assert_true(greatest < record_number(2, 0, 0));
    assert_true(record_number(((uint64_t)1 << 20) - 1, 63, 1) > greatest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_in_order),
        cmocka_unit_test(every_kind_has_a_struct),
        cmocka_unit_test(cut_forgets_the_end),
        cmocka_unit_test(fixed_part_is_completed_later),
        cmocka_unit_test(large_entries_fit),
        cmocka_unit_test(nothing_can_be_freed),
        cmocka_unit_test(numbers_are_never_used_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
