/* world_testing.h — a broker without threads or sockets, for the tests of this room: several cores
 * as workers, clients whose links are bytes in memory, and a time that is a number.
 *
 *   client ──bytes──▶ worker's core ──parcels──▶ mailboxes ──▶ other cores
 *          ◀──bytes── (outboxes)
 *
 * A worker's turn is that of the real one: hear the mail, read from links, post parcels one by one,
 * write to links. Between any two of these steps another worker may act; who does is drawn from the
 * world's seed, so that each seed is another interleaving, and the same seed the same bytes. */
#ifndef MIDGE_CORE_WORLD_TESTING_H
#define MIDGE_CORE_WORLD_TESTING_H

#include "core/world_state_testing.h"

/* Options are the defaults, but anonymous clients welcome and $SYS silent. */
struct world *world_new(uint32_t worker_count, uint64_t seed);
void world_start(struct world *world);
/* Ends every client and every session, and checks that nothing of them is left. */
void world_end(struct world *world);

struct world_client *world_client(struct world *world, const char *name); /* made when new */
/* The client identifier's session has ended when the world has. */
void world_note_id(struct world *world, struct bytes client_id);
/* One small step of some worker that has something to do; false: all is quiet. */
bool world_act(struct world *world);
/* Lets everybody act until all is quiet; then every owed message must be accounted for. */
void world_settle(struct world *world);
/* Time goes by, deadline by deadline. */
void world_pass_us(struct world *world, uint64_t us);
void world_tell_all(struct world *world, enum event_kind kind);
/* With a store: the process ends between two steps, and with it all links; a new one, with that
 * many workers, begins after a while, with what was written. */
void world_crash(struct world *world, uint32_t worker_count, uint64_t down_us);
struct counters world_counters(const struct world *world);

#endif
