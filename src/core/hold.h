/* hold.h — publishers that are not read from for a while, and why.
 *
 * What cannot be taken now is not acknowledged and dropped: its publisher's link is not read.
 * Whoever is the reason (a session with a long queue, a busy worker, full memory) keeps a list
 * of the holds it caused, and releases them all. A link goes on when every hold on it is
 * released. It may be another worker's: then it is told.
 *
 * Who has others held for his own queue is not held himself, for it is his acknowledgements that
 * shorten it, and they come behind what he publishes: so two clients that flood each other never
 * wait for one another. */
#ifndef MIDGE_CORE_HOLD_H
#define MIDGE_CORE_HOLD_H

#include "core/links.h"

struct hold {
    struct hold *next;
    struct link_ref publisher;
};

/* Holds `publisher` and puts it in `holds`. The same publisher twice in a row is held once. */
void hold_publisher(struct core *core, struct hold **holds, const struct link_ref *publisher);
/* Releases and forgets all of them. */
void hold_release_all(struct core *core, struct hold **holds);

/* One more, or one less, of others' reasons not to read this link. */
void hold_link(struct link *link);
void hold_release_link(struct core *core, struct link *link);
/* The same for a reason of its own: it waits for an answer, and nothing may overtake that. */
void hold_pause_link(struct link *link);
void hold_unpause_link(struct core *core, struct link *link);

/* True when the link is not to be read. */
bool hold_is_on(const struct link *link);
/* Lets the link go on if nothing speaks against it any more. */
void hold_reconsider(struct core *core, struct link *link);

#endif
