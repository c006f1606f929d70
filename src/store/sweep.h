/* sweep.h — clears away what belongs to nothing any more, a portion with each transaction: what a
 * session that has gone leaves behind, and shared bodies that an earlier broker wrote and no
 * delivery refers to. */
#ifndef MIDGE_STORE_SWEEP_H
#define MIDGE_STORE_SWEEP_H

#include "store/part_shelf.h"
#include "store/records.h"

enum {
    SWEEP_SESSIONS_MAX = 1024, /* noted at a time; more are found at the next start */
    SWEEP_PORTION = 4096,      /* records looked at in one transaction */
};

struct sweep {
    uint64_t sessions[SWEEP_SESSIONS_MAX];
    uint32_t count;
    uint32_t done;          /* of them, in the open transaction */
    uint32_t left;          /* of the portion of the open transaction */
    uint64_t messages_end;  /* shared bodies with lesser numbers are an earlier broker's */
    uint64_t messages_next; /* the first that was not looked at */
    uint64_t messages_done; /* the same, in the open transaction */
};

/* What a session left behind lies there. */
void sweep_note(struct sweep *sweep, uint64_t session);
/* Everything there was at the start is known: bodies with numbers below may go. */
void sweep_messages_below(struct sweep *sweep, uint64_t number);
bool sweep_waits(const struct sweep *sweep);

/* Removes what the session has, in the open transaction, up to the rest of the portion.
 * *is_all: nothing is left. */
MUST_USE enum backend_result sweep_session(struct sweep *sweep, struct records *records,
                                           const struct part_shelf *shelf, uint64_t session,
                                           bool *is_all);
/* In the open transaction: a portion of what was noted. */
MUST_USE enum backend_result sweep_portion(struct sweep *sweep, struct records *records,
                                           const struct part_shelf *shelf);
/* Before each transaction, and when it was committed. */
void sweep_begin(struct sweep *sweep);
void sweep_committed(struct sweep *sweep);

#endif
