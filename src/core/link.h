/* link.h — a Network Connection as the core sees it: no socket, only what MQTT says about it. */
#ifndef MIDGE_CORE_LINK_H
#define MIDGE_CORE_LINK_H

#include "base/heap.h"
#include "base/list.h"
#include "core/core_options.h"
#include "core/outbox.h"
#include "core/topic_aliases.h"

struct session;
struct unsettled;
struct pending_suback;

enum link_state {
    LINK_WAITING,        /* for CONNECT */
    LINK_AUTHENTICATING, /* CONNECT is here, an authenticator decides */
    LINK_WELCOMING,      /* the session is attached; CONNACK waits until that is on the disk */
    LINK_CONNECTED,
    LINK_CLOSING, /* nothing more is read; what is in the outbox is still sent */
};

/* Another worker's, or our own, link: how a publisher is named in a parcel. */
struct link_ref {
    uint32_t worker;
    uint32_t id;         /* place in that worker's table of links */
    uint32_t generation; /* which of the links that had this place */
};

struct link_aliases {
    struct topic_aliases in, out;
};

struct link {
    struct list dirty; /* in core's list while bytes wait to be fetched */
    struct list turn;  /* in core's list of links to read on from, or of links that end */
    struct outbox outbox;
    void *connection;    /* the broker's, never looked into */
    const char *address; /* for the log; borrowed for as long as the link lives */
    const struct link_options *options;
    struct session *session;               /* only when CONNECTED */
    struct link_aliases *aliases;          /* only in 5.0, when either side may use them */
    uint8_t *connect_frame;                /* owned: CONNECT, kept while an authenticator decides */
    struct pending_suback *pending_suback; /* owned: SUBSCRIBE to be answered when joining is 0 */
    struct unsettled *unsettled;           /* owned: publishes that went by their topic's home */
    char *authentication_method;           /* owned; NULL: no enhanced authentication */
    uint64_t active_us;                    /* when the last packet came */
    uint32_t connect_frame_size;
    /* QoS 2 identifiers that were taken when it began: they do not count in its receive maximum. */
    uint32_t received_before;
    uint32_t joining;      /* groups elsewhere that this client's SUBSCRIBE waits for */
    uint32_t holds;        /* others' reasons not to read on: queues, workers, memory */
    uint32_t pauses;       /* its own: answers that are not there yet */
    uint32_t answers_size; /* of what is in the outbox, at most: all but PUBLISH */
    size_t unread_size;    /* bytes of it that were offered and not yet taken */
    uint32_t id, generation;
    uint32_t packet_size_max; /* the client's; UINT32_MAX: none */
    struct heap_entry timer;  /* CONNECT, keep alive, or close */
    uint16_t receive_maximum; /* the client's */
    uint16_t keep_alive_s;    /* in force; 0: none */
    uint8_t state;            /* enum link_state */
    uint8_t version;          /* enum protocol_version; 5 until CONNECT says otherwise */
    bool problem_information; /* reason strings are welcome everywhere */
    bool is_re_authenticating;
    bool close_wanted;        /* it ends */
    bool is_awaiting_restore; /* paused until the store has been read */
    bool is_handed_over;      /* it ends here and goes on with another worker */
    uint32_t handed_to;       /* which */
};

/* Who asks and asks and never reads the answers is not read, either. */
enum { LINK_ANSWERS_SIZE_MAX = 256 * 1024 };

static inline bool link_is_stuffed(const struct link *link)
{
    return link->answers_size >= LINK_ANSWERS_SIZE_MAX;
}

static inline bool link_is_v5(const struct link *link)
{
    return link->version == PROTOCOL_5;
}

#endif
