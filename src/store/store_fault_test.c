/* store_fault_test.c — whatever fails, at whichever point: nothing is lost, nothing is half there,
 * and it goes on by itself. */
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/head.h"
#include "store/store_testing.h"

enum { TEXT_SIZE = 8192 };

/* Of the records that make `whole`, in the order of their tables. */
enum { NTH_HEAD = 0, NTH_REFERENCES = 9, RECORD_COUNT = 12 };

#define N(count) record_number(1, 0, count)

static const char whole[] = "session anna\n"
                            "subscription a/+ 101\n"
                            "received 7\n"
                            "releasing 1\n"
                            "delivery 2 t/1shared\n"
                            "session bea\n"
                            "delivery 2 t/1shared\n"
                            "delivery 3 t/1own\n"
                            "retained lamp=off\n";

struct story {
    struct bench bench;
    char text[TEXT_SIZE];
};

/* The linker sends the store's allocations here (--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool is_counting;
static uint64_t allocations_until_failure; /* 0: none fails */

static bool shall_fail(void)
{
    return is_counting && allocations_until_failure > 0 && --allocations_until_failure == 0;
}

void *__wrap_malloc(size_t size)
{
    return shall_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return shall_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return shall_fail() ? NULL : __real_realloc(old, size);
}

static int begin(void **state)
{
    struct story *story = calloc(1, sizeof *story);
    bench_init(&story->bench, false);
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

/* A new story, in place of the one before. */
static struct story *again(void **state)
{
    end(state);
    begin(state);
    return *state;
}

/* The nth of three portions of what makes `whole`. */
static void take_portion(struct bench *bench, int portion)
{
    struct batch *batch = bench_batch(bench, 0);
    if (portion == 0) {
        add_session(batch, N(1), "anna");
        add_session(batch, N(2), "bea");
        add_subscription(batch, N(1), 1, "a/+");
        add_message(batch, N(9), "t/1shared");
        add_delivery(batch, N(1), 1, N(9), "t/1shared");
        add_delivery(batch, N(2), 1, N(9), "t/1shared");
    } else if (portion == 1) {
        add_delivery(batch, N(1), 2, N(9), "t/1shared");
        add_delivery_gone(batch, N(2), 1);
        add_releasing(batch, N(1), 1);
        add_retained(batch, N(3), "lamp", "on");
        add_received(batch, N(1), 7);
    } else {
        add_delivery(batch, N(2), 2, N(9), "t/1shared");
        add_delivery(batch, N(2), 3, 0, "t/1own");
        add_retained(batch, N(3), "lamp", "off");
        add_received(batch, N(2), 8);
        add_received_gone(batch, N(2), 8);
    }
    bench_take(bench, batch);
}

/* One portion after the other; whatever counted as persisted once must stay. */
static uint64_t write_all(struct bench *bench)
{
    uint64_t failures = 0, persisted = 0;
    for (int portion = 0; portion < 3 || persisted < 3; portion++) {
        if (portion < 3) {
            take_portion(bench, portion);
        }
        is_counting = true;
        store_commit(bench->store, &bench->outcome);
        is_counting = false;
        failures += bench->outcome.health == STORE_FAILED;
        assert_true((bench->outcome.health == STORE_FAILED) == (bench->outcome.words[0] != '\0'));
        assert_true(bench->outcome.persisted[0] >= persisted);
        persisted = bench->outcome.persisted[0];
        assert_true(portion < 100);
    }
    return failures;
}

static void then_is_whole(struct story *story)
{
    struct bench *bench = &story->bench;
    bench_inspect(bench, story->text, TEXT_SIZE);
    assert_string_equal(story->text, whole);
    bench_stop(bench);
    struct store_backend *backend = bench_backend(bench);
    struct records records;
    records_init(&records, backend);
    struct record references;
    assert_int_equal(records_get(&records, TABLE_REFERENCES, N(9), 0, &references), BACKEND_OK);
    assert_int_equal(references.references, 2);
    records_fini(&records);
    backend->close(backend);
    bench_open(bench);
}

static void each_write_fails_once(void **state)
{
    bool has_failed = true;
    for (uint64_t nth = 1; has_failed; nth++) {
        struct story *story = again(state);
        memory_disk_faults(story->bench.disk)->puts_until_failure = nth;
        has_failed = write_all(&story->bench) > 0;
        memory_disk_faults(story->bench.disk)->puts_until_failure = 0;
        then_is_whole(story);
        assert_true(nth > 20 || has_failed);
    }
}

static void each_commit_fails_once(void **state)
{
    for (int happens = 0; happens < 2; happens++) {
        for (uint64_t nth = 1; nth <= 3; nth++) {
            struct story *story = again(state);
            struct memory_faults *faults = memory_disk_faults(story->bench.disk);
            faults->commits_until_failure = nth;
            faults->commit_happens = happens;
            assert_int_equal(write_all(&story->bench), 1);
            then_is_whole(story);
        }
    }
}

/* Parts of groups are looked through, too: two workers give, take and ask. */
static void take_groups(struct bench *bench)
{
    for (uint32_t worker = 0; worker < 2; worker++) {
        struct batch *batch = bench_batch(bench, worker);
        add_group(batch, N(70), worker == 0 ? 1 : 0, 2);
        add_delivery(batch, N(1 + worker), 10, 0, "t/1grouped");
        add_received(batch, N(1 + worker), 20);
        add_received_gone(batch, N(1 + worker), 20);
        add_fetch(batch, N(1 + worker), 10, 5);
        bench_take(bench, batch);
    }
}

static void each_allocation_fails_once(void **state)
{
    bool has_failed = true;
    for (uint64_t nth = 1; has_failed; nth++) {
        struct story *story = again(state);
        struct bench *bench = &story->bench;
        allocations_until_failure = nth;
        has_failed = write_all(bench) > 0;
        then_is_whole(story);
        assert_true(nth > 20 || has_failed);
    }
    has_failed = true;
    for (uint64_t nth = 1; has_failed; nth++) {
        struct story *story = again(state);
        struct bench *bench = &story->bench;
        write_all(bench);
        allocations_until_failure = nth;
        take_groups(bench);
        int answers = 0, commits = 0;
        while (answers < 2) {
            is_counting = true;
            store_commit(bench->store, &bench->outcome);
            is_counting = false;
            assert_true(++commits < 10);
            while (bench->outcome.answers) {
                struct batch *next = bench->outcome.answers->next;
                batch_tell(bench->outcome.answers, story->text, TEXT_SIZE);
                assert_string_equal(story->text, "delivery 10 t/1grouped\nfetched to 11, all\n");
                batch_free(bench->outcome.answers);
                bench->outcome.answers = next;
                answers++;
            }
        }
        has_failed = commits > 1;
        assert_true(nth > 10 || has_failed);
        /* And so it is when all of it is told at the next start. */
        bench_stop(bench);
        bench_open(bench);
        char other[TEXT_SIZE];
        bench_restore(bench, other, sizeof other);
        bench_stop(bench);
        bench_open(bench);
        allocations_until_failure = nth;
        is_counting = true;
        bench_restore(bench, story->text, TEXT_SIZE);
        is_counting = false;
        assert_string_equal(story->text, other);
    }
    allocations_until_failure = 0;
}

/* The commit that failed had happened, and the power goes before anything else. */
static void what_happened_unseen_is_there(void **state)
{
    struct story *story = *state;
    struct memory_faults *faults = memory_disk_faults(story->bench.disk);
    take_portion(&story->bench, 0);
    faults->commits_until_failure = 1;
    faults->commit_happens = true;
    store_commit(story->bench.store, &story->bench.outcome);
    assert_int_equal(story->bench.outcome.health, STORE_FAILED);
    assert_int_equal(story->bench.outcome.persisted[0], 0);
    bench_crash(&story->bench);
    bench_open(&story->bench);
    bench_restore(&story->bench, story->text, TEXT_SIZE);
    assert_string_equal(story->text, "session anna\nsubscription a/+ 101\nbacklog 1-2 9\n"
                                     "session bea\nbacklog 1-2 9\n" +
                                         0);
}

static void a_failing_disk_comes_back(void **state)
{
    struct story *story = *state;
    struct bench *bench = &story->bench;
    struct memory_faults *faults = memory_disk_faults(bench->disk);
    take_portion(bench, 0);
    faults->is_failing = true;
    for (int i = 0; i < 3; i++) {
        store_commit(bench->store, &bench->outcome);
        assert_int_equal(bench->outcome.health, STORE_FAILED);
        assert_string_equal(bench->outcome.words, "The store in memory fails: the disk fails");
        assert_int_equal(bench->outcome.persisted[0], 0);
        take_portion(bench, 1 + i % 2);
    }
    faults->is_failing = false;
    bench_commit(bench);
    assert_int_equal(bench->outcome.persisted[0], 4);
}

static void a_full_disk_takes_removals(void **state)
{
    struct story *story = *state;
    struct bench *bench = &story->bench;
    take_portion(bench, 0);
    bench_commit(bench);
    memory_disk_faults(bench->disk)->is_full = true;
    struct batch *batch = bench_batch(bench, 0);
    add_delivery_gone(batch, N(7), 1);
    add_session_gone(batch, N(7));
    bench_take(bench, batch);
    store_commit(bench->store, &bench->outcome);
    assert_int_equal(bench->outcome.health, STORE_NEARLY_FULL);
    assert_int_equal(bench->outcome.persisted[0], 2);
    take_portion(bench, 1);
    store_commit(bench->store, &bench->outcome);
    assert_int_equal(bench->outcome.health, STORE_FAILED);
    memory_disk_faults(bench->disk)->is_full = false;
    bench_commit(bench);
    assert_int_equal(bench->outcome.persisted[0], 3);
}

static void an_answer_waits_for_its_batch(void **state)
{
    struct story *story = *state;
    struct bench *bench = &story->bench;
    take_portion(bench, 0);
    bench_commit(bench);
    struct batch *batch = bench_batch(bench, 0);
    add_delivery(batch, N(2), 2, 0, "t/1late");
    add_fetch(batch, N(2), 1, 10);
    add_fetch(batch, N(1), 1, 10);
    bench_take(bench, batch);
    memory_disk_faults(bench->disk)->commits_until_failure = 1;
    store_commit(bench->store, &bench->outcome);
    assert_null(bench->outcome.answers);
    bench_commit(bench);
    struct batch *first = bench->outcome.answers;
    batch_tell(first, story->text, TEXT_SIZE);
    assert_string_equal(story->text,
                        "delivery 1 t/1shared\ndelivery 2 t/1late\nfetched to 3, all\n");
    batch_tell(first->next, story->text, TEXT_SIZE);
    assert_string_equal(story->text, "delivery 1 t/1shared\nfetched to 2, all\n");
    batch_free(first->next);
    batch_free(first);
    /* And for a disk that can be read. */
    batch = bench_batch(bench, 0);
    add_fetch(batch, N(1), 1, 10);
    bench_take(bench, batch);
    memory_disk_faults(bench->disk)->is_unreadable = true;
    store_commit(bench->store, &bench->outcome);
    assert_int_equal(bench->outcome.health, STORE_FAILED);
    assert_int_equal(bench->outcome.persisted[0], 3);
    memory_disk_faults(bench->disk)->is_unreadable = false;
    bench_commit(bench);
    assert_non_null(bench->outcome.answers);
    batch_free(bench->outcome.answers);
}

/* Of each record a bit, one at a time: the rest is served, and it is told. */
static void damage_hurts_only_itself(void **state)
{
    for (uint64_t nth = NTH_HEAD; nth < RECORD_COUNT; nth++) {
        struct story *story = again(state);
        struct bench *bench = &story->bench;
        write_all(bench);
        bench_stop(bench);
        assert_true(memory_disk_damage(bench->disk, nth, 3 + 7 * nth));
        bench_open(bench);
        bench_restore(bench, story->text, TEXT_SIZE);
        for (uint64_t session = 1; session <= 2; session++) {
            struct batch *batch = bench_batch(bench, 0);
            add_fetch(batch, N(session), 1, 10);
            bench_take(bench, batch);
        }
        bench_commit(bench);
        while (bench->outcome.answers) {
            struct batch *next = bench->outcome.answers->next;
            size_t used = strlen(story->text);
            batch_tell(bench->outcome.answers, story->text + used, TEXT_SIZE - used);
            batch_free(bench->outcome.answers);
            bench->outcome.answers = next;
        }
        char words[STORE_WORDS_SIZE];
        uint64_t told = 0;
        while (store_damage_next(bench->store, words)) {
            assert_non_null(strchr(words, ':'));
            told++;
        }
        /* A count of references is only read when it changes. */
        assert_true(told >= (nth == NTH_REFERENCES ? 0u : 1u));
        bench_commit(bench);
        bench_crash(bench);
        bench_open(bench);
        /* The head is written anew with each start. */
        bool is_aside = nth != NTH_REFERENCES && nth != NTH_HEAD;
        assert_true(is_aside ? bench->found.damaged >= 1 : bench->found.damaged == 0);
        assert_int_equal(bench->found.hash_seed, 77);
        assert_int_equal(bench->found.start, 3);
        bench_restore(bench, story->text, TEXT_SIZE);
        assert_false(store_damage_next(bench->store, words));
    }
}

static void a_newer_store_is_refused(void **state)
{
    struct story *story = *state;
    struct bench *bench = &story->bench;
    bench_stop(bench);
    struct store_backend *backend = bench_backend(bench);
    struct records records;
    records_init(&records, backend);
    const struct store_head head = {.version = 7, .start = 5};
    assert_int_equal(head_write(&records, &head), BACKEND_OK);
    records_fini(&records);
    const struct store_birth birth = {1, NULL, NULL};
    char failure[STORE_WORDS_SIZE];
    assert_null(store_open(backend, &birth, 1, &bench->found, failure));
    assert_string_equal(failure, "The store in memory has format 7, and this version of Midge "
                                 "knows formats up to 1: start the newer version that wrote it, "
                                 "or use another file.");
    struct store_summary summary;
    assert_null(store_inspect_open(bench_backend(bench), &summary, failure));
    assert_non_null(strstr(failure, "format 7"));
    bench->store = NULL;
}

static void a_disk_that_fails_at_the_start_is_refused(void **state)
{
    struct story *story = *state;
    struct bench *bench = &story->bench;
    bench_stop(bench);
    memory_disk_faults(bench->disk)->is_failing = true;
    const struct store_birth birth = {1, NULL, NULL};
    char failure[STORE_WORDS_SIZE];
    assert_null(store_open(bench_backend(bench), &birth, 1, &bench->found, failure));
    assert_string_equal(failure, "The store in memory cannot be written: the disk fails");
    memory_disk_faults(bench->disk)->is_failing = false;
    bench_open(bench);
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, begin, end, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("each write fails once", each_write_fails_once),
        TEST("each allocation fails once", each_allocation_fails_once),
        TEST("each commit fails once, and may have happened", each_commit_fails_once),
        TEST("what happened unseen is there", what_happened_unseen_is_there),
        TEST("a failing disk comes back", a_failing_disk_comes_back),
        TEST("a full disk takes removals", a_full_disk_takes_removals),
        TEST("an answer waits for its batch", an_answer_waits_for_its_batch),
        TEST("damage hurts only itself", damage_hurts_only_itself),
        TEST("a store of a newer version is refused", a_newer_store_is_refused),
        TEST("a disk that fails at the start is refused",
             a_disk_that_fails_at_the_start_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
