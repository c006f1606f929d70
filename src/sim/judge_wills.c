/* judge_wills.c — when a will must, may and must not be published.
 *
 *   ARMED ──link lost, no DISCONNECT──▶ DUE ──its time, and an idle broker──▶ DONE: must be had
 *     │                                  └─────resumed before its time─────▶ NEVER
 *     ├──DISCONNECT 0 arrived──▶ NEVER        (a crash before the broker was idle: MAY)
 *     └──nobody can say──▶ MAY
 *
 * A will of a session that outlives a crash is DUE when the broker crashes; others MAY be. */
#include "sim/judge.h"

#include "sim/judge_state.h"

#include <assert.h>
#include <stdlib.h>

static void contest(struct judge *judge, struct model_message *message,
                    const struct model_link *rival);
static void trigger(struct judge *judge, struct model_message *message, bool is_certain);
static void set_due(struct judge *judge, const struct model_session *session,
                    struct model_message *message);
static void crash(struct judge *judge, struct model_message *message, bool is_orderly);
static bool is_surely_due(const struct judge *judge, const struct model_message *message);
static uint32_t smaller(uint32_t a, uint32_t b);

void judge_will_armed(struct judge *judge, struct model_link *link, const struct judge_will *will)
{
    judge_make_room(judge);
    struct model_message *message = model_messages_add(&judge->messages, will->message);
    message->topic = model_texts_number(&judge->texts, will->topic);
    message->publisher = link->client;
    message->qos = will->qos;
    message->retain = will->retain;
    message->is_empty = will->empty;
    message->expiry_s = will->expiry_s;
    message->first_sent = message->last_sent = judge_event(judge);
    message->first_sent_us = judge_now_us(judge);
    message->sends = message->fresh = 1;
    message->will.state = MODEL_WILL_ARMED;
    message->will.delay_s = will->delay_s;
    message->will.is_watched = true;
    if (judge->will_count == judge->will_capacity) {
        judge->will_capacity = judge->will_capacity ? 2 * judge->will_capacity : 16;
        judge->wills = realloc(judge->wills, judge->will_capacity * sizeof(struct model_message *));
        assert(judge->wills);
    }
    judge->wills[judge->will_count++] = message;
    link->will = message;
    judge->tally.messages++;
}

void judge_will_link_lost(struct judge *judge, struct model_link *link, bool all_arrived)
{
    for (uint32_t i = 0; i < judge->will_count && !link->is_accepted; i++) {
        struct model_message *message = judge->wills[i];
        if (message->will.state != MODEL_WILL_DUE || message->will.rival_link != link->number) {
            continue;
        }
        message->will.rival_link = 0;
        if (message->will.delay_s != 0 || message->will.is_late) {
            message->will.state = MODEL_WILL_MAY; /* it was taken back, or not */
        }
    }
    struct model_message *message = link->will;
    link->will = NULL;
    if (!message) {
        return;
    }
    bool is_forgiven = link->said_goodbye && link->goodbye_reason == 0;
    if (!link->is_accepted || (is_forgiven && !all_arrived)) {
        trigger(judge, message, false);
    } else if (is_forgiven) { /* [MQTT-3.1.2-10] [v3 MQTT-3.1.2-10] */
        message->will.state = MODEL_WILL_NEVER;
        message->will.forgotten_at = judge_event(judge);
        message->will.is_durable = judge->sessions[link->client].expiry_high_s > 0;
    } else { /* [MQTT-3.1.2-8] [v3 MQTT-3.1.2-8] */
        trigger(judge, message, judge->sessions[link->client].holder == link);
        struct model_session *session = &judge->sessions[link->client];
        const struct model_link *rival = judge_find_open_question(judge, link->client, link);
        if (rival) {
            contest(judge, message, rival);
        } else if (session->newest_connect > link->opened && message->will.delay_s > 0) {
            message->will.state = MODEL_WILL_MAY; /* what took it over is gone before it */
        }
        if (session->newest_clean_start > link->opened) {
            message->will.due_low_us = judge_now_us(judge);
        }
    }
}

/* The client has sent a new CONNECT. */
void judge_will_contested(struct judge *judge, const struct model_link *link)
{
    for (uint32_t i = 0; i < judge->will_count; i++) {
        struct model_message *message = judge->wills[i];
        bool is_coming =
            message->will.state == MODEL_WILL_DUE || message->will.state == MODEL_WILL_MAY;
        if (message->publisher != link->client || !is_coming) {
            continue;
        }
        contest(judge, message, link);
    }
}

/* That CONNECT was accepted. */
void judge_will_resolved(struct judge *judge, const struct model_link *link, bool session_present)
{
    uint64_t now_us = judge_now_us(judge);
    for (uint32_t i = 0; i < judge->will_count; i++) {
        struct model_message *message = judge->wills[i];
        struct model_will *will = &message->will;
        if (message->publisher != link->client || will->state != MODEL_WILL_DUE ||
            will->rival_link == 0) {
            continue;
        }
        will->rival_link = 0;
        if (will->delay_s == 0 && !will->is_late) {
            continue; /* it was published when its link was lost */
        }
        if (will->has_rivals) { /* the other may have taken it back before */
            will->state = MODEL_WILL_MAY;
        } else if (!session_present) { /* its session ended: [MQTT-3.1.2-8] */
            will->due_low_us = message->first_sent_us;
            will->due_high_us = now_us;
            will->is_durable = false;
        } else if (now_us + judge->options.slack_us < will->due_low_us) { /* [MQTT-3.1.3-9] */
            will->state = MODEL_WILL_NEVER;
            will->forgotten_at = judge_event(judge);
            will->is_durable = false;
        } else {
            will->state = MODEL_WILL_MAY;
        }
    }
}

void judge_wills_crashed(struct judge *judge, bool is_orderly)
{
    for (uint32_t i = 0; i < judge->will_count; i++) {
        crash(judge, judge->wills[i], is_orderly);
    }
}

void judge_wills_started(struct judge *judge)
{
    for (uint32_t i = 0; i < judge->will_count; i++) {
        struct model_message *message = judge->wills[i];
        struct model_will *will = &message->will;
        if (will->state == MODEL_WILL_ARMED || will->due_high_us != UINT64_MAX) {
            continue;
        }
        if (judge->clock_jumped && will->delay_s > 0) { /* the deadline is anywhere */
            will->state = will->state == MODEL_WILL_DUE ? MODEL_WILL_MAY : will->state;
            continue;
        }
        uint32_t expiry_s = judge->sessions[message->publisher].expiry_high_s;
        will->due_high_us =
            judge_now_us(judge) + smaller(will->delay_s, expiry_s) * MODEL_SECOND_US;
    }
}

/* What is due by now was published before the broker had nothing more to do. */
void judge_wills_idle(struct judge *judge)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < judge->will_count; i++) {
        struct model_message *message = judge->wills[i];
        struct model_will *will = &message->will;
        if (will->state == MODEL_WILL_DUE && will->rival_link == 0 &&
            is_surely_due(judge, message)) {
            will->state = MODEL_WILL_DONE;
            judge->tally.wills_due++;
            judge_accept(judge, message);
        }
        if (will->state == MODEL_WILL_ARMED && will->heard != 0) {
            judge_condemn(judge,
                          "the will of client %" PRIu32 ", message %" PRIu64
                          ", was published (had at event %" PRIu64
                          "), but its connection stands [MQTT-3.1.2-8]",
                          message->publisher, message->number, will->heard);
        }
        will->is_watched = will->state == MODEL_WILL_ARMED || will->state == MODEL_WILL_DUE ||
                           (will->state == MODEL_WILL_MAY && !is_surely_due(judge, message));
        if (will->is_watched) {
            judge->wills[count++] = message;
        }
    }
    judge->will_count = count;
}

/* A CONNECT may take it back, or publish it at once with the end of its session. */
static void contest(struct judge *judge, struct model_message *message,
                    const struct model_link *rival)
{
    if (message->will.state == MODEL_WILL_DUE && !is_surely_due(judge, message)) {
        message->will.has_rivals |= message->will.rival_link != 0;
        message->will.rival_link = rival->number;
    }
    if (rival->clean_start && message->will.due_low_us > judge_now_us(judge)) {
        message->will.due_low_us = judge_now_us(judge);
    }
}

/* Its link is gone without a DISCONNECT that takes it back, or may be. */
static void trigger(struct judge *judge, struct model_message *message, bool is_certain)
{
    const struct model_session *session = &judge->sessions[message->publisher];
    message->first_sent = judge_event(judge);
    message->first_sent_us = judge_now_us(judge);
    message->will.is_durable =
        session->expiry_low_s > 0 && judge->options.durability == JUDGE_DURABLE_ALWAYS;
    message->will.state = is_certain ? MODEL_WILL_DUE : MODEL_WILL_MAY;
    set_due(judge, session, message);
    judge_retained_offer(judge, message);
}

static void set_due(struct judge *judge, const struct model_session *session,
                    struct model_message *message)
{
    uint32_t delay_s = message->will.delay_s;
    message->will.due_low_us =
        judge_now_us(judge) + smaller(delay_s, session->expiry_low_s) * MODEL_SECOND_US;
    message->will.due_high_us =
        judge_now_us(judge) + smaller(delay_s, session->expiry_high_s) * MODEL_SECOND_US;
}

static void crash(struct judge *judge, struct model_message *message, bool is_orderly)
{
    struct model_will *will = &message->will;
    const struct model_session *session = &judge->sessions[message->publisher];
    if (will->state == MODEL_WILL_NEVER) { /* that may have been forgotten */
        if (will->is_durable && will->forgotten_at > judge->idle && !is_orderly) {
            trigger(judge, message, false);
            will->due_high_us = UINT64_MAX;
            will->is_late = true;
        }
    } else if (will->state == MODEL_WILL_ARMED) {
        const struct model_link *link = session->holder;
        bool is_certain = link && link->will == message && !link->said_goodbye &&
                          session->expiry_low_s > 0 && !is_orderly &&
                          judge->options.durability == JUDGE_DURABLE_ALWAYS;
        trigger(judge, message, is_certain);
        will->due_high_us = UINT64_MAX;
        will->is_late = true;
    } else if (will->state == MODEL_WILL_DUE || will->state == MODEL_WILL_MAY) {
        if (!will->is_durable || is_orderly) {
            will->state = MODEL_WILL_MAY;
        }
        if (judge_now_us(judge) >= will->due_low_us) { /* it may have been, and be again */
            message->sends++;
            message->fresh++;
        }
        will->due_high_us = UINT64_MAX;
        will->is_late = true;
    }
}

static bool is_surely_due(const struct judge *judge, const struct model_message *message)
{
    return message->will.due_high_us != UINT64_MAX &&
           message->will.due_high_us + judge->options.slack_us < judge_now_us(judge);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}
