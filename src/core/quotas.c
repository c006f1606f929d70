/* quotas.c — see quotas.h. */
#include "core/quotas.h"

static bool has_room(const struct core *core, enum tally_level level, uint64_t here,
                     uint64_t limit);

bool quotas_allow_connection(const struct core *core)
{
    return has_room(core, TALLY_CONNECTED, core->counters.connected,
                    core->options->connections_max);
}

bool quotas_allow_session(const struct core *core)
{
    return has_room(core, TALLY_SESSIONS, core->counters.sessions, core->options->clients_max);
}

bool quotas_allow_retained(const struct core *core)
{
    return has_room(core, TALLY_RETAINED, core->counters.retained - core->retained_own,
                    core->options->retained_messages_max);
}

bool quotas_memory_is_full(const struct core *core)
{
    return !has_room(core, TALLY_MEMORY, core->counters.memory_held, core->options->memory_max);
}

bool quotas_memory_is_exceeded(const struct core *core)
{
    uint64_t limit = core->options->memory_max;
    return limit != CORE_NO_LIMIT &&
           !has_room(core, TALLY_MEMORY, core->counters.memory_held, limit + limit / 10);
}

bool quotas_memory_is_free(const struct core *core)
{
    uint64_t limit = core->options->memory_max;
    return limit == CORE_NO_LIMIT ||
           has_room(core, TALLY_MEMORY, core->counters.memory_held, limit - limit / 10);
}

void quotas_publish(struct core *core)
{
    const struct counters *counters = &core->counters;
    tally_set(core->tally, core->worker, TALLY_CONNECTED, counters->connected);
    tally_set(core->tally, core->worker, TALLY_SESSIONS, counters->sessions);
    tally_set(core->tally, core->worker, TALLY_RETAINED, counters->retained - core->retained_own);
    tally_set(core->tally, core->worker, TALLY_MEMORY, counters->memory_held);
}

static bool has_room(const struct core *core, enum tally_level level, uint64_t here, uint64_t limit)
{
    return limit == CORE_NO_LIMIT ||
           here + tally_of_others(core->tally, core->worker, core->worker_count, level) < limit;
}
