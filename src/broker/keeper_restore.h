/* keeper_restore.h — gives every worker what was stored for it when the broker started.
 *
 *   sessions … (an empty portion) retained messages … done
 *
 * Every worker is told of each phase: the empty portion says that it has all its sessions. What the
 * workers have to tell each other before they read a link is the cores' affair. */
#ifndef MIDGE_BROKER_KEEPER_RESTORE_H
#define MIDGE_BROKER_KEEPER_RESTORE_H

#include "core/event.h"
#include "store/store.h"

struct log;
struct workforce;

enum {
    RESTORE_PORTIONS_MAX = 8, /* posted to a worker and not yet taken; then the rest waits */
};

struct keeper_restore {
    struct workforce *force;
    enum restore_phase phase;
    uint64_t session_count, retained_count, begun_us;
};

void keeper_restore_init(struct keeper_restore *restore, struct workforce *force);
/* True: some worker has to hear first. */
bool keeper_restore_is_crowded(const struct keeper_restore *restore);
/* Posts one portion of what `store` had; restore->phase is RESTORE_DONE when that was all. */
void keeper_restore_step(struct keeper_restore *restore, struct store *store);
void keeper_restore_log(const struct keeper_restore *restore, const struct log *log,
                        const char *path);

#endif
