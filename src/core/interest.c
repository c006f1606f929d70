/* interest.c — see interest.h. */
#include "core/interest.h"

#include <stdlib.h>

static void tell_all(struct core *core, enum record_kind kind, struct bytes filter);

struct interest *interest_open(struct core *core, struct bytes filter)
{
    return routes_open(&core->routes, filter);
}

void interest_announce(struct core *core, struct bytes filter, struct interest *interest)
{
    enum announced wanted = interest->durable_count > 0 ? ANNOUNCED_DURABLE : ANNOUNCED_PLAIN;
    if (interest->announced < wanted) {
        interest->announced = (uint8_t)wanted;
        tell_all(core, wanted == ANNOUNCED_DURABLE ? RECORD_DURABLE_INTEREST : RECORD_INTEREST,
                 filter);
    }
}

void interest_close_unused(struct core *core, struct bytes filter, struct interest *interest)
{
    if (interest_is_local(interest)) {
        return;
    }
    if (interest->announced != ANNOUNCED_NOTHING) {
        interest->announced = ANNOUNCED_NOTHING;
        tell_all(core, RECORD_NO_INTEREST, filter);
    }
    routes_close_unused(&core->routes, filter, interest);
}

void interest_of_peer(struct core *core, uint32_t peer, struct bytes filter,
                      enum announced announced)
{
    bool wanted = announced != ANNOUNCED_NOTHING;
    struct interest *interest =
        wanted ? routes_open(&core->routes, filter) : routes_get(&core->routes, filter);
    if (!interest) {
        if (wanted) {
            abort(); /* no memory: that worker's clients would miss messages without a trace */
        }
        return;
    }
    uint64_t bit = UINT64_C(1) << peer;
    if (wanted) {
        interest->peers |= bit;
        interest->durable_peers |= announced == ANNOUNCED_DURABLE ? bit : 0;
    } else {
        interest->peers &= ~bit;
        interest->durable_peers &= ~bit;
        routes_close_unused(&core->routes, filter, interest);
    }
}

static void tell_all(struct core *core, enum record_kind kind, struct bytes filter)
{
    for (uint32_t worker = 0; worker < core->worker_count; worker++) {
        if (worker != core->worker &&
            !peers_say(&core->peers, worker, kind, NULL, filter, (struct bytes){0})) {
            abort(); /* no memory: messages would be missed without a trace */
        }
    }
}
