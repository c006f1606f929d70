/* clock.h — what time it is. */
#ifndef MIDGE_NET_CLOCK_H
#define MIDGE_NET_CLOCK_H

#include <stdint.h>

/* Microseconds that only ever grow (since some moment before we started): for deadlines. */
uint64_t clock_now_us(void);

/* Microseconds since 1970, UTC. It may jump: for showing to people and for what is stored. */
uint64_t clock_wall_us(void);

#endif
