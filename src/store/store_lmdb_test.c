/* store_lmdb_test.c — the file: who may have it, what it may look like, and when it is full. */
#include "store/store_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lmdb.h>
#include <cmocka.h>

#include "base/random.h"
#include "store/store_testing.h"

enum { TEXT_SIZE = 64 * 1024, MIB = 1024 * 1024 };

#define N(count) record_number(1, 0, count)

static int begin(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    bench_init(bench, true);
    *state = bench;
    return 0;
}

static int end(void **state)
{
    bench_fini(*state);
    free(*state);
    return 0;
}

static uint32_t home(void *context, struct bytes name)
{
    (void)context;
    (void)name;
    return 0;
}

static void then_refuses(const char *path, const char *what)
{
    char failure[STORE_WORDS_SIZE];
    const struct store_lmdb_options options = {path, 64 * MIB};
    assert_null(store_lmdb_open(&options, failure));
    if (!strstr(failure, what)) {
        fail_msg("\"%s\" is not in: %s", what, failure);
    }
    assert_non_null(strstr(failure, path));
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void fill(struct bench *bench, uint32_t count)
{
    bench_open(bench);
    struct batch *batch = bench_batch(bench, 0);
    add_session(batch, N(1), "anna");
    for (uint32_t i = 1; i <= count; i++) {
        add_delivery(batch, N(1), i, 0, "t/1some hundred bytes would be nice, these are fewer");
    }
    bench_take(bench, batch);
    bench_commit(bench);
}

static void one_process_has_it(void **state)
{
    struct bench *bench = *state;
    bench_open(bench);
    then_refuses(bench->path, "is in use by another process");
    char failure[STORE_WORDS_SIZE];
    assert_null(store_lmdb_open_to_read(bench->path, failure));
    assert_non_null(strstr(failure, "is in use by another process"));
    struct store_lmdb_compaction compaction;
    assert_false(store_lmdb_compact(bench->path, &compaction, failure));
    assert_non_null(strstr(failure, "is in use by another process"));
    bench_stop(bench);
    /* Two may read. */
    struct store_backend *one = bench_backend_to_read(bench), *other = bench_backend_to_read(bench);
    then_refuses(bench->path, "is in use by another process");
    one->close(one);
    other->close(other);
    bench_open(bench);
}

static void folders_and_file_are_private(void **state)
{
    struct bench *bench = *state;
    char path[200], folder[200];
    snprintf(path, sizeof path, "%s/one/two/midge.db", bench->folder);
    char failure[STORE_WORDS_SIZE];
    const struct store_lmdb_options options = {path, 64 * MIB};
    struct store_backend *backend = store_lmdb_open(&options, failure);
    assert_string_equal(failure, "");
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    backend->close(backend);
    unlink(path);
    snprintf(folder, sizeof folder, "%s/one/two", bench->folder);
    assert_int_equal(stat(folder, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_int_equal(rmdir(folder), 0); /* nothing else lies there */
    snprintf(folder, sizeof folder, "%s/one", bench->folder);
    rmdir(folder);
    /* A folder that is a file. */
    write_file(folder, "x", 1);
    then_refuses(path, "Not a directory. See that the path is right.");
    unlink(folder);
    then_refuses(bench->folder, "");
}

static void garbage_is_refused(void **state)
{
    struct bench *bench = *state;
    static uint8_t bytes[20000];
    write_file(bench->path, "hello", 5);
    then_refuses(bench->path, "cannot be opened");
    struct random random;
    random_seed(&random, 3);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)random_next(&random);
    }
    write_file(bench->path, bytes, sizeof bytes);
    then_refuses(bench->path, "it is no store, or its head is damaged");
    memset(bytes, 0, sizeof bytes);
    write_file(bench->path, bytes, sizeof bytes);
    then_refuses(bench->path, "it is no store, or its head is damaged");
    /* It is left as it was. */
    struct stat status;
    assert_int_equal(stat(bench->path, &status), 0);
    assert_int_equal(status.st_size, sizeof bytes);
}

static void anothers_file_is_refused(void **state)
{
    struct bench *bench = *state;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    mdb_env_create(&env);
    mdb_env_set_maxdbs(env, 2);
    assert_int_equal(mdb_env_open(env, bench->path, MDB_NOSUBDIR | MDB_NOLOCK, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "theirs", MDB_CREATE, &table), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    then_refuses(bench->path, "belongs to another program");
}

static void what_was_cut_off_is_refused(void **state)
{
    struct bench *bench = *state;
    fill(bench, 5000);
    bench_stop(bench);
    assert_int_equal(truncate(bench->path, 16 * 4096), 0);
    then_refuses(bench->path, "is cut off");
    struct stat status;
    assert_int_equal(stat(bench->path, &status), 0);
    assert_int_equal(status.st_size, 16 * 4096);
    char failure[STORE_WORDS_SIZE];
    assert_null(store_lmdb_open_to_read(bench->path, failure));
    assert_non_null(strstr(failure, "is cut off"));
}

/* Opens, restores and inspects whatever is there; this must end, one way or the other. */
static void look_at_all(struct bench *bench)
{
    const struct store_birth birth = {1, home, NULL};
    const struct store_lmdb_options options = {bench->path, 64 * MIB};
    char failure[STORE_WORDS_SIZE];
    struct store_summary summary;
    struct store_item item;
    struct store_backend *backend = store_lmdb_open_to_read(bench->path, failure);
    struct store_inspection *inspection =
        backend ? store_inspect_open(backend, &summary, failure) : NULL;
    while (inspection && store_inspect_next(inspection, &item, failure)) {
    }
    if (inspection) {
        store_inspect_close(inspection);
    }
    backend = store_lmdb_open(&options, failure);
    bench->store = backend ? store_open(backend, &birth, 1, &bench->found, failure) : NULL;
    if (bench->store) {
        struct batch *batch = batch_new(0);
        batch->number = 1;
        add_fetch(batch, N(1), 0, 1000);
        add_session_gone(batch, N(1));
        store_take(bench->store, batch);
        store_commit(bench->store, &bench->outcome);
        while (bench->outcome.answers) {
            struct batch *next = bench->outcome.answers->next;
            batch_free(bench->outcome.answers);
            bench->outcome.answers = next;
        }
        for (int i = 0; i < 100; i++) {
            uint32_t worker;
            struct batch *portion;
            store_restore_next(bench->store, &worker, &portion);
            batch_free(portion);
        }
        store_close(bench->store, true);
        bench->store = NULL;
    }
}

/* In a process of its own, for LMDB promises nothing here: most of them must come through. */
static void damaged_pages_rarely_end_the_process(void **state)
{
    struct bench *bench = *state;
    fill(bench, 400);
    bench_stop(bench);
    static uint8_t file[64 * 4096];
    FILE *from = fopen(bench->path, "r");
    size_t size = fread(file, 1, sizeof file, from);
    fclose(from);
    int ended = 0;
    enum { TRIES = 200 };
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        pid_t child = fork();
        if (child == 0) {
            const struct rlimit no_core = {0, 0};
            setrlimit(RLIMIT_CORE, &no_core);
            dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
            for (int number = 1; number < 32; number++) {
                signal(number, SIG_DFL); /* cmocka catches some */
            }
            struct random random;
            random_seed(&random, seed);
            size_t at = 2 * 4096 + random_below(&random, size - 2 * 4096 - 16);
            for (size_t i = 0; i < 16; i++) {
                file[at + i] = (uint8_t)random_next(&random);
            }
            write_file(bench->path, file, size);
            alarm(10);
            look_at_all(bench);
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        ended += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    print_message("%d of %d damaged files ended the process\n", ended, (int)TRIES);
    assert_true(ended < TRIES / 4);
}

static void a_full_store_says_so_early(void **state)
{
    struct bench *bench = *state;
    bench->size_max = 8 * MIB;
    bench_open(bench);
    struct batch *batch = bench_batch(bench, 0);
    add_session(batch, N(1), "anna");
    bench_take(bench, batch);
    uint64_t place = 1;
    do {
        batch = bench_batch(bench, 0);
        for (int i = 0; i < 1000; i++) {
            add_delivery(batch, N(1), place++, 0, "t/1some hundred bytes would be nice");
        }
        bench_take(bench, batch);
        store_commit(bench->store, &bench->outcome);
    } while (bench->outcome.health == STORE_HEALTHY && place < 1000000);
    assert_int_equal(bench->outcome.health, STORE_NEARLY_FULL);
    assert_non_null(strstr(bench->outcome.words, "has nearly reached store_size_max"));
    assert_int_equal(bench->outcome.persisted[0], bench->batches[0]);
    assert_true(bench->outcome.bytes_used < 8 * MIB);
    assert_int_equal(bench->outcome.bytes_max, 8 * MIB);
    /* What was under way still goes in, and so does what frees room. */
    for (int i = 0; i < 20; i++) {
        batch = bench_batch(bench, 0);
        for (int j = 0; j < 1000; j++) {
            add_delivery(batch, N(1), place++, 0, "t/1some hundred bytes would be nice");
        }
        bench_take(bench, batch);
        store_commit(bench->store, &bench->outcome);
        assert_int_equal(bench->outcome.health, STORE_NEARLY_FULL);
    }
    batch = bench_batch(bench, 0);
    add_session_gone(batch, N(1));
    bench_take(bench, batch);
    int commits = 0;
    do {
        store_commit(bench->store, &bench->outcome);
        assert_true(++commits < 100);
    } while (bench->outcome.health == STORE_NEARLY_FULL);
    bench_commit(bench);
}

/* The file may not grow: then it is as with a disk that is full. */
static void a_full_disk_is_told_and_gets_well(void **state)
{
    struct bench *bench = *state;
    fill(bench, 10);
    struct rlimit limit, before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 3 * MIB;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    uint64_t place = 11, failed = 0;
    while (!failed && place < 100000) {
        struct batch *batch = bench_batch(bench, 0);
        for (int i = 0; i < 500; i++) {
            add_delivery(batch, N(1), place++, 0, "t/1some hundred bytes would be nice");
        }
        bench_take(bench, batch);
        store_commit(bench->store, &bench->outcome);
        failed = bench->outcome.health == STORE_FAILED;
    }
    assert_int_equal(failed, 1);
    assert_true(bench->outcome.persisted[0] < bench->batches[0]);
    assert_non_null(strstr(bench->outcome.words, bench->path));
    store_commit(bench->store, &bench->outcome);
    assert_int_equal(bench->outcome.health, STORE_FAILED);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    bench_commit(bench);
    assert_int_equal(bench->outcome.persisted[0], bench->batches[0]);
    char *text = malloc(16 * MIB);
    bench_inspect(bench, text, 16 * MIB);
    uint64_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines, place);
    free(text);
}

static void compaction_makes_it_small(void **state)
{
    struct bench *bench = *state;
    fill(bench, 50000);
    struct batch *batch = bench_batch(bench, 0);
    for (uint32_t i = 1; i <= 49990; i++) {
        add_delivery_gone(batch, N(1), i);
    }
    bench_take(bench, batch);
    bench_commit(bench);
    char *text = malloc(TEXT_SIZE), *again = malloc(TEXT_SIZE);
    bench_inspect(bench, text, TEXT_SIZE);
    bench_stop(bench);
    struct store_lmdb_compaction compaction;
    char failure[STORE_WORDS_SIZE];
    assert_true(store_lmdb_compact(bench->path, &compaction, failure));
    assert_true(compaction.bytes_before > 4 * MIB);
    assert_true(compaction.bytes_after < 256 * 1024);
    struct stat status;
    assert_int_equal(stat(bench->path, &status), 0);
    assert_int_equal(status.st_size, compaction.bytes_after);
    assert_int_equal(status.st_mode & 07777, 0600);
    bench_open(bench);
    bench_inspect(bench, again, TEXT_SIZE);
    assert_string_equal(again, text);
    free(text);
    free(again);
    /* What is not there is not made. */
    char path[200];
    snprintf(path, sizeof path, "%s/none.db", bench->folder);
    assert_false(store_lmdb_compact(path, &compaction, failure));
    assert_non_null(strstr(failure, "No such file"));
    assert_null(store_lmdb_open_to_read(path, failure));
    assert_int_equal(access(path, F_OK), -1);
}

static void idle_writes_nothing(void **state)
{
    struct bench *bench = *state;
    fill(bench, 10);
    struct stat before, after;
    assert_int_equal(stat(bench->path, &before), 0);
    for (int i = 0; i < 100; i++) {
        bench_commit(bench);
    }
    assert_int_equal(stat(bench->path, &after), 0);
    assert_true(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
                before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
}

static void a_folder_that_cannot_be_made_is_told(void **state)
{
    (void)state;
    then_refuses("/proc/none/midge.db", "cannot be made");
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, begin, end, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("one process has the store", one_process_has_it),
        TEST("folders and file are made, and private", folders_and_file_are_private),
        TEST("garbage is refused and left alone", garbage_is_refused),
        TEST("another program's file is refused", anothers_file_is_refused),
        TEST("a file that was cut off is refused", what_was_cut_off_is_refused),
        TEST("damaged pages rarely end the process", damaged_pages_rarely_end_the_process),
        TEST("a full store says so early, and gets empty again", a_full_store_says_so_early),
        TEST("a full disk is told, and gets well", a_full_disk_is_told_and_gets_well),
        TEST("compaction makes it small", compaction_makes_it_small),
        TEST("idle writes nothing", idle_writes_nothing),
        TEST("a folder that cannot be made is told", a_folder_that_cannot_be_made_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
