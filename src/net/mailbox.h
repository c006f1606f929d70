/* mailbox.h — what other threads have to tell this one: many may post, one takes.
 *
 *   producers:  head ──▶ newest ──▶ … ──▶ oldest           post: one compare-and-swap at the head
 *   consumer:   takes the whole chain with one exchange and turns it round, oldest first
 *
 * The order is total: if one post returned before another began, by whichever threads, it is taken
 * first. (Causality between workers stands on this.) No locks, no allocation: the links lie inside
 * the mails.
 *
 * Waking costs a system call, so it is done only when the consumer sleeps, by one producer only:
 *   consumer:  mailbox_will_sleep → sleep on the wake descriptor → mailbox_woke → mailbox_take_all
 *   producer:  mailbox_post returned true? then mailbox_wake, at the latest at the end of its turn
 * A loop does the consumer's part by itself once loop_attach_mailbox was called.
 *
 * A mailbox has no limit of its own: who posts unasked looks at mailbox_backlog first. */
#ifndef MIDGE_NET_MAILBOX_H
#define MIDGE_NET_MAILBOX_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/bytes.h"

/* Lies inside whatever is sent. */
struct mail {
    struct mail *next; /* the mailbox's until taken; after that: the next mail taken, or NULL */
};

struct mailbox {
    uint8_t before[64]; /* keeps others' writes off the line that everybody reads */
    _Atomic(struct mail *) newest;
    _Atomic(uint64_t) backlog;
    _Atomic(bool) sleeping;
    int wake_fd;
    uint8_t after[64];
};

/* False: no descriptor for waking (errno). It is empty, and its consumer awake. */
MUST_USE bool mailbox_init(struct mailbox *mailbox);
void mailbox_fini(struct mailbox *mailbox); /* must be empty, and no longer known to producers */

/* Any thread. Appends `mail` (taken, until mailbox_take_all gives it to the consumer). Everything
 * this thread wrote before is seen by the consumer after taking it.
 * True: the consumer sleeps and nobody else wakes it: call mailbox_wake before long. */
MUST_USE bool mailbox_post(struct mailbox *mailbox, struct mail *mail);

/* Any thread: wakes the consumer. Only after a mailbox_post that returned true. */
void mailbox_wake(struct mailbox *mailbox);

/* Any thread: how many mails were posted and not yet taken (a moment ago; it is never too low by
 * more than what is just being posted). */
static inline uint64_t mailbox_backlog(const struct mailbox *mailbox)
{
    return atomic_load_explicit(&mailbox->backlog, memory_order_relaxed);
}

/* Consumer: one load. */
static inline bool mailbox_is_empty(const struct mailbox *mailbox)
{
    return atomic_load_explicit(&mailbox->newest, memory_order_relaxed) == NULL;
}

/* Consumer: everything posted so far (given), oldest first, linked by `next`; NULL when empty. */
MUST_USE struct mail *mailbox_take_all(struct mailbox *mailbox);

/* Consumer: true: go to sleep, the next post will wake you. False: mail is here, do not sleep. */
MUST_USE bool mailbox_will_sleep(struct mailbox *mailbox);
void mailbox_woke(struct mailbox *mailbox); /* after sleeping, whatever ended it */

/* Consumer: the descriptor that wakes. It gets readable with each wake: watch it with LOOP_EDGE and
 * never read it, or call mailbox_clear_wake each time. */
int mailbox_wake_fd(const struct mailbox *mailbox);
void mailbox_clear_wake(struct mailbox *mailbox);

#endif
