/* store_power_test.c — the power goes at any moment: what counted as persisted is there, and
 * nothing is half there.
 *
 * A long random trace of batches is written with LMDB, and on a disk in memory, batch by batch. Of
 * the first, every write and sync is recorded; of the second, what the store holds after each
 * batch. Then the record is cut: what was synced by then is on the disk, of all else any sectors or
 * none. The file that is left is opened, and must hold what it held after some batch, none before
 * the last that had counted as persisted.
 *
 * MIDGE_CUTS says how many cuts are tried (they are spread over the whole record), `all` for every
 * one. MIDGE_SEED makes another trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "store/disk_tape_testing.h"
#include "store/store_testing.h"

enum {
    OPERATIONS = 10000,
    CUTS = 4000, /* unless MIDGE_CUTS says otherwise */
    SESSIONS = 8,
    TEXT_SIZE = 256 * 1024,
};

struct session_model {
    uint64_t number;      /* 0: none */
    uint64_t first, next; /* places */
};

/* Chooses what is written, so that everything that refers to something refers to what is there. */
struct writer_model {
    struct random random;
    struct session_model sessions[SESSIONS];
    uint64_t count; /* of numbers given */
    uint32_t operations;
};

struct commit_mark {
    size_t tape_length; /* of the tape when it returned */
    uint64_t persisted;
};

struct trace {
    struct bench disk;   /* LMDB, on the tape */
    struct bench memory; /* what should be */
    struct writer_model model;
    uint64_t *states; /* after each batch, the first before all */
    uint64_t batch_count;
    struct commit_mark *commits;
    size_t commit_count;
    char *text, *body;
};

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);
    return value ? strtoull(value, NULL, 0) : otherwise;
}

static void make_body(struct writer_model *model, char *body)
{
    size_t size = random_below(&model->random, 20) == 0 ? 3000 : 10 + model->operations % 90;
    memset(body, 'a' + (int)random_below(&model->random, 26), size);
    body[size] = '\0';
}

/* One operation: one entry, or a few that belong together. */
static void add_operation(struct writer_model *model, struct batch *batch, char *body)
{
    struct random *random = &model->random;
    struct session_model *session = &model->sessions[random_below(random, SESSIONS)];
    model->operations++;
    if (session->number == 0) {
        *session = (struct session_model){record_number(1, 0, ++model->count), 1, 1};
        add_session(batch, session->number, "somebody");
        return;
    }
    uint64_t what = random_below(random, 100);
    uint32_t small = (uint32_t)random_below(random, 5);
    make_body(model, body);
    if (what < 40) {
        add_delivery(batch, session->number, session->next++, 0, body);
    } else if (what < 75 && session->first < session->next) {
        add_delivery_gone(batch, session->number, session->first++);
    } else if (what < 80 && session->first < session->next) {
        add_releasing(batch, session->number, session->first);
    } else if (what < 84) {
        uint64_t shared = record_number(1, 0, ++model->count);
        add_message(batch, shared, body);
        for (int i = 0; i < SESSIONS; i++) {
            if (model->sessions[i].number) {
                add_delivery(batch, model->sessions[i].number, model->sessions[i].next++, shared,
                             body);
            }
        }
    } else if (what < 88) {
        add_subscription(batch, session->number, small, body);
    } else if (what < 90) {
        add_received(batch, session->number, (uint16_t)small);
    } else if (what < 92) {
        add_received_gone(batch, session->number, (uint16_t)small);
    } else if (what < 96) {
        add_retained(batch, record_number(1, 0, 1 + small), "topic", body);
    } else if (what < 98) {
        add_retained_gone(batch, record_number(1, 0, 1 + small));
    } else if (what == 98) {
        add_session(batch, session->number, "somebody else");
    } else {
        add_session_gone(batch, session->number);
        session->number = 0;
    }
}

static uint64_t state_of(struct trace *trace, struct store_backend *backend)
{
    inspection_tell(backend, trace->text, TEXT_SIZE);
    return hash_bytes(bytes_of_text(trace->text), 0);
}

static struct batch *copy_of(const struct batch *batch)
{
    struct batch *copy = batch_new(batch->worker);
    assert_non_null(copy);
    copy->number = batch->number;
    copy->bytes = malloc(batch->size);
    memcpy(copy->bytes, batch->bytes, batch->size);
    copy->size = copy->capacity = batch->size;
    return copy;
}

static void write_trace(struct trace *trace)
{
    struct writer_model *model = &trace->model;
    random_seed(&model->random, number_from("MIDGE_SEED", 1));
    trace->states = calloc(OPERATIONS + 1, sizeof *trace->states);
    trace->commits = calloc(OPERATIONS + 1, sizeof *trace->commits);
    trace->text = malloc(TEXT_SIZE);
    trace->body = malloc(8192);
    trace->states[0] = state_of(trace, store_memory_open(trace->memory.disk));
    bench_open(&trace->disk);
    while (model->operations < OPERATIONS) {
        for (uint64_t group = 1 + random_below(&model->random, 3); group > 0; group--) {
            struct batch *batch = bench_batch(&trace->disk, 0);
            for (uint64_t left = 1 + random_below(&model->random, 12); left > 0; left--) {
                add_operation(model, batch, trace->body);
            }
            bench_open(&trace->memory);
            bench_take(&trace->memory, copy_of(batch));
            bench_commit(&trace->memory);
            bench_stop(&trace->memory);
            bench_take(&trace->disk, batch);
            trace->states[++trace->batch_count] =
                state_of(trace, store_memory_open(trace->memory.disk));
        }
        bench_commit(&trace->disk);
        assert_int_equal(trace->disk.outcome.persisted[0], trace->batch_count);
        trace->commits[trace->commit_count++] =
            (struct commit_mark){tape_length(), trace->batch_count};
    }
    bench_stop(&trace->disk);
    assert_true(state_of(trace, bench_backend_to_read(&trace->disk)) ==
                trace->states[trace->batch_count]);
}

/* Opens what a cut has left, as a broker does, and then looks at all of it. */
static void check_cut(struct trace *trace, size_t at, uint64_t persisted)
{
    struct bench left = trace->disk;
    left.store = NULL;
    bench_open(&left);
    bench_restore(&left, trace->text, TEXT_SIZE);
    struct store_outcome outcome;
    store_commit(left.store, &outcome);
    char words[STORE_WORDS_SIZE];
    bool is_damaged = store_damage_next(left.store, words);
    bench_stop(&left);
    uint64_t state = state_of(trace, bench_backend_to_read(&left));
    bool is_known = false;
    for (uint64_t i = persisted; i <= trace->batch_count && !is_known; i++) {
        is_known = state == trace->states[i];
    }
    if (!is_known || is_damaged || outcome.health != STORE_HEALTHY) {
        fail_msg("cut at step %zu, %llu batches persisted: not what it held (%s%s)", at,
                 (unsigned long long)persisted, outcome.words, is_damaged ? words : "");
    }
}

/* Whether this build takes ten times as long. */
static bool is_slow(void)
{
    const char *kind = getenv("MIDGE_KIND");
    return kind && strcmp(kind, "tsan") == 0;
}

static void the_power_goes_anywhere(void **state)
{
    (void)state;
    struct trace trace = {.batch_count = 0};
    bench_init(&trace.disk, true);
    bench_init(&trace.memory, false);
    struct store_backend *backend = bench_backend(&trace.disk); /* makes the file */
    backend->close(backend);
    tape_begin(trace.disk.path);
    write_trace(&trace);
    tape_end();

    const char *all = getenv("MIDGE_CUTS");
    size_t cuts = all && strcmp(all, "all") == 0
                      ? SIZE_MAX
                      : number_from("MIDGE_CUTS", is_slow() ? CUTS / 20 : CUTS);
    size_t every = cuts < tape_length() ? tape_length() / cuts : 1;
    size_t tried = 0, commit = 0;
    struct random random;
    random_seed(&random, number_from("MIDGE_SEED", 1));
    size_t offset = random_below(&random, every);
    tape_rewind();
    for (size_t at = 0; tape_step(); at++) {
        while (commit < trace.commit_count && trace.commits[commit].tape_length <= at + 1) {
            commit++;
        }
        if (at % every == offset) {
            tape_cut(trace.disk.path, &random);
            check_cut(&trace, at, commit > 0 ? trace.commits[commit - 1].persisted : 0);
            tried++;
        }
    }
    print_message("%u operations in %llu batches, %zu commits; %zu writes and syncs (%zu syncs), "
                  "cut at %zu places\n",
                  trace.model.operations, (unsigned long long)trace.batch_count, trace.commit_count,
                  tape_length(), tape_syncs(), tried);
    assert_true(tried > 0);
    tape_free();
    free(trace.states);
    free(trace.commits);
    free(trace.text);
    free(trace.body);
    bench_fini(&trace.disk);
    bench_fini(&trace.memory);
}

/* A short trace in which one call fails, or some in a row. False: it was over before that. */
static bool write_with_failure(uint64_t nth, uint64_t count, uint64_t done_count)
{
    struct trace trace = {.text = malloc(TEXT_SIZE)};
    char body[] = "t/1body";
    bench_init(&trace.disk, true);
    bench_init(&trace.memory, false);
    bench_open(&trace.disk);
    bench_open(&trace.memory);
    tape_begin(trace.disk.path);
    tape_fail(nth, count, done_count);
    int failures = 0;
    for (uint64_t turn = 1; turn <= 4; turn++) {
        struct batch *batch = bench_batch(&trace.disk, 0);
        uint64_t session = record_number(1, 0, 1), shared = record_number(1, 0, 10 + turn);
        add_session(batch, session, "somebody");
        add_message(batch, shared, body);
        add_delivery(batch, session, 2 * turn, shared, body);
        add_delivery(batch, session, 2 * turn + 1, shared, body);
        add_delivery_gone(batch, session, 2 * turn - 1);
        bench_take(&trace.memory, copy_of(batch));
        bench_commit(&trace.memory);
        bench_take(&trace.disk, batch);
        struct store_outcome *outcome = &trace.disk.outcome;
        for (store_commit(trace.disk.store, outcome); outcome->health == STORE_FAILED;
             store_commit(trace.disk.store, outcome)) {
            assert_non_null(strstr(outcome->words, "Input/output error"));
            assert_true(outcome->persisted[0] <= turn && ++failures < 20);
        }
        assert_int_equal(outcome->persisted[0], turn);
    }
    bool has_failed = failures > 0;
    tape_fail(0, 0, 0);
    bench_stop(&trace.disk);
    bench_stop(&trace.memory);
    tape_end();
    uint64_t expected = state_of(&trace, store_memory_open(trace.memory.disk));
    assert_true(state_of(&trace, bench_backend_to_read(&trace.disk)) == expected);
    /* No body is counted twice. */
    struct store_backend *backend = bench_backend_to_read(&trace.disk);
    struct store_backend *other = store_memory_open(trace.memory.disk);
    struct store_key key = key_of(TABLE_REFERENCES, 0, 0);
    for (;;) {
        struct bytes a = key_bytes(&key), b = a, a_value, b_value;
        enum backend_result result = other->seek(other, TABLE_REFERENCES, &b, &b_value);
        assert_int_equal(backend->seek(backend, TABLE_REFERENCES, &a, &a_value), result);
        if (result != BACKEND_OK) {
            break;
        }
        assert_true(bytes_equal(a, b) && bytes_equal(a_value, b_value));
        key = key_copy(a);
        key_go_behind(&key);
    }
    backend->close(backend);
    other->close(other);
    tape_free();
    free(trace.text);
    bench_fini(&trace.disk);
    bench_fini(&trace.memory);
    return has_failed;
}

static void each_call_fails_once(void **state)
{
    (void)state;
    for (uint64_t count = 1; count <= (is_slow() ? 2 : 6); count++) {
        for (uint64_t done_count = 0; done_count <= count; done_count++) {
            uint64_t nth = 1;
            while (write_with_failure(nth, count, done_count)) {
                nth++;
            }
            assert_true(nth > 12);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"what counted as persisted survives a power cut anywhere", the_power_goes_anywhere, NULL,
         NULL, NULL},
        {"each write and sync of LMDB's fails once, or some in a row", each_call_fails_once, NULL,
         NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
