/* memory_table.h — one table in memory, in the order of its keys: a skip list.
 *
 *   level 2  ●───────────────────▶ 7 ─────────────────▶ ∅
 *   level 1  ●────────▶ 3 ───────▶ 7 ────────▶ 12 ────▶ ∅
 *   level 0  ●──▶ 1 ──▶ 3 ──▶ 5 ─▶ 7 ──▶ 9 ──▶ 12 ────▶ ∅
 *
 * How high a node stands follows from how many were made before it: the same calls give the same
 * list. Nothing bounds the count but the caller. */
#ifndef MIDGE_STORE_MEMORY_TABLE_H
#define MIDGE_STORE_MEMORY_TABLE_H

#include "base/random.h"
#include "store/store_key.h"

enum { MEMORY_LEVELS = 20 };

struct memory_node {
    struct store_key key;
    uint8_t *value; /* from malloc; NULL when value_size is 0 */
    size_t value_size;
    int height;
    struct memory_node *next[]; /* as many as it stands high */
};

struct memory_table {
    struct memory_node *first[MEMORY_LEVELS];
    struct random random;
    uint64_t count, bytes;
};

void memory_table_init(struct memory_table *table);
void memory_table_fini(struct memory_table *table);

/* The first node with a key not less than `key`, or NULL. */
struct memory_node *memory_table_seek(const struct memory_table *table, struct bytes key);
/* The last node with a key less than `key`, or NULL. */
struct memory_node *memory_table_seek_before(const struct memory_table *table, struct bytes key);
/* The node of exactly this key, or NULL. */
struct memory_node *memory_table_find(const struct memory_table *table, struct bytes key);

/* A node (given) for this key and value (taken, from malloc), not yet in the table. NULL: no
 * memory; `value` stays the caller's. */
struct memory_node *memory_table_make(struct memory_table *table, struct bytes key, uint8_t *value,
                                      size_t size);
void memory_node_free(struct memory_node *node);
/* Puts `node` (taken) in its place; its key is not in the table. */
void memory_table_link(struct memory_table *table, struct memory_node *node);
/* Takes the node of exactly this key out (given). NULL: there is none. */
struct memory_node *memory_table_unlink(struct memory_table *table, struct bytes key);
/* Gives a node in the table another value (taken); the old one is given. */
uint8_t *memory_table_replace(struct memory_table *table, struct memory_node *node, uint8_t *value,
                              size_t size);

#endif
