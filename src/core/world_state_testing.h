/* world_state_testing.h — what the tests' world is made of, and the links between its parts. */
#ifndef MIDGE_CORE_WORLD_STATE_TESTING_H
#define MIDGE_CORE_WORLD_STATE_TESTING_H

#include "base/random.h"
#include "core/core.h"
#include "core/world_client_testing.h"

enum {
    WORLD_CLIENTS_MAX = 64,
    WORLD_WORKERS_MAX = 4,
    WORLD_PARCELS_MAX = 4096,
    WORLD_REQUESTS_MAX = 16,
    WORLD_IDS_MAX = 128,
    WORLD_REQUEST_SIZE = 160,
};

struct world_worker {
    struct core *core;
    struct parcel *mail[WORLD_PARCELS_MAX]; /* heard in this order */
    uint32_t mail_first, mail_count;
    struct parcel *posts[WORLD_PARCELS_MAX]; /* to be posted, in this order */
    uint32_t post_to[WORLD_PARCELS_MAX];
    uint32_t post_first, post_count;
    uint64_t deadline_us;
    bool has_stepped; /* what it has to say was not yet collected */
};

/* What a core asked of the authenticator: "alice|METHOD|data|user|password|first". */
struct world_request {
    struct link *link;
    char words[WORLD_REQUEST_SIZE];
};

struct world_store;

struct world {
    uint32_t worker_count, client_count;
    uint64_t now_us;
    struct random random;
    struct tally tally;
    struct core_options options;
    struct link_options listener, other_listener;
    struct log log;
    struct authenticator authenticator;
    struct world_worker workers[WORLD_WORKERS_MAX];
    struct world_client clients[WORLD_CLIENTS_MAX];
    struct world_request requests[WORLD_REQUESTS_MAX];
    uint32_t request_count;
    char ids[WORLD_IDS_MAX][WORLD_NAME_SIZE]; /* client identifiers that were used */
    uint32_t id_count;
    uint32_t last_worker;      /* that did something */
    uint32_t next_worker;      /* where the next connection is accepted */
    const char *only_method;   /* the authentication method it knows; NULL: all */
    uint64_t memory_at_start;  /* held by all workers */
    uint64_t digest;           /* of every byte that clients were sent, and when */
    bool has_authenticator;    /* set before world_start */
    bool is_stopped;           /* EVENT_STOPPING was sent */
    struct world_store *store; /* owned; NULL: there is none. See world_store_testing.h */
    char last_log[LOG_LINE_SIZE_MAX + 1];
};

void world_connect(struct world *world, struct world_client *client);    /* a bare connection */
void world_disconnect(struct world *world, struct world_client *client); /* it breaks */
/* Something happens to a worker, now. */
void world_tell(struct world *world, uint32_t worker, struct event *event);

#endif
