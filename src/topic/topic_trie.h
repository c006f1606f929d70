/* topic_trie.h — filters, asked by a topic name: "who wants this?"
 *
 * Nodes are levels, held in one array and found by (parent, level) through one hash table, so a
 * name of n levels costs about 2n look-ups however many filters there are. Each filter carries one
 * value of the caller's. Nothing recurses: a name of 65 000 slashes costs time in proportion, and
 * no stack. */
#ifndef MIDGE_TOPIC_TOPIC_TRIE_H
#define MIDGE_TOPIC_TOPIC_TRIE_H

#include "base/bytes.h"

struct topic_trie;

/* Makes an empty trie (given). `seed` makes its hashes hard to guess from outside.
 * NULL: no memory. */
struct topic_trie *topic_trie_new(uint64_t seed);
void topic_trie_free(struct topic_trie *trie);

/* The value kept for exactly this filter, or NULL. */
void *topic_trie_get(const struct topic_trie *trie, struct bytes filter);

/* Keeps `value` (not NULL; stays the caller's) for `filter` (legal, copied), replacing what was
 * kept. False: no memory, nothing changed. */
MUST_USE bool topic_trie_put(struct topic_trie *trie, struct bytes filter, void *value);

/* Forgets `filter`; the value that was kept, or NULL. Nodes that now lead nowhere are reused. */
void *topic_trie_remove(struct topic_trie *trie, struct bytes filter);

/* Calls `visit` once for the value of every filter that matches `name`, in no particular order.
 * `visit` must not change the trie. [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.2-1] */
void topic_trie_match(const struct topic_trie *trie, struct bytes name,
                      void (*visit)(void *context, void *value), void *context);

/* Calls `visit` for the value of every filter, in no particular order (start, stop, inspection). */
void topic_trie_each(const struct topic_trie *trie, void (*visit)(void *context, void *value),
                     void *context);

size_t topic_trie_count(const struct topic_trie *trie);       /* filters kept */
size_t topic_trie_memory_size(const struct topic_trie *trie); /* bytes held */

#endif
