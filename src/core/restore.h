/* restore.h — a start with a store: sessions, then retained messages, come back home.
 *
 *   sessions of this worker ──▶ RESTORED to all ──(heard from all: every filter is known, but those
 *   of groups)──▶ RESTORED again ──(heard from all)──▶ links are read
 *   retained messages ──▶ RESTORED to all ──(heard from all)──▶ retained PUBLISH is read, wills and
 *   ends of sessions are due
 *
 * Before all filters are known, a message could miss a durable session; before all retained ones
 * are, an old value could take the place of a new one. What waits on the disk for a session stays
 * there until its client is back. */
#ifndef MIDGE_CORE_RESTORE_H
#define MIDGE_CORE_RESTORE_H

#include "core/core_state.h"
#include "core/event.h"

struct batch;

/* At the birth of a core. Without a store there is nothing to wait for. */
void restore_begin(struct core *core);
/* What the store had for this worker; NULL: only that a phase begins. */
void restore_hear(struct core *core, enum restore_phase phase, const struct batch *batch);
/* Another worker has come so far, or this one. */
void restore_note_peer(struct core *core, uint32_t worker, const struct restored_record *record);

/* Pauses a link that may not be read yet. True: it may not. */
bool restore_pauses_link(struct core *core, struct link *link, bool publishes_retained);

#endif
