/* store_bench.c — what the store costs: bytes on the disk for a message, and time at the start.
 *
 * Figures of a run are printed, never judged: MIDGE_BENCH_FOLDER names where the file lies. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"
#include "store/store_lmdb.h"

enum { MESSAGES = 100000, SESSIONS = 100000, RETAINED = 1000000, PAYLOAD_SIZE = 100 };

struct bench {
    char path[200];
    struct store *store;
    struct store_found found;
    uint64_t batch_number;
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Bytes this process has given to write and its like. (What /proc counts as written to the disk is
 * more than that where the page cache has large folios.) */
static double written_bytes(void)
{
    char line[128];
    unsigned long long bytes = 0;
    FILE *file = fopen("/proc/self/io", "r");
    while (file && fgets(line, sizeof line, file)) {
        sscanf(line, "wchar: %llu", &bytes);
    }
    if (file) {
        fclose(file);
    }
    return (double)bytes;
}

static uint32_t home(void *context, struct bytes name)
{
    (void)context;
    (void)name;
    return 0;
}

static void open_store(struct bench *bench)
{
    const struct store_birth birth = {1, home, NULL};
    const struct store_lmdb_options options = {bench->path, UINT64_C(8) << 30};
    char failure[STORE_WORDS_SIZE];
    struct store_backend *backend = store_lmdb_open(&options, failure);
    bench->store = backend ? store_open(backend, &birth, 1, &bench->found, failure) : NULL;
    if (!bench->store) {
        fprintf(stderr, "%s\n", failure);
        exit(1);
    }
    bench->batch_number = 0;
}

static void add(struct batch *batch, enum entry_kind kind, const void *fixed, struct bytes rest)
{
    if (!batch_add(batch, kind, fixed, &rest, 1)) {
        exit(1);
    }
}

static struct batch *begin(struct bench *bench)
{
    struct batch *batch = batch_new(0);
    if (!batch) {
        exit(1);
    }
    batch->number = ++bench->batch_number;
    return batch;
}

static void commit(struct bench *bench, struct batch *batch)
{
    struct store_outcome outcome;
    store_take(bench->store, batch);
    store_commit(bench->store, &outcome);
    if (outcome.health != STORE_HEALTHY) {
        fprintf(stderr, "%s\n", outcome.words);
        exit(1);
    }
}

static void queue_messages(struct bench *bench, const char *what, uint32_t session_count,
                           uint32_t batch_count, uint32_t message_count)
{
    static const char body[20 + PAYLOAD_SIZE] = "sensors/7/temperatur";
    double start_s = now_s(), start_bytes = written_bytes();
    for (uint32_t i = 0, place = 0; i < message_count; i += batch_count, place++) {
        struct batch *batch = begin(bench);
        for (uint32_t j = 0; j < batch_count; j++) {
            const struct delivery_entry delivery = {
                .session = record_number(bench->found.start, 0, 1 + (i + j) % session_count),
                .place = 1 + (i + j) / session_count,
                .bytes_before = (uint64_t)i * 120,
                .qos = 1,
                .message = {.topic_size = 20,
                            .payload_size = PAYLOAD_SIZE,
                            .publisher = i,
                            .qos = 1},
            };
            add(batch, ENTRY_DELIVERY, &delivery, bytes_of(body, sizeof body));
        }
        commit(bench, batch);
    }
    double seconds = now_s() - start_s;
    printf("%-44s %7.0f bytes written a message, %7.0f messages/s, %.3f ms a commit\n", what,
           (written_bytes() - start_bytes) / message_count, message_count / seconds,
           1e3 * seconds / (message_count / batch_count));
}

static void fill(struct bench *bench)
{
    char text[64];
    for (uint32_t i = 0; i < SESSIONS;) {
        struct batch *batch = begin(bench);
        for (uint32_t end = i + 1000; i < end; i++) {
            struct session_entry session = {.number = record_number(bench->found.start, 0, i)};
            session.client_id_size = (uint16_t)snprintf(text, sizeof text, "device-%u", i);
            add(batch, ENTRY_SESSION, &session, bytes_of(text, session.client_id_size));
            struct subscription_entry subscription = {.session = session.number, .number = 1};
            int size = snprintf(text, sizeof text, "devices/%u/commands/#", i);
            add(batch, ENTRY_SUBSCRIPTION, &subscription, bytes_of(text, (size_t)size));
        }
        commit(bench, batch);
    }
    for (uint32_t i = 0; i < RETAINED;) {
        struct batch *batch = begin(bench);
        for (uint32_t end = i + 10000; i < end; i++) {
            struct retained_entry retained = {.number = record_number(bench->found.start, 0, i)};
            int size = snprintf(text, sizeof text, "devices/%u/state", i);
            retained.message.topic_size = (uint16_t)(size - 5);
            retained.message.payload_size = 5;
            add(batch, ENTRY_RETAINED, &retained, bytes_of(text, (size_t)size));
        }
        commit(bench, batch);
    }
}

static void restart(struct bench *bench)
{
    double start_s = now_s();
    store_close(bench->store, false);
    open_store(bench);
    double opened_s = now_s(), sessions_s = 0;
    enum store_phase phase;
    do {
        struct batch *batch;
        uint32_t worker;
        phase = store_restore_next(bench->store, &worker, &batch);
        sessions_s = sessions_s == 0 && phase != STORE_PHASE_SESSIONS ? now_s() : sessions_s;
        batch_free(batch);
    } while (phase != STORE_PHASE_DONE);
    printf("restart: open %.1f ms, sessions %.1f ms, retained %.1f ms\n",
           1e3 * (opened_s - start_s), 1e3 * (sessions_s - opened_s), 1e3 * (now_s() - sessions_s));
}

int main(void)
{
    struct bench bench = {.batch_number = 0};
    const char *folder = getenv("MIDGE_BENCH_FOLDER");
    snprintf(bench.path, sizeof bench.path, "%s/midge-store-bench-%d.db", folder ? folder : "/tmp",
             (int)getpid());
    open_store(&bench);
    queue_messages(&bench, "one session, batches of 100", 1, 100, MESSAGES);
    queue_messages(&bench, "100 sessions in turn, batches of 100", 100, 100, MESSAGES);
    queue_messages(&bench, "10 000 sessions in turn, batches of 100", 10000, 100, MESSAGES);
    queue_messages(&bench, "10 000 sessions in turn, batches of 10 000", 10000, 10000,
                   10 * MESSAGES);
    queue_messages(&bench, "one session, batches of 1", 1, 1, 1000);
    fill(&bench);
    restart(&bench);
    struct store_outcome outcome;
    double idle_bytes = written_bytes();
    for (int i = 0; i < 1000; i++) {
        store_commit(bench.store, &outcome);
    }
    printf("1000 idle commits: %.0f bytes written\n", written_bytes() - idle_bytes);
    printf("%.1f MB used\n", (double)outcome.bytes_used / 1e6);
    store_close(bench.store, true);
    unlink(bench.path);
    return 0;
}
