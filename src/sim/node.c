/* node.c — see node.h. */
#include "sim/node.h"

#include "sim/line.h"

#include <assert.h>
#include <string.h>

enum { STOP_TRIES_MAX = 8 };

static void give_batch(void *keeper, struct batch *batch);
static void note_line(void *context, enum log_kind kind, const char *line);
static void close_line(void *context, struct line *line);
static void end(struct node *node, void (*part)(void *context, struct line *line), void *context);

void node_init(struct node *node, const struct node_birth *birth)
{
    memset(node, 0, sizeof *node);
    node->agenda = birth->agenda;
    node->has_store = birth->has_store;
    node->core_options = birth->core;
    node->link_options = birth->link;
    node->log = (struct log){0, note_line, node};
    random_seed(&node->random, birth->seed);
    node->hash_seed = random_next(&node->random);
    node->force =
        (struct workforce){.agenda = birth->agenda,
                           .workers = node->workers,
                           .pause_us_max = birth->pause_us_max,
                           .peer_busy_above = 4 + (uint32_t)random_below(&node->random, 60),
                           .link_options = &node->link_options,
                           .give_batch = give_batch,
                           .keeper = &node->keeper,
                           .has_store = birth->has_store,
                           .lose_link = birth->lose_link,
                           .context = birth->context};
    random_seed(&node->force.random, random_next(&node->random));
    keeper_init(&node->keeper, &node->force, birth->commit_us_max, random_next(&node->random));
}

void node_fini(struct node *node)
{
    if (node->state != NODE_DOWN) {
        end(node, close_line, NULL);
    }
    keeper_fini(&node->keeper);
}

bool node_start(struct node *node, uint32_t worker_count)
{
    assert(node->state == NODE_DOWN && worker_count > 0 && worker_count <= NODE_WORKERS_MAX);
    memset(&node->tally, 0, sizeof node->tally);
    node->force.count = worker_count;
    node->starts++;
    struct core_birth birth = {.worker_count = worker_count,
                               .hash_seed = node->hash_seed,
                               .now_us = node->agenda->now_us,
                               .wall_us = agenda_wall_us(node->agenda),
                               .tally = &node->tally,
                               .options = &node->core_options,
                               .log = &node->log,
                               .version = "simulated",
                               .has_store = node->has_store,
                               .start = node->starts};
    if (node->has_store && !keeper_start(&node->keeper, &birth, node->is_stopped_well)) {
        return false;
    }
    node->state = NODE_UP;
    for (uint32_t i = 0; i < worker_count; i++) {
        birth.worker = i;
        birth.random_seed = random_next(&node->random);
        worker_init(&node->workers[i], &node->force, &birth);
        if (!node->workers[i].core) { /* no memory: the broker says so and ends */
            node->force.count = i;
            node_crash(node, close_line, NULL);
            return false;
        }
    }
    return true;
}

void node_stop(struct node *node)
{
    assert(node->state == NODE_UP);
    node->state = NODE_STOPPING;
    for (uint32_t i = 0; i < node->force.count; i++) {
        worker_post(&node->workers[i], mail_new(MAIL_STOP));
    }
}

bool node_has_said_goodbye(const struct node *node)
{
    for (uint32_t i = 0; i < node->force.count; i++) {
        if (!worker_is_done(&node->workers[i])) {
            return false;
        }
    }
    return node->state == NODE_STOPPING;
}

void node_end(struct node *node)
{
    bool is_written = true;
    assert(node->state == NODE_STOPPING);
    if (node->has_store) {
        for (uint32_t i = 0; i < node->force.count; i++) {
            worker_give_batches(&node->workers[i], true);
        }
        is_written = keeper_stop(&node->keeper, STOP_TRIES_MAX);
    }
    end(node, close_line, NULL);
    node->is_stopped_well = is_written;
}

void node_crash(struct node *node, void (*part)(void *context, struct line *line), void *context)
{
    assert(node->state != NODE_DOWN);
    if (node->has_store) {
        keeper_crash(&node->keeper);
    }
    end(node, part, context);
    node->is_stopped_well = false;
}

void node_accept(struct node *node, struct line *line)
{
    assert(node->state == NODE_UP);
    worker_accept(&node->workers[random_below(&node->random, node->force.count)], line);
}

void node_thaw(struct node *node)
{
    for (uint32_t i = 0; node->state != NODE_DOWN && i < node->force.count; i++) {
        LIST_EACH(place, &node->workers[i].connections)
        {
            struct line *line = LIST_ITEM(place, struct connection, place)->line;
            if (line->is_frozen) {
                line_cut(line);
            }
        }
    }
}

uint32_t node_count_connections(const struct node *node)
{
    uint32_t count = 0;
    for (uint32_t i = 0; node->state != NODE_DOWN && i < node->force.count; i++) {
        LIST_EACH(place, &node->workers[i].connections)
        {
            count++;
        }
    }
    return count;
}

size_t node_unread_size(const struct node *node)
{
    size_t size = 0;
    for (uint32_t i = 0; node->state != NODE_DOWN && i < node->force.count; i++) {
        LIST_EACH(place, &node->workers[i].connections)
        {
            size += byte_queue_size(&LIST_ITEM(place, struct connection, place)->input);
        }
    }
    return size;
}

bool node_is_quiet(const struct node *node)
{
    for (uint32_t i = 0; node->state != NODE_DOWN && i < node->force.count; i++) {
        if (!worker_is_quiet(&node->workers[i])) {
            return false;
        }
    }
    return !node->has_store || keeper_is_quiet(&node->keeper);
}

void node_count(const struct node *node, struct counters *sum)
{
    *sum = (struct counters){0};
    for (uint32_t i = 0; node->state != NODE_DOWN && i < node->force.count; i++) {
        counters_add(sum, core_counters(node->workers[i].core));
    }
}

static void end(struct node *node, void (*part)(void *context, struct line *line), void *context)
{
    for (uint32_t i = 0; i < node->force.count; i++) {
        worker_fini(&node->workers[i], part, context);
    }
    node->state = NODE_DOWN;
}

static void give_batch(void *keeper, struct batch *batch)
{
    keeper_take(keeper, batch);
}

static void note_line(void *context, enum log_kind kind, const char *line)
{
    (void)context;
    (void)kind;
    (void)line;
}

static void close_line(void *context, struct line *line)
{
    (void)context;
    line_close(line, LINE_SERVER);
}
