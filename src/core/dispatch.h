/* dispatch.h — one session's messages, from "it is owed this" to its link's outbox.
 *
 *   deliver ──▶ link here, outbox not full, quota left? ──yes──▶ outbox
 *                        └──no──▶ queue ──(something was sent or acknowledged)──▶ outbox
 *
 * Bounds: a client that is away has max_queued_messages and max_queued_bytes; what comes beyond
 * is dropped and counted. A client that is here and reads too slowly has publishers held back
 * for it once its queue is long (QUEUE_LONG), for as long as its patience lasts; after that it
 * is slow, its publishers go on, and what does not fit is dropped and counted, until its queue
 * is short again. So a slow reader costs others at most a pause. */
#ifndef MIDGE_CORE_DISPATCH_H
#define MIDGE_CORE_DISPATCH_H

#include "core/core_state.h"

enum {
    OUTBOX_FULL_SIZE = 128 * 1024, /* from here on messages wait in the queue */
    OUTBOX_SHORT_SIZE = 32 * 1024, /* below it, more is put in */
    QUEUE_LONG_COUNT = 512,        /* from here on publishers are held back */
    QUEUE_LONG_SIZE = 1024 * 1024,
    QUEUE_SHORT_PART = 8, /* at an eighth of it they go on */
};

/* Owes `delivery` (its references are taken) to the session, on behalf of `publisher`. */
void dispatch_deliver(struct core *core, struct session *session, struct delivery *delivery,
                      const struct link_ref *publisher);

/* Sends what can be sent now: what has to be sent again first, then what waits. Call whenever
 * room or quota may have grown. */
void dispatch_pump(struct core *core, struct session *session);

/* The session's patience timer fired: has it moved? */
void dispatch_judge_patience(struct core *core, struct session *session);

/* The link is gone: nobody is held back any more, and QoS 0 messages that wait are dropped
 * unless they are kept for the client's return. What is in flight will be sent again. */
void dispatch_suspend(struct core *core, struct session *session);

/* Counts one message that the session does not get, and forgets its delivery, which was taken out
 * of where it was. */
void dispatch_drop(struct core *core, struct session *session, struct delivery *delivery,
                   enum drop_reason reason);

/* True when the session can take a portion of retained messages without a queue growing. */
bool dispatch_has_room(const struct session *session);

#endif
