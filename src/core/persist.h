/* persist.h — the two ends of the way to the store: what is given to it, and what it answers.
 *
 *   end of a turn ──▶ persist_next_batch ──▶ the store
 *   PERSISTED n   ──▶ receipts, waiting answers, QoS 2 that waited to be sent
 *   FETCHED       ──▶ the session's queue */
#ifndef MIDGE_CORE_PERSIST_H
#define MIDGE_CORE_PERSIST_H

#include "core/core_state.h"
#include "core/event.h"

struct batch *persist_next_batch(struct core *core, bool all); /* see core_next_batch */
void persist_hear_persisted(struct core *core, uint64_t batch);
void persist_hear_fetched(struct core *core, const struct batch *batch);
void persist_hear_state(struct core *core, enum store_state state, const char *words);
/* At the end of the core: nobody is answered any more. */
void persist_free(struct core *core);

#endif
