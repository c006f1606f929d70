/* core.h — the broker's mind, with one door.
 *
 *     struct core *core = core_new(&birth);
 *     core_step(core, &event, &effects);      any number of times
 *     core_next_dirty(core) …                 fetch what is to be sent, once a loop turn
 *
 * A core makes no system call, reads no clock and owns no thread: time comes with each event,
 * randomness from a seed. The same birth and events give the same bytes. One core belongs to one
 * worker; cores know each other only through parcels. */
#ifndef MIDGE_CORE_CORE_H
#define MIDGE_CORE_CORE_H

#include "base/hash.h"
#include "base/log.h"
#include "core/counters.h"
#include "core/effect.h"
#include "core/event.h"
#include "core/peers.h"
#include "core/tally.h"

struct core;

struct core_birth {
    uint32_t worker, worker_count; /* worker < worker_count <= PEERS_MAX */
    uint64_t hash_seed;            /* the same in all workers of a broker */
    uint64_t random_seed;
    uint64_t now_us;
    struct tally *tally; /* the same in all workers; borrowed for life; NULL: a single
                                                * worker needs none */
    const struct core_options *options;        /* borrowed for life; changed only between steps */
    const struct log *log;                     /* borrowed for life */
    const struct authenticator *authenticator; /* borrowed for life; NULL: nobody is asked */
    const char *version;                       /* for $SYS/broker/version; borrowed for life */
    bool has_store;   /* EVENT_RESTORED comes, up to RESTORE_DONE; links are not read before */
    uint64_t start;   /* with a store: how often it was opened, for record_number */
    uint64_t wall_us; /* what the wall's clock says at now_us */
};

struct core *core_new(const struct core_birth *birth); /* given; NULL: no memory */
void core_free(struct core *core);

void core_step(struct core *core, const struct event *event, struct effects *effects);

/* Each takes one from its list, or returns NULL when that is empty. */
struct link *core_next_dirty(struct core *core); /* its outbox has bytes it did not have before */
struct link *
core_next_resumed(struct core *core); /* offer it its unread bytes again, and read on */
/* A link that has to go: send what is in its outbox, then close and report EVENT_LINK_LOST.
 * *worker: where it is to be handed over to instead, with its unread bytes (and then
 * EVENT_LINK_LOST); or the core's own. */
struct link *core_next_ending(struct core *core, uint32_t *worker);
/* The next parcel for that worker (given), or NULL. They are to be posted one after another, round
 * by round over all workers, until a round gives none: some things must not be heard before what
 * was said to others. [MQTT-4.6.0-5] */
struct parcel *core_next_parcel(struct core *core, uint32_t worker);

/* What is to be written now (given), or NULL: nothing, or nothing that cannot wait for more. To be
 * asked at the end of each turn. EVENT_PERSISTED with its number says that it is written. With
 * `all`, at the end of the broker, what could wait is given, too. */
struct batch *core_next_batch(struct core *core, bool all);

/* True: core_next_batch will have something to give, sooner or later. */
bool core_owes_batch(const struct core *core);

/* True: none of the first four has anything to give now. */
bool core_is_idle(const struct core *core);

/* True while the core does not want the link's bytes to be read. */
bool core_link_is_held(const struct link *link);
size_t core_link_pieces(const struct link *link, struct iovec *pieces, size_t count_max);

const struct counters *core_counters(const struct core *core);

/* The worker that is home to a client identifier or to the name of a retained message. */
static inline uint32_t core_home_of(uint64_t hash_seed, uint32_t worker_count, struct bytes name)
{
    return (uint32_t)((hash_bytes(name, hash_seed) >> 32) % worker_count);
}

#endif
