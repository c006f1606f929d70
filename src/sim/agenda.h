/* agenda.h — simulated time: what happens next, and when.
 *
 * Time does not pass by itself: it jumps to the earliest appointment, which is kept. That is a step
 * of the simulation. Appointments for the same moment are kept in an order that only depends on
 * how they were made. The wall's clock runs beside it and may be set. */
#ifndef MIDGE_SIM_AGENDA_H
#define MIDGE_SIM_AGENDA_H

#include "base/heap.h"
#include "base/list.h"

struct appointment {
    struct heap_entry entry;
    void (*keep)(void *context); /* may make appointments, this one again included */
    void *context;
};

struct agenda {
    struct heap heap;
    uint64_t now_us;
    int64_t wall_us; /* the wall's clock is that much ahead of now_us */
    uint64_t steps;
};

void agenda_init(struct agenda *agenda, uint64_t now_us, int64_t wall_us);
void agenda_fini(struct agenda *agenda);

void appointment_init(struct appointment *appointment, void (*keep)(void *context), void *context);
/* Makes it, or moves it to, now + `after_us`. */
void agenda_make(struct agenda *agenda, struct appointment *appointment, uint64_t after_us);
/* The same, unless it is to be kept earlier already. */
void agenda_make_earlier(struct agenda *agenda, struct appointment *appointment, uint64_t after_us);
void agenda_cancel(struct agenda *agenda, struct appointment *appointment);
bool appointment_is_made(const struct appointment *appointment);

/* Keeps the next appointment, if it is not later than `until_us`; false: there is none. */
bool agenda_step(struct agenda *agenda, uint64_t until_us);

static inline uint64_t agenda_wall_us(const struct agenda *agenda)
{
    return (uint64_t)((int64_t)agenda->now_us + agenda->wall_us);
}

#endif
