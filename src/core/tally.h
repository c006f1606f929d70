/* tally.h — how much of everything the whole broker has, for limits that all workers share.
 *
 * Each worker writes its own levels at the end of each step, on a cache line of its own; a
 * worker that asks adds them up. So a limit costs nothing until it is looked at, and is exact
 * but for what happens at the very same moment. */
#ifndef MIDGE_CORE_TALLY_H
#define MIDGE_CORE_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

enum { TALLY_WORKERS_MAX = 64 };

enum tally_level {
    TALLY_CONNECTED,
    TALLY_SESSIONS,
    TALLY_RETAINED, /* of clients, not the broker's own */
    TALLY_MEMORY,   /* bytes held for clients */
    TALLY_LEVEL_COUNT
};

struct tally {
    struct {
        _Alignas(64) _Atomic(uint64_t) levels[TALLY_LEVEL_COUNT];
    } of_worker[TALLY_WORKERS_MAX];
};

static inline void tally_set(struct tally *tally, uint32_t worker, enum tally_level level,
                             uint64_t value)
{
    atomic_store_explicit(&tally->of_worker[worker].levels[level], value, memory_order_relaxed);
}

/* What all the other workers have. */
static inline uint64_t tally_of_others(const struct tally *tally, uint32_t worker,
                                       uint32_t worker_count, enum tally_level level)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < worker_count; i++) {
        if (i != worker) {
            sum += atomic_load_explicit(&tally->of_worker[i].levels[level], memory_order_relaxed);
        }
    }
    return sum;
}

#endif
