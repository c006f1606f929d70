/* judge_life.c — the judge's birth, its verdict, and what the world knows of the whole broker.
 *
 * What it hears of links, publishing, subscribing and receiving lies in judge_*.c; what it
 * remembers in model_*.c. */
#include "sim/judge.h"

#include "sim/judge_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t SLACK_US = 3000000;
enum { MESSAGES_MAX = 65536, CLIENTS_MAX = 64 };

static void end_sessions(struct judge *judge, bool is_orderly);
static void end_session(struct judge *judge, struct model_session *session, bool is_orderly);
static void count_room(struct judge *judge, const struct judge_counters *counters);

struct judge *judge_new(const struct judge_options *options)
{
    assert(options->clients <= CLIENTS_MAX);
    struct judge *judge = calloc(1, sizeof *judge);
    assert(judge);
    judge->options = *options;
    if (judge->options.messages_max == 0) {
        judge->options.messages_max = MESSAGES_MAX;
    }
    if (judge->options.slack_us == 0) {
        judge->options.slack_us = SLACK_US;
    }
    model_texts_init(&judge->texts);
    model_messages_init(&judge->messages, options->clients);
    judge->sessions = calloc(options->clients + 1, sizeof *judge->sessions);
    assert(judge->sessions);
    for (uint32_t i = 0; i < options->clients; i++) {
        model_session_init(&judge->sessions[i], i);
    }
    return judge;
}

void judge_free(struct judge *judge)
{
    if (!judge) {
        return;
    }
    for (uint32_t i = 0; i < judge->options.clients; i++) {
        model_session_fini(&judge->sessions[i]);
    }
    free(judge->sessions);
    free(judge->wills);
    judge_free_links(judge);
    judge_retained_free(judge);
    model_messages_fini(&judge->messages);
    model_texts_fini(&judge->texts);
    free(judge);
}

const char *judge_verdict(const struct judge *judge)
{
    return model_history_is_condemned(&judge->history) ? judge->history.verdict : NULL;
}

void judge_print_last_events(const struct judge *judge, FILE *out, size_t count_max)
{
    model_history_print(&judge->history, &judge->texts, out, count_max);
}

void judge_tally(const struct judge *judge, struct judge_tally *tally)
{
    *tally = judge->tally;
}

bool judge_note(struct judge *judge, const struct model_event *event)
{
    if (model_history_is_condemned(&judge->history)) {
        return false;
    }
    model_history_add(&judge->history, event);
    judge->tally.events++;
    return true;
}

void judge_broker_idle(struct judge *judge, uint64_t now_us)
{
    if (judge_verdict(judge) || judge->is_down) {
        return;
    }
    assert(now_us >= judge->history.now_us);
    judge->history.now_us = now_us;
    judge->idle = judge_event(judge);
    judge->idle_us = now_us;
    judge_wills_idle(judge);
    for (uint32_t i = 0; i < judge->options.clients; i++) {
        struct model_session *session = &judge->sessions[i];
        if (session->has_goodbye) { /* from here on no crash undoes it */
            session->has_goodbye = false;
            session->expiry_low_s = session->expiry_high_s = session->goodbye_expiry_s;
            if (session->expiry_high_s == 0) {
                model_session_end(session);
            }
        }
    }
}

void judge_crashed(struct judge *judge, uint64_t now_us)
{
    struct model_event event = {
        .kind = MODEL_CRASHED, .client = MODEL_NOBODY, .text = MODEL_NOBODY, .now_us = now_us};
    if (judge_note(judge, &event)) {
        judge->tally.crashes++;
        judge->crash = judge_event(judge);
        end_sessions(judge, false);
    }
}

void judge_stopped(struct judge *judge, uint64_t now_us)
{
    struct model_event event = {
        .kind = MODEL_STOPPED, .client = MODEL_NOBODY, .text = MODEL_NOBODY, .now_us = now_us};
    if (judge_note(judge, &event)) {
        end_sessions(judge, true);
    }
}

void judge_started(struct judge *judge, uint64_t now_us)
{
    struct model_event event = {
        .kind = MODEL_STARTED, .client = MODEL_NOBODY, .text = MODEL_NOBODY, .now_us = now_us};
    if (!judge_note(judge, &event)) {
        return;
    }
    judge->is_down = false;
    for (uint32_t i = 0; i < judge->options.clients; i++) {
        struct model_session *session = &judge->sessions[i];
        if (session->away_high_us == UINT64_MAX) {
            session->away_high_us = now_us;
            session->away_since = judge_event(judge); /* which is not written yet */
        }
        session->deadline_is_doubtful |= judge->clock_jumped;
    }
    judge_wills_started(judge);
    judge->clock_jumped = false;
}

void judge_disk_changed(struct judge *judge, uint64_t now_us, const char *words)
{
    struct model_event event = {.kind = MODEL_DISK_CHANGED,
                                .client = MODEL_NOBODY,
                                .text = model_texts_number(&judge->texts, words),
                                .now_us = now_us};
    (void)judge_note(judge, &event);
    judge->is_disk_ill = strcmp(words, "well again") != 0;
}

void judge_clock_jumped(struct judge *judge, uint64_t now_us, int64_t by_us)
{
    struct model_event event = {.kind = MODEL_CLOCK_JUMPED,
                                .client = MODEL_NOBODY,
                                .text = MODEL_NOBODY,
                                .value = by_us,
                                .now_us = now_us};
    if (judge_note(judge, &event)) {
        judge->clock_jumped = judge->clock_ever_jumped = true;
    }
}

void judge_counters_seen(struct judge *judge, uint64_t now_us,
                         const struct judge_counters *counters)
{
    if (judge_verdict(judge)) {
        return;
    }
    assert(now_us >= judge->history.now_us);
    judge->history.now_us = now_us;
    uint64_t dropped = counters->dropped_expired + counters->dropped_for_room +
                       counters->dropped_session_ended + counters->dropped_other;
    uint64_t sum = counters->delivered + dropped + counters->queued + counters->in_flight;
    if (counters->owed != sum) {
        judge_condemn(judge,
                      "the drop balance is broken: owed %" PRIu64 " is not delivered %" PRIu64
                      " + dropped %" PRIu64 " + queued %" PRIu64 " + in flight %" PRIu64
                      " (every message owed to a session is accounted for)",
                      counters->owed, counters->delivered, dropped, counters->queued,
                      counters->in_flight);
    }
    count_room(judge, counters);
}

/* Counters begin anew when the broker does. */
static void count_room(struct judge *judge, const struct judge_counters *counters)
{
    assert(counters->dropped_for_room >= judge->counters.dropped_for_room);
    judge->room_drops += counters->dropped_for_room - judge->counters.dropped_for_room;
    judge->counters = *counters;
}

static void end_sessions(struct judge *judge, bool is_orderly)
{
    judge->is_down = true;
    judge->counters = (struct judge_counters){0};
    judge_wills_crashed(judge, is_orderly);
    for (uint32_t i = 0; i < judge->link_count; i++) {
        struct model_link *link = judge->links[i];
        if (!link->is_lost) {
            link->is_crashed = true;
            link->lost_epoch = judge->sessions[link->client].epoch;
        }
    }
    for (uint32_t i = 0; i < judge->link_count; i++) {
        struct model_link *link = judge->links[i];
        if (!link->is_lost && !link->is_accepted) {
            judge_lose_unanswered_link(judge, link);
        }
        link->is_lost = true;
        link->will = NULL;
    }
    for (uint32_t i = 0; i < judge->options.clients; i++) {
        end_session(judge, &judge->sessions[i], is_orderly);
    }
    judge_drop_finished_links(judge);
    bool is_lasting = judge->options.durability == JUDGE_DURABLE_ALWAYS ||
                      (judge->options.durability == JUDGE_DURABLE_LATER && is_orderly);
    if (!is_lasting) {
        judge_retained_crashed(judge);
    }
}

static void end_session(struct judge *judge, struct model_session *session, bool is_orderly)
{
    enum judge_durability durability = judge->options.durability;
    bool was_connected = session->holder != NULL;
    session->holder = NULL;
    session->has_goodbye = false; /* its expiry stays between low and high */
    model_session_forget_replays(session);
    if (session->presence != MODEL_GONE && (was_connected || session->away_since > judge->idle)) {
        if (!session->is_away) {
            session->away_low_us = judge_now_us(judge);
        }
        session->is_away = true;
        session->away_high_us = UINT64_MAX; /* until it is started again */
    }
    if (session->presence == MODEL_GONE) {
        return;
    }
    if (session->expiry_high_s == 0 || durability == JUDGE_DURABLE_NEVER) {
        model_session_end(session); /* [MQTT-4.1.0-2] */
    } else if (session->expiry_low_s == 0 || (durability == JUDGE_DURABLE_LATER && !is_orderly)) {
        model_session_may_end(session);
    }
}
