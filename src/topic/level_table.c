/* level_table.c — the array of nodes and the hash table over it.
 *
 * A look-up mixes the level's hash with the parent's index, goes to one bucket and follows its
 * chain, comparing parent and label as whole words. Adding takes a free node or a new one; then the
 * table, if it has become crowded, splits one bucket in two. Removing is the same backwards.
 *
 * What can go wrong: no memory for a node or a long label, which the caller learns with nothing
 * changed. No memory for another bucket is no error: chains become longer. */
#include "topic/level_table.h"

#include <assert.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define NODE_CAPACITY_MIN   32
#define BUCKET_CAPACITY_MIN 32
#define GROWS_CAREFULLY_AT  65536 /* beyond, an eighth at a time: the array is what memory is */
#define BLOCK_OVERHEAD_SIZE 8     /* what an allocator adds to a block, before it rounds up */
#define BLOCK_GRAIN_SIZE    16

static_assert(sizeof(union level_label) == 16, "labels are compared as two words");
static_assert(sizeof(struct level_node) == 24, "half of a node is the owner's");

static bool label_equal(const union level_label *a, const union level_label *b);
static uint32_t label_hash(const struct level_table *table, const union level_label *label);
static size_t label_block_size(const union level_label *label);
static uint32_t bucket_of(const struct level_table *table, uint32_t parent, uint32_t hash);
static uint32_t bucket_of_node(const struct level_table *table, const struct level_node *node);
static uint32_t *link_of(const struct level_table *table, uint32_t index);
static bool make_node_room(struct level_table *table);
static uint32_t capacity_after(uint32_t capacity);
static uint32_t take_free_node(struct level_table *table);
static void split_bucket(struct level_table *table);
static void merge_bucket(struct level_table *table);
static void give_memory_back(struct level_table *table);
static bool resize_buckets(struct level_table *table, uint32_t capacity);

bool level_table_init(struct level_table *table, uint64_t seed, uint32_t reserved_count)
{
    assert(reserved_count > 0 && reserved_count < NODE_CAPACITY_MIN);
    *table = (struct level_table){
        .seed = seed,
        .node_end = reserved_count + 1,
        .node_capacity = NODE_CAPACITY_MIN,
        .reserved_count = reserved_count,
        .bucket_count = BUCKET_CAPACITY_MIN,
        .bucket_capacity = BUCKET_CAPACITY_MIN,
    };
    table->nodes = calloc(NODE_CAPACITY_MIN, LEVEL_NODE_SIZE);
    table->buckets = calloc(BUCKET_CAPACITY_MIN, sizeof(*table->buckets));
    if (!table->nodes || !table->buckets) {
        level_table_fini(table);
        return false;
    }
    return true;
}

void level_table_fini(struct level_table *table)
{
    for (uint32_t index = 1; table->nodes && index < table->node_end; index++) {
        struct level_node *node = level_table_node(table, index);
        if (node->label.brief.size == LEVEL_LONG) {
            free(node->label.distant.text);
        }
    }
    free(table->nodes);
    free(table->buckets);
    table->nodes = NULL;
    table->buckets = NULL;
}

struct level level_of(const struct level_table *table, struct bytes text)
{
    struct level level = {.label.words = {0, 0}};
    if (text.size <= LEVEL_BRIEF_SIZE_MAX) {
        level.label.brief.size = (uint8_t)text.size;
        if (text.size > 0) {
            memcpy(level.label.brief.text, text.data, text.size);
        }
        level.hash = label_hash(table, &level.label);
        return level;
    }
    assert(text.size <= UINT16_MAX);
    level.hash = (uint32_t)XXH3_64bits_withSeed(text.data, text.size, table->seed);
    level.label.distant.mark = LEVEL_LONG;
    level.label.distant.size = (uint16_t)text.size;
    level.label.distant.hash = level.hash;
    level.label.distant.text = (uint8_t *)text.data; /* only read: level_table_add makes a copy */
    return level;
}

uint32_t level_table_find(const struct level_table *table, uint32_t parent,
                          const struct level *level)
{
    uint32_t index = table->buckets[bucket_of(table, parent, level->hash)];
    while (index != 0) {
        const struct level_node *node = level_table_node(table, index);
        if (node->parent == parent && label_equal(&node->label, &level->label)) {
            return index;
        }
        index = node->next;
    }
    return 0;
}

void level_table_prefetch_bucket(const struct level_table *table, uint32_t parent,
                                 const struct level *level)
{
    __builtin_prefetch(&table->buckets[bucket_of(table, parent, level->hash)]);
}

void level_table_prefetch_node(const struct level_table *table, uint32_t parent,
                               const struct level *level)
{
    level_table_prefetch_node_at(table, table->buckets[bucket_of(table, parent, level->hash)]);
}

uint32_t level_table_add(struct level_table *table, uint32_t parent, const struct level *level)
{
    if (!make_node_room(table)) {
        return 0;
    }
    union level_label label = level->label;
    if (label.brief.size == LEVEL_LONG) {
        label.distant.text = malloc(label.distant.size);
        if (!label.distant.text) {
            return 0;
        }
        memcpy(label.distant.text, level->label.distant.text, label.distant.size);
        table->label_memory_size += label_block_size(&label);
    }
    uint32_t index = take_free_node(table);
    uint32_t *bucket = &table->buckets[bucket_of(table, parent, level->hash)];
    struct level_node *node = level_table_node(table, index);
    *node = (struct level_node){.parent = parent, .next = *bucket, .label = label};
    *bucket = index;
    table->linked_count++;
    if (table->linked_count > table->bucket_count) {
        split_bucket(table);
    }
    return index;
}

void level_table_remove(struct level_table *table, uint32_t index)
{
    assert(index > table->reserved_count && index < table->node_end);
    struct level_node *node = level_table_node(table, index);
    *link_of(table, index) = node->next;
    if (node->label.brief.size == LEVEL_LONG) {
        table->label_memory_size -= label_block_size(&node->label);
        free(node->label.distant.text);
    }
    memset(node, 0, LEVEL_NODE_SIZE);
    node->next = table->node_free;
    table->node_free = index;
    table->linked_count--;
    /* Two for one, so that a table which is being emptied keeps pace. */
    for (int merges = 0; merges < 2; merges++) {
        if (table->bucket_count > BUCKET_CAPACITY_MIN &&
            table->linked_count < table->bucket_count / 2) {
            merge_bucket(table);
        }
    }
    if (table->linked_count == 0) {
        give_memory_back(table);
    }
}

size_t level_table_memory_size(const struct level_table *table)
{
    return (size_t)table->node_capacity * LEVEL_NODE_SIZE +
           (size_t)table->bucket_capacity * sizeof(*table->buckets) + table->label_memory_size;
}

static bool label_equal(const union level_label *a, const union level_label *b)
{
    if (a->words[0] != b->words[0]) {
        return false; /* of long labels, this compares size and hash */
    }
    if (a->brief.size == LEVEL_LONG) {
        return memcmp(a->distant.text, b->distant.text, a->distant.size) == 0;
    }
    return a->words[1] == b->words[1];
}

static uint32_t label_hash(const struct level_table *table, const union level_label *label)
{
    if (label->brief.size == LEVEL_LONG) {
        return label->distant.hash;
    }
    return (uint32_t)XXH3_64bits_withSeed(label->words, sizeof(label->words), table->seed);
}

static size_t label_block_size(const union level_label *label)
{
    size_t size = label->distant.size + BLOCK_OVERHEAD_SIZE + BLOCK_GRAIN_SIZE - 1;
    return size / BLOCK_GRAIN_SIZE * BLOCK_GRAIN_SIZE;
}

/* Linear hashing: with 2^k <= bucket_count < 2^(k+1), k + 1 bits choose a bucket; where that one is
 * still to come, k bits choose the one it will be split from. */
static uint32_t bucket_of(const struct level_table *table, uint32_t parent, uint32_t hash)
{
    uint64_t mixed = ((uint64_t)parent << 32 | hash) * UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xD6E8FEB86659FD93);
    uint32_t key = (uint32_t)(mixed >> 32);
    uint32_t wide_mask = UINT32_MAX >> __builtin_clz(table->bucket_count);
    uint32_t bucket = key & wide_mask;
    return bucket < table->bucket_count ? bucket : key & (wide_mask >> 1);
}

static uint32_t bucket_of_node(const struct level_table *table, const struct level_node *node)
{
    return bucket_of(table, node->parent, label_hash(table, &node->label));
}

/* Whatever points to the node in its bucket. */
static uint32_t *link_of(const struct level_table *table, uint32_t index)
{
    uint32_t *link = &table->buckets[bucket_of_node(table, level_table_node(table, index))];
    while (*link != index) {
        assert(*link != 0);
        link = &((struct level_node *)level_table_node(table, *link))->next;
    }
    return link;
}

static bool make_node_room(struct level_table *table)
{
    if (table->node_free != 0 || table->node_end < table->node_capacity) {
        return true;
    }
    uint32_t capacity = capacity_after(table->node_capacity);
    if (capacity == table->node_capacity) {
        return false;
    }
    unsigned char *nodes = realloc(table->nodes, (size_t)capacity * LEVEL_NODE_SIZE);
    if (!nodes) {
        return false;
    }
    table->nodes = nodes;
    table->node_capacity = capacity;
    return true;
}

/* The next larger capacity; the same one when indices would not fit into 32 bits. */
static uint32_t capacity_after(uint32_t capacity)
{
    uint32_t more = capacity < GROWS_CAREFULLY_AT ? capacity / 2 : capacity / 8;
    return capacity > UINT32_MAX - more ? capacity : capacity + more;
}

static uint32_t take_free_node(struct level_table *table)
{
    uint32_t index = table->node_free;
    if (index != 0) {
        table->node_free = ((struct level_node *)level_table_node(table, index))->next;
    } else {
        index = table->node_end++;
    }
    memset(level_table_node(table, index), 0, LEVEL_NODE_SIZE);
    return index;
}

static void split_bucket(struct level_table *table)
{
    if (table->bucket_count == table->bucket_capacity) {
        uint32_t capacity = capacity_after(table->bucket_capacity);
        if (capacity == table->bucket_capacity || !resize_buckets(table, capacity)) {
            return;
        }
    }
    uint32_t born = table->bucket_count++;
    uint32_t parted = born & (UINT32_MAX >> __builtin_clz(born) >> 1);
    uint32_t *link = &table->buckets[parted];
    table->buckets[born] = 0;
    while (*link != 0) {
        uint32_t index = *link;
        struct level_node *node = level_table_node(table, index);
        if (bucket_of_node(table, node) == parted) {
            link = &node->next;
            continue;
        }
        *link = node->next;
        node->next = table->buckets[born];
        table->buckets[born] = index;
    }
}

static void merge_bucket(struct level_table *table)
{
    uint32_t dying = --table->bucket_count;
    uint32_t heir = dying & (UINT32_MAX >> __builtin_clz(dying) >> 1);
    uint32_t *link = &table->buckets[heir];
    while (*link != 0) {
        link = &((struct level_node *)level_table_node(table, *link))->next;
    }
    *link = table->buckets[dying];
    if (table->bucket_count < table->bucket_capacity / 4) {
        resize_buckets(table, table->bucket_capacity / 2); /* if not, the larger one serves */
    }
}

/* With no node left but the reserved ones, everything starts again from the front. */
static void give_memory_back(struct level_table *table)
{
    table->node_end = table->reserved_count + 1;
    table->node_free = 0;
    table->bucket_count = BUCKET_CAPACITY_MIN; /* all buckets are empty */
    if (table->node_capacity > NODE_CAPACITY_MIN) {
        unsigned char *nodes = realloc(table->nodes, NODE_CAPACITY_MIN * LEVEL_NODE_SIZE);
        if (nodes) {
            table->nodes = nodes;
            table->node_capacity = NODE_CAPACITY_MIN;
        }
    }
    resize_buckets(table, BUCKET_CAPACITY_MIN);
}

/* Whether there is room for `capacity` buckets now. */
static bool resize_buckets(struct level_table *table, uint32_t capacity)
{
    uint32_t *buckets = realloc(table->buckets, capacity * sizeof(*buckets));
    if (buckets) {
        table->buckets = buckets;
        table->bucket_capacity = capacity;
    }
    return table->bucket_capacity >= capacity;
}
