/* topic_tree.h — topic names, asked by a filter: "what is there under home/+/light?"
 *
 * Each name carries one value of the caller's. A walk is a cursor that stands on a node of the tree
 * and survives any change made between two of its steps: a node somebody stands on stays until he
 * has left. */
#ifndef MIDGE_TOPIC_TOPIC_TREE_H
#define MIDGE_TOPIC_TOPIC_TREE_H

#include "base/bytes.h"

struct topic_tree;

struct topic_tree *topic_tree_new(uint64_t seed); /* given; NULL: no memory */
void topic_tree_free(struct topic_tree *tree);

void *topic_tree_get(const struct topic_tree *tree, struct bytes name); /* or NULL */
/* Keeps `value` (not NULL) for `name` (legal, copied); *replaced is what was kept before, or NULL.
 * False: no memory, nothing changed. */
MUST_USE bool topic_tree_put(struct topic_tree *tree, struct bytes name, void *value,
                             void **replaced);
void *topic_tree_remove(struct topic_tree *tree, struct bytes name); /* what was kept, or NULL */

/* A walk over all names that match a filter. The caller's memory; `filter` is borrowed until
 * walk_end. A name put or removed during the walk may or may not be seen; every other one is seen
 * exactly once. */
struct topic_walk {
    struct topic_tree *tree;
    struct bytes filter;
    /* The walk's own. */
    uint32_t node;          /* where it stands (pinned); 1, the root: before all; 0: done */
    uint32_t next_start;    /* the filter's level for its children; filter.size + 1: none left */
    uint32_t depth_in_hash; /* how many levels of the node the `#` stands for */
    bool is_leaving;        /* what lies below the node has been seen */
    bool sees_reserved;     /* names that begin with `$`, too */
};

void topic_walk_begin(struct topic_walk *walk, struct topic_tree *tree, struct bytes filter);
/* The same over all names there are, those that begin with `$` included. */
void topic_walk_begin_all(struct topic_walk *walk, struct topic_tree *tree);
/* The value of the next matching name, or NULL when there is none left. [MQTT-4.7.2-1]
 * One call does a bounded amount of work: after `steps_max` (at least 1) nodes without a match it
 * returns NULL with *more true: call again later. *more is false when the walk is done. */
void *topic_walk_next(struct topic_walk *walk, size_t steps_max, bool *more);
void topic_walk_end(struct topic_walk *walk); /* lets go of the node; safe to call twice */

size_t topic_tree_count(const struct topic_tree *tree);
size_t topic_tree_memory_size(const struct topic_tree *tree);

#endif
