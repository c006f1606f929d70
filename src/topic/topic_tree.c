/* topic_tree.c — names, asked by a filter.
 *
 * A node is a level. Its name is found from the root through the level table; its children hang
 * together as siblings, newest first, so that a wildcard can go through them:
 *
 *   ROOT ──▶ home ──▶ kitchen ──▶ light = value         asked by home/+/light:
 *                        │ next sibling                 home by look-up, each sibling below it,
 *                     cellar ──▶ light = value          light by look-up
 *
 * A walk is in preorder. The filter says how each level was chosen, the node knows its parent:
 * that is all it needs to go on, so there is no stack. Between two calls the walk pins its node; a
 * pinned node keeps its place among its siblings even when its name is gone, and the last to leave
 * takes it out.
 *
 * What can go wrong: no memory for a new node. Then the nodes made for that name are unmade. */
#include "topic/topic_tree.h"

#include <assert.h>
#include <stdlib.h>

#include "topic/level_table.h"

enum { NOWHERE = 0, ROOT = 1 };

struct tree_node {
    struct level_node level;
    void *value; /* of the name that ends here, or NULL */
    uint32_t first_child, next_sibling, previous_sibling;
    uint32_t pins; /* walks that stand here */
};
static_assert(sizeof(struct tree_node) == LEVEL_NODE_SIZE, "a node of the level table");

struct topic_tree {
    struct level_table table;
    size_t name_count;
};

static uint32_t find_node(const struct topic_tree *tree, struct bytes name);
static uint32_t make_node(struct topic_tree *tree, struct bytes name);
static uint32_t make_child(struct topic_tree *tree, uint32_t parent, struct bytes text);
static void prune(struct topic_tree *tree, uint32_t index);
static void take_from_siblings(struct topic_tree *tree, uint32_t index);
static void move_pin(struct topic_walk *walk, uint32_t from);
static void step(struct topic_walk *walk);
static bool step_down(struct topic_walk *walk);
static bool step_aside(struct topic_walk *walk);
static void step_up(struct topic_walk *walk);
static void arrive_by_wildcard(struct topic_walk *walk, uint32_t index);
static void *value_here(const struct topic_walk *walk);
static struct tree_node *node_at(const struct topic_tree *tree, uint32_t index);

struct topic_tree *topic_tree_new(uint64_t seed)
{
    struct topic_tree *tree = calloc(1, sizeof(*tree));
    if (tree && !level_table_init(&tree->table, seed, ROOT)) {
        free(tree);
        return NULL;
    }
    return tree;
}

void topic_tree_free(struct topic_tree *tree)
{
    if (tree) {
        level_table_fini(&tree->table);
        free(tree);
    }
}

void *topic_tree_get(const struct topic_tree *tree, struct bytes name)
{
    uint32_t index = find_node(tree, name);
    return index ? node_at(tree, index)->value : NULL;
}

bool topic_tree_put(struct topic_tree *tree, struct bytes name, void *value, void **replaced)
{
    assert(value);
    uint32_t index = make_node(tree, name);
    if (index == 0) {
        return false;
    }
    struct tree_node *node = node_at(tree, index);
    *replaced = node->value;
    tree->name_count += node->value == NULL;
    node->value = value;
    return true;
}

void *topic_tree_remove(struct topic_tree *tree, struct bytes name)
{
    uint32_t index = find_node(tree, name);
    if (index == 0) {
        return NULL;
    }
    void *value = node_at(tree, index)->value;
    tree->name_count -= value != NULL;
    node_at(tree, index)->value = NULL;
    prune(tree, index);
    return value;
}

void topic_walk_begin(struct topic_walk *walk, struct topic_tree *tree, struct bytes filter)
{
    *walk = (struct topic_walk){.tree = tree, .filter = filter, .node = ROOT};
    node_at(tree, ROOT)->pins++;
}

void topic_walk_begin_all(struct topic_walk *walk, struct topic_tree *tree)
{
    topic_walk_begin(walk, tree, BYTES("#"));
    walk->sees_reserved = true;
}

void *topic_walk_next(struct topic_walk *walk, size_t steps_max, bool *more)
{
    uint32_t from = walk->node;
    void *value = NULL;
    size_t steps = 0;
    assert(steps_max > 0);
    while (walk->node != NOWHERE && !value && steps < steps_max) {
        step(walk);
        value = value_here(walk);
        steps++;
    }
    move_pin(walk, from);
    *more = walk->node != NOWHERE;
    return value;
}

void topic_walk_end(struct topic_walk *walk)
{
    uint32_t from = walk->node;
    walk->node = NOWHERE;
    move_pin(walk, from);
}

size_t topic_tree_count(const struct topic_tree *tree)
{
    return tree->name_count;
}

size_t topic_tree_memory_size(const struct topic_tree *tree)
{
    return sizeof(*tree) + level_table_memory_size(&tree->table);
}

/* The node of `name`, or 0. */
static uint32_t find_node(const struct topic_tree *tree, struct bytes name)
{
    uint32_t index = ROOT;
    for (size_t start = 0; start <= name.size && index != 0;) {
        struct bytes text = level_text_at(name, start);
        struct level level = level_of(&tree->table, text);
        index = level_table_find(&tree->table, index, &level);
        start += text.size + 1;
    }
    return index;
}

/* The node of `name`, made if need be. 0: no memory, and nothing was made. */
static uint32_t make_node(struct topic_tree *tree, struct bytes name)
{
    uint32_t index = ROOT;
    for (size_t start = 0; start <= name.size;) {
        struct bytes text = level_text_at(name, start);
        uint32_t child = make_child(tree, index, text);
        if (child == 0) {
            prune(tree, index);
            return 0;
        }
        index = child;
        start += text.size + 1;
    }
    return index;
}

static uint32_t make_child(struct topic_tree *tree, uint32_t parent, struct bytes text)
{
    struct level level = level_of(&tree->table, text);
    uint32_t child = level_table_find(&tree->table, parent, &level);
    if (child != 0) {
        return child;
    }
    child = level_table_add(&tree->table, parent, &level);
    if (child == 0) {
        return 0;
    }
    /* In front of its siblings: a walk among them has passed there, so names that keep coming
     * cannot keep it from its end. */
    uint32_t second = node_at(tree, parent)->first_child;
    node_at(tree, parent)->first_child = child;
    node_at(tree, child)->next_sibling = second;
    if (second != 0) {
        node_at(tree, second)->previous_sibling = child;
    }
    return child;
}

/* Takes out the node and those above it that hold nothing and nobody. */
static void prune(struct topic_tree *tree, uint32_t index)
{
    while (index > ROOT) {
        const struct tree_node *node = node_at(tree, index);
        if (node->value || node->first_child != 0 || node->pins > 0) {
            return;
        }
        uint32_t parent = node->level.parent;
        take_from_siblings(tree, index);
        level_table_remove(&tree->table, index);
        index = parent;
    }
}

static void take_from_siblings(struct topic_tree *tree, uint32_t index)
{
    const struct tree_node *node = node_at(tree, index);
    if (node->previous_sibling != 0) {
        node_at(tree, node->previous_sibling)->next_sibling = node->next_sibling;
    } else {
        node_at(tree, node->level.parent)->first_child = node->next_sibling;
    }
    if (node->next_sibling != 0) {
        node_at(tree, node->next_sibling)->previous_sibling = node->previous_sibling;
    }
}

/* Pins where the walk stands now before it lets go of `from`: else both could go. */
static void move_pin(struct topic_walk *walk, uint32_t from)
{
    if (walk->node != NOWHERE) {
        node_at(walk->tree, walk->node)->pins++;
    }
    if (from != NOWHERE) {
        assert(node_at(walk->tree, from)->pins > 0);
        node_at(walk->tree, from)->pins--;
        prune(walk->tree, from);
    }
}

/* One node on in preorder; or up, when there is nothing below and beside. */
static void step(struct topic_walk *walk)
{
    if (!walk->is_leaving && step_down(walk)) {
        return;
    }
    if (walk->node == ROOT) {
        walk->node = NOWHERE;
    } else if (!step_aside(walk)) {
        step_up(walk);
    }
}

/* To the first child that the filter's next level allows. */
static bool step_down(struct topic_walk *walk)
{
    if (walk->next_start > walk->filter.size) {
        return false; /* the filter ends here */
    }
    const struct tree_node *node = node_at(walk->tree, walk->node);
    struct bytes text = level_text_at(walk->filter, walk->next_start);
    bool is_hash = level_text_is(text, '#');
    bool is_wildcard = is_hash || level_text_is(text, '+');
    uint32_t child = node->first_child;
    if (!is_wildcard && child != 0) {
        struct level level = level_of(&walk->tree->table, text);
        child = level_table_find(&walk->tree->table, walk->node, &level);
    }
    if (child == 0) {
        return false;
    }
    if (is_wildcard) {
        arrive_by_wildcard(walk, child);
    } else {
        walk->node = child;
    }
    if (is_hash) {
        walk->depth_in_hash++;
    } else {
        walk->next_start += (uint32_t)text.size + 1;
    }
    return true;
}

/* To the next sibling, when it was a wildcard that led here. */
static bool step_aside(struct topic_walk *walk)
{
    if (walk->depth_in_hash == 0) {
        size_t start = level_start_before(walk->filter, walk->next_start);
        if (!level_text_is(level_text_at(walk->filter, start), '+')) {
            return false;
        }
    }
    uint32_t sibling = node_at(walk->tree, walk->node)->next_sibling;
    if (sibling == 0) {
        return false;
    }
    arrive_by_wildcard(walk, sibling);
    return true;
}

static void step_up(struct topic_walk *walk)
{
    walk->node = level_table_parent(&walk->tree->table, walk->node);
    walk->is_leaving = true;
    if (walk->depth_in_hash > 0) {
        walk->depth_in_hash--;
    } else {
        walk->next_start = (uint32_t)level_start_before(walk->filter, walk->next_start);
    }
}

/* A first level that begins with `$` is passed by, with all that lies below it. */
static void arrive_by_wildcard(struct topic_walk *walk, uint32_t index)
{
    const struct tree_node *node = node_at(walk->tree, index);
    bool is_reserved = node->level.parent == ROOT && !walk->sees_reserved &&
                       level_label_begins_with(&node->level.label, '$');
    walk->node = index;
    walk->is_leaving = is_reserved; /* [MQTT-4.7.2-1] [v3 MQTT-4.7.2-1] */
}

/* The value of the node just reached, when its name matches: the filter ends here or in a `#`, or
 * goes on with nothing but one. */
static void *value_here(const struct topic_walk *walk)
{
    if (walk->node <= ROOT || walk->is_leaving) {
        return NULL;
    }
    bool matches = walk->next_start > walk->filter.size ||
                   level_text_is(level_text_at(walk->filter, walk->next_start), '#');
    return matches ? node_at(walk->tree, walk->node)->value : NULL;
}

static struct tree_node *node_at(const struct topic_tree *tree, uint32_t index)
{
    return level_table_node(&tree->table, index);
}
