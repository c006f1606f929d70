/* agenda.c — see agenda.h. */
#include "sim/agenda.h"

#include <assert.h>
#include <stdlib.h>

void agenda_init(struct agenda *agenda, uint64_t now_us, int64_t wall_us)
{
    *agenda = (struct agenda){.now_us = now_us, .wall_us = wall_us};
    heap_init(&agenda->heap);
}

void agenda_fini(struct agenda *agenda)
{
    heap_fini(&agenda->heap);
}

void appointment_init(struct appointment *appointment, void (*keep)(void *context), void *context)
{
    *appointment =
        (struct appointment){.entry = {.place = HEAP_NOWHERE}, .keep = keep, .context = context};
}

void agenda_make(struct agenda *agenda, struct appointment *appointment, uint64_t after_us)
{
    assert(after_us < UINT64_MAX - agenda->now_us);
    if (!heap_set(&agenda->heap, &appointment->entry, agenda->now_us + after_us)) {
        abort(); /* no memory */
    }
}

void agenda_make_earlier(struct agenda *agenda, struct appointment *appointment, uint64_t after_us)
{
    if (!appointment_is_made(appointment) ||
        agenda->heap.slots[appointment->entry.place].deadline_us > agenda->now_us + after_us) {
        agenda_make(agenda, appointment, after_us);
    }
}

void agenda_cancel(struct agenda *agenda, struct appointment *appointment)
{
    heap_remove(&agenda->heap, &appointment->entry);
}

bool appointment_is_made(const struct appointment *appointment)
{
    return appointment->entry.place != HEAP_NOWHERE;
}

bool agenda_step(struct agenda *agenda, uint64_t until_us)
{
    uint64_t due_us;
    struct heap_entry *entry = heap_first(&agenda->heap, &due_us);
    if (!entry || due_us > until_us) {
        return false;
    }
    heap_remove(&agenda->heap, entry);
    agenda->now_us = due_us > agenda->now_us ? due_us : agenda->now_us;
    agenda->steps++;
    struct appointment *appointment = LIST_ITEM(entry, struct appointment, entry);
    appointment->keep(appointment->context);
    return true;
}
