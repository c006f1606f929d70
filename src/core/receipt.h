/* receipt.h — the acknowledgement of a message, while something has to happen first.
 *
 *   PUBLISH ──▶ receipt ──┬─ owed here to durable sessions ──(acknowledged or persisted)──┐
 *                         ├─ kept here: retained, a QoS 2 identifier ──(persisted)─────────┤
 *                         └─ sent to other workers ──(SETTLED from each)───────────────────┴─▶ told
 *
 * Told is the publisher's link, with PUBACK or PUBREC; or the worker the message came from, with
 * SETTLED. A message that nobody durable is owed and nobody keeps has no receipt and is
 * acknowledged at once. So is one whose durable receivers all acknowledged before it was
 * written: then it never is. */
#ifndef MIDGE_CORE_RECEIPT_H
#define MIDGE_CORE_RECEIPT_H

#include "core/core_state.h"

/* Something of `message` goes into the open batch and is waited for until persisted. */
void receipt_await_batch(struct core *core, struct message *message);
/* It is owed to one more durable session here, which may yet acknowledge it first. */
void receipt_owe(struct core *core, struct message *message);
/* That session has acknowledged it, or will never get it. Harmless when nothing is owed. */
void receipt_pay(struct core *core, struct message *message);
/* One more worker will settle it: the number to name in the record to that worker. */
uint64_t receipt_expect(struct core *core, struct message *message);

/* Where the number of the body stands that its deliveries share on the disk; 0: none. It has a
 * receipt: something of it is to be written. */
uint64_t *receipt_body_number(struct message *message);

/* Who is told, once all of the above is known. True: later. False: nothing has to be waited for;
 * there is no receipt any more, and the caller answers. */
bool receipt_address_link(struct core *core, struct message *message, const struct link_ref *link,
                          uint16_t packet_id, enum reason_code reason);
/* The same for the worker whose record named `number`; 0: nobody waits. Told at once when there is
 * nothing to wait for. */
void receipt_address_worker(struct core *core, struct message *message, uint32_t worker,
                            uint64_t number, enum reason_code reason);
/* For nobody. */
void receipt_address_nobody(struct core *core, struct message *message);

/* Tells a worker, or this one, that what it named `number` is settled. 0: nobody waits. */
void receipt_tell(struct core *core, uint32_t worker, uint64_t number, enum reason_code reason);
/* A worker has settled what it was sent under that number. */
void receipt_settled(struct core *core, uint64_t number, enum reason_code reason);
/* True when a receipt waits for that batch, which is the last so far. */
bool receipts_wait_for(const struct core *core, uint64_t batch);
/* All batches up to that number are on the disk. */
void receipts_note_persisted(struct core *core, uint64_t batch);
/* At the end of the core: nobody is told any more. */
void receipts_free(struct core *core);

#endif
