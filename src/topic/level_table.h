/* level_table.h — nodes of a tree of topic levels, found by (parent node, level text).
 *
 *   buckets  ┌────┬────┬────┬────┐       The trie and the tree both stand on this. A node is 48
 *            │ 17 │  0 │  4 │ .. │       bytes: 24 are kept here, 24 are the owner's. Nodes lie in
 *            └─┬──┴────┴────┴────┘       one array and name each other by index, so they may move
 *   nodes      ▼ next ──▶ 9 ──▶ 0        in memory, never in number. 0 is no node.
 *            ┌────────┬──────┬───────┬───────────────┐
 *            │ parent │ next │ label │ owner's part  │
 *            └────────┴──────┴───────┴───────────────┘
 *
 * The hash table grows and shrinks one bucket at a time (linear hashing), so that no single call
 * pays for moving a million nodes. A label of up to 15 bytes lies in its node, a longer one in a
 * block of its own. Bounded by 2^32 nodes and by what its owner puts in. Private to this room. */
#ifndef MIDGE_TOPIC_LEVEL_TABLE_H
#define MIDGE_TOPIC_LEVEL_TABLE_H

#include "base/bytes.h"

#define LEVEL_NODE_SIZE      48
#define LEVEL_BRIEF_SIZE_MAX 15
#define LEVEL_LONG           0xFF

/* The text of a level in 16 bytes: itself and zeros, or where it is. */
union level_label {
    struct {
        uint8_t size; /* 0 to LEVEL_BRIEF_SIZE_MAX */
        uint8_t text[LEVEL_BRIEF_SIZE_MAX];
    } brief;
    struct {
        uint8_t mark; /* LEVEL_LONG */
        uint8_t zero;
        uint16_t size;
        uint32_t hash;
        uint8_t *text; /* the node's own; in a struct level, borrowed */
    } distant;
    uint64_t words[2];
};

/* A level to look for, made once by level_of and good for any number of look-ups. */
struct level {
    union level_label label; /* its distant text is borrowed from the topic */
    uint32_t hash;
};

/* The first member of the owner's node struct, which is LEVEL_NODE_SIZE bytes. */
struct level_node {
    uint32_t parent;
    uint32_t next; /* in the bucket, or in the list of free nodes */
    union level_label label;
};

struct level_table {
    unsigned char *nodes;
    uint32_t *buckets;
    uint64_t seed;
    size_t label_memory_size; /* blocks of long labels, with the allocator's share estimated */
    uint32_t node_end;        /* one past the highest index in use */
    uint32_t node_capacity;
    uint32_t node_free; /* the first free node below node_end, or 0 */
    uint32_t reserved_count;
    uint32_t linked_count; /* nodes in buckets */
    uint32_t bucket_count, bucket_capacity;
};

/* Makes a table in which the nodes 1 to `reserved_count` exist: roots, zeroed, in no bucket.
 * False: no memory. */
MUST_USE bool level_table_init(struct level_table *table, uint64_t seed, uint32_t reserved_count);
void level_table_fini(struct level_table *table);

/* `text` (at most 65535 bytes; borrowed as long as the level is used), ready to be looked for. */
struct level level_of(const struct level_table *table, struct bytes text);

/* The child of `parent` with that level, or 0. */
uint32_t level_table_find(const struct level_table *table, uint32_t parent,
                          const struct level *level);
/* Ask the processor to fetch what level_table_find will read: its bucket; and, once that is there,
 * the first node in it. Who looks for several children asks for all of them first. */
void level_table_prefetch_bucket(const struct level_table *table, uint32_t parent,
                                 const struct level *level);
void level_table_prefetch_node(const struct level_table *table, uint32_t parent,
                               const struct level *level);

/* Makes the child of `parent` with that level, which must not exist; the owner's part is zero.
 * All pointers to nodes become invalid. 0: no memory, nothing changed. */
MUST_USE uint32_t level_table_add(struct level_table *table, uint32_t parent,
                                  const struct level *level);
/* Takes a node (not a reserved one) out and makes it zero. When it was the last one, the memory
 * goes back. Pointers to nodes become invalid. */
void level_table_remove(struct level_table *table, uint32_t index);

size_t level_table_memory_size(const struct level_table *table);

static inline void *level_table_node(const struct level_table *table, uint32_t index)
{
    return table->nodes + (size_t)index * LEVEL_NODE_SIZE;
}

static inline void level_table_prefetch_node_at(const struct level_table *table, uint32_t index)
{
    const char *node = level_table_node(table, index);
    __builtin_prefetch(node); /* a node may straddle two lines of the cache */
    __builtin_prefetch(node + LEVEL_NODE_SIZE - 1);
}

static inline uint32_t level_table_parent(const struct level_table *table, uint32_t index)
{
    return ((const struct level_node *)level_table_node(table, index))->parent;
}

/* The level of `topic` that begins at `start`, which is at most topic.size. */
static inline struct bytes level_text_at(struct bytes topic, size_t start)
{
    size_t size = topic.size - start;
    const uint8_t *text = topic.data ? topic.data + start : NULL;
    const uint8_t *slash = size > 0 ? memchr(text, '/', size) : NULL;
    return bytes_of(text, slash ? (size_t)(slash - text) : size);
}

/* Where the level begins that ends just before the level at `start` (start > 0). */
static inline size_t level_start_before(struct bytes topic, size_t start)
{
    size_t before = start - 1; /* its separator, or the end of the topic */
    while (before > 0 && topic.data[before - 1] != '/') {
        before--;
    }
    return before;
}

static inline bool level_label_begins_with(const union level_label *label, char first)
{
    bool is_long = label->brief.size == LEVEL_LONG;
    const uint8_t *text = is_long ? label->distant.text : label->brief.text;
    return label->brief.size > 0 && text[0] == (uint8_t)first;
}

static inline bool level_text_is(struct bytes text, char wildcard)
{
    return text.size == 1 && text.data[0] == (uint8_t)wildcard;
}

#endif
