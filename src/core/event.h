/* event.h — all that can happen to a core. Views in it are borrowed until core_step returns. */
#ifndef MIDGE_CORE_EVENT_H
#define MIDGE_CORE_EVENT_H

#include "core/link.h"

struct batch;
struct parcel;

enum event_kind {
    EVENT_TIME,          /* a deadline may have passed */
    EVENT_LINK_OPENED,   /* a connection was accepted, or handed over by another worker */
    EVENT_LINK_RECEIVED, /* bytes, which may end inside a packet */
    EVENT_LINK_SENT,     /* bytes of its outbox are gone */
    EVENT_LINK_LOST,     /* the connection is no more; the link is freed in this step */
    EVENT_PARCEL,        /* from another worker */
    EVENT_PEER_BUSY,     /* that worker's mailbox is too full: hold its publishers back */
    EVENT_PEER_READY,    /* it is not any more */
    EVENT_AUTHENTICATED, /* what an authenticator says of a link that asked */
    EVENT_LOGGED,        /* a line of the log, to be published */
    EVENT_CONFIGURED,    /* the options were changed in place */
    EVENT_RESTORED,      /* from the store, at the start: what is at home here */
    EVENT_PERSISTED,     /* all batches up to this number are on the disk */
    EVENT_FETCHED,       /* from the store: what ENTRY_FETCH asked for */
    EVENT_STORE_CHANGED, /* the store can, or cannot, be written now */
    EVENT_STOPPING,      /* say goodbye to everyone */
};

/* How the store is. What waits for it goes on waiting until it is well. */
enum store_state {
    STORE_WELL,
    STORE_FULL,    /* deletions are still written, new messages are not taken */
    STORE_FAILING, /* nothing can be written; it is tried again */
};

/* At the start, in this order; what a phase gives may come in many events. */
enum restore_phase {
    RESTORE_SESSIONS, /* with their subscriptions, identifiers and backlogs */
    RESTORE_RETAINED,
    RESTORE_DONE, /* no batch: that was all */
};

enum verdict { VERDICT_WELCOME, VERDICT_CONTINUE, VERDICT_REFUSED };

struct event {
    enum event_kind kind;
    uint64_t now_us; /* never less than in the event before */
    struct link *link;
    union {
        struct {
            const struct link_options *options; /* outlives the link */
            const char *address;                /* outlives the link */
            void *connection;
        } opened;
        struct bytes received;
        size_t sent_size;
        const char *lost_words; /* "Connection reset by peer"; NULL: the other side just closed */
        struct parcel *parcel;  /* taken */
        uint32_t peer;
        struct {
            enum restore_phase phase;
            const struct batch *batch;
        } restored;
        uint64_t persisted; /* number of a batch of this core */
        const struct batch *fetched;
        struct {
            enum store_state state;
            const char *words; /* what is wrong: "No space left on device"; "" when well */
        } store;
        struct {
            enum verdict verdict;
            uint8_t reason; /* when refused: a reason_code */
            struct bytes data;
        } authenticated;
        struct {
            uint32_t kind; /* enum log_kind */
            const char *line;
        } logged;
    };
};

#endif
