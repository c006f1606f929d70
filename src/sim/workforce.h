/* workforce.h — simulated workers, their connections, and what they have in common. */
#ifndef MIDGE_SIM_WORKFORCE_H
#define MIDGE_SIM_WORKFORCE_H

#include "base/random.h"
#include "core/core.h"
#include "sim/agenda.h"
#include "sim/byte_queue.h"
#include "sim/mail.h"

struct line;
struct worker;

/* The broker's end of a line. */
struct connection {
    struct list place; /* among its worker's; in none while it travels */
    struct worker *worker;
    struct line *line;
    struct link *link;         /* NULL: it lingers until its last bytes are out */
    struct byte_queue input;   /* read, and not yet taken by the core */
    struct appointment linger; /* until when it may take to leave */
    bool is_ready;             /* something may have arrived, or there may be room */
    bool is_blocked;           /* the line had no room */
    bool is_leaving;           /* no more is read */
    bool is_ending;            /* the core wants it to end … */
    uint32_t ending_to;        /* … here, or to be handed over to this worker */
};

enum worker_phase { PHASE_ATTEND, PHASE_POST, PHASE_END, PHASE_FLUSH };

/* What workers of a broker have in common. */
struct workforce {
    struct agenda *agenda;
    struct random random;
    struct worker *workers;
    uint32_t count;
    uint32_t pause_us_max;    /* between a worker's small steps */
    uint32_t peer_busy_above; /* mails in its box make a worker busy */
    const struct link_options *link_options;
    /* What a core wants written (given). */
    void (*give_batch)(void *keeper, struct batch *batch);
    void *keeper;
    bool has_store;
    /* A link is gone, as far as the broker is concerned. */
    void (*lose_link)(void *context, const struct line *line);
    void *context;
    void (*watch_memory)(bool is_watched); /* the broker's code runs, or not; or NULL */
    uint64_t digest;                       /* of all that clients were sent, and when */
    const char *wrong; /* what a core said of itself that cannot be; NULL: nothing */
};

struct worker {
    struct workforce *force;
    uint32_t index;
    struct core *core;
    struct mailbox box;   /* heard in this order */
    struct mailbox aside; /* heard, but to be acted on between other things */
    struct mailbox posts; /* to be posted, in this order */
    struct list connections;
    struct appointment turn;
    uint64_t deadline_us;
    uint64_t busy_peers;
    enum worker_phase phase;
    bool has_stepped; /* since parcels were last collected */
    bool is_stopping;
};

/* Around what is the broker's own. */
static inline void workforce_watch(const struct workforce *force, bool is_watched)
{
    if (force->watch_memory) {
        force->watch_memory(is_watched);
    }
}

/* It has something to do soon. */
void worker_wake(struct worker *worker);
/* Tells its core, and looks whether what that says of itself can be. */
void worker_step(struct worker *worker, struct event *event, struct effects *effects);

#endif
