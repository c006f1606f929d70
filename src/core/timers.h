/* timers.h — every deadline of a core, in one heap. */
#ifndef MIDGE_CORE_TIMERS_H
#define MIDGE_CORE_TIMERS_H

#include "base/heap.h"

enum { MICROSECONDS_A_SECOND = 1000000 };

/* What a timer entry lies in. */
enum timer_kind {
    TIMER_LINK,    /* struct link: CONNECT must come, keep alive, the end of a goodbye */
    TIMER_SESSION, /* struct session: its end, its will, its patience */
    TIMER_SYS,     /* struct core: $SYS is due */
    TIMER_SWEEP,   /* struct core: pools are trimmed, expired retained messages removed */
    TIMER_JOURNAL, /* struct core: the open batch is due */
};

/* Sets `entry`, of `kind`, to `deadline_us`. Without memory for one more timer the process ends: no
 * promise about time could be kept. */
void timer_set(struct heap *timers, struct heap_entry *entry, enum timer_kind kind,
               uint64_t deadline_us);

#endif
