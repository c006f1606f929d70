/* peers_test.c — records in parcels, and the order in which parcels may be heard. */
#include "core/peers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/counters.h"

static void say(struct peers *peers, uint32_t worker, const char *filter)
{
    assert_true(
        peers_say(peers, worker, RECORD_INTEREST, NULL, bytes_of_text(filter), (struct bytes){0}));
}

/* The filters in the next parcel for `worker`, one behind the other; "": there is none. */
static const char *heard(struct peers *peers, uint32_t worker)
{
    static char text[64];
    struct parcel *parcel = peers_take(peers, worker);
    struct record record;
    size_t at = 0, size = 0;
    while (parcel && parcel_next(parcel, &at, &record)) {
        memcpy(text + size, record.rest.data, record.rest.size);
        size += record.rest.size;
    }
    text[size] = 0;
    parcel_free(parcel);
    return text;
}

static void records_come_as_they_were_said(void **state)
{
    (void)state;
    struct peers peers = {.self = 1, .count = 3};
    struct share_record share = {.group = 7, .session = 8, .name_size = 2};
    struct counters counters = {.owed = 9};
    say(&peers, 0, "a/b");
    assert_true(peers_say(&peers, 0, RECORD_SHARE_JOIN, &share, BYTES("gr"), BYTES("filter")));
    assert_true(
        peers_say(&peers, 0, RECORD_COUNTERS, &counters, (struct bytes){0}, (struct bytes){0}));
    struct parcel *parcel = peers_take(&peers, 0);
    struct record record;
    size_t at = 0;
    assert_int_equal(parcel->from, 1);
    assert_true(parcel_next(parcel, &at, &record));
    assert_int_equal(record.kind, RECORD_INTEREST);
    assert_true(bytes_equal(record.rest, BYTES("a/b")));
    assert_true(parcel_next(parcel, &at, &record));
    assert_int_equal(record.kind, RECORD_SHARE_JOIN);
    assert_int_equal(((const struct share_record *)record.fixed)->session, 8);
    assert_true(bytes_equal(record.rest, BYTES("grfilter")));
    assert_true(parcel_next(parcel, &at, &record));
    assert_int_equal(((const struct counters *)record.fixed)->owed, 9);
    assert_false(parcel_next(parcel, &at, &record));
    parcel_free(parcel);
    assert_null(peers_take(&peers, 0));
    peers_fini(&peers);
}

static void large_records(void **state)
{
    (void)state;
    struct peers peers = {.self = 0, .count = 2};
    uint8_t *bytes = calloc(1, 100000);
    struct publish_record publish = {0};
    size_t at = 0, count = 0;
    struct record record;
    for (size_t size = 0; size < 100000; size += 7919) {
        assert_true(peers_say(&peers, 1, RECORD_FORWARD, &publish, bytes_of(bytes, size),
                              (struct bytes){0}));
    }
    struct parcel *parcel = peers_take(&peers, 1);
    while (parcel_next(parcel, &at, &record)) {
        assert_int_equal(record.rest.size, count++ * 7919);
        assert_int_equal((uintptr_t)record.fixed % 8, 0);
    }
    assert_int_equal(count, 13);
    parcel_free(parcel);
    free(bytes);
}

static void late_comes_last(void **state)
{
    (void)state;
    struct peers peers = {.self = 1, .count = 4};
    struct settled_record settled = {0};
    assert_true(
        peers_say_late(&peers, 0, RECORD_SETTLED, &settled, BYTES("late"), (struct bytes){0}));
    say(&peers, 3, "x");
    assert_string_equal(heard(&peers, 0), "");
    assert_string_equal(heard(&peers, 2), "");
    assert_string_equal(heard(&peers, 3), "x");
    assert_string_equal(heard(&peers, 0), "late");
    assert_string_equal(heard(&peers, 0), "");
    assert_true(
        peers_say_late(&peers, 0, RECORD_SETTLED, &settled, BYTES("late"), (struct bytes){0}));
    peers_fini(&peers); /* what was not taken is freed */
}

static void sealed_comes_first(void **state)
{
    (void)state;
    struct peers peers = {.self = 1, .count = 4};
    say(&peers, 3, "a");
    say(&peers, 1, "to myself");
    peers_seal(&peers);
    peers_seal(&peers);
    say(&peers, 0, "b");
    say(&peers, 3, "c");
    peers_seal(&peers);
    say(&peers, 0, "d");
    assert_string_equal(heard(&peers, 0), "");
    assert_string_equal(heard(&peers, 3), "a");
    assert_string_equal(heard(&peers, 3), "");
    assert_string_equal(heard(&peers, 0), "b");
    assert_string_equal(heard(&peers, 0), "");
    assert_string_equal(heard(&peers, 3), "c");
    assert_string_equal(heard(&peers, 0), "d");
    assert_string_equal(heard(&peers, 1), "to myself");
    say(&peers, 3, "e");
    peers_seal(&peers);
    peers_fini(&peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_as_they_were_said),
        cmocka_unit_test(large_records),
        cmocka_unit_test(late_comes_last),
        cmocka_unit_test(sealed_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
