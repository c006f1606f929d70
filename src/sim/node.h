/* node.h — a simulated midged: workers that share a store, and its starts and ends.
 *
 *   DOWN ──node_start──▶ UP ──node_stop──▶ STOPPING ──(all is said and written)──▶ DOWN
 *                         └───────node_crash──────────────┴────────────────────────▶ DOWN */
#ifndef MIDGE_SIM_NODE_H
#define MIDGE_SIM_NODE_H

#include "core/core_options.h"
#include "sim/keeper.h"
#include "sim/worker.h"

enum { NODE_WORKERS_MAX = 4 };

enum node_state { NODE_DOWN, NODE_UP, NODE_STOPPING };

struct node_birth {
    struct agenda *agenda;
    uint64_t seed;
    bool has_store;
    struct core_options core;
    struct link_options link;
    uint32_t pause_us_max, commit_us_max;
    void (*lose_link)(void *context, const struct line *line); /* as in struct workforce */
    void *context;
};

struct node {
    struct agenda *agenda;
    struct random random;
    enum node_state state;
    bool has_store;
    bool is_stopped_well; /* how it went down last */
    uint64_t hash_seed;
    uint64_t starts;
    struct core_options core_options;
    struct link_options link_options;
    struct log log;
    struct tally tally;
    struct workforce force;
    struct worker workers[NODE_WORKERS_MAX];
    struct keeper keeper;
};

void node_init(struct node *node, const struct node_birth *birth);
void node_fini(struct node *node);

/* False: the store could not be opened. */
bool node_start(struct node *node, uint32_t worker_count);
/* Everybody hears goodbye … */
void node_stop(struct node *node);
/* … and when that is done the rest is written, and it is over. */
bool node_has_said_goodbye(const struct node *node);
void node_end(struct node *node);
/* All cores at once. `part` decides what becomes of the lines. */
void node_crash(struct node *node, void (*part)(void *context, struct line *line), void *context);

/* Takes the server's end of a line, at some worker. Only when NODE_UP. */
void node_accept(struct node *node, struct line *line);
/* Lines that went silent break. */
void node_thaw(struct node *node);
uint32_t node_count_connections(const struct node *node);
/* Bytes that were read and that the cores have not yet taken. */
size_t node_unread_size(const struct node *node);
/* Nothing is under way inside. */
bool node_is_quiet(const struct node *node);
void node_count(const struct node *node, struct counters *sum);

#endif
