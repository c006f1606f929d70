/* quotas.h — have we room for one more? Limits of the whole broker. */
#ifndef MIDGE_CORE_QUOTAS_H
#define MIDGE_CORE_QUOTAS_H

#include "core/core_state.h"

bool quotas_allow_connection(const struct core *core); /* global_max_connections */
bool quotas_allow_session(const struct core *core);    /* global_max_clients */
bool quotas_allow_retained(const struct core *core);   /* max_retained_messages */
/* memory_limit is reached. */
bool quotas_memory_is_full(const struct core *core);
/* It is exceeded by a tenth: what is on its way already can be kept no more. */
bool quotas_memory_is_exceeded(const struct core *core);
/* It is not, by a tenth: those held back for it may go on. */
bool quotas_memory_is_free(const struct core *core);
/* Tells the other workers what this one has: at the end of each step. */
void quotas_publish(struct core *core);

#endif
