/* judge_settle.c — all is settled: who must have what, has it; what is finished is forgotten.
 *
 * Clients that are away keep what they are owed, and what they may be owed, until they are back. */
#include "sim/judge.h"

#include "sim/judge_state.h"

static void check_message(struct judge *judge, struct model_message *message);
static void check_answer(struct judge *judge, const struct model_message *message);
static bool is_excused(struct judge *judge, const struct model_message *message);
static void condemn_loss(struct judge *judge, const struct model_session *session,
                         const struct model_message *message, const struct model_heard *heard);
static void check_replays(struct judge *judge, struct model_session *session);
static void finish(struct judge *judge, struct model_message *message);
static bool is_finished(struct judge *judge, struct model_message *message);
static bool may_be_kept_for(struct judge *judge, const struct model_session *session,
                            struct model_message *message);

void judge_settled(struct judge *judge, uint64_t now_us)
{
    judge_broker_idle(judge, now_us);
    struct model_event event = {
        .kind = MODEL_SETTLED, .client = MODEL_NOBODY, .text = MODEL_NOBODY, .now_us = now_us};
    if (!judge_note(judge, &event)) {
        return;
    }
    LIST_EACH(link, &judge->messages.all)
    {
        check_answer(judge, LIST_ITEM(link, struct model_message, link));
        check_message(judge, LIST_ITEM(link, struct model_message, link));
    }
    for (uint32_t i = 0; i < judge->options.clients; i++) {
        check_replays(judge, &judge->sessions[i]);
    }
    if (judge_verdict(judge)) {
        return;
    }
    LIST_EACH(link, &judge->messages.all)
    {
        finish(judge, LIST_ITEM(link, struct model_message, link));
    }
    judge_retained_tidy(judge);
    uint64_t oldest = judge_event(judge) + 1; /* what subscriptions are still needed for */
    LIST_EACH_SAFE(link, after, &judge->messages.all)
    {
        struct model_message *message = LIST_ITEM(link, struct model_message, link);
        if (is_finished(judge, message)) {
            model_messages_forget(&judge->messages, message);
        } else if (!message->is_candidate && message->first_sent < oldest) {
            oldest = message->first_sent;
        }
    }
    for (uint32_t i = 0; i < judge->options.clients; i++) {
        model_session_tidy(&judge->sessions[i], oldest);
    }
}

/* Whoever must have it, and is here to get it, has it. */
static void check_message(struct judge *judge, struct model_message *message)
{
    for (uint32_t i = 0; message->accepted != 0 && i < judge->options.clients; i++) {
        const struct model_session *session = &judge->sessions[i];
        struct model_heard *heard = &message->heard[i];
        if (heard->life != session->life || heard->must_epoch != session->epoch ||
            heard->must_epoch == 0) {
            continue;
        }
        if (heard->last != 0) {
            heard->must_epoch = 0;
            judge->tally.owed_met++;
        } else if (judge_is_served(session)) {
            heard->must_epoch = 0;
            if (!is_excused(judge, message)) {
                condemn_loss(judge, session, message, heard);
            }
        }
    }
}

/* A publisher that is here has its answer. */
static void check_answer(struct judge *judge, const struct model_message *message)
{
    const struct model_session *publisher = &judge->sessions[message->publisher];
    if (message->qos == 0 || message->finished != 0 || message->will.state != MODEL_NO_WILL ||
        !judge_is_served(publisher) || publisher->holder->number != message->last_link) {
        return;
    }
    judge_condemn(judge,
                  "message %" PRIu64 " of client %" PRIu32 " (QoS %d), sent at event %" PRIu64
                  ", was never acknowledged %s",
                  message->number, message->publisher, message->qos, message->last_sent,
                  message->qos == 1 ? "[MQTT-4.3.2-4]" : "[MQTT-4.3.3-8]");
}

/* It expired; or the broker says it had no room, and it has not said so less often than we believe
 * it. [MQTT-3.3.2-5] */
static bool is_excused(struct judge *judge, const struct model_message *message)
{
    uint64_t expires_us = message->first_sent_us + message->expiry_s * MODEL_SECOND_US;
    if (message->expiry_s != 0 &&
        (judge->clock_ever_jumped || judge_now_us(judge) + judge->options.slack_us >= expires_us)) {
        judge->tally.excused++;
        return true;
    }
    if (judge->room_excused < judge->room_drops) {
        judge->room_excused++;
        judge->tally.excused++;
        return true;
    }
    return false;
}

static void condemn_loss(struct judge *judge, const struct model_session *session,
                         const struct model_message *message, const struct model_heard *heard)
{
    bool is_will = message->will.state != MODEL_NO_WILL;
    judge_condemn(judge,
                  "%s %" PRIu64 " of client %" PRIu32 " to %s (QoS %d) never came to client "
                  "%" PRIu32 ": sent at event %" PRIu64 ", %s at event %" PRIu64 " (%.6f s), and "
                  "its subscription was acknowledged at event %" PRIu64 ": %s",
                  is_will ? "the will" : "message", message->number, message->publisher,
                  model_texts_at(&judge->texts, message->topic), message->qos, session->client,
                  message->first_sent, is_will ? "surely due" : "acknowledged", message->accepted,
                  (double)message->accepted_us / 1e6, heard->must_since,
                  is_will ? "a will was not published, or lost [MQTT-3.1.2-8] [v3 MQTT-3.1.2-8]"
                          : "an acknowledged message was lost [MQTT-4.5.0-1] [v3 MQTT-4.5.0-1]");
}

static void check_replays(struct judge *judge, struct model_session *session)
{
    for (uint32_t topic = 0; session->replays_due_count > 0 && topic < session->replays_due_size;
         topic++) {
        uint64_t since = session->replays_due[topic];
        if (since == 0 || !judge_is_served(session)) {
            continue;
        }
        model_session_forget_replay(session, topic);
        if (judge->room_excused < judge->room_drops) {
            judge->room_excused++;
            judge->tally.excused++;
        } else {
            judge_condemn(judge,
                          "client %" PRIu32 " subscribed at event %" PRIu64
                          " and never got what is retained for %s [MQTT-3.3.1-9] "
                          "[v3 MQTT-3.3.1-6]",
                          session->client, since, model_texts_at(&judge->texts, topic));
        }
    }
}

/* Nothing is under way: what was lost on its way to the broker will not take effect any more,
 * unless its publisher is away and sends it again when it is back. */
static void finish(struct judge *judge, struct model_message *message)
{
    const struct model_session *publisher = &judge->sessions[message->publisher];
    bool may_come_again = message->qos > 0 && message->accepted == 0 && !message->is_refused &&
                          message->will.state == MODEL_NO_WILL && !judge_is_served(publisher);
    bool may_be_published =
        message->will.is_watched ||
        (message->will.state == MODEL_WILL_MAY &&
         (message->will.due_high_us == UINT64_MAX ||
          message->will.due_high_us + judge->options.slack_us >= judge_now_us(judge)));
    if (message->finished == 0 && !may_come_again && !may_be_published) {
        message->finished = judge_event(judge);
    }
}

static bool is_finished(struct judge *judge, struct model_message *message)
{
    if (message->finished == 0 || message->is_candidate || message->will.is_watched) {
        return false;
    }
    for (uint32_t i = 0; i < judge->options.clients; i++) {
        if (may_be_kept_for(judge, &judge->sessions[i], message)) {
            return false;
        }
    }
    return true;
}

/* A client that is away, or does not answer, may get it later, or once more. */
static bool may_be_kept_for(struct judge *judge, const struct model_session *session,
                            struct model_message *message)
{
    if (session->presence == MODEL_GONE || judge_is_served(session)) {
        return false;
    }
    const struct model_heard *heard = &message->heard[session->client];
    if ((heard->life == session->life && heard->last != 0) ||
        judge_chance_of(judge, session, message).qos != 0) {
        return true;
    }
    for (uint32_t i = 0; message->retain && i < session->subscription_count; i++) {
        if (model_texts_match(&judge->texts, session->subscriptions[i].pattern, message->topic)) {
            return true; /* it may be on its way as a retained message */
        }
    }
    return false;
}
