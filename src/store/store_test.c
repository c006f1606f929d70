/* store_test.c — the store's stories, told twice: in memory and with LMDB. */
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/store_testing.h"

enum { TEXT_SIZE = 8192 };

#define N(count) record_number(1, 0, count)

struct story {
    struct bench bench;
    char text[TEXT_SIZE];
};

static int begin_in_memory(void **state)
{
    struct story *story = calloc(1, sizeof *story);
    bench_init(&story->bench, false);
    bench_open(&story->bench);
    *state = story;
    return 0;
}

static int begin_with_lmdb(void **state)
{
    struct story *story = calloc(1, sizeof *story);
    bench_init(&story->bench, true);
    bench_open(&story->bench);
    *state = story;
    return 0;
}

static int end(void **state)
{
    struct story *story = *state;
    bench_fini(&story->bench);
    free(story);
    return 0;
}

/* After a crash, a restore tells this. */
static void then_restores(struct story *story, const char *expected)
{
    bench_crash(&story->bench);
    bench_open(&story->bench);
    bench_restore(&story->bench, story->text, TEXT_SIZE);
    assert_string_equal(story->text, expected);
}

/* A fetch by `worker` from `place` tells this. */
static void then_fetches(struct story *story, uint32_t worker, uint64_t session, uint64_t place,
                         uint32_t count_max, const char *expected)
{
    struct batch *batch = bench_batch(&story->bench, worker);
    add_fetch(batch, session, place, count_max);
    bench_take(&story->bench, batch);
    bench_commit(&story->bench);
    struct batch *answer = story->bench.outcome.answers;
    assert_non_null(answer);
    assert_int_equal(answer->worker, worker);
    batch_tell(answer, story->text, TEXT_SIZE);
    assert_string_equal(story->text, expected);
    assert_null(answer->next);
    batch_free(answer);
}

static void given_sessions(struct story *story)
{
    struct batch *batch = bench_batch(&story->bench, 0);
    add_session(batch, N(1), "anna");
    add_session(batch, N(2), "bea");
    bench_take(&story->bench, batch);
    bench_commit(&story->bench);
}

static void everything_comes_back(void **state)
{
    struct story *story = *state;
    struct bench *bench = &story->bench;
    assert_int_equal(bench->found.start, 1);
    assert_int_equal(bench->found.hash_seed, 77);
    struct batch *batch = bench_batch(bench, 1);
    add_session(batch, N(1), "anna");
    add_session(batch, N(2), "bea");
    add_subscription(batch, N(1), 1, "a/+");
    add_subscription(batch, N(1), 2, "b/#");
    add_received(batch, N(2), 65535);
    add_delivery(batch, N(2), 4, 0, "t/1one");
    add_delivery(batch, N(2), 5, 0, "t/1three");
    add_retained(batch, N(1), "lamp", "on");
    bench_take(bench, batch);
    assert_true(store_backlog(bench->store) > 0);
    bench_commit(bench);
    assert_int_equal(bench->outcome.persisted[1], 1);
    assert_int_equal(bench->outcome.persisted[0], 0);
    assert_int_equal(bench->outcome.entries_written, 8);
    assert_int_equal(store_backlog(bench->store), 0);
    then_restores(story, "session anna\nsubscription a/+ 101\nsubscription b/# 102\nbacklog 1-1 0\n"
                         "session bea\nreceived 65535\nbacklog 4-6 108\n"
                         "retained lamp=on\n");
    assert_int_equal(bench->found.start, 2);
    assert_int_equal(bench->found.hash_seed, 77);
    assert_false(bench->found.was_stopped);
    then_fetches(story, 1, N(2), 0, 10,
                 "delivery 4 t/1one\ndelivery 5 t/1three\nfetched to 6, all\n");
    bench_stop(bench);
    bench_open(bench);
    assert_true(bench->found.was_stopped);
}

static void what_is_not_committed_is_lost(void **state)
{
    struct story *story = *state;
    given_sessions(story);
    struct batch *batch = bench_batch(&story->bench, 0);
    add_session_gone(batch, N(1));
    add_retained(batch, N(5), "lamp", "on");
    bench_take(&story->bench, batch);
    then_restores(story, "session anna\nbacklog 1-1 0\nsession bea\nbacklog 1-1 0\n");
}

static void the_same_again_takes_its_place(void **state)
{
    struct story *story = *state;
    given_sessions(story);
    struct batch *batch = bench_batch(&story->bench, 0);
    add_session(batch, N(1), "ann");
    add_subscription(batch, N(1), 1, "old");
    add_subscription(batch, N(1), 1, "new");
    add_delivery(batch, N(1), 1, 0, "t/1first");
    add_delivery(batch, N(1), 1, 0, "t/1second");
    add_retained(batch, N(1), "lamp", "on");
    add_retained(batch, N(1), "lamp", "off");
    add_retained(batch, N(2), "fan", "on");
    add_retained_gone(batch, N(2));
    add_retained_gone(batch, N(3));
    add_delivery_gone(batch, N(1), 77);
    bench_take(&story->bench, batch);
    bench_commit(&story->bench);
    then_fetches(story, 0, N(1), 1, 10, "delivery 1 t/1second\nfetched to 2, all\n");
    then_restores(story, "session bea\nbacklog 1-1 0\nsession ann\nsubscription new 101\n"
                         "backlog 1-2 9\nretained lamp=off\n");
}

static void a_session_takes_all_with_it(void **state)
{
    struct story *story = *state;
    given_sessions(story);
    struct batch *batch = bench_batch(&story->bench, 0);
    add_message(batch, N(9), "t/1shared");
    for (uint64_t place = 1; place <= 6000; place++) {
        add_delivery(batch, N(1), place, place == 3 ? N(9) : 0, place == 3 ? "t/1shared" : "t/1x");
    }
    add_subscription(batch, N(1), 1, "a");
    add_received(batch, N(1), 1);
    add_subscription(batch, N(2), 1, "b");
    add_received(batch, N(2), 2);
    add_delivery(batch, N(2), 1, 0, "t/1bea");
    bench_take(&story->bench, batch);
    bench_commit(&story->bench);
    batch = bench_batch(&story->bench, 0);
    add_session_gone(batch, N(1));
    bench_take(&story->bench, batch);
    bench_commit(&story->bench);
    /* Whatever was cleared away so far: nothing of it is told. */
    then_restores(story, "session bea\nsubscription b 101\nreceived 2\nbacklog 1-2 6\n");
    /* What was left over goes with the next transactions, and with nothing else to write. */
    bench_commit(&story->bench);
    bench_commit(&story->bench);
    bench_inspect(&story->bench, story->text, TEXT_SIZE);
    assert_string_equal(story->text,
                        "session bea\nsubscription b 101\nreceived 2\ndelivery 1 t/1bea\n");
    bench_stop(&story->bench);
    struct store_backend *backend = bench_backend(&story->bench);
    assert_int_equal(backend->count(backend, TABLE_MESSAGES), 0);
    assert_int_equal(backend->count(backend, TABLE_REFERENCES), 0);
    backend->close(backend);
    bench_open(&story->bench);
}

static void a_shared_body_goes_with_the_last(void **state)
{
    struct story *story = *state;
    given_sessions(story);
    struct batch *batch = bench_batch(&story->bench, 0);
    add_message(batch, N(9), "t/1shared");
    add_delivery(batch, N(1), 1, N(9), "t/1shared");
    add_delivery(batch, N(2), 1, N(9), "t/1shared");
    bench_take(&story->bench, batch);
    bench_commit(&story->bench);
    batch = bench_batch(&story->bench, 0);
    add_delivery(batch, N(2), 2, N(9), "t/1shared");
    add_delivery(batch, N(2), 2, N(9), "t/1shared");
    add_delivery_gone(batch, N(1), 1);
    add_releasing(batch, N(2), 1);
    bench_take(&story->bench, batch);
    bench_commit(&story->bench);
    then_fetches(story, 0, N(2), 1, 10, "releasing 1\ndelivery 2 t/1shared\nfetched to 3, all\n");
    bench_inspect(&story->bench, story->text, TEXT_SIZE);
    assert_string_equal(story->text, "session anna\nsession bea\nreleasing 1\n"
                                     "delivery 2 t/1shared\n");
    batch = bench_batch(&story->bench, 0);
    add_delivery_gone(batch, N(2), 2);
    add_delivery_gone(batch, N(2), 1);
    bench_take(&story->bench, batch);
    bench_commit(&story->bench);
    bench_stop(&story->bench);
    struct store_backend *backend = bench_backend(&story->bench);
    assert_int_equal(backend->count(backend, TABLE_MESSAGES), 0);
    assert_int_equal(backend->count(backend, TABLE_REFERENCES), 0);
    assert_int_equal(backend->count(backend, TABLE_QUEUE), 0);
    backend->close(backend);
    bench_open(&story->bench);
}

static void fetches_come_in_portions(void **state)
{
    struct story *story = *state;
    given_sessions(story);
    struct batch *batch = bench_batch(&story->bench, 0);
    add_delivery(batch, N(1), 3, 0, "t/1a");
    add_delivery(batch, N(1), 5, 0, "t/1b");
    add_delivery(batch, N(1), 9, 0, "t/1c");
    add_delivery(batch, N(2), 1, 0, "t/1d");
    bench_take(&story->bench, batch);
    then_fetches(story, 0, N(1), 0, 2, "delivery 3 t/1a\ndelivery 5 t/1b\nfetched to 6\n");
    then_fetches(story, 0, N(1), 6, 2, "delivery 9 t/1c\nfetched to 10, all\n");
    then_fetches(story, 3, N(1), 10, 2, "fetched to 10, all\n");
    then_fetches(story, 0, N(1), 3, 0, "fetched to 3\n");
    then_fetches(story, 0, N(7), 3, 5, "fetched to 3, all\n");
}

static void a_group_is_written_whole(void **state)
{
    struct story *story = *state;
    struct bench *bench = &story->bench;
    given_sessions(story);
    struct batch *batch = bench_batch(bench, 0);
    add_delivery(batch, N(1), 1, 0, "t/1before");
    add_group(batch, N(50), 2, 1);
    add_received(batch, N(1), 8);
    add_delivery(batch, N(1), 2, 0, "t/1behind");
    bench_take(bench, batch);
    batch = bench_batch(bench, 1);
    add_group(batch, N(50), 0, 2);
    add_message(batch, N(60), "t/1grouped");
    add_delivery(batch, N(2), 1, N(60), "t/1grouped");
    bench_take(bench, batch);
    bench_commit(bench);
    /* What is beside the parts is written; no batch counts as persisted yet. */
    assert_int_equal(bench->outcome.entries_written, 2);
    assert_int_equal(bench->outcome.persisted[0], 1);
    assert_int_equal(bench->outcome.persisted[1], 0);
    assert_true(store_backlog(bench->store) > 0);
    batch = bench_batch(bench, 2);
    add_group(batch, N(50), 0, 0);
    bench_take(bench, batch);
    bench_commit(bench);
    assert_int_equal(bench->outcome.persisted[0], 2);
    assert_int_equal(bench->outcome.persisted[1], 1);
    assert_int_equal(bench->outcome.persisted[2], 1);
    then_restores(story,
                  "session anna\nreceived 8\nbacklog 1-3 109\nsession bea\nbacklog 1-2 10\n");
}

static void half_a_group_is_lost_whole(void **state)
{
    struct story *story = *state;
    given_sessions(story);
    struct batch *batch = bench_batch(&story->bench, 0);
    add_group(batch, N(50), 1, 1);
    add_received(batch, N(1), 8);
    bench_take(&story->bench, batch);
    bench_commit(&story->bench);
    then_restores(story, "session anna\nbacklog 1-1 0\nsession bea\nbacklog 1-1 0\n");
}

/* Whatever comes later about the same thing counts. */
static void a_part_comes_too_late(void **state)
{
    struct story *story = *state;
    struct bench *bench = &story->bench;
    given_sessions(story);
    struct batch *batch = bench_batch(bench, 0);
    add_group(batch, N(50), 1, 5);
    add_received(batch, N(1), 8);
    add_delivery(batch, N(1), 1, 0, "t/1gone");
    add_delivery(batch, N(1), 2, 0, "t/1stays");
    add_retained(batch, N(3), "lamp", "on");
    add_delivery(batch, N(2), 1, 0, "t/1bea");
    bench_take(bench, batch);
    batch = bench_batch(bench, 0);
    add_received_gone(batch, N(1), 8);
    add_delivery_gone(batch, N(1), 1);
    add_retained(batch, N(3), "lamp", "off");
    bench_take(bench, batch);
    batch = bench_batch(bench, 0);
    add_session_gone(batch, N(2));
    add_subscription(batch, N(1), 1, "passes");
    bench_take(bench, batch);
    bench_commit(bench);
    assert_int_equal(bench->outcome.entries_written, 5);
    batch = bench_batch(bench, 1);
    add_group(batch, N(50), 0, 0);
    bench_take(bench, batch);
    bench_commit(bench);
    assert_int_equal(bench->outcome.entries_written, 1);
    assert_int_equal(bench->outcome.persisted[0], 4);
    then_restores(story,
                  "session anna\nsubscription passes 101\nbacklog 2-3 8\nretained lamp=off\n");
    bench_inspect(bench, story->text, TEXT_SIZE);
    assert_string_equal(story->text, "session anna\nsubscription passes 101\ndelivery 2 t/1stays\n"
                                     "retained lamp=off\n");
}

/* Each group waits for one that comes later, for ever; all are written all the same. */
static void crossing_groups_go_on(void **state)
{
    struct story *story = *state;
    struct bench *bench = &story->bench;
    given_sessions(story);
    for (uint64_t turn = 1; turn <= 200; turn++) {
        for (uint32_t worker = 0; worker < 2; worker++) {
            struct batch *batch = bench_batch(bench, worker);
            if (turn > 1) {
                add_group(batch, record_number(2, 1 - worker, turn - 1), 0, 1);
                add_delivery(batch, N(1 + worker), turn, 0, "t/1x");
            }
            add_group(batch, record_number(2, worker, turn), 1, 2);
            add_received(batch, N(1 + worker), (uint16_t)(1 + turn % 3));
            add_retained(batch, N(10 + worker), "lamp", "on");
            bench_take(bench, batch);
        }
        bench_commit(bench);
        for (uint32_t worker = 0; worker < 2; worker++) {
            assert_true(bench->outcome.persisted[worker] + 2 >= bench->batches[worker]);
        }
    }
}

/* Two workers saw two groups in different order. */
static void groups_in_different_order_are_written(void **state)
{
    struct story *story = *state;
    struct bench *bench = &story->bench;
    given_sessions(story);
    for (uint64_t i = 0; i < 2; i++) {
        for (uint32_t worker = 0; worker < 2; worker++) {
            struct batch *batch = bench_batch(bench, worker);
            add_group(batch, N(50 + (worker + i) % 2), i ? 0 : 2, 1);
            add_retained(batch, N(10 + worker), "lamp", i ? "second" : "first");
            bench_take(bench, batch);
        }
        bench_commit(bench);
    }
    assert_int_equal(bench->outcome.persisted[0], 1);
    assert_int_equal(bench->outcome.persisted[1], 0);
    for (uint64_t i = 0; i < 2; i++) {
        struct batch *batch = bench_batch(bench, 2);
        add_group(batch, N(50 + i), 0, 0);
        bench_take(bench, batch);
        bench_commit(bench);
        assert_int_equal(bench->outcome.persisted[0], i ? 3 : 2);
        assert_int_equal(bench->outcome.persisted[1], i ? 2 : 0);
    }
    then_restores(story, "session anna\nbacklog 1-1 0\nsession bea\nbacklog 1-1 0\n"
                         "retained lamp=second\nretained lamp=second\n");
}

/* A body whose last delivery goes while another that is to share it still waits. */
static void an_awaited_body_stays(void **state)
{
    struct story *story = *state;
    struct bench *bench = &story->bench;
    given_sessions(story);
    struct batch *batch = bench_batch(bench, 0);
    add_message(batch, N(9), "t/1shared");
    add_delivery(batch, N(1), 1, N(9), "t/1shared");
    add_group(batch, N(50), 1, 1);
    add_delivery(batch, N(2), 1, N(9), "t/1shared");
    add_delivery_gone(batch, N(1), 1);
    bench_take(bench, batch);
    bench_commit(bench);
    assert_int_equal(bench->outcome.entries_written, 3);
    batch = bench_batch(bench, 1);
    add_group(batch, N(50), 0, 0);
    bench_take(bench, batch);
    bench_commit(bench);
    then_fetches(story, 0, N(2), 1, 10, "delivery 1 t/1shared\nfetched to 2, all\n");
}

static void what_is_new_is_not_restored(void **state)
{
    struct story *story = *state;
    given_sessions(story);
    bench_crash(&story->bench);
    bench_open(&story->bench);
    struct batch *batch = bench_batch(&story->bench, 0);
    add_session(batch, record_number(2, 0, 1), "cleo");
    add_subscription(batch, record_number(2, 0, 1), 1, "c");
    add_retained(batch, record_number(2, 0, 1), "lamp", "on");
    bench_take(&story->bench, batch);
    bench_commit(&story->bench);
    bench_restore(&story->bench, story->text, TEXT_SIZE);
    assert_string_equal(story->text, "session anna\nbacklog 1-1 0\nsession bea\nbacklog 1-1 0\n");
    then_restores(story, "session anna\nbacklog 1-1 0\nsession bea\nbacklog 1-1 0\n"
                         "session cleo\nsubscription c 101\nbacklog 1-1 0\nretained lamp=on\n");
}

/* A shared body that was written for deliveries that never came. */
static void forgotten_bodies_go(void **state)
{
    struct story *story = *state;
    given_sessions(story);
    struct batch *batch = bench_batch(&story->bench, 0);
    add_message(batch, N(9), "t/1forgotten");
    add_message(batch, N(10), "t/1used");
    add_delivery(batch, N(1), 1, N(10), "t/1used");
    bench_take(&story->bench, batch);
    bench_commit(&story->bench);
    bench_inspect(&story->bench, story->text, TEXT_SIZE);
    assert_string_equal(story->text, "session anna\ndelivery 1 t/1used\nsession bea\n"
                                     "left shared message 17592186044425: what it belonged to has "
                                     "gone\n");
    then_restores(story, "session anna\nbacklog 1-2 7\nsession bea\nbacklog 1-1 0\n");
    batch = bench_batch(&story->bench, 0);
    add_received(batch, N(1), 1);
    bench_take(&story->bench, batch);
    bench_commit(&story->bench);
    bench_inspect(&story->bench, story->text, TEXT_SIZE);
    assert_string_equal(story->text, "session anna\nreceived 1\ndelivery 1 t/1used\n"
                                     "session bea\n");
}

#define TEST(name, function)                                                                       \
    {"in memory: " name, function, begin_in_memory, end, NULL},                                    \
    {                                                                                              \
        "with LMDB: " name, function, begin_with_lmdb, end, NULL                                   \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("everything comes back after a crash", everything_comes_back),
        TEST("what is not committed is lost", what_is_not_committed_is_lost),
        TEST("the same number again takes its place", the_same_again_takes_its_place),
        TEST("a session that goes takes all with it", a_session_takes_all_with_it),
        TEST("a shared body goes with the last that refers to it",
             a_shared_body_goes_with_the_last),
        TEST("fetches come in portions", fetches_come_in_portions),
        TEST("a group is written whole, and holds up nothing else", a_group_is_written_whole),
        TEST("half a group is lost whole", half_a_group_is_lost_whole),
        TEST("what a part says too late is left out", a_part_comes_too_late),
        TEST("groups that cross for ever are written", crossing_groups_go_on),
        TEST("groups in different order are written", groups_in_different_order_are_written),
        TEST("a body that is awaited stays", an_awaited_body_stays),
        TEST("what was written since the start is not restored", what_is_new_is_not_restored),
        TEST("bodies that nobody refers to go", forgotten_bodies_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
