/* hear.h — what other workers say: record kind → function. */
#ifndef MIDGE_CORE_HEAR_H
#define MIDGE_CORE_HEAR_H

#include "core/core_state.h"

/* Acts on every record of the parcel (borrowed). */
void hear_parcel(struct core *core, const struct parcel *parcel);
/* Acts on what this worker said to itself, until nothing is left. Ends each step. */
void hear_self(struct core *core);

#endif
