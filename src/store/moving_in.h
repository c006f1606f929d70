/* moving_in.h — mosquitto's persistence file becomes entries of our own store.
 *
 *     plan = moving_in_read(file, saved_us, words);      all of it is looked at, nothing is written
 *     moving_in_counts(plan)                             what there is, and what stays behind
 *     moving_in_write(plan, store, &found, words)        into a store that is empty
 *
 * What a session was owed stays owed, in its order, and under its packet identifiers: the places
 * of what is in flight are chosen so that 1 + place % 65535 is the identifier mosquitto used, for a
 * QoS 2 message that arrives under another one would arrive twice. Those identifiers count up;
 * where a file holds them otherwise, they are kept all the same, and the order is theirs.
 *
 * A QoS 2 message that mosquitto has from a client waits there for PUBREL before anybody gets it.
 * With us it is on its way from PUBLISH on; so such a message is moved on here: to the sessions
 * whose subscriptions match and to the retained ones, and its identifier is taken.
 *
 * A session with expiry interval 0 ends with its connection, and does not move. Wills are not in
 * the file. QoS 0 messages that mosquitto has queued stay behind: ours are never stored. */
#ifndef MIDGE_STORE_MOVING_IN_H
#define MIDGE_STORE_MOVING_IN_H

#include "store/moving_in_counts.h"
#include "store/store.h"

struct moving_in;

/* A plan (given) that borrows `file` until it is freed. `saved_us`: when the file was written (wall
 * clock), which is when clients that were connected count as having left. NULL: words say why. */
struct moving_in *moving_in_read(struct bytes file, uint64_t saved_us,
                                 char words[STORE_WORDS_SIZE]);
void moving_in_free(struct moving_in *plan);

const struct moving_in_counts *moving_in_counts(const struct moving_in *plan);

/* Writes and commits everything. `store` was opened for this alone. False: words say why, and the
 * store holds a part only. */
MUST_USE bool moving_in_write(struct moving_in *plan, struct store *store,
                              const struct store_found *found, char words[STORE_WORDS_SIZE]);

#endif
