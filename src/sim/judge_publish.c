/* judge_publish.c — what clients publish, what the broker acknowledges of it, and who must get it
 * then. */
#include "sim/judge.h"

#include "sim/judge_state.h"

#include <assert.h>

static struct model_message *first_sending(struct judge *judge, struct model_link *link,
                                           const struct judge_publish *publish);
static void sent_again(struct judge *judge, const struct model_link *link,
                       const struct model_session *session, struct model_message *message);
static void puback(struct judge *judge, struct model_sending *sending, uint16_t packet_id,
                   uint8_t reason);
static void pubrec(struct judge *judge, const struct model_session *session,
                   const struct model_link *link, struct model_sending *sending, uint16_t packet_id,
                   uint8_t reason);
static void pubcomp(struct judge *judge, const struct model_session *session,
                    struct model_sending *sending, uint16_t packet_id, uint8_t reason);
static void taken(struct judge *judge, struct model_sending *sending, uint8_t reason);
static bool is_owed(struct judge *judge, const struct model_session *session,
                    const struct model_message *message, uint64_t *since);

void judge_publish_sent(struct judge *judge, uint64_t now_us, const struct judge_publish *publish)
{
    struct model_link *link = judge_find_link(judge, publish->link);
    struct model_event event = {.kind = MODEL_PUBLISH_SENT,
                                .client = link ? link->client : MODEL_NOBODY,
                                .text = model_texts_number(&judge->texts, publish->topic),
                                .link = publish->link,
                                .message = publish->message,
                                .packet_id = publish->packet_id,
                                .qos = publish->qos,
                                .retain = publish->retain,
                                .dup = publish->dup,
                                .value = publish->expiry_s,
                                .now_us = now_us};
    if (!link || !judge_note(judge, &event)) {
        return;
    }
    struct model_session *session = &judge->sessions[link->client];
    struct model_message *message = model_messages_find(&judge->messages, publish->message);
    if (!message) {
        message = first_sending(judge, link, publish);
    } else {
        sent_again(judge, link, session, message);
    }
    message->last_sent = judge_event(judge);
    message->last_link = link->number;
    message->publisher_epoch = session->epoch;
    if (publish->qos > 0) {
        *model_session_sending(session, publish->packet_id) =
            (struct model_sending){.message = publish->message,
                                   .link = link->number,
                                   .life = session->life,
                                   .state = publish->qos == 1 ? MODEL_SENDING_1 : MODEL_SENDING_2};
    }
}

void judge_ack_sent(struct judge *judge, uint64_t now_us, uint64_t number, enum judge_ack kind,
                    uint16_t packet_id, uint8_t reason)
{
    struct model_link *link = judge_find_link(judge, number);
    struct model_event event = {.kind = MODEL_ACK_SENT,
                                .client = link ? link->client : MODEL_NOBODY,
                                .text = MODEL_NOBODY,
                                .link = number,
                                .packet_id = packet_id,
                                .ack = (uint8_t)kind,
                                .reason = reason,
                                .now_us = now_us};
    if (!link || !judge_note(judge, &event)) {
        return;
    }
    if (kind != JUDGE_PUBREL) {
        judge_receipt_answered(judge, link, kind, packet_id, reason);
        return;
    }
    struct model_sending *sending =
        model_session_sending(&judge->sessions[link->client], packet_id);
    if (sending->state == MODEL_SENDING_RECEIVED || sending->state == MODEL_SENDING_RELEASED) {
        sending->state = MODEL_SENDING_RELEASED;
        sending->releases++;
        sending->link = link->number;
    }
}

void judge_ack_received(struct judge *judge, uint64_t now_us, uint64_t number, enum judge_ack kind,
                        uint16_t packet_id, uint8_t reason)
{
    struct model_link *link = judge_find_link(judge, number);
    struct model_event event = {.kind = MODEL_ACK_RECEIVED,
                                .client = link ? link->client : MODEL_NOBODY,
                                .text = MODEL_NOBODY,
                                .link = number,
                                .packet_id = packet_id,
                                .ack = (uint8_t)kind,
                                .reason = reason,
                                .now_us = now_us};
    if (!link || !judge_note(judge, &event)) {
        return;
    }
    if (!judge_find_accepted_link(judge, number, "an acknowledgement")) {
        return;
    }
    struct model_session *session = &judge->sessions[link->client];
    if (kind == JUDGE_PUBREL) {
        judge_receipt_released(judge, link, packet_id);
        return;
    }
    struct model_sending *sending = model_session_sending(session, packet_id);
    if (kind == JUDGE_PUBACK) {
        puback(judge, sending, packet_id, reason);
    } else if (kind == JUDGE_PUBREC) {
        pubrec(judge, session, link, sending, packet_id, reason);
    } else {
        pubcomp(judge, session, sending, packet_id, reason);
    }
}

void judge_accept(struct judge *judge, struct model_message *message)
{
    if (message->accepted != 0) {
        return;
    }
    message->accepted = message->finished = judge_event(judge);
    message->accepted_us = judge_now_us(judge);
    message->accepted_since = judge->crash;
    judge->tally.accepted++;
    judge_retained_accept(judge, message);
    for (uint32_t i = 0; !message->is_empty && i < judge->options.clients; i++) {
        struct model_session *session = &judge->sessions[i];
        uint64_t since;
        if (is_owed(judge, session, message, &since)) {
            struct model_heard *heard = model_message_heard(message, i, session->life);
            heard->must_epoch = session->epoch;
            heard->must_since = since;
            judge->tally.owed++;
        }
    }
}

struct judge_chance judge_chance_of(struct judge *judge, const struct model_session *session,
                                    const struct model_message *message)
{
    struct judge_chance chance = {0};
    for (uint32_t i = 0; i < session->subscription_count; i++) {
        const struct model_subscription *subscription = &session->subscriptions[i];
        bool is_over = subscription->ended != 0 && subscription->ended < message->first_sent;
        /* To a new member of a share, older messages of the group may come. */
        bool is_late = !subscription->is_shared && message->accepted != 0 &&
                       subscription->idle_before >= message->accepted;
        bool is_own = subscription->no_local && message->publisher == session->client;
        if (is_over || is_late || is_own || /* [MQTT-3.8.3-3] */
            !model_texts_match(&judge->texts, subscription->pattern, message->topic)) {
            continue;
        }
        uint8_t qos = message->qos < subscription->qos ? message->qos : subscription->qos;
        chance.qos |= (uint8_t)(1 << qos);
        chance.plain |= !subscription->retain_as_published;
        chance.as_published |= subscription->retain_as_published;
        chance.shares += subscription->is_shared;
    }
    return chance;
}

/* The oldest that nothing refers to are no longer judged. */
void judge_make_room(struct judge *judge)
{
    if (judge->messages.count < judge->options.messages_max) {
        return;
    }
    uint32_t goal = judge->options.messages_max / 2;
    LIST_EACH_SAFE(link, after, &judge->messages.all)
    {
        struct model_message *message = LIST_ITEM(link, struct model_message, link);
        if (judge->messages.count <= goal) {
            break;
        }
        if (message->will.is_watched || message->is_candidate) {
            continue;
        }
        if (message->number > judge->messages.unjudged_to) {
            judge->messages.unjudged_to = message->number;
        }
        model_messages_forget(&judge->messages, message);
    }
}

static struct model_message *first_sending(struct judge *judge, struct model_link *link,
                                           const struct judge_publish *publish)
{
    judge_make_room(judge);
    struct model_message *message = model_messages_add(&judge->messages, publish->message);
    message->topic = model_texts_number(&judge->texts, publish->topic);
    message->publisher = link->client;
    message->qos = publish->qos;
    message->retain = publish->retain;
    message->is_empty = publish->empty;
    message->expiry_s = publish->expiry_s;
    message->first_sent = judge_event(judge);
    message->first_sent_us = judge_now_us(judge);
    message->sends = message->fresh = 1;
    message->is_unordered = publish->dup; /* it was forgotten */
    if (link->first_new_publish == 0) {
        link->first_new_publish = judge_event(judge);
    }
    judge->sessions[link->client].new_publish_link = link->number;
    judge->tally.messages++;
    judge_retained_offer(judge, message);
    return message;
}

static void sent_again(struct judge *judge, const struct model_link *link,
                       const struct model_session *session, struct model_message *message)
{
    message->sends++;
    message->is_refused = false;
    if (message->publisher_epoch != session->epoch) {
        message->fresh++; /* the broker may know nothing of the first any more */
    }
    if (link->first_new_publish != 0 ||
        session->new_publish_link >
            message->last_link) { /* it comes behind others that were published later */
        message->is_unordered = true;
    }
    if (message->superseded != 0 || message->finished != 0) { /* no client should do that */
        message->finished = message->superseded = 0;
    }
    message->will.state = MODEL_NO_WILL;
    judge_retained_offer(judge, message);
}

static void puback(struct judge *judge, struct model_sending *sending, uint16_t packet_id,
                   uint8_t reason)
{
    if (sending->state != MODEL_SENDING_1) {
        judge_condemn(judge,
                      "PUBACK for packet identifier %d, which is not that of a QoS 1 message in "
                      "flight [MQTT-4.3.2-4] [MQTT-2.2.1-5]",
                      packet_id);
        return;
    }
    taken(judge, sending, reason);
    sending->state = MODEL_SENDING_NONE;
}

static void pubrec(struct judge *judge, const struct model_session *session,
                   const struct model_link *link, struct model_sending *sending, uint16_t packet_id,
                   uint8_t reason)
{
    if (sending->state == MODEL_SENDING_NONE || sending->state == MODEL_SENDING_1) {
        judge_condemn(judge,
                      "PUBREC for packet identifier %d, which is not that of a QoS 2 message in "
                      "flight [MQTT-4.3.3-8] [MQTT-2.2.1-5]",
                      packet_id);
        return;
    }
    if (sending->state != MODEL_SENDING_2) {
        return; /* once more */
    }
    taken(judge, sending, reason);
    sending->state = reason < 0x80 ? MODEL_SENDING_RECEIVED : MODEL_SENDING_NONE;
    sending->life = session->life;
    sending->epoch = model_session_epoch_of(session, link);
    sending->releases = 0;
}

static void pubcomp(struct judge *judge, const struct model_session *session,
                    struct model_sending *sending, uint16_t packet_id, uint8_t reason)
{
    if (sending->state != MODEL_SENDING_RELEASED) {
        judge_condemn(judge,
                      "PUBCOMP for packet identifier %d, for which no PUBREL is unanswered "
                      "[MQTT-4.3.3-11]",
                      packet_id);
        return;
    }
    if (reason >= 0x80 && sending->releases == 1 && sending->life == session->life &&
        sending->epoch == session->epoch) {
        judge_condemn(judge,
                      "PUBCOMP 0x%02x for packet identifier %d of message %" PRIu64
                      ": PUBREC had promised to keep it until PUBREL, and the session goes on "
                      "[MQTT-4.3.3-10] [MQTT-4.1.0-1]",
                      reason, packet_id, sending->message);
        return;
    }
    sending->state = MODEL_SENDING_NONE;
}

/* The broker owns the message now, or says that it does not want it. */
static void taken(struct judge *judge, struct model_sending *sending, uint8_t reason)
{
    struct model_message *message = model_messages_find(&judge->messages, sending->message);
    if (!message) {
        return;
    }
    if (reason < 0x80 && !judge->sessions[message->publisher].is_muddled) {
        judge_accept(judge, message);
    } else { /* some may have got it all the same */
        message->is_refused = true;
        message->finished = judge_event(judge);
    }
}

/* Whether the session must get it: a certain subscription at QoS 1 or 2 since before it was sent,
 * and none without acknowledgement that may have replaced it by less. */
static bool is_owed(struct judge *judge, const struct model_session *session,
                    const struct model_message *message, uint64_t *since)
{
    bool is_connected = session->holder && !session->holder->is_hostile;
    bool is_kept = session->expiry_low_s > 0 &&
                   model_session_is_alive(session, judge_now_us(judge), judge->options.slack_us);
    if (session->presence != MODEL_THERE || session->certain_since > message->first_sent ||
        !(is_connected || is_kept) || message->qos == 0) {
        return false;
    }
    bool is_certain = false;
    for (uint32_t i = 0; i < session->subscription_count; i++) {
        const struct model_subscription *subscription = &session->subscriptions[i];
        if (subscription->is_shared || subscription->ended != 0 ||
            !model_texts_match(&judge->texts, subscription->pattern, message->topic)) {
            continue;
        }
        bool is_unwanted = subscription->qos == 0 || /* which one that replaces it may be, too */
                           (subscription->no_local && message->publisher == session->client);
        if (subscription->acknowledged == 0 && is_unwanted) {
            return false;
        }
        if (model_subscription_is_certain(session, subscription, message->first_sent) &&
            !is_unwanted) {
            is_certain = true;
            *since = subscription->acknowledged;
        }
    }
    return is_certain;
}
