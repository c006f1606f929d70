/* trie_bench.c — what a match costs, and a filter weighs; run by hand, alone on the machine.
 *
 * A quarter each of exact filters, `+` at the end, `#`, and `+` in the middle, on names
 * w/GROUP/dN/temp, as the broker's load generator makes them. */
#define _POSIX_C_SOURCE 199309L /* clock_gettime */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/random.h"
#include "topic/topic_tree.h"
#include "topic/topic_trie.h"

#define GROUPS        100
#define MATCHES       2000000
#define TOPIC_SIZE    64
#define LIVE_TOPICS   100
#define FILTERS_MAX   1000000
#define NAMES_PER_RUN 4096

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void count_visit(void *context, void *value)
{
    (void)value;
    ++*(uint64_t *)context;
}

static struct bytes write_filter(char *text, size_t number)
{
    static const char *const forms[] = {"w/%zu/d%zu/temp", "w/%zu/d%zu/+", "w/%zu/d%zu/#",
                                        "w/+/d%zu/temp"};
    size_t device = number / 4;
    int size = number % 4 == 3
                   ? snprintf(text, TOPIC_SIZE, "w/+/d%zu/temp", device)
                   : snprintf(text, TOPIC_SIZE, forms[number % 4], device % GROUPS, device);
    return bytes_of(text, (size_t)size);
}

static double ns_per_match(const struct topic_trie *trie, const char *format, size_t devices,
                           double *visits)
{
    static char names[NAMES_PER_RUN][TOPIC_SIZE];
    static struct bytes views[NAMES_PER_RUN];
    struct random random;
    uint64_t seen = 0, spent_ns = 0;
    random_seed(&random, 1);
    for (size_t done = 0; done < MATCHES; done += NAMES_PER_RUN) {
        for (size_t index = 0; index < NAMES_PER_RUN; index++) {
            size_t device = random_below(&random, devices);
            int size = snprintf(names[index], TOPIC_SIZE, format, device % GROUPS, device);
            views[index] = bytes_of(names[index], (size_t)size);
        }
        uint64_t begin_ns = now_ns();
        for (size_t index = 0; index < NAMES_PER_RUN; index++) {
            topic_trie_match(trie, views[index], count_visit, &seen);
        }
        spent_ns += now_ns() - begin_ns;
    }
    *visits = (double)seen / MATCHES;
    return (double)spent_ns / MATCHES;
}

static void bench_trie(size_t filters)
{
    char text[TOPIC_SIZE];
    struct topic_trie *trie = topic_trie_new(now_ns());
    size_t empty_size = topic_trie_memory_size(trie);
    uint64_t slowest_ns = 0, begin_ns = now_ns();
    for (size_t number = 0; number < filters; number++) {
        uint64_t put_ns = now_ns();
        if (!topic_trie_put(trie, write_filter(text, number), trie)) {
            abort();
        }
        put_ns = now_ns() - put_ns;
        slowest_ns = put_ns > slowest_ns ? put_ns : slowest_ns;
    }
    uint64_t put_ns = now_ns() - begin_ns;
    size_t size = topic_trie_memory_size(trie) - empty_size;
    for (size_t live = 0; live < LIVE_TOPICS; live++) {
        int text_size = snprintf(text, TOPIC_SIZE, "w/%zu/live%zu/temp", live % GROUPS, live);
        if (!topic_trie_put(trie, bytes_of(text, (size_t)text_size), trie)) {
            abort();
        }
    }
    double live_visits, hit_visits = 0, hit_ns = 0;
    double live_ns = ns_per_match(trie, "w/%zu/live%zu/temp", LIVE_TOPICS, &live_visits);
    if (filters >= 4) {
        hit_ns = ns_per_match(trie, "w/%zu/d%zu/temp", filters / 4, &hit_visits);
    }
    printf("trie %8zu filters: %6.1f ns a match (%.0f visit), %6.1f ns a hit (%.0f visits)",
           filters, live_ns, live_visits, hit_ns, hit_visits);
    if (filters > 0) {
        printf(", %5.1f B a filter, %4" PRIu64 " ns a put, slowest %" PRIu64 " us",
               (double)size / (double)filters, put_ns / filters, slowest_ns / 1000);
    }
    printf("\n");
    topic_trie_free(trie);
}

static void bench_tree(size_t names)
{
    char text[TOPIC_SIZE];
    void *replaced;
    struct topic_tree *tree = topic_tree_new(now_ns());
    uint64_t begin_ns = now_ns();
    for (size_t number = 0; number < names; number++) {
        int size = snprintf(text, TOPIC_SIZE, "w/%zu/d%zu", number % GROUPS, number);
        if (!topic_tree_put(tree, bytes_of(text, (size_t)size), tree, &replaced)) {
            abort();
        }
    }
    uint64_t put_ns = now_ns() - begin_ns;
    struct topic_walk walk;
    bool more = true;
    size_t found = 0;
    begin_ns = now_ns();
    topic_walk_begin(&walk, tree, BYTES("#"));
    while (more) {
        found += topic_walk_next(&walk, 100, &more) != NULL;
    }
    topic_walk_end(&walk);
    uint64_t walk_ns = now_ns() - begin_ns;
    printf("tree %8zu names: %5.1f B a name, %4" PRIu64 " ns a put, %" PRIu64
           " ns a name of one `#` (%zu)\n",
           names, (double)topic_tree_memory_size(tree) / (double)names, put_ns / names,
           walk_ns / names, found);
    topic_tree_free(tree);
}

int main(void)
{
    bench_trie(0);
    bench_trie(100000);
    bench_trie(FILTERS_MAX);
    bench_tree(100000);
    bench_tree(FILTERS_MAX);
    return 0;
}
