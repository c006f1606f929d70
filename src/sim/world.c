/* world.c — see world.h. */
#include "sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BIRTH_US = 1000000,
    REST_US_MAX = 1200000000, /* how long a world may take to come to rest */
    REST_STEPS_MAX = 2000000,
    STEPS_BETWEEN_SETTLES = 8000,
    LULL_STEPS_MAX = 300,
};

#define LULL_US_MAX      UINT64_C(36000000000)
#define COUNT_FROM       (UINT64_C(1) << 40)
#define WALL_AT_BIRTH_US INT64_C(1700000000000000)

static enum judge_durability promised_durability(const struct world *world);
static void set_point(struct world *world);
static void set_stage(struct world *world);
static void cast(struct world *world);
static void draw_core_options(struct world *world, struct core_options *options);
static void hear_of_lost_link(void *context, const struct line *line);
static bool lull(struct world *world);
static bool look(struct world *world);
static bool is_at_rest(const struct world *world);
static void begin_rest(struct world *world);
static void end_rest(struct world *world);
static void say_wrong(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say_who_is_restless(struct world *world);

struct world *world_new(const struct plan *plan)
{
    struct world *world = aligned_alloc(_Alignof(struct world), sizeof *world);
    if (!world) {
        abort();
    }
    memset(world, 0, sizeof *world);
    world->plan = *plan;
    random_seed(&world->random, plan->seed);
    agenda_init(&world->agenda, BIRTH_US, WALL_AT_BIRTH_US);
    set_stage(world);
    world->faults.out = plan->faults_out;
    world->faults.workers = plan->workers;
    world->faults.rarity = plan->crash_rarity;
    faults_init(&world->faults, &world->stage, random_next(&world->random));
    cast(world);
    world->next_settle = 1 + random_below(&world->random, STEPS_BETWEEN_SETTLES);
    uint32_t workers = plan->workers ? plan->workers
                                     : 1 + (uint32_t)random_below(&world->random, NODE_WORKERS_MAX);
    judge_started(world->stage.judge, world->agenda.now_us);
    set_point(world);
    if (!node_start(&world->node, workers)) {
        faults_start_later(&world->faults);
    }
    return world;
}

void world_stop(struct world *world)
{
    if (world->node.state == NODE_UP) {
        node_stop(&world->node);
    }
    while (world->node.state == NODE_STOPPING && agenda_step(&world->agenda, UINT64_MAX)) {
        faults_let_stop_end(&world->faults);
    }
}

uint64_t world_points(const struct world *world)
{
    const struct memory_faults *disk = keeper_faults((struct keeper *)&world->node.keeper);
    switch (world->plan.point) {
    case POINT_ALLOCATION: return world->plan.allocations->count();
    case POINT_PUT: return COUNT_FROM - disk->puts_until_failure;
    case POINT_COMMIT: return COUNT_FROM - disk->commits_until_failure;
    case POINT_NONE: break;
    }
    return 0;
}

void world_free(struct world *world)
{
    faults_fini(&world->faults);
    for (uint32_t i = 0; i < world->actor_count; i++) {
        if (world->actors[i]) {
            actor_free(world->actors[i]);
        }
    }
    for (uint32_t i = 0; i < world->hostile_count; i++) {
        if (world->hostiles[i]) {
            hostile_free(world->hostiles[i]);
        }
    }
    node_fini(&world->node);
    judge_free(world->stage.judge);
    agenda_fini(&world->agenda);
    free(world);
}

bool world_step(struct world *world)
{
    if (world->agenda.steps >= world->next_settle) {
        world->next_settle =
            world->agenda.steps + 1 + random_below(&world->random, STEPS_BETWEEN_SETTLES);
        return world_settle(world);
    }
    if (!agenda_step(&world->agenda, UINT64_MAX)) {
        return false; /* nothing will ever happen again */
    }
    faults_look(&world->faults);
    return look(world);
}

bool world_settle(struct world *world)
{
    uint64_t until_us = world->agenda.now_us + REST_US_MAX;
    uint64_t steps_max = world->agenda.steps + REST_STEPS_MAX;
    begin_rest(world);
    while (!is_at_rest(world)) {
        if (world->agenda.steps > steps_max || !agenda_step(&world->agenda, until_us)) {
            say_who_is_restless(world);
            return false;
        }
        if (world->node.state == NODE_STOPPING) {
            faults_let_stop_end(&world->faults);
            faults_heal(&world->faults);
        }
        if (!look(world)) {
            return false;
        }
        node_thaw(&world->node);
    }
    faults_show_counters(&world->stage);
    judge_broker_idle(world->stage.judge, world->agenda.now_us);
    judge_settled(world->stage.judge, world->agenda.now_us);
    world->checks++;
    bool is_well = look(world) && (!draw_once_in(&world->random, 3) || lull(world));
    end_rest(world);
    return is_well;
}

static enum judge_durability promised_durability(const struct world *world)
{
    if (!world->plan.has_store) {
        return JUDGE_DURABLE_NEVER;
    }
    return world->plan.is_hasty ? JUDGE_DURABLE_LATER : JUDGE_DURABLE_ALWAYS;
}

/* Counters of the disk count down: what is left tells how many there were. */
static void set_point(struct world *world)
{
    uint64_t nth = world->plan.point_nth;
    struct memory_faults *disk = keeper_faults(&world->node.keeper);
    if (world->plan.point == POINT_ALLOCATION) {
        world->node.force.watch_memory = world->plan.allocations->watch;
        world->plan.allocations->begin(nth);
    } else if (world->plan.point == POINT_PUT) {
        disk->puts_until_failure = nth ? nth : COUNT_FROM;
    } else if (world->plan.point == POINT_COMMIT) {
        disk->commits_until_failure = nth ? nth : COUNT_FROM;
    }
}

static void set_stage(struct world *world)
{
    struct random *random = &world->random;
    struct stage *stage = &world->stage;
    struct node_birth birth = {.agenda = &world->agenda,
                               .seed = random_next(random),
                               .has_store = world->plan.has_store,
                               .pause_us_max = (uint32_t)draw_mostly_small(random, 3000),
                               .commit_us_max = (uint32_t)draw_mostly_small(random, 200000),
                               .lose_link = hear_of_lost_link,
                               .context = world};
    world->actor_count = 2 + (uint32_t)random_below(random, 7);
    world->hostile_count = draw_once_in(random, 2) ? 0 : (uint32_t)draw_mostly_small(random, 4);
    draw_core_options(world, &birth.core);
    link_options_default(&birth.link);
    birth.link.allow_anonymous = true;
    node_init(&world->node, &birth);
    struct judge_options options = {.clients = world->actor_count + world->hostile_count,
                                    .durability = promised_durability(world)};
    *stage = (struct stage){
        .agenda = &world->agenda,
        .judge = judge_new(&options),
        .node = &world->node,
        .manner = {.delay_us_max = (uint32_t)draw_mostly_small(random, 300000),
                   .window = 64 + (uint32_t)draw_mostly_small(random, 32000),
                   .chunk_max = 1 + (uint32_t)draw_mostly_small(random, 2000)},
        .topic_count = 1 + (uint32_t)random_below(random, STAGE_TOPICS_MAX),
        .payload_max = (uint32_t)draw_mostly_small(random, draw_once_in(random, 4) ? 3000 : 200)};
    /* Not so slow that keep alives of a second cannot be kept. */
    stage->manner.chunk_max += stage->manner.delay_us_max / 1000;
    random_seed(&stage->random, random_next(random));
}

/* Each has a seed of its own, so that leaving one out leaves the others as they are. */
static void cast(struct world *world)
{
    for (uint32_t i = 0; i < world->actor_count; i++) {
        uint64_t seed = random_next(&world->random);
        if ((world->plan.left_out >> i & 1) == 0) {
            world->actors[i] = actor_new(&world->stage, i, seed);
        }
    }
    for (uint32_t i = 0; i < world->hostile_count; i++) {
        uint64_t seed = random_next(&world->random);
        bool is_twin = i % 2 == 1 && world->hostiles[i - 1];
        uint32_t client = world->actor_count + (is_twin ? i - 1 : i);
        if ((world->plan.left_out >> (world->actor_count + i) & 1) == 0) {
            world->hostiles[i] = hostile_new(&world->stage, client, seed);
            if (is_twin) {
                world->hostiles[i]->twin = world->hostiles[i - 1];
                world->hostiles[i - 1]->twin = world->hostiles[i];
            }
        }
    }
}

static void draw_core_options(struct world *world, struct core_options *options)
{
    struct random *random = &world->random;
    core_options_default(options);
    options->connection_messages = false;
    options->sys_interval_s = 0;
    options->durability =
        promised_durability(world) == JUDGE_DURABLE_LATER ? DURABILITY_INTERVAL : DURABILITY_ALWAYS;
    options->queued_messages_max = CORE_NO_LIMIT;
    options->in_flight_messages_max = (uint16_t)(1 + random_below(random, 20));
    options->receive_maximum = (uint16_t)draw_mostly_small(random, 100);
    options->slow_reader_patience_ms = 100000000; /* nobody is called too slow */
}

static void hear_of_lost_link(void *context, const struct line *line)
{
    struct world *world = context;
    judge_link_lost(world->stage.judge, world->agenda.now_us, line->number,
                    line->heard == line->asked);
}

/* Everybody rests, and time goes by: keep alives, wills, sessions and messages that expire. */
static bool lull(struct world *world)
{
    uint64_t until_us = world->agenda.now_us + draw_mostly_small(&world->random, LULL_US_MAX);
    uint64_t steps_max = world->agenda.steps + LULL_STEPS_MAX;
    while (world->agenda.steps < steps_max && agenda_step(&world->agenda, until_us)) {
        if (!look(world)) {
            return false;
        }
    }
    return true;
}

/* After each step. */
static bool look(struct world *world)
{
    const char *verdict = judge_verdict(world->stage.judge);
    if (verdict) {
        say_wrong(world, "%s", verdict);
    } else if (world->node.force.wrong) {
        say_wrong(world, "%s", world->node.force.wrong);
    } else if (world->node.state == NODE_UP && node_is_quiet(&world->node)) {
        judge_broker_idle(world->stage.judge, world->agenda.now_us);
    }
    return world->wrong[0] == '\0';
}

static bool is_at_rest(const struct world *world)
{
    uint32_t connections = 0;
    if (world->node.state != NODE_UP || !node_is_quiet(&world->node)) {
        return false;
    }
    for (uint32_t i = 0; i < world->actor_count; i++) {
        const struct actor *actor = world->actors[i];
        if (actor && !actor_is_settled(actor)) {
            return false;
        }
        connections += actor && actor->line;
    }
    return node_count_connections(&world->node) == connections &&
           node_unread_size(&world->node) == 0;
}

static void begin_rest(struct world *world)
{
    faults_heal(&world->faults);
    for (uint32_t i = 0; i < world->actor_count; i++) {
        if (world->actors[i]) {
            actor_rest(world->actors[i]);
        }
    }
    for (uint32_t i = 0; i < world->hostile_count; i++) {
        if (world->hostiles[i]) {
            hostile_rest(world->hostiles[i]);
        }
    }
    node_thaw(&world->node);
}

static void end_rest(struct world *world)
{
    for (uint32_t i = 0; i < world->actor_count; i++) {
        if (world->actors[i]) {
            actor_go_on(world->actors[i]);
        }
    }
    for (uint32_t i = 0; i < world->hostile_count; i++) {
        if (world->hostiles[i]) {
            hostile_go_on(world->hostiles[i]);
        }
    }
}

static void say_wrong(struct world *world, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(world->wrong, sizeof world->wrong, format, arguments);
    va_end(arguments);
}

static void say_who_is_restless(struct world *world)
{
    uint32_t connections = 0;
    for (uint32_t i = 0; i < world->actor_count; i++) {
        const struct actor *actor = world->actors[i];
        connections += actor && actor->line;
        if (actor && !actor_is_settled(actor)) {
            say_wrong(world,
                      "the world does not come to rest: client %u (MQTT %u, state %d) has not "
                      "finished; its outbox is %s",
                      (unsigned)i, (unsigned)actor->nature.version, (int)umqtt_state(&actor->umqtt),
                      umqtt_is_settled(&actor->umqtt) ? "empty" : "not empty");
            return;
        }
    }
    say_wrong(world,
              "the world does not come to rest: the broker is %s, %u connections, %u known; %zu "
              "bytes are not taken",
              node_is_quiet(&world->node) ? "quiet" : "busy",
              (unsigned)node_count_connections(&world->node), (unsigned)connections,
              node_unread_size(&world->node));
}
