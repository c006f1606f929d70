/* judge_subscribe.c — subscriptions: asked for, acknowledged, replaced and ended. */
#include "sim/judge.h"

#include "sim/judge_state.h"

static void add_subscription(struct judge *judge, struct model_session *session,
                             const struct model_link *link, uint16_t packet_id,
                             const struct judge_filter *filter);
static void grant(struct judge *judge, struct model_session *session, const struct model_link *link,
                  struct model_subscription *subscription, uint8_t reason);
static void expect_replays(struct judge *judge, struct model_session *session,
                           const struct model_subscription *subscription);
static void end_subscription(struct judge *judge, struct model_session *session,
                             const struct model_unsubscription *asked, bool has_reason,
                             uint8_t reason);
static void remove_refused(struct model_session *session);

enum { SUBSCRIPTION_REFUSED = 0x80, NO_SUBSCRIPTION_EXISTED = 0x11 };

void judge_subscribe_sent(struct judge *judge, uint64_t now_us, uint64_t number, uint16_t packet_id,
                          const struct judge_filter *filters, size_t count)
{
    struct model_link *link = judge_find_link(judge, number);
    for (size_t i = 0; link && i < count; i++) {
        struct model_event event = {.kind = MODEL_SUBSCRIBE_SENT,
                                    .client = link->client,
                                    .text = model_texts_number(&judge->texts, filters[i].filter),
                                    .link = number,
                                    .packet_id = packet_id,
                                    .qos = filters[i].qos,
                                    .now_us = now_us};
        if (judge_note(judge, &event)) {
            add_subscription(judge, &judge->sessions[link->client], link, packet_id, &filters[i]);
        }
    }
}

void judge_unsubscribe_sent(struct judge *judge, uint64_t now_us, uint64_t number,
                            uint16_t packet_id, const char *const *filters, size_t count)
{
    struct model_link *link = judge_find_link(judge, number);
    for (size_t i = 0; link && i < count; i++) {
        struct model_event event = {.kind = MODEL_UNSUBSCRIBE_SENT,
                                    .client = link->client,
                                    .text = model_texts_number(&judge->texts, filters[i]),
                                    .link = number,
                                    .packet_id = packet_id,
                                    .now_us = now_us};
        if (!judge_note(judge, &event)) {
            return;
        }
        struct model_session *session = &judge->sessions[link->client];
        struct model_unsubscription *asked = model_session_unsubscribe(session);
        *asked = (struct model_unsubscription){.filter = event.text,
                                               .packet_id = packet_id,
                                               .link = number,
                                               .sent = judge_event(judge)};
        for (uint32_t j = 0; j < session->subscription_count; j++) {
            struct model_subscription *subscription = &session->subscriptions[j];
            if (subscription->filter == asked->filter && subscription->ended == 0) {
                asked->was_certain |=
                    model_subscription_is_certain(session, subscription, judge_event(judge));
                subscription->end_sent =
                    subscription->end_sent ? subscription->end_sent : judge_event(judge);
            }
        }
        model_session_forget_replays(session);
    }
}

void judge_suback_received(struct judge *judge, uint64_t now_us, uint64_t number,
                           uint16_t packet_id, const uint8_t *reasons, size_t count)
{
    struct model_link *link = judge_find_link(judge, number);
    struct model_event event = {.kind = MODEL_SUBACK_RECEIVED,
                                .client = link ? link->client : MODEL_NOBODY,
                                .text = MODEL_NOBODY,
                                .link = number,
                                .packet_id = packet_id,
                                .reason = count > 0 ? reasons[0] : 0xff,
                                .now_us = now_us};
    if (!link || !judge_note(judge, &event) || !judge_find_accepted_link(judge, number, "SUBACK")) {
        return;
    }
    struct model_session *session = &judge->sessions[link->client];
    if (link->life != session->life) {
        return; /* of a session that is no more */
    }
    size_t found = 0;
    for (uint32_t i = 0; i < session->subscription_count; i++) {
        struct model_subscription *subscription = &session->subscriptions[i];
        if (subscription->link == number && subscription->packet_id == packet_id &&
            !subscription->is_answered) {
            if (found < count) {
                grant(judge, session, link, subscription, reasons[found]);
            }
            found++;
        }
    }
    if (found != count || count == 0) {
        judge_condemn(judge,
                      "SUBACK %d has %zu reason codes, but a SUBSCRIBE with %zu filters waits for "
                      "it [MQTT-3.8.4-2] [MQTT-3.8.4-6] [MQTT-2.2.1-6]",
                      packet_id, count, found);
    }
    remove_refused(session);
}

void judge_unsuback_received(struct judge *judge, uint64_t now_us, uint64_t number,
                             uint16_t packet_id, const uint8_t *reasons, size_t count)
{
    struct model_link *link = judge_find_link(judge, number);
    struct model_event event = {.kind = MODEL_UNSUBACK_RECEIVED,
                                .client = link ? link->client : MODEL_NOBODY,
                                .text = MODEL_NOBODY,
                                .link = number,
                                .packet_id = packet_id,
                                .reason = count > 0 ? reasons[0] : 0,
                                .now_us = now_us};
    if (!link || !judge_note(judge, &event) ||
        !judge_find_accepted_link(judge, number, "UNSUBACK")) {
        return;
    }
    struct model_session *session = &judge->sessions[link->client];
    if (link->life != session->life) {
        return;
    }
    size_t found = 0;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < session->unsubscription_count; i++) {
        const struct model_unsubscription *asked = &session->unsubscriptions[i];
        if (asked->link != number || asked->packet_id != packet_id) {
            session->unsubscriptions[kept++] = *asked;
            continue;
        }
        end_subscription(judge, session, asked, found < count, found < count ? reasons[found] : 0);
        found++;
    }
    session->unsubscription_count = kept;
    if (found == 0 || (count != 0 && count != found)) {
        judge_condemn(judge,
                      "UNSUBACK %d has %zu reason codes, but an UNSUBSCRIBE with %zu filters waits "
                      "for it [MQTT-3.10.4-5] [MQTT-2.2.1-6] [MQTT-3.11.3-1]",
                      packet_id, count, found);
    }
}

static void add_subscription(struct judge *judge, struct model_session *session,
                             const struct model_link *link, uint16_t packet_id,
                             const struct judge_filter *filter)
{
    uint32_t text = model_texts_number(&judge->texts, filter->filter);
    bool is_certain = false, is_possible = session->epoch != session->life_epoch;
    for (uint32_t i = 0; i < session->subscription_count; i++) {
        const struct model_subscription *subscription = &session->subscriptions[i];
        if (subscription->filter == text && subscription->ended == 0) {
            is_possible = true;
            is_certain |= model_subscription_is_certain(session, subscription, judge_event(judge));
        }
    }
    struct model_subscription asked = {.filter = text,
                                       .pattern = model_texts_without_share(&judge->texts, text),
                                       .no_local = filter->no_local,
                                       .retain_as_published = filter->retain_as_published,
                                       .retain_handling = filter->retain_handling,
                                       .qos = filter->qos,
                                       .packet_id = packet_id,
                                       .link = link->number,
                                       .first_sent = judge_event(judge),
                                       .sent = judge_event(judge),
                                       .idle_before = judge->idle,
                                       .times = 1,
                                       .was_there = is_certain,
                                       .was_new = !is_possible && link->is_accepted};
    asked.is_shared = asked.pattern != text;
    struct model_subscription *place = model_session_find_unanswered(session, &asked);
    if (place) { /* which may be in force since the first time */
        asked.first_sent = place->first_sent;
        asked.idle_before = place->idle_before;
        asked.times += place->times;
        asked.was_there = asked.was_there && place->was_there;
        place->is_refused = true;
        remove_refused(session);
    }
    *model_session_subscribe(session) = asked;
}

static void grant(struct judge *judge, struct model_session *session, const struct model_link *link,
                  struct model_subscription *subscription, uint8_t reason)
{
    subscription->is_answered = true;
    if (reason >= SUBSCRIPTION_REFUSED) { /* what was asked for before, without answer, may be */
        subscription->is_refused = subscription->first_sent == subscription->sent;
        return;
    }
    if (reason > subscription->qos) {
        judge_condemn(judge,
                      "SUBACK grants QoS %d to a subscription to %s that asked for %d "
                      "[MQTT-3.8.4-7]",
                      reason, model_texts_at(&judge->texts, subscription->filter),
                      subscription->qos);
        return;
    }
    subscription->qos = reason;
    model_session_end_subscriptions(session, subscription->filter, subscription->sent, subscription,
                                    judge_event(judge)); /* [MQTT-3.8.4-3] */
    if (subscription->ended == 0) {
        subscription->acknowledged = judge_event(judge);
        subscription->epoch = model_session_epoch_of(session, link);
        expect_replays(judge, session, subscription);
    }
}

/* [MQTT-3.3.1-9] [MQTT-3.3.1-10] [v3 MQTT-3.3.1-6] */
static void expect_replays(struct judge *judge, struct model_session *session,
                           const struct model_subscription *subscription)
{
    bool is_asked = subscription->retain_handling == 0 ||
                    (subscription->retain_handling == 1 && subscription->was_new);
    bool may_come = session->holder && session->holder->number == subscription->link;
    if (!is_asked || !may_come || subscription->is_shared || subscription->end_sent != 0 ||
        subscription->no_local) { /* its client may put a message of its own in the place */
        return;
    }
    for (uint32_t i = 0; i < session->subscription_count; i++) {
        const struct model_subscription *next = &session->subscriptions[i];
        if (next->filter == subscription->filter && next->sent > subscription->sent &&
            next->no_local) {
            return; /* and replaced this one already, perhaps */
        }
    }
    for (uint32_t topic = 0; topic < judge->retained_size; topic++) {
        if (judge->retained[topic] &&
            model_texts_match(&judge->texts, subscription->pattern, topic) &&
            judge_retained_is_certain(judge, topic, subscription->sent, subscription->qos) &&
            !judge_had_retained(judge, session, topic, subscription->sent)) {
            model_session_expect_replay(session, topic, subscription->sent);
            judge->tally.replays_due++;
        }
    }
}

static void end_subscription(struct judge *judge, struct model_session *session,
                             const struct model_unsubscription *asked, bool has_reason,
                             uint8_t reason)
{
    if (has_reason && reason >= SUBSCRIPTION_REFUSED) {
        return; /* it may go on */
    }
    if (has_reason && reason == NO_SUBSCRIPTION_EXISTED && asked->was_certain &&
        session->epoch == session->life_epoch) {
        judge_condemn(judge,
                      "UNSUBACK says that no subscription of client %" PRIu32
                      " to %s existed, but it was acknowledged: it was lost [MQTT-3.11.3-2]",
                      session->client, model_texts_at(&judge->texts, asked->filter));
        return;
    }
    model_session_end_subscriptions(session, asked->filter, asked->sent, NULL, judge_event(judge));
}

static void remove_refused(struct model_session *session)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < session->subscription_count; i++) {
        if (!session->subscriptions[i].is_refused) {
            session->subscriptions[count++] = session->subscriptions[i];
        }
    }
    session->subscription_count = count;
}
