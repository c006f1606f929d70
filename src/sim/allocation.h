/* allocation.h — counts what the broker under test allocates, and lets one allocation fail.
 *
 * The linker puts this before malloc, calloc and realloc of midge-sim (--wrap). What the simulator
 * itself allocates is neither counted nor failed. State of the whole process: one world at a
 * time. */
#ifndef MIDGE_SIM_ALLOCATION_H
#define MIDGE_SIM_ALLOCATION_H

#include <stdbool.h>
#include <stdint.h>

/* From now on they are counted from 1; the nth fails (0: none does). */
void allocation_begin(uint64_t nth);
uint64_t allocation_count(void);
/* The broker's code runs, or not any more. */
void allocation_watch(bool is_watched);

#endif
