/* peers.h — the other workers, and what is said to them: records in a parcel.
 *
 *   parcel:  [kind, size | fixed part | bytes …] [kind, size | …] …    each on an 8-byte border
 *
 * All that a worker has to say to another in one loop turn travels in one parcel, in order. A
 * worker is a peer to itself, too: what it says to itself is heard at the end of the step, so
 * that nothing has two ways to happen. */
#ifndef MIDGE_CORE_PEERS_H
#define MIDGE_CORE_PEERS_H

#include "core/link.h"

enum { PEERS_MAX = 64 }; /* workers in one broker: a bit each */

enum record_kind {
    RECORD_INTEREST,         /* filter: this worker wants it */
    RECORD_DURABLE_INTEREST, /* filter: and for durable sessions: what is published is settled */
    RECORD_NO_INTEREST,      /* filter: not any more */
    RECORD_FORWARD,          /* publish_record, message: for whoever wants it at your place */
    RECORD_HOME_PUBLISH,     /* publish_record, message: its topic is at home with you: route it */
    RECORD_ROUTED,           /* publish_record: your HOME_PUBLISH is routed */
    RECORD_SETTLED, /* settled_record: what you sent is durable here, or owed to nobody durable */
    RECORD_HOLD,    /* publish_record: stop reading from this publisher */
    RECORD_RELEASE, /* publish_record: that reason is gone */
    RECORD_SHARE_JOIN,     /* share_record, share name and filter */
    RECORD_SHARE_JOINED,   /* share_record: the member is in, and every worker knows of the group */
    RECORD_SHARE_LEAVE,    /* share_record */
    RECORD_SHARE_STATUS,   /* share_record */
    RECORD_SHARE_ASSIGN,   /* share_record, message: for this member */
    RECORD_SHARE_RETURN,   /* share_record, message: this member does not want it */
    RECORD_SHARE_RECALL,   /* share_record: give back what this member has not finished */
    RECORD_RETAINED_BEGIN, /* retained_record, filter: begin, first portion */
    RECORD_RETAINED_BEGUN, /* retained_record: what you hear from here on is newer */
    RECORD_RETAINED_MORE,  /* retained_record: next portion */
    RECORD_RETAINED_STOP,  /* retained_record: nobody wants the rest */
    RECORD_RETAINED_MESSAGE, /* retained_record, message */
    RECORD_RETAINED_PORTION, /* retained_record: end of a portion */
    RECORD_COUNTERS,         /* struct counters */
    RECORD_RESTORED,         /* restored_record: you have heard all that the store had for us */
    RECORD_KIND_COUNT
};

struct publish_record {
    struct link_ref publisher;
    uint64_t topic_hash; /* HOME_PUBLISH, ROUTED */
    uint64_t receipt;    /* FORWARD, HOME_PUBLISH: settle it under this number; 0: nobody waits */
    uint64_t group;      /* of the journal, to which the hearer adds a part; 0: none */
};

struct settled_record {
    uint64_t receipt;
    uint8_t reason; /* what the publisher is to be told */
};

struct restored_record {
    uint64_t phase; /* enum restore_phase: this one is over. (Sizes are multiples of 8) */
};

enum share_status { SHARE_READY, SHARE_BUSY, SHARE_AWAY };

struct share_record {
    uint64_t group;   /* number of the group */
    uint64_t session; /* hash of the member's client identifier */
    struct link_ref publisher;
    uint64_t receipt;        /* ASSIGN, RETURN: settle it under this number … */
    uint64_t journal_group;  /* … and add a part to this group of the journal; 0: none */
    uint32_t receipt_worker; /* … at that worker */
    uint32_t name_size;
    uint32_t status; /* enum share_status */
    bool is_durable; /* JOIN: the member survives the broker */
};

struct retained_record {
    uint64_t replay; /* the asking worker's number for it */
    bool more;
};

struct record {
    enum record_kind kind;
    const void *fixed; /* 8-byte aligned */
    struct bytes rest;
};

struct parcel {
    struct parcel *next; /* of the sealed ones */
    uint32_t from, to;
    size_t size, capacity;
    uint8_t *bytes;
};

struct peers {
    uint32_t self, count;
    uint64_t busy; /* a bit for each worker whose mailbox is too full */
    struct parcel *outgoing[PEERS_MAX];
    struct parcel *late[PEERS_MAX];      /* to be posted after every outgoing one */
    struct parcel *sealed, *sealed_last; /* to be posted before, in this order */
};

/* Says something to `worker`: a fixed part (size fixed by the kind) and two runs of bytes that
 * are put one behind the other. False: no memory; nothing was said. */
bool peers_say(struct peers *peers, uint32_t worker, enum record_kind kind, const void *fixed,
               struct bytes rest, struct bytes more_rest);
/* The same, for what must not be heard before anything else said up to now to whichever worker:
 * "that is done". */
bool peers_say_late(struct peers *peers, uint32_t worker, enum record_kind kind, const void *fixed,
                    struct bytes rest, struct bytes more_rest);
/* What is said from now on, to whomever, is not heard before what was said up to now. */
void peers_seal(struct peers *peers);
/* The parcel to post to `worker` next (given), or NULL: ask again when all others were asked. */
struct parcel *peers_take(struct peers *peers, uint32_t worker);
/* The next record of a parcel; *at begins at 0. False: that was all. */
bool parcel_next(const struct parcel *parcel, size_t *at, struct record *record);
void parcel_free(struct parcel *parcel);
void peers_fini(struct peers *peers);

#endif
