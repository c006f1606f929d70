/* worker.h — one thread: one loop, one core, its connections, its mailbox.
 *
 * A turn:   sleep until something is ready
 *             → each ready connection: one read; mail that arrived before is heard first; its
 *             packets go through the core
 *             → parcels to the other workers leave, and to the keeper what is to be written
 *             → one write for each link that has something to send
 *
 * That mail is heard between a read and what was read is what keeps cause before effect: a client
 * that has seen its SUBACK tells another to publish, and whichever worker reads that publish has
 * already heard of the subscription. */
#ifndef MIDGE_BROKER_WORKER_H
#define MIDGE_BROKER_WORKER_H

#include "broker/workforce.h"

struct worker_birth {
    struct workforce *force;
    uint32_t index;
    const struct config *config; /* borrowed */
    const struct log *log;
    struct listener *const *listeners; /* one a configured listener, taken */
    uint64_t hash_seed, random_seed;
    uint64_t start; /* with a store: how often it was opened */
};

/* Makes everything but the thread. False: no memory or descriptors; worker_fini is to be called
 * all the same. */
MUST_USE bool worker_init(struct worker *worker, const struct worker_birth *birth);
MUST_USE bool worker_start(struct worker *worker); /* the thread; false: errno */
/* Any thread, once: everybody hears goodbye, and the thread ends within WORKER_LINGER_US. */
void worker_stop(struct worker *worker);
void worker_join(struct worker *worker); /* after worker_stop */
/* When the threads of all workers have ended: hears what was posted here last, and posts the
 * answers. True: something was heard or posted, so everybody is to be asked once more. */
bool worker_settle(struct worker *worker);
/* Then: all that is to be written goes to the keeper. */
void worker_give_last(struct worker *worker);
void worker_fini(struct worker *worker);

#endif
