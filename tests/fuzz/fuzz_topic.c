/* fuzz_topic.c — trie and tree against lists, as the input says.
 *
 * The input is a row of commands, each ended by a newline: its first byte says what to do, the rest
 * is a topic. Filters go into the trie, names into the tree; matching a name asks the trie and a
 * list, walking a filter asks the tree and a list. topic_filter_matches is the judge. */
#include <stdlib.h>

#include "topic/topic_filter.h"
#include "topic/topic_name.h"
#include "topic/topic_tree.h"
#include "topic/topic_trie.h"

#define ENTRIES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct entry {
    struct bytes topic; /* in the input; empty: free */
    unsigned visits;
};

struct world {
    struct topic_trie *trie;
    struct topic_tree *tree;
    struct entry filters[ENTRIES_MAX], names[ENTRIES_MAX];
    struct topic_walk walk; /* one that goes on between the commands */
    bool is_walking;
};

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* The entry of `topic`, or a free one, or NULL. */
static struct entry *entry_of(struct entry *entries, struct bytes topic)
{
    struct entry *free_entry = NULL;
    for (size_t index = 0; index < ENTRIES_MAX; index++) {
        if (bytes_equal(entries[index].topic, topic)) {
            return &entries[index];
        }
        if (entries[index].topic.size == 0) {
            free_entry = &entries[index];
        }
    }
    return free_entry;
}

static void visit_entry(void *context, void *value)
{
    (void)context;
    ((struct entry *)value)->visits++;
}

static void change_filter(struct world *world, struct bytes filter, bool put)
{
    struct entry *entry = entry_of(world->filters, filter);
    if (!entry) {
        return;
    }
    void *kept = entry->topic.size > 0 ? entry : NULL;
    demand(topic_trie_get(world->trie, filter) == kept);
    if (put) {
        demand(topic_trie_put(world->trie, filter, entry));
        entry->topic = filter;
    } else {
        demand(topic_trie_remove(world->trie, filter) == kept);
        entry->topic = bytes_of(NULL, 0);
    }
}

static void change_name(struct world *world, struct bytes name, bool put)
{
    struct entry *entry = entry_of(world->names, name);
    if (!entry) {
        return;
    }
    void *kept = entry->topic.size > 0 ? entry : NULL;
    demand(topic_tree_get(world->tree, name) == kept);
    if (put) {
        void *replaced;
        demand(topic_tree_put(world->tree, name, entry, &replaced));
        demand(replaced == kept);
        entry->topic = name;
    } else {
        demand(topic_tree_remove(world->tree, name) == kept);
        entry->topic = bytes_of(NULL, 0);
    }
}

static void match_name(struct world *world, struct bytes name)
{
    topic_trie_match(world->trie, name, visit_entry, NULL);
    for (size_t index = 0; index < ENTRIES_MAX; index++) {
        struct entry *entry = &world->filters[index];
        bool wanted = entry->topic.size > 0 && topic_filter_matches(entry->topic, name);
        demand(entry->visits == wanted);
        entry->visits = 0;
    }
}

static void walk_filter(struct world *world, struct bytes filter)
{
    struct topic_walk walk;
    bool more = true;
    topic_walk_begin(&walk, world->tree, filter);
    while (more) {
        struct entry *entry = topic_walk_next(&walk, 3, &more);
        if (entry) {
            entry->visits++;
        }
    }
    topic_walk_end(&walk);
    for (size_t index = 0; index < ENTRIES_MAX; index++) {
        struct entry *entry = &world->names[index];
        bool wanted = entry->topic.size > 0 && topic_filter_matches(filter, entry->topic);
        demand(entry->visits == wanted);
        entry->visits = 0;
    }
}

/* Moves the long walk on, or begins it anew with `filter`. */
static void walk_on(struct world *world, struct bytes filter)
{
    bool more = false;
    if (!world->is_walking) {
        topic_walk_begin(&world->walk, world->tree, filter);
        world->is_walking = true;
    }
    struct entry *entry = topic_walk_next(&world->walk, 2, &more);
    demand(!entry || topic_filter_matches(world->walk.filter, entry->topic));
    if (!more) {
        topic_walk_end(&world->walk);
        world->is_walking = false;
    }
}

static void obey(struct world *world, uint8_t command, struct bytes topic)
{
    struct topic_filter filter;
    bool is_filter = topic_filter_parse(topic, &filter) && filter.share_name.size == 0;
    bool is_name = topic_name_is_valid(topic);
    demand(!is_name || is_filter || bytes_start_with(topic, BYTES("$share")));
    if (command == 'p' && is_filter) {
        change_filter(world, topic, true);
    } else if (command == 'r' && is_filter) {
        change_filter(world, topic, false);
    } else if (command == 'm' && is_name) {
        match_name(world, topic);
    } else if (command == 'P' && is_name) {
        change_name(world, topic, true);
    } else if (command == 'R' && is_name) {
        change_name(world, topic, false);
    } else if (command == 'w' && is_filter) {
        walk_filter(world, topic);
    } else if (command == 'W' && is_filter) {
        walk_on(world, topic);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world world = {.trie = topic_trie_new(size), .tree = topic_tree_new(size)};
    demand(world.trie && world.tree);
    while (size > 0) {
        const uint8_t *newline = memchr(data, '\n', size);
        size_t line_size = newline ? (size_t)(newline - data) : size;
        if (line_size > 1) {
            obey(&world, data[0], bytes_of(data + 1, line_size - 1));
        }
        size -= newline ? line_size + 1 : size;
        data += line_size + 1;
    }
    if (world.is_walking) {
        topic_walk_end(&world.walk);
    }
    topic_trie_free(world.trie);
    topic_tree_free(world.tree);
    return 0;
}
