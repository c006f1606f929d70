/* store_groups_test.c — groups that cross: workers write parts of each other's groups, with delays,
 * about the same few things, and the power goes now and then.
 *
 * After each crash: what counted as persisted is there, each group is there whole or not at all,
 * and each thing that is written again and again (a retained topic) is not older than what counted.
 * While it goes on, no batch waits for long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "store/store_key.h"
#include "store/store_testing.h"

enum {
    WORKERS = BENCH_WORKERS,
    SEEDS = 200,
    TURNS = 300,
    MARKS_MAX = 60000,
    TOPICS = 2, /* of each worker */
    PARCELS_MAX = 64,
    DELAY_MAX = 4,     /* turns a parcel travels */
    BATCHES_LATE = 12, /* that may wait at a time */
    TEXT_SIZE = 4 * 1024 * 1024,
};

/* An entry that is written once: a subscription whose number is the mark's. */
struct mark {
    uint64_t group; /* 0: none */
    uint32_t worker;
    uint64_t batch;
};

/* "Write a part of this group." */
struct parcel {
    uint64_t group;
    uint32_t to;
    uint32_t due; /* turn */
    uint32_t depth;
};

struct world {
    struct bench bench;
    struct random random;
    struct batch *open[WORKERS];
    struct mark *marks; /* from 1 */
    uint32_t mark_count;
    struct parcel parcels[PARCELS_MAX];
    uint32_t parcel_count;
    uint64_t groups, turn, commits_every;
    uint64_t persisted[WORKERS];
    bool *is_there;
    char *text;
};

static uint64_t session_of(uint32_t worker)
{
    return record_number(1, worker, 1);
}

/* Adds a mark, and writes it to one of the worker's topics. */
static void add_marked(struct world *world, uint32_t worker, uint64_t group)
{
    char filter[32], value[32];
    uint32_t mark = ++world->mark_count;
    assert_true(mark < MARKS_MAX);
    world->marks[mark] = (struct mark){group, worker, world->open[worker]->number};
    snprintf(filter, sizeof filter, "%u", mark);
    add_subscription(world->open[worker], session_of(worker), mark, filter);
    uint64_t topic = random_below(&world->random, TOPICS);
    snprintf(value, sizeof value, "%u", mark);
    add_retained(world->open[worker], record_number(1, worker, topic + 1), "topic", value);
}

static void add_part(struct world *world, uint32_t worker, uint64_t group, uint32_t depth)
{
    uint32_t more = 0;
    size_t room = PARCELS_MAX - world->parcel_count;
    for (uint64_t wish = random_below(&world->random, 3); more < wish && more < room && depth < 3;
         more++) {
        world->parcels[world->parcel_count++] = (struct parcel){
            .group = group,
            .to = (uint32_t)random_below(&world->random, WORKERS),
            .due = (uint32_t)(world->turn + 1 + random_below(&world->random, DELAY_MAX)),
            .depth = depth + 1,
        };
    }
    uint32_t count = (uint32_t)random_below(&world->random, 3);
    add_group(world->open[worker], group, more, 2 * count);
    while (count-- > 0) {
        add_marked(world, worker, group);
    }
}

/* What came for the worker, and what it thinks of itself. */
static void take_turn(struct world *world, uint32_t worker)
{
    world->open[worker] = bench_batch(&world->bench, worker);
    for (uint32_t i = 0; i < world->parcel_count;) {
        struct parcel parcel = world->parcels[i];
        if (parcel.to != worker || parcel.due > world->turn) {
            i++;
            continue;
        }
        world->parcels[i] = world->parcels[--world->parcel_count];
        add_part(world, worker, parcel.group, parcel.depth);
    }
    for (uint64_t left = world->turn < TURNS ? random_below(&world->random, 4) : 0; left > 0;
         left--) {
        if (random_below(&world->random, 2) == 0) {
            add_marked(world, worker, 0);
        } else {
            add_part(world, worker, record_number(1, worker, ++world->groups), 0);
        }
    }
    bench_take(&world->bench, world->open[worker]);
    world->open[worker] = NULL;
}

static void commit(struct world *world)
{
    struct memory_faults *faults = memory_disk_faults(world->bench.disk);
    if (random_below(&world->random, 4) == 0 || world->commits_every == TURNS) {
        faults->puts_until_failure = 1 + random_below(&world->random, 30 * world->commits_every);
    } else if (random_below(&world->random, 10) == 0) {
        faults->commits_until_failure = 1 + random_below(&world->random, 3);
        faults->commit_happens = random_below(&world->random, 2);
    }
    store_commit(world->bench.store, &world->bench.outcome);
    bool has_failed = world->bench.outcome.health != STORE_HEALTHY;
    faults->puts_until_failure = faults->commits_until_failure = 0;
    for (uint32_t worker = 0; worker < WORKERS; worker++) {
        uint64_t persisted = world->bench.outcome.persisted[worker];
        assert_true(persisted >= world->persisted[worker]);
        assert_true(has_failed || persisted + BATCHES_LATE >= world->bench.batches[worker]);
        world->persisted[worker] = persisted;
    }
}

static void check_values(struct world *world)
{
    struct store_backend *backend = bench_backend(&world->bench);
    uint64_t last[WORKERS] = {0};
    for (uint32_t mark = 1; mark <= world->mark_count; mark++) {
        const struct mark *of = &world->marks[mark];
        last[of->worker] = of->batch <= world->persisted[of->worker] ? mark : last[of->worker];
    }
    for (uint32_t worker = 0; worker < WORKERS; worker++) {
        uint64_t newest = 0;
        for (uint64_t topic = 1; topic <= TOPICS; topic++) {
            struct store_key key = key_of(TABLE_RETAINED, record_number(1, worker, topic), 0);
            struct bytes value;
            char digits[32];
            enum backend_result result =
                backend->get(backend, TABLE_RETAINED, key_bytes(&key), &value);
            if (result != BACKEND_OK) {
                continue;
            }
            size_t size = 0; /* the payload is the record's end */
            while (size < value.size && value.data[value.size - size - 1] != 'c') {
                size++;
            }
            memcpy(digits, value.data + value.size - size, size);
            digits[size] = '\0';
            uint64_t mark = strtoull(digits, NULL, 10);
            assert_true(mark > 0 && world->is_there[mark]);
            newest = mark > newest ? mark : newest;
        }
        /* The last that counted was overwritten by none but later ones. */
        assert_true(newest >= last[worker]);
    }
    backend->close(backend);
}

static void check_marks(struct world *world)
{
    inspection_tell(bench_backend_to_read(&world->bench), world->text, TEXT_SIZE);
    memset(world->is_there, 0, MARKS_MAX);
    for (const char *at = world->text; (at = strstr(at, "subscription ")) != NULL; at++) {
        world->is_there[strtoul(at + sizeof "subscription " - 1, NULL, 10)] = true;
    }
    uint8_t *groups = calloc(world->groups + 1, 1);
    for (uint32_t mark = 1; mark <= world->mark_count; mark++) {
        const struct mark *of = &world->marks[mark];
        bool is_there = world->is_there[mark];
        assert_true(is_there || of->batch > world->persisted[of->worker]);
        if (of->group) {
            uint64_t number = of->group & ((UINT64_C(1) << 38) - 1);
            groups[number] |= is_there ? 1 : 2;
            assert_int_not_equal(groups[number], 3);
        }
    }
    free(groups);
}

/* One life of the store: up to a crash, or to the end of all that was begun. */
static void live(struct world *world, bool to_the_end)
{
    memory_disk_free(world->bench.disk);
    world->bench.disk = memory_disk_new(0);
    bench_open(&world->bench);
    world->mark_count = world->parcel_count = 0;
    world->groups = world->turn = 0;
    memset(world->persisted, 0, sizeof world->persisted);
    for (uint32_t worker = 0; worker < WORKERS; worker++) {
        struct batch *batch = bench_batch(&world->bench, worker);
        add_session(batch, session_of(worker), "somebody");
        bench_take(&world->bench, batch);
    }
    uint64_t turns = to_the_end ? TURNS : 1 + random_below(&world->random, TURNS);
    for (; world->turn < turns; world->turn++) {
        for (uint32_t worker = 0; worker < WORKERS; worker++) {
            take_turn(world, worker);
        }
        /* Some let much come together: more than goes into one transaction. */
        if (random_below(&world->random, world->commits_every) == 0) {
            commit(world);
        }
    }
    for (; to_the_end && world->parcel_count > 0; world->turn++) {
        for (uint32_t worker = 0; worker < WORKERS; worker++) {
            take_turn(world, worker);
        }
    }
    if (to_the_end) {
        bench_commit(&world->bench);
        for (uint32_t worker = 0; worker < WORKERS; worker++) {
            world->persisted[worker] = world->bench.outcome.persisted[worker];
            assert_int_equal(world->persisted[worker], world->bench.batches[worker]);
        }
        assert_int_equal(store_backlog(world->bench.store), 0);
    }
    if (!to_the_end) {
        commit(world);
    }
    bench_crash(&world->bench);
    bench_open(&world->bench);
    bench_stop(&world->bench);
    check_marks(world);
    check_values(world);
}

static void groups_cross(void **state)
{
    (void)state;
    struct world world = {.marks = calloc(MARKS_MAX, sizeof *world.marks)};
    world.is_there = calloc(MARKS_MAX, 1);
    world.text = malloc(TEXT_SIZE);
    bench_init(&world.bench, false);
    const char *kind = getenv("MIDGE_KIND"); /* of the build: some are slow */
    uint64_t seeds = kind && strcmp(kind, "tsan") == 0 ? SEEDS / 10 : SEEDS;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        random_seed(&world.random, seed);
        world.commits_every = seed % 3 == 0 ? TURNS : 1 + seed % 2;
        live(&world, seed % 4 == 0);
    }
    bench_fini(&world.bench);
    free(world.marks);
    free(world.is_there);
    free(world.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"groups that cross, with delays and crashes", groups_cross, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
