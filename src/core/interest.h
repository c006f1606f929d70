/* interest.h — what this worker wants, and telling the others: for the first and the last
 * subscriber only. */
#ifndef MIDGE_CORE_INTEREST_H
#define MIDGE_CORE_INTEREST_H

#include "core/core_state.h"

/* The interest in `filter`, made when there is none; not yet announced. NULL: no memory. */
struct interest *interest_open(struct core *core, struct bytes filter);
/* After a subscription or group was put in: the other workers learn of the first, and of the first
 * durable one. */
void interest_announce(struct core *core, struct bytes filter, struct interest *interest);
/* After one was taken out: of the last one the others learn, and the interest may go. */
void interest_close_unused(struct core *core, struct bytes filter, struct interest *interest);

/* What another worker says of `filter`. */
void interest_of_peer(struct core *core, uint32_t peer, struct bytes filter,
                      enum announced announced);

#endif
