/* topic_trie.c — who wants this topic?
 *
 *   a/b      exact: one node under EXACT, its label the whole filter       EXACT ──"a/b"──▶ value
 *   a/+/c    a node a level                            ROOT ──a──▶ ──+──▶ ──c──▶ value
 *   a/+/#    the `#` is no node but a second value     ROOT ──a──▶ ──+──▶ hash_value
 *
 * A name meets all filters without wildcards in one look-up. For the others it goes down level by
 * level, in a wave: from each node to the child of that very level and to the child `+`, which the
 * node remembers. A wave has few places; what finds none, and what lies very deep, is searched
 * depth first, where going back needs only the parent: so there is no stack to outgrow, and every
 * node is entered at most once.
 *
 * What can go wrong: no memory for a new node. Then the nodes made for that filter are unmade. */
#include "topic/topic_trie.h"

#include <assert.h>
#include <stdlib.h>

#include "topic/level_table.h"
#include "topic/topic_filter.h"
#include "topic/topic_name.h"

enum { ROOT = 1, EXACT = 2 }; /* the reserved nodes of the table */

#define LEVELS_REMEMBERED 24 /* deeper levels are cut and hashed again when they are met again */
#define WAVE_NODES_MAX    16

struct trie_node {
    struct level_node level;
    void *value;          /* of the filter that ends here, or NULL */
    void *hash_value;     /* of that filter followed by `/#` (under ROOT: of `#`), or NULL */
    uint32_t plus;        /* the child `+`, or 0 */
    uint32_t child_count; /* with `+` */
};
static_assert(sizeof(struct trie_node) == LEVEL_NODE_SIZE, "a node of the level table");

struct topic_trie {
    struct level_table table;
    size_t filter_count;
};

/* A level of the name that is being matched. */
struct name_level {
    struct level level;
    size_t start, end;
};

/* Where a match stands: `node` was reached by the first `depth` levels of the name, and a search
 * depth first does not leave what lies below `top`. */
struct match {
    const struct topic_trie *trie;
    struct bytes name;
    bool is_reserved; /* the name begins with `$` */
    uint32_t node, top;
    size_t depth;
    size_t next_start; /* where the next level begins; name.size + 1 when there is none */
    void (*visit)(void *context, void *value);
    void *context;
    size_t remembered_count;
    struct name_level remembered[LEVELS_REMEMBERED];
    struct name_level latest; /* of those too deep to be remembered */
};

/* The nodes reached by the same number of levels. */
struct wave {
    size_t count;
    uint32_t nodes[WAVE_NODES_MAX];
};

static uint32_t find_node(const struct topic_trie *trie, struct bytes filter);
static uint32_t make_node(struct topic_trie *trie, struct bytes filter);
static uint32_t make_child(struct topic_trie *trie, uint32_t parent, struct bytes text);
static bool ends_in_hash(struct bytes filter);
static size_t levels_end_of(struct bytes filter);
static void **place_in(struct trie_node *node, struct bytes filter);
static void prune(struct topic_trie *trie, uint32_t index);
static void match_wildcards(struct match *match);
static void roll_on(struct match *match, struct wave *wave);
static void match_below(struct match *match, uint32_t top);
static void visit_values(const struct match *match);
static bool go_deeper(struct match *match);
static bool go_on_elsewhere(struct match *match);
static void step_down(struct match *match, uint32_t child, size_t next_start);
static bool allows_wildcards(const struct match *match);
static const struct name_level *next_level(struct match *match);
static struct trie_node *node_at(const struct topic_trie *trie, uint32_t index);

struct topic_trie *topic_trie_new(uint64_t seed)
{
    struct topic_trie *trie = calloc(1, sizeof(*trie));
    if (trie && !level_table_init(&trie->table, seed, EXACT)) {
        free(trie);
        return NULL;
    }
    return trie;
}

void topic_trie_free(struct topic_trie *trie)
{
    if (trie) {
        level_table_fini(&trie->table);
        free(trie);
    }
}

void *topic_trie_get(const struct topic_trie *trie, struct bytes filter)
{
    uint32_t index = find_node(trie, filter);
    return index ? *place_in(node_at(trie, index), filter) : NULL;
}

bool topic_trie_put(struct topic_trie *trie, struct bytes filter, void *value)
{
    assert(value);
    uint32_t index = make_node(trie, filter);
    if (index == 0) {
        return false;
    }
    void **place = place_in(node_at(trie, index), filter);
    trie->filter_count += *place == NULL;
    *place = value;
    return true;
}

void *topic_trie_remove(struct topic_trie *trie, struct bytes filter)
{
    uint32_t index = find_node(trie, filter);
    if (index == 0) {
        return NULL;
    }
    void **place = place_in(node_at(trie, index), filter);
    void *value = *place;
    *place = NULL;
    trie->filter_count -= value != NULL;
    prune(trie, index);
    return value;
}

void topic_trie_match(const struct topic_trie *trie, struct bytes name,
                      void (*visit)(void *context, void *value), void *context)
{
    if (trie->filter_count == 0) {
        return;
    }
    struct level whole = level_of(&trie->table, name);
    level_table_prefetch_bucket(&trie->table, EXACT, &whole); /* arrives while we walk */
    const struct trie_node *root = node_at(trie, ROOT);
    if (root->child_count > 0 || root->hash_value) {
        struct match match; /* the remembered levels are left as they are: none yet */
        match.trie = trie;
        match.name = name;
        match.is_reserved = topic_name_is_reserved(name);
        match.node = ROOT;
        match.depth = match.next_start = match.remembered_count = 0;
        match.visit = visit;
        match.context = context;
        match_wildcards(&match);
    }
    uint32_t exact = level_table_find(&trie->table, EXACT, &whole);
    if (exact != 0) {
        visit(context, node_at(trie, exact)->value);
    }
}

void topic_trie_each(const struct topic_trie *trie, void (*visit)(void *context, void *value),
                     void *context)
{
    for (uint32_t index = ROOT; index < trie->table.node_end; index++) {
        const struct trie_node *node = node_at(trie, index); /* free ones are zero */
        if (node->value) {
            visit(context, node->value);
        }
        if (node->hash_value) {
            visit(context, node->hash_value);
        }
    }
}

size_t topic_trie_count(const struct topic_trie *trie)
{
    return trie->filter_count;
}

size_t topic_trie_memory_size(const struct topic_trie *trie)
{
    return sizeof(*trie) + level_table_memory_size(&trie->table);
}

/* The node that keeps, or would keep, the value of `filter`; 0 when there is none. */
static uint32_t find_node(const struct topic_trie *trie, struct bytes filter)
{
    if (!topic_filter_has_wildcard(filter)) {
        struct level whole = level_of(&trie->table, filter);
        return level_table_find(&trie->table, EXACT, &whole);
    }
    uint32_t index = ROOT;
    size_t levels_end = levels_end_of(filter);
    for (size_t start = 0; start < levels_end && index != 0;) {
        struct bytes text = level_text_at(filter, start);
        struct level level = level_of(&trie->table, text);
        index = level_table_find(&trie->table, index, &level);
        start += text.size + 1;
    }
    return index;
}

/* The same, made if need be. 0: no memory, and nothing was made. */
static uint32_t make_node(struct topic_trie *trie, struct bytes filter)
{
    if (!topic_filter_has_wildcard(filter)) {
        return make_child(trie, EXACT, filter);
    }
    uint32_t index = ROOT;
    size_t levels_end = levels_end_of(filter);
    for (size_t start = 0; start < levels_end;) {
        struct bytes text = level_text_at(filter, start);
        uint32_t child = make_child(trie, index, text);
        if (child == 0) {
            prune(trie, index);
            return 0;
        }
        index = child;
        start += text.size + 1;
    }
    return index;
}

static uint32_t make_child(struct topic_trie *trie, uint32_t parent, struct bytes text)
{
    struct level level = level_of(&trie->table, text);
    uint32_t child = level_table_find(&trie->table, parent, &level);
    if (child != 0) {
        return child;
    }
    child = level_table_add(&trie->table, parent, &level);
    if (child != 0) {
        node_at(trie, parent)->child_count++;
        if (parent != EXACT && level_text_is(text, '+')) {
            node_at(trie, parent)->plus = child;
        }
    }
    return child;
}

static bool ends_in_hash(struct bytes filter)
{
    return filter.size > 0 && filter.data[filter.size - 1] == '#';
}

/* Levels of `filter` that have nodes begin before this index: all but the `#`. */
static size_t levels_end_of(struct bytes filter)
{
    return ends_in_hash(filter) ? filter.size - 1 : filter.size + 1;
}

static void **place_in(struct trie_node *node, struct bytes filter)
{
    return ends_in_hash(filter) ? &node->hash_value : &node->value;
}

/* Takes out the node and those above it that lead nowhere any more. */
static void prune(struct topic_trie *trie, uint32_t index)
{
    while (index > EXACT) {
        struct trie_node *node = node_at(trie, index);
        if (node->value || node->hash_value || node->child_count > 0) {
            return;
        }
        struct trie_node *parent = node_at(trie, node->level.parent);
        parent->child_count--;
        if (parent->plus == index) {
            parent->plus = 0;
        }
        uint32_t parent_index = node->level.parent;
        level_table_remove(&trie->table, index);
        index = parent_index;
    }
}

/* Level by level, all nodes of a level side by side, so that the processor fetches from memory for
 * all of them at once: among a million filters, that is most of the time a match takes. */
static void match_wildcards(struct match *match)
{
    struct wave wave = {.count = 1, .nodes = {ROOT}};
    for (;;) {
        for (size_t place = 0; place < wave.count; place++) {
            match->node = wave.nodes[place];
            visit_values(match);
        }
        if (match->next_start > match->name.size || wave.count == 0) {
            return;
        }
        if (match->depth == LEVELS_REMEMBERED) {
            break;
        }
        roll_on(match, &wave);
    }
    for (size_t place = 0; place < wave.count; place++) {
        match_below(match, wave.nodes[place]);
    }
}

/* From a wave of nodes to that of their children which fit the name. Where those might not find
 * room, all below the node is searched at once. */
static void roll_on(struct match *match, struct wave *wave)
{
    const struct level_table *table = &match->trie->table;
    const struct name_level *level = next_level(match);
    struct wave next = {.count = 0};
    for (size_t place = 0; place < wave->count; place++) {
        level_table_prefetch_bucket(table, wave->nodes[place], &level->level);
        level_table_prefetch_node_at(table, node_at(match->trie, wave->nodes[place])->plus);
    }
    for (size_t place = 0; place < wave->count; place++) {
        level_table_prefetch_node(table, wave->nodes[place], &level->level);
    }
    for (size_t place = 0; place < wave->count; place++) {
        match->node = wave->nodes[place];
        const struct trie_node *node = node_at(match->trie, match->node);
        if (node->child_count == 0) {
            continue;
        }
        if (next.count + 2 > WAVE_NODES_MAX) {
            match_below(match, match->node);
            continue;
        }
        uint32_t child = level_table_find(table, match->node, &level->level);
        if (child != 0) {
            next.nodes[next.count++] = child;
        }
        if (node->plus != 0 && node->plus != child && allows_wildcards(match)) {
            next.nodes[next.count++] = node->plus; /* [MQTT-4.7.1-2] [v3 MQTT-4.7.1-3] */
        }
    }
    match->depth++;
    match->next_start = level->end + 1;
    *wave = next;
}

/* All below `top`, which the first `depth` levels of the name have reached, depth first. Leaves
 * depth and next_start as they were. */
static void match_below(struct match *match, uint32_t top)
{
    match->top = match->node = top;
    while (go_deeper(match) || go_on_elsewhere(match)) {
        visit_values(match);
    }
}

/* The filters that end here: with the name, or in a `#`, which matches whatever follows, and
 * nothing, too: "sport/#" matches "sport". [MQTT-4.7.1-1] [v3 MQTT-4.7.1-2] */
static void visit_values(const struct match *match)
{
    const struct trie_node *node = node_at(match->trie, match->node);
    if (node->hash_value && allows_wildcards(match)) {
        match->visit(match->context, node->hash_value);
    }
    if (node->value && match->next_start > match->name.size) {
        match->visit(match->context, node->value);
    }
}

/* To the child of the name's next level, or else to `+`. False: there is neither. */
static bool go_deeper(struct match *match)
{
    const struct trie_node *node = node_at(match->trie, match->node);
    if (node->child_count == 0 || match->next_start > match->name.size) {
        return false;
    }
    uint32_t plus = allows_wildcards(match) ? node->plus : 0;
    if (plus != 0) {
        __builtin_prefetch(node_at(match->trie, plus));
    }
    const struct name_level *level = next_level(match);
    uint32_t child = level_table_find(&match->trie->table, match->node, &level->level);
    if (child == 0 && plus == 0) {
        return false;
    }
    step_down(match, child ? child : plus, level->end + 1);
    return true;
}

/* Up to the nearest node, not above `top`, whose `+` has not been tried yet, and down into that.
 * False: all done. */
static bool go_on_elsewhere(struct match *match)
{
    while (match->node != match->top) {
        uint32_t left = match->node;
        size_t left_next_start = match->next_start;
        match->node = level_table_parent(&match->trie->table, left);
        match->depth--;
        match->next_start = match->depth < LEVELS_REMEMBERED
                                ? match->remembered[match->depth].start
                                : level_start_before(match->name, left_next_start);
        uint32_t plus = node_at(match->trie, match->node)->plus;
        if (plus != 0 && plus != left && allows_wildcards(match)) {
            step_down(match, plus, left_next_start); /* [MQTT-4.7.1-2] [v3 MQTT-4.7.1-3] */
            return true;
        }
    }
    return false;
}

static void step_down(struct match *match, uint32_t child, size_t next_start)
{
    match->node = child;
    match->depth++;
    match->next_start = next_start;
}

/* Names that begin with `$` are not met by a wildcard in the first level. */
static bool allows_wildcards(const struct match *match)
{
    return match->node != ROOT || !match->is_reserved; /* [MQTT-4.7.2-1] [v3 MQTT-4.7.2-1] */
}

/* The level of the name that follows `node`. Each of the first ones is cut out and hashed once,
 * however many nodes ask for it. */
static const struct name_level *next_level(struct match *match)
{
    struct name_level *level = &match->latest;
    if (match->depth < match->remembered_count) {
        return &match->remembered[match->depth];
    }
    if (match->depth < LEVELS_REMEMBERED) {
        level = &match->remembered[match->remembered_count++];
    }
    struct bytes text = level_text_at(match->name, match->next_start);
    level->level = level_of(&match->trie->table, text);
    level->start = match->next_start;
    level->end = match->next_start + text.size;
    return level;
}

static struct trie_node *node_at(const struct topic_trie *trie, uint32_t index)
{
    return level_table_node(&trie->table, index);
}
