/* store_testing.c — see store_testing.h. */
#include "store/store_testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { TOPIC_SIZE = 3 }; /* of messages made here, but retained ones */

static uint32_t home(void *context, struct bytes name);
static struct stored_message message_of(const char *body);
static void inspect(struct store_backend *backend, char *text, size_t size, bool with_leftovers);
static void entry_tell(const struct entry *entry, char *text, size_t size);

void bench_init(struct bench *bench, bool is_lmdb)
{
    *bench = (struct bench){.is_lmdb = is_lmdb, .size_max = 64 * 1024 * 1024};
    if (is_lmdb) {
        /* Where there is a disk in memory, syncs cost nothing. */
        const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        snprintf(bench->folder, sizeof bench->folder, "%s/midge-store-XXXXXX", root);
        assert_non_null(mkdtemp(bench->folder));
        snprintf(bench->path, sizeof bench->path, "%s/midge.db", bench->folder);
    } else {
        bench->disk = memory_disk_new(0);
        assert_non_null(bench->disk);
    }
}

void bench_fini(struct bench *bench)
{
    if (bench->store) {
        store_close(bench->store, false);
    }
    if (bench->is_lmdb) {
        unlink(bench->path);
        rmdir(bench->folder);
    } else {
        memory_disk_free(bench->disk);
    }
}

void bench_open(struct bench *bench)
{
    const struct store_birth birth = {BENCH_WORKERS, home, NULL};
    char failure[STORE_WORDS_SIZE];
    bench->store = store_open(bench_backend(bench), &birth, 77, &bench->found, failure);
    assert_string_equal(failure, "");
    assert_non_null(bench->store);
    memset(bench->batches, 0, sizeof bench->batches);
}

void bench_crash(struct bench *bench)
{
    if (!bench->is_lmdb) {
        memory_disk_crash(bench->disk);
    }
    store_close(bench->store, false);
    bench->store = NULL;
}

void bench_stop(struct bench *bench)
{
    store_close(bench->store, true);
    bench->store = NULL;
}

struct store_backend *bench_backend(struct bench *bench)
{
    char failure[STORE_WORDS_SIZE] = "";
    const struct store_lmdb_options options = {bench->path, bench->size_max};
    struct store_backend *backend =
        bench->is_lmdb ? store_lmdb_open(&options, failure) : store_memory_open(bench->disk);
    assert_string_equal(failure, "");
    assert_non_null(backend);
    return backend;
}

struct store_backend *bench_backend_to_read(struct bench *bench)
{
    char failure[STORE_WORDS_SIZE] = "";
    struct store_backend *backend = bench->is_lmdb ? store_lmdb_open_to_read(bench->path, failure)
                                                   : store_memory_open(bench->disk);
    assert_string_equal(failure, "");
    assert_non_null(backend);
    return backend;
}

struct batch *bench_batch(struct bench *bench, uint32_t worker)
{
    struct batch *batch = batch_new(worker);
    assert_non_null(batch);
    batch->number = ++bench->batches[worker];
    return batch;
}

void bench_take(struct bench *bench, struct batch *batch)
{
    store_take(bench->store, batch);
}

void bench_commit(struct bench *bench)
{
    store_commit(bench->store, &bench->outcome);
    assert_string_equal(bench->outcome.words, "");
    assert_int_equal(bench->outcome.health, STORE_HEALTHY);
}

void add_session(struct batch *batch, uint64_t number, const char *client_id)
{
    struct bytes name = bytes_of_text(client_id);
    const struct session_entry session = {
        .number = number, .expiry_s = 3600, .client_id_size = (uint16_t)name.size, .place_next = 1};
    assert_true(batch_add(batch, ENTRY_SESSION, &session, &name, 1));
}

void add_session_gone(struct batch *batch, uint64_t number)
{
    const struct session_entry session = {.number = number};
    assert_true(batch_add(batch, ENTRY_SESSION_GONE, &session, NULL, 0));
}

void add_subscription(struct batch *batch, uint64_t session, uint32_t number, const char *filter)
{
    const struct subscription_entry subscription = {
        .session = session, .number = number, .qos = 1, .id = number + 100};
    const struct bytes rest = bytes_of_text(filter);
    assert_true(batch_add(batch, ENTRY_SUBSCRIPTION, &subscription, &rest, 1));
}

void add_message(struct batch *batch, uint64_t number, const char *body)
{
    const struct message_entry message = {number, message_of(body)};
    const struct bytes rest = bytes_of_text(body);
    assert_true(batch_add(batch, ENTRY_MESSAGE, &message, &rest, 1));
}

void add_delivery(struct batch *batch, uint64_t session, uint64_t place, uint64_t shared,
                  const char *body)
{
    const struct delivery_entry delivery = {
        .session = session,
        .place = place,
        .body = shared,
        .bytes_before = place * 100,
        .id_count = 2,
        .qos = 2,
        .message = message_of(body),
    };
    const uint32_t ids[] = {7, 70000};
    const struct bytes runs[] = {bytes_of(ids, sizeof ids), bytes_of_text(shared ? NULL : body)};
    assert_true(batch_add(batch, ENTRY_DELIVERY, &delivery, runs, 2));
}

void add_delivery_gone(struct batch *batch, uint64_t session, uint64_t place)
{
    const struct delivery_entry delivery = {.session = session, .place = place};
    assert_true(batch_add(batch, ENTRY_DELIVERY_GONE, &delivery, NULL, 0));
}

void add_releasing(struct batch *batch, uint64_t session, uint64_t place)
{
    const struct delivery_entry delivery = {.session = session, .place = place};
    assert_true(batch_add(batch, ENTRY_RELEASING, &delivery, NULL, 0));
}

void add_received(struct batch *batch, uint64_t session, uint16_t packet_id)
{
    const struct received_entry received = {session, packet_id};
    assert_true(batch_add(batch, ENTRY_RECEIVED, &received, NULL, 0));
}

void add_received_gone(struct batch *batch, uint64_t session, uint16_t packet_id)
{
    const struct received_entry received = {session, packet_id};
    assert_true(batch_add(batch, ENTRY_RECEIVED_GONE, &received, NULL, 0));
}

void add_retained(struct batch *batch, uint64_t number, const char *topic, const char *payload)
{
    const struct bytes runs[] = {bytes_of_text(topic), bytes_of_text(payload)};
    const struct retained_entry retained = {
        .number = number,
        .message = {.topic_size = (uint16_t)runs[0].size, .payload_size = (uint32_t)runs[1].size}};
    assert_true(batch_add(batch, ENTRY_RETAINED, &retained, runs, 2));
}

void add_retained_gone(struct batch *batch, uint64_t number)
{
    const struct retained_entry retained = {.number = number};
    assert_true(batch_add(batch, ENTRY_RETAINED_GONE, &retained, NULL, 0));
}

void add_group(struct batch *batch, uint64_t number, uint32_t more, uint32_t entry_count)
{
    const struct group_entry group = {number, more, entry_count};
    assert_true(batch_add(batch, ENTRY_GROUP, &group, NULL, 0));
}

void add_fetch(struct batch *batch, uint64_t session, uint64_t place, uint32_t count_max)
{
    const struct fetch_entry fetch = {session, session * 3, place, count_max, 1000000};
    assert_true(batch_add(batch, ENTRY_FETCH, &fetch, NULL, 0));
}

void bench_restore(struct bench *bench, char *text, size_t size)
{
    enum store_phase phase;
    text[0] = '\0';
    do {
        uint32_t worker;
        struct batch *batch;
        phase = store_restore_next(bench->store, &worker, &batch);
        if (batch) {
            assert_int_equal(batch->worker, worker);
            size_t used = strlen(text);
            batch_tell(batch, text + used, size - used);
            batch_free(batch);
        }
    } while (phase != STORE_PHASE_DONE);
}

void bench_inspect(struct bench *bench, char *text, size_t size)
{
    bench_stop(bench);
    inspect(bench_backend_to_read(bench), text, size, true);
    bench_open(bench);
}

void inspection_tell(struct store_backend *backend, char *text, size_t size)
{
    inspect(backend, text, size, false);
}

void batch_tell(const struct batch *batch, char *text, size_t size)
{
    struct entry entry;
    text[0] = '\0';
    for (size_t at = 0; batch_next(batch, &at, &entry);) {
        size_t used = strlen(text);
        entry_tell(&entry, text + used, size - used);
    }
}

static void inspect(struct store_backend *backend, char *text, size_t size, bool with_leftovers)
{
    char failure[STORE_WORDS_SIZE] = "";
    struct store_summary summary;
    struct store_inspection *inspection = store_inspect_open(backend, &summary, failure);
    assert_string_equal(failure, "");
    assert_true(summary.was_stopped || summary.start == 0);
    text[0] = '\0';
    struct store_item item;
    for (size_t used = 0; store_inspect_next(inspection, &item, failure);
         used += strlen(text + used)) {
        if (item.kind == STORE_ITEM_ENTRY) {
            entry_tell(&item.entry, text + used, size - used);
        } else if (item.kind != STORE_ITEM_LEFTOVER || with_leftovers) {
            snprintf(text + used, size - used, "%s %s\n",
                     item.kind == STORE_ITEM_DAMAGED    ? "damaged"
                     : item.kind == STORE_ITEM_LEFTOVER ? "left"
                                                        : "aside",
                     item.words);
        }
    }
    assert_string_equal(failure, "");
    store_inspect_close(inspection);
}

static uint32_t home(void *context, struct bytes name)
{
    (void)context;
    return name.size > 0 ? name.data[name.size - 1] % BENCH_WORKERS : 0;
}

/* The first bytes of the body are the topic. */
static struct stored_message message_of(const char *body)
{
    return (struct stored_message){
        .topic_size = TOPIC_SIZE,
        .payload_size = (uint32_t)strlen(body) - TOPIC_SIZE,
        .publisher = 5,
        .qos = 2,
    };
}

static void entry_tell(const struct entry *entry, char *text, size_t size)
{
    const void *fixed = entry->fixed;
    const int rest_size = (int)entry->rest.size;
    const char *rest = (const char *)entry->rest.data;
    switch (entry->kind) {
    case ENTRY_SESSION: snprintf(text, size, "session %.*s\n", rest_size, rest); break;
    case ENTRY_SUBSCRIPTION: {
        const struct subscription_entry *subscription = fixed;
        snprintf(text, size, "subscription %.*s %u\n", rest_size, rest, subscription->id);
        break;
    }
    case ENTRY_RECEIVED: {
        const struct received_entry *received = fixed;
        snprintf(text, size, "received %u\n", received->packet_id);
        break;
    }
    case ENTRY_BACKLOG: {
        const struct backlog_entry *backlog = fixed;
        snprintf(text, size, "backlog %llu-%llu %llu\n", (unsigned long long)backlog->place_first,
                 (unsigned long long)backlog->place_next, (unsigned long long)backlog->bytes);
        break;
    }
    case ENTRY_DELIVERY: {
        const struct delivery_entry *delivery = fixed;
        uint32_t ids[2];
        assert_int_equal(delivery->id_count, 2);
        assert_true(rest_size >= 8 && delivery->body == 0);
        memcpy(ids, rest, sizeof ids);
        assert_true(ids[0] == 7 && ids[1] == 70000);
        snprintf(text, size, "delivery %llu %.*s\n", (unsigned long long)delivery->place,
                 rest_size - 8, rest + 8);
        break;
    }
    case ENTRY_RELEASING: {
        const struct delivery_entry *releasing = fixed;
        snprintf(text, size, "releasing %llu\n", (unsigned long long)releasing->place);
        break;
    }
    case ENTRY_RETAINED: {
        const struct retained_entry *retained = fixed;
        snprintf(text, size, "retained %.*s=%.*s\n", (int)retained->message.topic_size, rest,
                 rest_size - (int)retained->message.topic_size,
                 rest + retained->message.topic_size);
        break;
    }
    case ENTRY_FETCHED: {
        const struct fetched_entry *fetched = fixed;
        snprintf(text, size, "fetched to %llu%s\n", (unsigned long long)fetched->place_next,
                 fetched->is_all ? ", all" : "");
        break;
    }
    default: snprintf(text, size, "? %d\n", (int)entry->kind);
    }
}
