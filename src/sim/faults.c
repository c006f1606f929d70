/* faults.c — see faults.h. */
#include "sim/faults.h"

enum { DOWN_US_MAX = 5000000, CLOCK_JUMP_S_MAX = 3600, START_AGAIN_US = 1000000 };

static void happen(struct faults *faults, enum fault_kind kind);
static void crash(struct faults *faults, enum fault_kind kind);
static void end_stop(struct faults *faults);
static void kill_line(void *context, struct line *line);
static void lose_power(void *context, struct line *line);
static void be_down(struct faults *faults);
static void rise(void *context);
static void break_disk(struct faults *faults, enum fault_kind kind);
static void schedule(struct faults *faults);

void faults_init(struct faults *faults, struct stage *stage, uint64_t seed)
{
    struct faults fresh = {
        .stage = stage, .out = faults->out, .workers = faults->workers, .rarity = faults->rarity};
    *faults = fresh;
    random_seed(&faults->random, seed);
    appointment_init(&faults->rise, rise, faults);
    if (faults->rarity == 0) {
        faults->rarity = UINT64_C(32) << random_below(&faults->random, 8);
    }
    schedule(faults);
}

void faults_look(struct faults *faults)
{
    struct stage *stage = faults->stage;
    uint64_t steps = stage->agenda->steps;
    faults_let_stop_end(faults);
    if (faults->heal > 0 && steps >= faults->heal) {
        faults->heal = 0;
        keeper_heal_disk(&stage->node->keeper);
        judge_disk_changed(stage->judge, stage->agenda->now_us, "well again");
    }
    if (steps >= faults->next) {
        enum fault_kind kind = (enum fault_kind)random_below(&faults->random, FAULT_KIND_COUNT);
        schedule(faults);
        if ((faults->out >> kind & 1) == 0 && stage->node->state != NODE_DOWN) {
            happen(faults, kind);
        }
    }
}

void faults_let_stop_end(struct faults *faults)
{
    struct stage *stage = faults->stage;
    if (stage->node->state == NODE_STOPPING && node_has_said_goodbye(stage->node)) {
        end_stop(faults);
    }
}

void faults_heal(struct faults *faults)
{
    struct stage *stage = faults->stage;
    if (faults->heal > 0) {
        faults->heal = 0;
        keeper_heal_disk(&stage->node->keeper);
        judge_disk_changed(stage->judge, stage->agenda->now_us, "well again");
    }
    if (appointment_is_made(&faults->rise)) {
        agenda_make(stage->agenda, &faults->rise, 0);
    }
}

void faults_start_later(struct faults *faults)
{
    agenda_make(faults->stage->agenda, &faults->rise, START_AGAIN_US);
}

void faults_fini(struct faults *faults)
{
    agenda_cancel(faults->stage->agenda, &faults->rise);
}

const char *fault_words(enum fault_kind kind)
{
    static const char *const words[FAULT_KIND_COUNT] = {
        "kills",          "power cuts",          "stops", "a full disk", "a failing disk",
        "failing writes", "failing transactions"};
    return words[kind];
}

void faults_show_counters(struct stage *stage)
{
    struct counters sum;
    if (stage->node->state == NODE_DOWN) {
        return;
    }
    node_count(stage->node, &sum);
    const uint64_t *dropped = sum.dropped;
    struct judge_counters told = {.owed = sum.owed,
                                  .delivered = sum.delivered,
                                  .queued = sum.queued,
                                  .in_flight = sum.in_flight,
                                  .dropped_expired = dropped[DROP_EXPIRED],
                                  .dropped_for_room =
                                      dropped[DROP_QUEUE_MESSAGES] + dropped[DROP_QUEUE_BYTES] +
                                      dropped[DROP_SLOW_READER] + dropped[DROP_PACKET_TOO_LARGE] +
                                      dropped[DROP_NO_MEMORY],
                                  .dropped_session_ended = dropped[DROP_SESSION_ENDED]};
    told.dropped_other = counters_dropped(&sum) - told.dropped_expired - told.dropped_for_room -
                         told.dropped_session_ended;
    judge_counters_seen(stage->judge, stage->agenda->now_us, &told);
}

static void happen(struct faults *faults, enum fault_kind kind)
{
    struct stage *stage = faults->stage;
    switch (kind) {
    case FAULT_KILL:
    case FAULT_POWER: crash(faults, kind); break;
    case FAULT_STOP:
        if (stage->node->state == NODE_UP) {
            node_stop(stage->node);
        }
        break;
    case FAULT_DISK_FULL:
    case FAULT_DISK_FAILING:
    case FAULT_WRITE:
    case FAULT_COMMIT: break_disk(faults, kind); break;
    case FAULT_KIND_COUNT: break;
    }
}

static void crash(struct faults *faults, enum fault_kind kind)
{
    struct stage *stage = faults->stage;
    faults_show_counters(stage);
    node_crash(stage->node, kind == FAULT_KILL ? kill_line : lose_power, faults);
    faults->crashes++;
    judge_crashed(stage->judge, stage->agenda->now_us);
    be_down(faults);
}

static void end_stop(struct faults *faults)
{
    struct stage *stage = faults->stage;
    faults_show_counters(stage);
    node_end(stage->node);
    if (stage->node->is_stopped_well) {
        faults->stops++;
        judge_stopped(stage->judge, stage->agenda->now_us);
    } else {
        faults->crashes++; /* what could not be written is lost */
        judge_crashed(stage->judge, stage->agenda->now_us);
    }
    be_down(faults);
}

/* The system closes what the process had open: in order, or with a reset when something was
 * unread. */
static void kill_line(void *context, struct line *line)
{
    (void)context;
    if (line_view(line, LINE_SERVER).size > 0) {
        line_cut(line);
    }
    line_close(line, LINE_SERVER);
}

static void lose_power(void *context, struct line *line)
{
    struct faults *faults = context;
    if (draw_once_in(&faults->random, 2)) {
        line_freeze(line);
    } else {
        line_cut(line);
    }
    line_close(line, LINE_SERVER);
}

/* After a crash or a stop: the broker comes back, and the wall's clock may have been set. */
static void be_down(struct faults *faults)
{
    struct stage *stage = faults->stage;
    struct random *random = &faults->random;
    if (draw_once_in(random, 8)) {
        int64_t jump_us = (int64_t)draw_mostly_small(random, CLOCK_JUMP_S_MAX) * 1000000;
        jump_us = draw_once_in(random, 2) ? jump_us : -jump_us;
        stage->agenda->wall_us += jump_us;
        judge_clock_jumped(stage->judge, stage->agenda->now_us, jump_us);
    }
    agenda_make(stage->agenda, &faults->rise, draw_mostly_small(random, DOWN_US_MAX));
}

static void rise(void *context)
{
    struct faults *faults = context;
    uint32_t workers = faults->workers
                           ? faults->workers
                           : 1 + (uint32_t)random_below(&faults->random, NODE_WORKERS_MAX);
    if (node_start(faults->stage->node, workers)) {
        judge_started(faults->stage->judge, faults->stage->agenda->now_us);
    } else {
        faults_start_later(faults);
    }
}

static void break_disk(struct faults *faults, enum fault_kind kind)
{
    struct stage *stage = faults->stage;
    if (!stage->node->has_store || faults->heal > 0) {
        return;
    }
    struct memory_faults *disk = keeper_faults(&stage->node->keeper);
    disk->is_full = kind == FAULT_DISK_FULL;
    disk->is_failing = kind == FAULT_DISK_FAILING;
    disk->puts_until_failure = kind == FAULT_WRITE ? draw_mostly_small(&faults->random, 100) : 0;
    disk->commits_until_failure = kind == FAULT_COMMIT ? draw_mostly_small(&faults->random, 5) : 0;
    disk->commit_happens = draw_once_in(&faults->random, 2);
    judge_disk_changed(stage->judge, stage->agenda->now_us, fault_words(kind));
    faults->heal = stage->agenda->steps + draw_mostly_small(&faults->random, 2000);
}

static void schedule(struct faults *faults)
{
    faults->next =
        faults->stage->agenda->steps + draw_mostly_small(&faults->random, faults->rarity * 2);
}
