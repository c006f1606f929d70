/* memory_table.c — see memory_table.h. Every call goes down from the highest level, and notes on
 * each the last link before the key. */
#include "store/memory_table.h"

#include <stdlib.h>

static int compare(struct bytes a, struct bytes b);
/* For each level, the last link before `key`; *before is the node that owns the lowest of them. */
static void find_links(const struct memory_table *table, struct bytes key,
                       struct memory_node **links[MEMORY_LEVELS], struct memory_node **before);
static int draw_height(struct memory_table *table);

void memory_table_init(struct memory_table *table)
{
    *table = (struct memory_table){.count = 0};
    random_seed(&table->random, 1);
}

void memory_table_fini(struct memory_table *table)
{
    for (struct memory_node *node = table->first[0]; node;) {
        struct memory_node *next = node->next[0];
        memory_node_free(node);
        node = next;
    }
}

struct memory_node *memory_table_seek(const struct memory_table *table, struct bytes key)
{
    struct memory_node **links[MEMORY_LEVELS], *before;
    find_links(table, key, links, &before);
    return *links[0];
}

struct memory_node *memory_table_seek_before(const struct memory_table *table, struct bytes key)
{
    struct memory_node **links[MEMORY_LEVELS], *before;
    find_links(table, key, links, &before);
    return before;
}

struct memory_node *memory_table_find(const struct memory_table *table, struct bytes key)
{
    struct memory_node *node = memory_table_seek(table, key);
    return node && bytes_equal(key_bytes(&node->key), key) ? node : NULL;
}

struct memory_node *memory_table_make(struct memory_table *table, struct bytes key, uint8_t *value,
                                      size_t size)
{
    int height = draw_height(table);
    struct memory_node *node = malloc(sizeof *node + (size_t)height * sizeof node->next[0]);
    if (node) {
        node->key = key_copy(key);
        node->value = value;
        node->value_size = size;
        node->height = height;
    }
    return node;
}

void memory_node_free(struct memory_node *node)
{
    if (node) {
        free(node->value);
        free(node);
    }
}

void memory_table_link(struct memory_table *table, struct memory_node *node)
{
    struct memory_node **links[MEMORY_LEVELS], *before;
    find_links(table, key_bytes(&node->key), links, &before);
    for (int level = 0; level < node->height; level++) {
        node->next[level] = *links[level];
        *links[level] = node;
    }
    table->count++;
    table->bytes += node->key.size + node->value_size;
}

struct memory_node *memory_table_unlink(struct memory_table *table, struct bytes key)
{
    struct memory_node **links[MEMORY_LEVELS], *before;
    find_links(table, key, links, &before);
    struct memory_node *node = *links[0];
    if (!node || !bytes_equal(key_bytes(&node->key), key)) {
        return NULL;
    }
    for (int level = 0; level < node->height; level++) {
        *links[level] = node->next[level];
    }
    table->count--;
    table->bytes -= node->key.size + node->value_size;
    return node;
}

uint8_t *memory_table_replace(struct memory_table *table, struct memory_node *node, uint8_t *value,
                              size_t size)
{
    uint8_t *old = node->value;
    table->bytes += size;
    table->bytes -= node->value_size;
    node->value = value;
    node->value_size = size;
    return old;
}

static int compare(struct bytes a, struct bytes b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.data, b.data, size);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static void find_links(const struct memory_table *table, struct bytes key,
                       struct memory_node **links[MEMORY_LEVELS], struct memory_node **before)
{
    struct memory_node *node = NULL;
    for (int level = MEMORY_LEVELS - 1; level >= 0; level--) {
        struct memory_node **link =
            node ? &node->next[level] : (struct memory_node **)&table->first[level];
        while (*link && compare(key_bytes(&(*link)->key), key) < 0) {
            node = *link;
            link = &node->next[level];
        }
        links[level] = link;
    }
    *before = node;
}

static int draw_height(struct memory_table *table)
{
    int height = 1;
    for (uint64_t bits = random_next(&table->random); height < MEMORY_LEVELS && (bits & 3) == 0;
         bits >>= 2) {
        height++;
    }
    return height;
}
