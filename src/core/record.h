/* record.h — what must survive the end of the process: entries, and the batches in which they
 * travel to the store and back.
 *
 *   core ──batch n──▶ store: one transaction ──PERSISTED n──▶ core: what waited for it is answered
 *   core ◀──batch──── store: what there was at the start, and what was fetched
 *
 *   batch:  [kind, size | fixed part | bytes …] [kind, size | …] …    each on an 8-byte border
 *
 * A core numbers its batches 1, 2, 3 …; the store takes each whole or not at all, and in order.
 * Batches never leave the process: the store has a format of its own for the disk. Times in them
 * are of the wall's clock, for no other clock goes on over a restart.
 *
 * Sessions, shared messages and retained topics have numbers that are never used twice:
 * record_number() makes them. */
#ifndef MIDGE_CORE_RECORD_H
#define MIDGE_CORE_RECORD_H

#include "base/bytes.h"

enum entry_kind {
    /* What a core writes down. The same number or key again: in its place. */
    ENTRY_SESSION,           /* session_entry; client identifier, then the will's bytes */
    ENTRY_SESSION_GONE,      /* session_entry (number): it and all that is under its number */
    ENTRY_SUBSCRIPTION,      /* subscription_entry; filter as the client wrote it */
    ENTRY_SUBSCRIPTION_GONE, /* subscription_entry (session, number) */
    ENTRY_MESSAGE,           /* message_entry; a body that deliveries of this and later batches
                              * refer to by its number. Gone with the last that refers to it */
    ENTRY_DELIVERY,          /* delivery_entry; identifiers, then the body unless it is shared */
    ENTRY_RELEASING,         /* delivery_entry (session, place): PUBREC came, no body is needed */
    ENTRY_DELIVERY_GONE,     /* delivery_entry (session, place); there may be none */
    ENTRY_RECEIVED,          /* received_entry: a QoS 2 identifier is taken */
    ENTRY_RECEIVED_GONE,     /* received_entry: and free again */
    ENTRY_RETAINED,          /* retained_entry; body */
    ENTRY_RETAINED_GONE,     /* retained_entry (number); there may be none */
    /* Not kept: about a batch, or asked of the store. */
    ENTRY_GROUP, /* group_entry: the next `entry_count` entries are one part of a group that is
                  * written whole or not at all, whichever workers its parts come from */
    ENTRY_FETCH, /* fetch_entry: give deliveries, as they are after this batch */
    /* What only the store says. */
    ENTRY_BACKLOG, /* backlog_entry: at the start, behind each session's other entries */
    ENTRY_FETCHED, /* fetched_entry: behind the ENTRY_DELIVERY and ENTRY_RELEASING it gives */
    ENTRY_KIND_COUNT
};

/* An application message without its bytes: topic, payload and properties lie one behind the
 * other in the entry's rest. */
struct stored_message {
    uint64_t expires_us; /* wall; 0: never. Of a will: the interval, in seconds */
    uint64_t publisher;  /* hash of its client's identifier; 0: the broker itself */
    uint32_t payload_size;
    uint32_t properties_size;
    uint16_t topic_size;
    uint8_t qos; /* as published */
    bool retain; /* as published */
};

struct session_entry {
    uint64_t number;
    uint64_t away_us;    /* wall: when its client left; 0: it is connected */
    uint64_t place_sent; /* deliveries from this place on were never sent */
    uint64_t place_next; /* the place of its next delivery, at least */
    uint32_t expiry_s;   /* UINT32_MAX: never */
    uint32_t will_delay_s;
    uint16_t client_id_size;
    bool has_will;
    struct stored_message will;
};

struct subscription_entry {
    uint64_t session; /* number */
    uint32_t number;  /* counted in the session */
    uint32_t id;      /* Subscription Identifier; 0: none */
    uint8_t qos;
    bool no_local, retain_as_published;
};

struct message_entry {
    uint64_t number;
    struct stored_message message;
};

/* A message owed to a session. Places count up in the order of delivery; some may be missing. */
struct delivery_entry {
    uint64_t session; /* number */
    uint64_t place;
    uint64_t body;                 /* number of its ENTRY_MESSAGE; 0: the body is here */
    uint64_t bytes_before;         /* of all bodies ever owed to the session at lower places */
    uint64_t share_group;          /* 0: none */
    uint32_t id_count;             /* Subscription Identifiers: uint32_t each, first in the rest */
    uint8_t qos;                   /* to deliver at */
    bool retain;                   /* the flag to send */
    struct stored_message message; /* also when the body is elsewhere */
};

struct received_entry {
    uint64_t session; /* number */
    uint16_t packet_id;
};

struct retained_entry {
    uint64_t number; /* of the topic: the same for each message kept for it */
    struct stored_message message;
};

struct group_entry {
    uint64_t group;
    uint32_t more; /* parts that follow from this one, from whichever worker. The group is whole
                    * when 1 + the sum of all `more` parts are there */
    uint32_t entry_count; /* may be 0 */
};

struct fetch_entry {
    uint64_t session;      /* number */
    uint64_t session_hash; /* given back in the answer */
    uint64_t place;        /* the first that is wanted */
    uint32_t count_max, bytes_max;
};

struct fetched_entry {
    uint64_t session, session_hash;
    uint64_t place_next; /* all there was below it, from the asked one on, is given */
    bool is_all;         /* there was nothing from place_next on */
};

struct backlog_entry {
    uint64_t session;                 /* number */
    uint64_t place_first, place_next; /* equal: nothing waits */
    uint64_t bytes;                   /* of the bodies between them, as their bytes_before say */
    uint64_t bytes_next; /* what bytes_before is to be at place_next; 0: nothing waits */
};

struct entry {
    enum entry_kind kind;
    const void *fixed; /* the struct named above; 8-byte aligned */
    struct bytes rest;
};

struct batch {
    struct batch *next; /* whoever has the batch may use it */
    uint32_t worker;
    uint64_t number; /* of this worker's batches; 0: from the store */
    size_t size, capacity;
    uint8_t *bytes;
};

/* An empty batch (given). NULL: no memory. */
struct batch *batch_new(uint32_t worker);
void batch_free(struct batch *batch);
static inline bool batch_is_empty(const struct batch *batch)
{
    return batch->size == 0;
}

/* Adds an entry: the struct of its kind and up to three runs of bytes, one behind the other.
 * False: no memory; nothing was added. */
MUST_USE bool batch_add(struct batch *batch, enum entry_kind kind, const void *fixed,
                        const struct bytes *runs, size_t run_count);
/* Where the next entry will lie; and everything from such a place on is forgotten. */
size_t batch_mark(const struct batch *batch);
void batch_cut(struct batch *batch, size_t mark);
/* The next entry; *at begins at 0. False: that was all. */
bool batch_next(const struct batch *batch, size_t *at, struct entry *entry);
/* The fixed part of an entry that is in the batch already, to be completed. */
void *batch_fixed_at(struct batch *batch, size_t mark);

/* A number nobody has had: of a start of the broker (1, 2 …; less than 2^20), a worker (less than
 * 64) and what that worker has counted up (less than 2^38). */
static inline uint64_t record_number(uint64_t start, uint32_t worker, uint64_t count)
{
    return start << 44 | (uint64_t)worker << 38 | count;
}

#endif
