/* backlog.h — what waits for a session on the disk alone, and how it comes back: portion by
 * portion, as its client takes it. */
#ifndef MIDGE_CORE_BACKLOG_H
#define MIDGE_CORE_BACKLOG_H

#include "core/core_state.h"
#include "core/record.h"

enum { BACKLOG_PORTION_COUNT = 256, BACKLOG_PORTION_SIZE = 256 * 1024 };

/* Asks the store for the next portion, when there is one, the client is here, and little else
 * waits. */
void backlog_ask(struct core *core, struct session *session);
/* The portion is here: it is put in the session's queue. Gives the session, which may send it; or
 * NULL: it has ended. */
struct session *backlog_receive(struct core *core, const struct batch *batch);
/* Forgets the first one; the caller counts it. There is one. */
void backlog_drop_first(struct core *core, struct session *session);
/* The session ends: what waits is counted as dropped. */
void backlog_discard(struct core *core, struct session *session);

#endif
