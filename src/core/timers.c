/* timers.c — see timers.h. */
#include "core/timers.h"

#include <stdlib.h>

void timer_set(struct heap *timers, struct heap_entry *entry, enum timer_kind kind,
               uint64_t deadline_us)
{
    entry->kind = (uint8_t)kind;
    if (!heap_set(timers, entry, deadline_us)) {
        abort();
    }
}
