/* workforce.h — what a worker is made of, and what all workers of a broker share. What they do is
 * in worker.h. */
#ifndef MIDGE_BROKER_WORKFORCE_H
#define MIDGE_BROKER_WORKFORCE_H

#include "base/list.h"
#include "config/config.h"
#include "core/core.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/mailbox.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    WORKER_READ_SIZE = 64 * 1024,    /* bytes read from one connection in a turn */
    WORKER_WRITES_MAX = 4096,        /* links written to in a turn; the others come in the next */
    WORKER_BACKLOG_BUSY = 64,        /* parcels in a mailbox: its worker is too busy for more */
    WORKER_BACKLOG_READY = 16,       /* it is not any more */
    WORKER_REFUSED_LOG_US = 1000000, /* at most a line a second about those who found no room */
    WORKER_LINGER_US = 2000000,      /* for last words to be taken, before a connection is cut */
};

/* What all workers of a broker share. On a message's way each writes only its own line of the
 * tally. */
struct workforce {
    struct worker *workers;
    uint32_t count;
    struct keeper *keeper; /* NULL: no store */
    struct tally tally;    /* for limits of the whole broker */
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
    uint32_t refused_count;  /* for want of room, since it was logged */
    uint64_t refused_log_us; /* when it may be logged again */
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

#endif
