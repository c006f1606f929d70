/* actor.c — see actor.h.
 *
 * The happy path: whatever happens (bytes arrive, room, time, an idea), pump moves bytes between
 * umqtt and the line until neither has more for the other. */
#include "sim/actor.h"

#include "sim/actor_mood.h"

#include <stdio.h>
#include <stdlib.h>

enum { DIAL_US_MAX = 20000 };

static void act(void *context);
static void tick(void *context);
static void dial(void *context);
static void notice(void *context);
static void on_event(struct umqtt *client, const struct umqtt_event *event, void *context);
static void schedule_act(struct actor *actor);
static void schedule_tick(struct actor *actor);

struct actor *actor_new(struct stage *stage, uint32_t client, uint64_t seed)
{
    struct actor *actor = calloc(1, sizeof *actor);
    if (!actor) {
        abort();
    }
    actor->stage = stage;
    actor->client = client;
    random_seed(&actor->random, seed);
    actor_draw_nature(&actor->nature, &actor->random);
    snprintf(actor->client_id, sizeof actor->client_id, "c%u", (unsigned)client);
    appointment_init(&actor->act, act, actor);
    appointment_init(&actor->tick, tick, actor);
    appointment_init(&actor->dial, dial, actor);
    actor->tap = (struct tap){.judge = stage->judge,
                              .agenda = stage->agenda,
                              .messages = &stage->messages,
                              .version = actor->nature.version};
    actor->options = (struct umqtt_options){.version = (enum umqtt_version)actor->nature.version,
                                            .client_id = umqtt_text(actor->client_id),
                                            .keep_alive_s = actor->nature.keep_alive_s,
                                            .reconnect_min_ms = actor->nature.reconnect_ms / 8,
                                            .reconnect_max_ms = actor->nature.reconnect_ms,
                                            .seed = (uint32_t)seed,
                                            .control = {actor->control, sizeof actor->control},
                                            .input = {actor->input, sizeof actor->input},
                                            .outbox = {actor->outbox, sizeof actor->outbox},
                                            .receipts = actor->receipts,
                                            .receipt_count_max = actor->nature.receipts,
                                            .aliases = {actor->aliases, sizeof actor->aliases},
                                            .on_event = on_event,
                                            .context = actor};
    umqtt_init(&actor->umqtt, &actor->options);
    schedule_act(actor);
    return actor;
}

void actor_free(struct actor *actor)
{
    struct agenda *agenda = actor->stage->agenda;
    if (actor->line) {
        tap_end(&actor->tap);
        line_close(actor->line, LINE_CLIENT);
    }
    agenda_cancel(agenda, &actor->act);
    agenda_cancel(agenda, &actor->tick);
    agenda_cancel(agenda, &actor->dial);
    tap_fini(&actor->tap);
    free(actor);
}

void actor_rest(struct actor *actor)
{
    actor->is_resting = true;
    actor->is_dozing = false;
    agenda_cancel(actor->stage->agenda, &actor->act);
    if (actor->line && actor->line->is_frozen) {
        line_cut(actor->line);
    }
    actor_pump(actor);
    if (actor->nature.keeps_session && umqtt_state(&actor->umqtt) == UMQTT_IDLE) {
        actor_start(actor);
        actor_pump(actor);
    }
}

void actor_go_on(struct actor *actor)
{
    actor->is_resting = false;
    schedule_act(actor);
}

bool actor_is_settled(const struct actor *actor)
{
    enum umqtt_state state = umqtt_state(&actor->umqtt);
    if (state == UMQTT_IDLE) {
        return !actor->line && !(actor->is_resting && actor->nature.keeps_session);
    }
    return state == UMQTT_CONNECTED && umqtt_is_settled(&actor->umqtt) &&
           line_is_quiet(actor->line);
}

void actor_pump(struct actor *actor)
{
    bool moved = true;
    while (moved) {
        moved = actor_write_some(actor);
        moved |= actor_read_some(actor);
        enum umqtt_wants wants = umqtt_wants(&actor->umqtt);
        enum pipe_fate fate = actor->line ? line_fate(actor->line, LINE_CLIENT) : PIPE_FLOWS;
        if (actor->line && line_is_reset(actor->line, LINE_CLIENT)) {
            fate = PIPE_BROKEN;
        }
        if (wants == UMQTT_WANTS_CLOSE || (fate != PIPE_FLOWS && !actor->is_dozing)) {
            actor_drop_line(actor);
            moved = true;
        } else if (wants == UMQTT_WANTS_OPEN && !actor->line &&
                   !appointment_is_made(&actor->dial)) {
            agenda_make(actor->stage->agenda, &actor->dial,
                        random_below(&actor->random, DIAL_US_MAX));
        }
    }
    schedule_tick(actor);
}

static void act(void *context)
{
    struct actor *actor = context;
    actor->acts++;
    actor_do_something(actor);
    actor_pump(actor);
    schedule_act(actor);
}

static void tick(void *context)
{
    struct actor *actor = context;
    umqtt_tick(&actor->umqtt, actor_now_ms(actor));
    if (actor->is_resting && actor->nature.keeps_session &&
        umqtt_state(&actor->umqtt) == UMQTT_IDLE) {
        actor_start(actor);
    }
    actor_pump(actor);
}

static void dial(void *context)
{
    struct actor *actor = context;
    if (umqtt_wants(&actor->umqtt) != UMQTT_WANTS_OPEN) {
        return;
    }
    actor->line = stage_dial(actor->stage);
    if (actor->line) {
        line_own(actor->line, LINE_CLIENT, notice, actor);
        tap_begin(&actor->tap, actor->client, actor->line->number);
        actor_renew_will(actor);
        umqtt_opened(&actor->umqtt, actor_now_ms(actor));
    } else {
        umqtt_closed(&actor->umqtt, actor_now_ms(actor));
    }
    actor_pump(actor);
}

static void notice(void *context)
{
    actor_pump(context);
}

static void on_event(struct umqtt *client, const struct umqtt_event *event, void *context)
{
    struct actor *actor = context;
    (void)client;
    if (event->type == UMQTT_EVENT_CONNECTED) {
        actor->has_forgotten = false;
    }
}

static void schedule_act(struct actor *actor)
{
    if (!actor->is_resting) {
        agenda_make(actor->stage->agenda, &actor->act,
                    draw_mostly_small(&actor->random, actor->nature.pause_us_max));
    }
}

static void schedule_tick(struct actor *actor)
{
    uint32_t wait_ms = umqtt_wait_ms(&actor->umqtt, actor_now_ms(actor));
    if (actor->is_resting && actor->nature.keeps_session &&
        umqtt_state(&actor->umqtt) == UMQTT_IDLE) {
        wait_ms = 100;
    }
    if (wait_ms == UMQTT_FOREVER) {
        agenda_cancel(actor->stage->agenda, &actor->tick);
    } else {
        agenda_make(actor->stage->agenda, &actor->tick, (uint64_t)wait_ms * 1000 + 1000);
    }
}
