/* loop.h — one thread's wait for whatever happens next.
 *
 *   loop_turn:  sleep until a descriptor is ready, mail arrives or the timeout is over
 *               → read the clock once → call back every watch that is ready
 *
 * One loop belongs to one thread; no function here may be called from another. Everything is
 * level-triggered: what a callback leaves unread is reported again in the next turn, so one read
 * a turn is enough and fair. In normal traffic a turn is one system call: interest is changed only
 * when somebody asks for LOOP_WRITABLE after a short write, or stops reading. */
#ifndef MIDGE_NET_LOOP_H
#define MIDGE_NET_LOOP_H

#include <stdint.h>

#include "base/bytes.h"

struct loop;
struct mailbox;

#define LOOP_READY_MAX   512        /* ready descriptors a turn; the rest waits for the next */
#define LOOP_RESTING_MAX 32         /* watches that may rest at the same time */
#define LOOP_FOREVER     UINT64_MAX /* no timeout */

enum loop_event {
    LOOP_READABLE = 1 << 0,
    LOOP_WRITABLE = 1 << 1,
    LOOP_ENDED = 1 << 2, /* broken or hung up. Reported always, asked for or not, until the watch is
                          * removed or rests; what came before may still be unread */
    LOOP_EDGE = 1 << 3,  /* interest only: report each arrival once (for a wake descriptor) */
    LOOP_SHARED = 1 << 4 /* interest only: other loops watch the same socket; wake few of them.
                          * Cannot be modified later, only removed */
};

/* A descriptor somebody waits for. It lies in the owner's memory, which may be freed (or added to
 * another thread's loop) as soon as loop_remove has returned. */
struct loop_watch {
    void (*callback)(void *context, uint32_t events); /* may add, modify and remove any watch */
    void *context;
    int fd;
    uint16_t place;   /* the loop's: 1 + its place among the ready ones of this turn, or 0 */
    uint8_t interest; /* the loop's: of enum loop_event */
    bool is_watched;  /* the loop's */
};

/* Given, or NULL: no memory or no descriptor (errno). */
MUST_USE struct loop *loop_new(void);
void loop_free(struct loop *loop); /* every watch must have been removed; NULL is allowed */

/* From now on the loop does not sleep while mail lies in `mailbox`, and posts wake it. Borrowed for
 * the loop's life; at most once. The owner takes the mail itself, after loop_turn or in between.
 * False: no descriptor (errno). */
MUST_USE bool loop_attach_mailbox(struct loop *loop, struct mailbox *mailbox);

/* Prepares `watch`, which then belongs to no loop. */
void loop_watch_init(struct loop_watch *watch, int fd,
                     void (*callback)(void *context, uint32_t events), void *context);

/* Starts waiting for `interest`. `watch` must be initialised and in no loop.
 * False: the system has no room for one more (errno). */
MUST_USE bool loop_add(struct loop *loop, struct loop_watch *watch, uint32_t interest);

/* Changes the interest, also for what this turn has collected already. Costs nothing when it is the
 * same. 0 still reports LOOP_ENDED. */
void loop_modify(struct loop *loop, struct loop_watch *watch, uint32_t interest);

/* Stops waiting. It is not called back any more, not even for what this turn has collected.
 * Does nothing when it is in no loop. Must come before its descriptor is closed. */
void loop_remove(struct loop *loop, struct loop_watch *watch);

/* Reports nothing of this watch, not even LOOP_ENDED, until `duration_us` have passed; then as
 * before. For a listener that cannot accept just now. With LOOP_RESTING_MAX at rest already, does
 * nothing. */
void loop_rest(struct loop *loop, struct loop_watch *watch, uint64_t duration_us);

/* One turn. Sleeps at most `timeout_us` (rounded up to milliseconds; 0: do not sleep), then calls
 * back at most LOOP_READY_MAX watches. Returns how many it called. */
uint32_t loop_turn(struct loop *loop, uint64_t timeout_us);

/* The time (clock_now_us) at which this turn awoke; before the first turn, when it was made. */
uint64_t loop_now_us(const struct loop *loop);

#endif
