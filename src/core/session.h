/* session.h — what outlives a connection: subscriptions, messages owed, identifiers, the will
 * (section 4.1).
 *
 * One worker is home to a session, by the hash of its client identifier; no other worker ever
 * touches it. */
#ifndef MIDGE_CORE_SESSION_H
#define MIDGE_CORE_SESSION_H

#include "base/list.h"
#include "base/map.h"
#include "core/flow_out.h"
#include "core/link.h"
#include "core/packet_ids.h"
#include "core/queue.h"

struct subscription;
struct hold;

enum { SESSION_NEVER_EXPIRES = UINT32_MAX };

/* What the broker says when a connection ends badly (section 3.1.2.5). */
struct will {
    struct message *message; /* one reference */
    uint32_t delay_s;
};

/* What a session has that is to survive the broker: with a store, every session that outlives its
 * connection. Its deliveries at QoS 1 and 2 have places, counted up; a delivery's packet
 * identifier follows from its place, so that it is the same after a restart. [MQTT-2.2.1-4]
 *
 *   places:  … on the disk | not all on the disk | in no batch ◀── new ones
 *                     persisted               written          next
 *   or, when the client is away or behind what is on the disk already:
 *            … in memory (sent or soon to be) | on the disk alone ◀── new ones
 *                                          backlog                next          */
struct durable {
    struct list unwritten; /* in the journal's list while written < next */
    struct list unsettled; /* in the journal's list while sample_batch is awaited */
    struct session *session;
    uint64_t number;          /* for record.h */
    uint64_t place_next;      /* of the next delivery */
    uint64_t place_written;   /* those below are in a batch, or need none */
    uint64_t place_persisted; /* those below are on the disk, or need not be */
    uint64_t place_backlog;   /* those from here on are on the disk alone; place_next: none */
    uint64_t place_fetch_end; /* the portion that is asked for ends here */
    uint64_t place_sent;      /* those from here on were never sent */
    uint64_t place_sample, sample_batch; /* persisted up to here when that batch is */
    uint64_t batch_last;                 /* with deliveries of it */
    uint64_t bytes_written;              /* of bodies, ever */
    uint64_t backlog_bytes;
    uint64_t away_before_us;      /* how long it had been away when the broker started */
    uint32_t subscription_number; /* the last one's */
    bool is_fetching;             /* a portion of the backlog is asked for */
    bool is_ending;               /* all of it goes at once */
    bool was_connected;           /* when the broker stopped without a word */
};

struct session {
    struct link *link;       /* NULL: the client is away */
    struct durable *durable; /* owned; NULL: it does not survive the broker */
    struct subscription *subscriptions;
    struct subscription *shared_subscriptions;
    struct flow_out flow_out;
    struct queue queue; /* QoS 1 and 2 that wait */
    struct queue
        queue_qos0; /* QoS 0 that waits for a congested link, or for a client that is away */
    struct packet_ids received; /* QoS 2 received and not yet released */
    struct will *will;
    struct list replays;   /* retained messages still to be fetched, in order */
    struct hold *holds;    /* publishers held back until this session's queue is short again */
    uint64_t hash;         /* of the client identifier */
    uint64_t away_us;      /* when the link was lost */
    uint64_t congested_us; /* since when publishers are held back for it; 0: they are not */
    uint64_t progress_us;  /* when it last took or acknowledged something */
    uint32_t expiry_s;     /* Session Expiry Interval; SESSION_NEVER_EXPIRES */
    uint32_t subscription_count;
    uint32_t mark,
        mark_place; /* scratch of deliver.c: where this session stands in the list being made */
    uint32_t dropped[DROP_REASON_COUNT];
    struct heap_entry timer; /* expiry or will delay, whichever is first */
    bool is_slow;            /* its patience is used up: what does not fit is dropped */
    uint8_t share_status;    /* enum share_status, as its groups were told */
    uint16_t client_id_size;
    uint8_t client_id[];
};

static inline struct bytes session_client_id(const struct session *session)
{
    return bytes_of(session->client_id, session->client_id_size);
}

/* Sessions by client identifier. */
struct session *sessions_find(const struct map *sessions, uint64_t hash, struct bytes client_id);
/* A new, empty session (in the map; given to the map). NULL: no memory. */
struct session *sessions_add(struct map *sessions, uint64_t hash, struct bytes client_id,
                             struct counters *counters);
/* Takes it out and frees it; everything it pointed to has been given back. */
void sessions_remove(struct map *sessions, struct session *session, struct counters *counters);
/* The session whose client identifier has this hash, or NULL. */
struct session *sessions_find_hash(const struct map *sessions, uint64_t hash);

#endif
