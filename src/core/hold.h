/* hold.h — publishers that are not read from for a while, and why.
 *
 * What cannot be taken now is not acknowledged and dropped: its publisher's link is not read.
 * Whoever is the reason (a session with a long queue, a busy worker, full memory) keeps a list
 * of the holds it caused, and releases them all. A link goes on when every hold on it is
 * released. It may be another worker's: then it is told. */
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

/* One more, or one less, reason not to read this link. */
void hold_link(struct link *link);
void hold_release_link(struct core *core, struct link *link);

#endif
