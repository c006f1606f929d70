/* workforce.c — see workforce.h. */
#include "sim/workforce.h"

/* Far more than the few clients of a world may have in queues, outboxes and windows. */
enum { MEMORY_MAX = 64 * 1024 * 1024 };

static void check(struct worker *worker);

void worker_wake(struct worker *worker)
{
    struct workforce *force = worker->force;
    agenda_make_earlier(force->agenda, &worker->turn,
                        random_below(&force->random, force->pause_us_max + 1));
}

void worker_step(struct worker *worker, struct event *event, struct effects *effects)
{
    event->now_us = worker->force->agenda->now_us;
    workforce_watch(worker->force, true);
    core_step(worker->core, event, effects);
    workforce_watch(worker->force, false);
    worker->deadline_us = effects->deadline_us;
    worker->has_stepped = true;
    check(worker);
}

/* What each core must always be able to say. */
static void check(struct worker *worker)
{
    const struct counters *now = core_counters(worker->core);
    if (now->owed != now->delivered + counters_dropped(now) + now->queued + now->in_flight) {
        worker->force->wrong = "the drop balance of a worker does not hold";
    } else if (now->memory_held > MEMORY_MAX) {
        worker->force->wrong = "a worker holds more memory for clients than their limits allow";
    }
}
