/* worker.h — one thread: one loop, one core, its connections, its mailbox.
 *
 * A turn:   sleep until something is ready
 *             → each ready connection: one read; mail that arrived before is heard first; its packets go through the core
 *             → parcels to the other workers leave
 *             → one write for each link that has something to send
 *
 * That mail is heard between a read and what was read is what keeps cause before effect: a client that has seen its SUBACK tells
 * another to publish, and whichever worker reads that publish has already heard of the subscription. */
#ifndef MIDGE_BROKER_WORKER_H
#define MIDGE_BROKER_WORKER_H

#include "base/list.h"
#include "config/config.h"
#include "core/core.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/mailbox.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    WORKER_READ_SIZE = 64 * 1024, /* bytes read from one connection in a turn */
    WORKER_WRITES_MAX = 4096,     /* links written to in a turn; the others come in the next */
    WORKER_BACKLOG_BUSY = 64,     /* parcels in a mailbox: its worker is too busy for more */
    WORKER_BACKLOG_READY = 16,    /* it is not any more */
    WORKER_LINGER_US = 2000000,   /* for last words to be taken, before a connection is cut */
};

/* What all workers of a broker share. Nothing in it is written on a message's way. */
struct workforce {
    struct worker *workers;
    uint32_t count;
    struct tally tally; /* for limits of the whole broker */
    _Atomic(uint32_t)
        connection_counts[CONFIG_LISTENERS_MAX]; /* open connections of each listener */
    pthread_mutex_t status_mutex;
    struct counters status_sum;
    uint32_t status_awaited; /* workers that have not yet added theirs; 0: nobody asked */
};

/* A listener as one worker has it. */
struct worker_door {
    struct worker *worker;
    struct listener *listener;
    struct link_options link; /* this worker's copy, changed between two turns only */
    uint32_t connections_max; /* 0: none */
    uint32_t index;
};

struct worker {
    struct workforce *force;
    struct loop *loop;
    struct core *core;
    struct worker_mail *set_aside,
        **set_aside_end; /* mail that is not for the core, until the turn's end */
    struct list connections;
    struct list leaving; /* connections whose last words are on their way, oldest first */
    struct worker_door *doors;
    uint8_t *buffer; /* WORKER_READ_SIZE */
    uint64_t deadline_us;
    uint64_t busy_peers;
    struct worker_mail *stop_mail; /* made at birth: stopping takes no memory. NULL: posted */
    uint32_t index, door_count;
    bool is_stopping;
    struct core_options options; /* this worker's copy, changed between two turns only */
    struct log log;
    pthread_t thread;
    struct mailbox mailbox;
    _Atomic(uint64_t) turn_count;
};

struct worker_birth {
    struct workforce *force;
    uint32_t index;
    const struct config *config; /* borrowed */
    const struct log *log;
    struct listener *const *listeners; /* one a configured listener, taken */
    uint64_t hash_seed, random_seed;
};

/* Makes everything but the thread. False: no memory or descriptors; worker_fini is to be called all the same. */
MUST_USE bool worker_init(struct worker *worker, const struct worker_birth *birth);
MUST_USE bool worker_start(struct worker *worker); /* the thread; false: errno */
/* Any thread, once: everybody hears goodbye, and the thread ends within WORKER_LINGER_US. */
void worker_stop(struct worker *worker);
void worker_join(struct worker *worker); /* after worker_stop */
void worker_fini(struct worker *worker);

#endif
