/* judge_receive.c — a message arrives at a client: may it, and as it is?
 *
 * First the packet (judge_receipts.c: was it here before?), then the message: somebody sent it, to
 * this topic; a subscription asks for it; not more often, not later, not in another order than it
 * may come. */
#include "sim/judge.h"

#include "sim/judge_state.h"

#include <assert.h>

struct replay_chance {
    uint8_t qos;
    uint32_t times;
    bool is_asked; /* some SUBSCRIBE asked for what is retained for its topic */
};

static void judge_message(struct judge *judge, struct model_link *link,
                          const struct judge_received *received, enum judge_delivery delivery);
/* Whether a shared subscription may give it this topic. */
static bool is_sharing(struct judge *judge, const struct model_session *session, uint32_t topic);
static bool check_packet(struct judge *judge, const struct judge_received *received);
static struct model_message *find_message(struct judge *judge,
                                          const struct judge_received *received);
static bool check_will(struct judge *judge, struct model_message *message);
static struct replay_chance replay_chance_of(struct judge *judge,
                                             const struct model_session *session,
                                             const struct model_message *message);
static void condemn_misfit(struct judge *judge, const struct model_link *link,
                           const struct model_message *message,
                           const struct judge_received *received, const struct judge_chance *chance,
                           const struct replay_chance *replay);
static bool check_live(struct judge *judge, const struct model_link *link,
                       const struct model_message *message, struct model_heard *heard,
                       const struct judge_received *received, uint32_t shares);
static bool check_expiry(struct judge *judge, const struct model_link *link,
                         const struct model_message *message, const struct model_heard *heard,
                         const struct judge_received *received);
static bool was_subscribed(struct judge *judge, const struct model_session *session,
                           const struct model_message *message, uint8_t qos);
static void check_order(struct judge *judge, struct model_session *session,
                        const struct model_message *message, uint8_t qos);

void judge_publish_received(struct judge *judge, uint64_t now_us,
                            const struct judge_received *received)
{
    struct model_link *link = judge_find_link(judge, received->link);
    struct model_event event = {.kind = MODEL_PUBLISH_RECEIVED,
                                .client = link ? link->client : MODEL_NOBODY,
                                .text = model_texts_number(&judge->texts, received->topic),
                                .link = received->link,
                                .message = received->message,
                                .packet_id = received->packet_id,
                                .qos = received->qos,
                                .retain = received->retain,
                                .dup = received->dup,
                                .now_us = now_us};
    if (!link || !judge_note(judge, &event)) {
        return;
    }
    judge->tally.received++;
    if (!judge_find_accepted_link(judge, received->link, "PUBLISH") ||
        !check_packet(judge, received)) {
        return;
    }
    enum judge_delivery delivery = JUDGE_NEW;
    if (received->qos > 0 && link->life == judge->sessions[link->client].life) {
        delivery = judge_receipt_of(judge, link, received);
    }
    if (delivery != JUDGE_WRONG && received->message != 0) {
        judge_message(judge, link, received, delivery);
    }
}

static void judge_message(struct judge *judge, struct model_link *link,
                          const struct judge_received *received, enum judge_delivery delivery)
{
    struct model_session *session = &judge->sessions[link->client];
    uint32_t topic = model_texts_number(&judge->texts, received->topic);
    bool is_over = !model_messages_find(&judge->messages, received->message);
    bool may_be_undone =
        delivery == JUDGE_AGAIN || (received->retain && judge_retained_is_unknown(judge, topic)) ||
        (received->qos == 1 && judge->crash != 0 && is_sharing(judge, session, topic));
    if (is_over && may_be_undone && received->message <= judge->messages.newest) {
        return; /* a crash made the broker forget that it was acknowledged, perhaps by another */
    }
    struct model_message *message = find_message(judge, received);
    if (!message || !check_will(judge, message) || link->life != session->life) {
        return; /* on the link of a session that is no more, nothing else is certain */
    }
    struct model_heard *heard = model_message_heard(message, link->client, session->life);
    if (heard->last != 0 && judge->crash > heard->last_opened) {
        /* A crash before PUBREC or PUBACK: the publisher sends it again, and it is passed on
         * again. Only what is delivered at QoS 2 is promised to come once even then. */
        heard->live = message->qos > 0 ? 0 : heard->live;
        heard->replays = 0;
    }
    if (delivery == JUDGE_NEW) {
        struct judge_chance chance = judge_chance_of(judge, session, message);
        struct replay_chance replay = replay_chance_of(judge, session, message);
        uint8_t bit = (uint8_t)(1 << received->qos);
        bool fits_flag = received->retain
                             ? message->retain && chance.as_published
                             : chance.plain || (chance.as_published && !message->retain);
        bool fits_live = fits_flag && (chance.qos & bit) != 0;
        bool fits_replay =
            received->retain && (replay.qos & bit) != 0 && replay.times > heard->replays;
        if (!fits_live && !fits_replay) {
            condemn_misfit(judge, link, message, received, &chance, &replay);
            return;
        }
        if (!check_expiry(judge, link, message, heard, received)) {
            return;
        }
        if (fits_live != fits_replay && fits_replay) {
            heard->replays++;
        } else if (fits_live != fits_replay) { /* else it may be either, and is not counted */
            if (!check_live(judge, link, message, heard, received, chance.shares)) {
                return;
            }
            if (heard->last == 0 && chance.shares == 0) {
                check_order(judge, session, message, received->qos);
            }
        }
    }
    heard->last = judge_event(judge);
    heard->last_link = link->number;
    heard->last_opened = link->opened;
    if (message->retain) {
        model_session_forget_replay(session, message->topic);
    }
}

static bool is_sharing(struct judge *judge, const struct model_session *session, uint32_t topic)
{
    for (uint32_t i = 0; i < session->subscription_count; i++) {
        const struct model_subscription *subscription = &session->subscriptions[i];
        if (subscription->is_shared &&
            model_texts_match(&judge->texts, subscription->pattern, topic)) {
            return true;
        }
    }
    return false;
}

static bool check_packet(struct judge *judge, const struct judge_received *received)
{
    if (received->qos == 0 && (received->dup || received->packet_id != 0)) {
        judge_condemn(judge, "PUBLISH at QoS 0 with %s",
                      received->dup ? "DUP [MQTT-3.3.1-2]" : "a packet identifier [MQTT-2.2.1-2]");
        return false;
    }
    if (received->qos > 2 || (received->qos > 0 && received->packet_id == 0)) {
        judge_condemn(judge, "PUBLISH with QoS %d and packet identifier %d [MQTT-2.2.1-4]",
                      received->qos, received->packet_id);
        return false;
    }
    return true;
}

static struct model_message *find_message(struct judge *judge,
                                          const struct judge_received *received)
{
    struct model_message *message = model_messages_find(&judge->messages, received->message);
    if (!message && received->message > judge->messages.newest) {
        judge_condemn(judge, "message %" PRIu64 " was never sent by anybody", received->message);
    } else if (!message && received->message > judge->messages.unjudged_to) {
        judge_condemn(judge,
                      "message %" PRIu64 " was over for everybody when all was settled, and comes "
                      "again (or it was never sent) [MQTT-4.4.0-1] [MQTT-4.3.3-10]",
                      received->message);
    } else if (message && message->topic != model_texts_number(&judge->texts, received->topic)) {
        judge_condemn(
            judge, "message %" PRIu64 " was published to %s and comes as %s [MQTT-3.3.2-3]",
            message->number, model_texts_at(&judge->texts, message->topic), received->topic);
        return NULL;
    }
    return message;
}

static bool check_will(struct judge *judge, struct model_message *message)
{
    struct model_will *will = &message->will;
    if (will->state == MODEL_WILL_ARMED && will->heard == 0) {
        will->heard = judge_event(judge); /* that its link is lost may be heard a little later */
    }
    if (will->state == MODEL_WILL_NEVER) {
        judge_condemn(judge,
                      "the will of client %" PRIu32 ", message %" PRIu64
                      ", is published although it was to be forgotten since event %" PRIu64
                      " [MQTT-3.1.2-10] [MQTT-3.1.3-9] [MQTT-3.14.4-3] [v3 MQTT-3.1.2-10]",
                      message->publisher, message->number, will->forgotten_at);
    } else if (will->state == MODEL_WILL_DUE && !judge->clock_ever_jumped &&
               judge_now_us(judge) + judge->options.slack_us < will->due_low_us) {
        judge_condemn(judge,
                      "the will of client %" PRIu32 ", message %" PRIu64
                      ", is published before its delay of %" PRIu32 " s has passed "
                      "[MQTT-3.1.3-9]",
                      message->publisher, message->number, will->delay_s);
    } else {
        return true;
    }
    return false;
}

/* So often it may come as a retained message: once for each SUBSCRIBE that found it. */
static struct replay_chance replay_chance_of(struct judge *judge,
                                             const struct model_session *session,
                                             const struct model_message *message)
{
    struct replay_chance chance = {.times = message->retain ? session->tidied : 0};
    for (uint32_t i = 0; message->retain && i < session->subscription_count; i++) {
        const struct model_subscription *subscription = &session->subscriptions[i];
        bool is_asked = subscription->retain_handling == 0 ||
                        (subscription->retain_handling == 1 && !subscription->was_there);
        if (subscription->is_shared || !is_asked ||
            !model_texts_match(&judge->texts, subscription->pattern, message->topic)) {
            continue;
        }
        chance.is_asked = true;
        if (!judge_retained_is_possible(judge, message, subscription->first_sent)) {
            continue;
        }
        uint8_t qos = message->qos < subscription->qos ? message->qos : subscription->qos;
        chance.qos |= (uint8_t)(1 << qos);
        chance.times += subscription->times;
    }
    return chance;
}

static void condemn_misfit(struct judge *judge, const struct model_link *link,
                           const struct model_message *message,
                           const struct judge_received *received, const struct judge_chance *chance,
                           const struct replay_chance *replay)
{
    const char *why = "no subscription of its, now or when the message was sent, matches "
                      "[MQTT-3.3.2-3]";
    if (received->retain && !message->retain) {
        why = "it is marked RETAIN and was not published so [MQTT-3.3.1-12] [v3 MQTT-3.3.1-9]";
    } else if (received->retain && replay->qos == 0 && replay->is_asked) {
        why = "it is marked RETAIN, but is not, or not any more, what is retained for its topic "
              "[MQTT-3.3.1-5] [MQTT-3.3.1-12] [v3 MQTT-3.3.1-5]";
    } else if (received->retain && chance->qos != 0 && !chance->as_published) {
        why = "it is marked RETAIN, but no SUBSCRIBE asks for it (any more) [MQTT-3.3.1-9] "
              "[MQTT-3.3.1-11] [MQTT-3.3.1-12] [v3 MQTT-3.3.1-9]";
    } else if (!received->retain && chance->qos != 0 && !chance->plain) {
        why = "it is not marked RETAIN, but the subscription says Retain As Published "
              "[MQTT-3.3.1-13]";
    } else if (chance->qos != 0 || replay->qos != 0) {
        why = "no subscription of its was granted a QoS that gives this one [MQTT-3.8.4-8] "
              "[v3 MQTT-3.8.4-6]";
    }
    judge_condemn(judge,
                  "message %" PRIu64 " of client %" PRIu32 " (QoS %d, sent at event %" PRIu64
                  ") comes to client %" PRIu32 " at QoS %d: %s",
                  message->number, message->publisher, message->qos, message->first_sent,
                  link->client, received->qos, why);
}

/* A delivery as new, of what was published: is it one too many? */
static bool check_live(struct judge *judge, const struct model_link *link,
                       const struct model_message *message, struct model_heard *heard,
                       const struct judge_received *received, uint32_t shares)
{
    const struct model_session *session = &judge->sessions[link->client];
    if (received->dup && session->links_in_life <= 1 && judge->crash < session->certain_since &&
        session->epoch == session->life_epoch) {
        judge_condemn(judge,
                      "message %" PRIu64 " is marked DUP, but it is sent to client %" PRIu32
                      " for the first time [MQTT-3.3.1-1]",
                      message->number, link->client);
        return false;
    }
    bool is_resent = received->dup && heard->last != 0 && heard->last_link != link->number;
    if (received->qos == 1 && (is_resent || shares > 0)) {
        return true; /* what a share's other members did not acknowledge comes here, and back */
    }
    uint16_t *count = received->qos == 2 ? &heard->live_qos_2 : &heard->live;
    uint32_t count_max = (message->qos == 2 ? message->fresh : message->sends) * (1 + shares);
    if (++*count > count_max) {
        judge_condemn(judge,
                      "message %" PRIu64 " comes to client %" PRIu32 " at QoS %d once too often: "
                      "last at event %" PRIu64 "%s",
                      message->number, link->client, received->qos, heard->last,
                      received->qos == 2   ? " [MQTT-4.3.3-10] (exactly once)"
                      : received->qos == 1 ? " and it is neither DUP on a new connection nor was it"
                                             " published again [MQTT-3.3.1-1] [MQTT-4.4.0-1]"
                                           : " (at most once)");
        return false;
    }
    return true;
}

/* A client that connects when a message has long expired does not get it. */
static bool check_expiry(struct judge *judge, const struct model_link *link,
                         const struct model_message *message, const struct model_heard *heard,
                         const struct judge_received *received)
{
    uint64_t expires_us = message->accepted_us + message->expiry_s * MODEL_SECOND_US;
    if (message->expiry_s == 0 || message->accepted == 0 || judge->clock_ever_jumped ||
        received->dup || heard->last != 0 || judge->crash > message->accepted ||
        link->opened_us <= expires_us + judge->options.slack_us) {
        return true;
    }
    judge_condemn(judge,
                  "message %" PRIu64 " comes to client %" PRIu32 ", which connected %.3f s after "
                  "the message had expired [MQTT-3.3.2-5]",
                  message->number, link->client, (double)(link->opened_us - expires_us) / 1e6);
    return false;
}

/* First occurrences come in the order they were first sent in. */
static void check_order(struct judge *judge, struct model_session *session,
                        const struct model_message *message, uint8_t qos)
{
    if (message->is_unordered || message->will.state != MODEL_NO_WILL ||
        (message->sends > 1 &&
         (qos == 0 || message->expiry_s != 0 || !was_subscribed(judge, session, message, qos)))) {
        return; /* the first it got may have been the second that was sent */
    }
    uint64_t *newest = model_session_order(session, message->publisher, judge->options.clients,
                                           message->topic, message->qos, qos);
    if (message->first_sent < *newest) {
        judge_condemn(judge,
                      "message %" PRIu64 " of client %" PRIu32 " to %s comes to client %" PRIu32
                      " only after one that was sent later: sent at event %" PRIu64
                      ", the other at event %" PRIu64 " [MQTT-4.6.0-5] [MQTT-4.6.0-6] "
                      "[v3 MQTT-4.6.0-6]",
                      message->number, message->publisher,
                      model_texts_at(&judge->texts, message->topic), session->client,
                      message->first_sent, *newest);
        return;
    }
    *newest = message->first_sent;
}

/* Certainly, at that QoS, since before the message was first sent. */
static bool was_subscribed(struct judge *judge, const struct model_session *session,
                           const struct model_message *message, uint8_t qos)
{
    for (uint32_t i = 0; i < session->subscription_count; i++) {
        const struct model_subscription *subscription = &session->subscriptions[i];
        if (model_subscription_is_certain(session, subscription, message->first_sent) &&
            !subscription->is_shared &&
            (message->qos < subscription->qos ? message->qos : subscription->qos) == qos &&
            model_texts_match(&judge->texts, subscription->pattern, message->topic)) {
            return true;
        }
    }
    return false;
}
