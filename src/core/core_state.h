/* core_state.h — the parts a core is made of. Private to this room; a function takes the whole
 * only when it needs many parts. */
#ifndef MIDGE_CORE_CORE_STATE_H
#define MIDGE_CORE_CORE_STATE_H

#include "base/heap.h"
#include "base/log.h"
#include "base/random.h"
#include "core/counters.h"
#include "core/effect.h"
#include "core/event.h"
#include "core/peers.h"
#include "core/routes.h"
#include "core/tally.h"
#include "topic/topic_tree.h"

/* Links by their place; a place is used again by a later generation. */
struct link_table {
    struct link **links;
    uint32_t count, capacity; /* places ever used, places there are */
    uint32_t *free_places;
    uint32_t free_count;
    uint32_t generation;
};

/* One entry of the list deliver.c makes of the sessions that get a message once. */
struct receiver {
    struct session *session;
    struct delivery_tag *tag; /* one reference */
    uint8_t qos;
    bool retain_as_published;
};

/* A batch the store has not yet written. */
struct given_batch {
    uint64_t number;
    size_t size;
};

/* A retained topic's, for the next batch. */
struct retained_change {
    uint64_t number;
    struct message *message; /* kept now, one reference; NULL: nothing is */
};

/* What this worker writes down, and who waits for it; see journal.h. */
enum { JOURNAL_CHANGED_SLOTS = 64 };

struct journal {
    bool is_on;
    uint64_t start, count;   /* for record_number */
    uint64_t wall_offset_us; /* from this core's time to the wall's */
    struct batch *open;      /* NULL: nothing was added yet */
    uint64_t number;         /* of the open batch */
    uint64_t persisted;      /* the last batch on the disk */
    /* The batch with the last beginning, change or end of a session, by its hash. */
    uint64_t changed[JOURNAL_CHANGED_SLOTS];
    uint64_t due_us; /* when the open batch is; UINT64_MAX: nobody asked for it */
    struct heap_entry timer;
    struct list receipts;             /* of messages, in the order of batches; see receipt.h */
    struct list waits;                /* answers, in the order of batches; see persist.h */
    struct list unwritten;            /* durable sessions with deliveries that are in no batch */
    struct list unsettled;            /* durable sessions that wait for a batch with theirs */
    struct retained_change *retained; /* since the last batch, in order */
    uint32_t retained_count, retained_capacity;
    uint64_t group; /* that is open; 0: none */
    size_t group_mark;
    uint32_t group_depth, group_entries, group_more;
    struct given_batch *given; /* a ring */
    uint32_t given_first, given_count, given_capacity;
    uint64_t bytes_given;
    uint64_t bytes_waiting; /* of answers that wait for a batch; see waiting.h */
    struct hold *holds;     /* publishers that wait for the disk */
    /* Workers that have not yet come so far, a bit each; see restore.h. */
    uint64_t unrestored_sessions, unrestored_groups, unrestored_retained;
    bool is_reading_sessions, is_reading_retained; /* of this worker, from the store */
    uint8_t state;                                 /* enum store_state */
    char words[128];                               /* what is wrong with the store */
};

struct core {
    uint32_t worker, worker_count;
    uint64_t hash_seed;
    uint64_t now_us, started_us;
    const struct core_options *options;
    const struct log *log;
    const struct authenticator *authenticator;
    const char *version;
    struct random random;
    struct counters counters;
    struct outbox_pool pool;
    struct heap timers;
    struct peers peers;
    bool has_forwarded; /* messages that are not retained, since peers were last sealed */
    struct link_table links;
    struct map sessions;       /* by client identifier */
    struct map subscriptions;  /* by session and filter */
    struct map shared_members; /* shared subscriptions of sessions here, by group and session */
    struct map share_groups;   /* at home here, by number */
    struct map replays;        /* of sessions here, by number */
    struct map retained_walks; /* asked by other workers, by worker and number */
    struct routes routes;
    struct topic_tree *retained; /* name → struct message, for topics at home here */
    uint64_t retained_own; /* retained messages of the broker's own ($SYS): no limit counts them */
    uint64_t retained_order;    /* retained messages kept so far: the order of the latest */
    uint64_t retained_expiring; /* retained messages that will expire */
    struct topic_walk
        retained_sweep; /* looks for those that have; tree is NULL between two rounds */
    struct list dirty, resumed, ending;
    struct hold *peer_holds[PEERS_MAX]; /* publishers held back because that worker is busy */
    struct hold *memory_holds;          /* … because memory_limit is reached */
    struct receiver *receivers;         /* scratch, [receiver_capacity] */
    uint32_t receiver_count, receiver_capacity;
    uint32_t mark;
    uint64_t replay_number;
    struct tally *tally, *own_tally; /* the latter when we are alone */
    struct journal journal;
    uint64_t receipt_number;       /* the last one's */
    struct map receipts;           /* that wait for other workers, by number */
    bool is_queue_full;            /* scratch of deliver.c: a queue_policy of reject has dropped */
    struct sys_topics *sys_topics; /* $SYS, only at worker 0 */
    struct heap_entry sys_timer, sweep_timer;
    bool is_stopping;
};

/* What a timer belongs to is told by where its entry lies; see timers.c. */

/* The worker that is home to what has this hash. */
static inline uint32_t core_home(const struct core *core, uint64_t hash)
{
    return (uint32_t)((hash >> 32) % core->worker_count);
}

#endif
