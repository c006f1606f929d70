/* moving_in_route.c — a QoS 2 message that waited for PUBREL is delivered as if it had come to us:
 * once to each session whose subscriptions match, at the highest QoS these allow, to one session of
 * each group that shares one; and it is retained when it says so. */
#include "store/moving_in.h"

#include <stdlib.h>

#include "store/moving_in_plan.h"
#include "topic/topic_filter.h"

/* What of one session matches one message. */
struct match {
    uint8_t qos;
    bool is_there, retain;
    uint32_t ids[MOVED_IDS_MAX];
    uint32_t id_count;
};

static bool deliver(struct moved_session *session, struct moved_message *message,
                    const struct moved_session *publisher);
static void look(const struct moved_subscription *subscription, const struct moved_message *message,
                 bool is_own, struct match *match);

bool moving_in_route(struct moving_in *plan)
{
    for (struct moved_receipt *receipt = plan->receipts; receipt; receipt = receipt->next) {
        struct moved_message *message = receipt->message;
        if (!message) {
            continue;
        }
        plan->counts.moved_on++;
        for (struct moved_session *session = plan->sessions; session; session = session->next) {
            if (!deliver(session, message, receipt->session)) {
                return false;
            }
        }
        if (message->found.retain && !moving_in_retain(plan, message)) {
            return false;
        }
    }
    return true;
}

static bool deliver(struct moved_session *session, struct moved_message *message,
                    const struct moved_session *publisher)
{
    struct match match = {0};
    for (struct moved_subscription *subscription = session->subscriptions; subscription;
         subscription = subscription->next) {
        look(subscription, message, session == publisher, &match);
    }
    if (!match.is_there || match.qos == 0) {
        return true; /* a session that is away is owed nothing at QoS 0 */
    }
    struct moved_delivery *delivery = moved_deliveries_add(&session->waiting, message);
    if (!delivery) {
        return false;
    }
    delivery->qos = match.qos;
    delivery->retain = match.retain;
    if (match.id_count > 0) {
        delivery->ids = malloc(match.id_count * sizeof *delivery->ids);
        if (!delivery->ids) {
            return false;
        }
        memcpy(delivery->ids, match.ids, match.id_count * sizeof *delivery->ids);
        delivery->id_count = match.id_count;
    }
    return true;
}

static void look(const struct moved_subscription *subscription, const struct moved_message *message,
                 bool is_own, struct match *match)
{
    const struct mosquitto_db_subscription *found = &subscription->found;
    if ((is_own && found->no_local) ||
        (subscription->is_shared && !subscription->is_first_of_group) ||
        !topic_filter_matches(subscription->filter, message->found.topic)) {
        return;
    }
    uint8_t qos = found->qos < message->found.qos ? found->qos : message->found.qos;
    match->is_there = true;
    match->qos = qos > match->qos ? qos : match->qos;
    match->retain |= found->retain_as_published && message->found.retain;
    if (found->id && match->id_count < MOVED_IDS_MAX) {
        match->ids[match->id_count++] = found->id;
    }
}
