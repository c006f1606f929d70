/* mail.h — what a simulated worker is told by others, in order. */
#ifndef MIDGE_SIM_MAIL_H
#define MIDGE_SIM_MAIL_H

#include "core/event.h"

struct connection;

enum mail_kind {
    MAIL_PARCEL,
    MAIL_CONNECTION, /* handed over */
    MAIL_RESTORED,
    MAIL_PERSISTED,
    MAIL_FETCHED,
    MAIL_STORE_CHANGED,
    MAIL_STOP,
};

struct mail {
    struct mail *next;
    enum mail_kind kind;
    uint32_t to; /* which worker, while it waits to be posted */
    union {
        struct parcel *parcel;         /* owned */
        struct connection *connection; /* owned */
        struct {
            enum restore_phase phase;
            struct batch *batch; /* owned */
        } restored;
        uint64_t persisted;
        struct batch *fetched; /* owned */
        struct {
            enum store_state state;
            char words[64];
        } store;
    };
};

struct mailbox {
    struct mail *first, *last;
    uint32_t count;
};

struct mail *mail_new(enum mail_kind kind); /* given; no memory ends the process */
/* Frees what it owns, but for a connection. */
void mail_free(struct mail *mail);
void mailbox_put(struct mailbox *box, struct mail *mail); /* taken */
struct mail *mailbox_take(struct mailbox *box);           /* given; NULL: empty */

#endif
