/* judge_receipts.c — the packet identifiers of what the broker sends: QoS 1 and 2 as the receiver
 * sees them.
 *
 *   QoS 1   PUBLISH ▶ 1 ─PUBACK▶ DONE
 *   QoS 2   PUBLISH ▶ 2 ─PUBREC▶ RECEIVED ─PUBREL▶ RELEASED ─PUBCOMP▶ DONE
 *
 * All from the first to before DONE is in use: the identifier stands for that message only, and
 * the message comes again only on a new connection, marked DUP. */
#include "sim/judge.h"

#include "sim/judge_state.h"

static bool is_in_use(const struct model_receipt *receipt);
static bool is_repetition(struct judge *judge, const struct model_link *link,
                          const struct model_receipt *receipt,
                          const struct judge_received *received);
static bool check_identifier(struct judge *judge, const struct model_link *link,
                             const struct model_receipt *receipt,
                             const struct judge_received *received);
static bool check_repetition(struct judge *judge, const struct model_receipt *receipt,
                             const struct judge_received *received);
static bool must_be_dup(const struct judge *judge, const struct model_receipt *receipt,
                        const struct judge_received *received);
static bool check_quota(struct judge *judge, struct model_link *link,
                        const struct model_receipt *receipt);

enum judge_delivery judge_receipt_of(struct judge *judge, struct model_link *link,
                                     const struct judge_received *received)
{
    struct model_session *session = &judge->sessions[link->client];
    struct model_receipt *receipt = model_session_receipt(session, received->packet_id);
    bool is_doubtful = receipt->epoch != session->epoch; /* it may be another session's */
    if (!is_doubtful && !check_identifier(judge, link, receipt, received)) {
        return JUDGE_WRONG;
    }
    if (!check_quota(judge, link, receipt)) {
        return JUDGE_WRONG;
    }
    bool is_again = is_repetition(judge, link, receipt, received);
    if (is_again && !is_doubtful && !check_repetition(judge, receipt, received)) {
        return JUDGE_WRONG;
    }
    uint8_t first_state = received->qos == 1 ? MODEL_RECEIPT_1 : MODEL_RECEIPT_2;
    bool stays = received->qos == 2 && is_in_use(receipt) && receipt->state != MODEL_RECEIPT_1;
    *receipt = (struct model_receipt){.message = received->message,
                                      .link = link->number,
                                      .event = judge_event(judge),
                                      .opened = link->opened,
                                      .is_ill = link->is_ill,
                                      .life = session->life,
                                      .epoch = model_session_epoch_of(session, link),
                                      .state = is_again && stays ? receipt->state : first_state};
    return is_again ? JUDGE_AGAIN : JUDGE_NEW;
}

void judge_receipt_released(struct judge *judge, struct model_link *link, uint16_t packet_id)
{
    struct model_session *session = &judge->sessions[link->client];
    if (link->life != session->life) {
        return; /* from a session that is no more */
    }
    struct model_receipt *receipt = model_session_receipt(session, packet_id);
    bool is_doubtful = session->epoch != session->life_epoch;
    bool is_repeated = receipt->state == MODEL_RECEIPT_RELEASED ||
                       (receipt->state == MODEL_RECEIPT_DONE && receipt->done_link != link->number);
    if (receipt->state == MODEL_RECEIPT_RECEIVED) {
        receipt->state = MODEL_RECEIPT_RELEASED;
    } else if (!is_repeated && !is_doubtful) {
        judge_condemn(judge, "PUBREL for packet identifier %d, %s [MQTT-4.3.3-4] [v3 MQTT-4.3.3-1]",
                      packet_id,
                      receipt->state == MODEL_RECEIPT_2
                          ? "whose message client has not answered with PUBREC"
                          : "under which no QoS 2 message is in flight");
    }
}

void judge_receipt_answered(struct judge *judge, struct model_link *link, enum judge_ack kind,
                            uint16_t packet_id, uint8_t reason)
{
    struct model_session *session = &judge->sessions[link->client];
    if (!link->is_accepted || link->life != session->life) {
        return;
    }
    struct model_receipt *receipt = model_session_receipt(session, packet_id);
    bool is_done = false;
    if (kind == JUDGE_PUBACK) {
        is_done = receipt->state == MODEL_RECEIPT_1;
    } else if (kind == JUDGE_PUBREC && receipt->state == MODEL_RECEIPT_2) {
        is_done = reason >= 0x80;
        receipt->state = MODEL_RECEIPT_RECEIVED;
    } else if (kind == JUDGE_PUBCOMP) {
        is_done = receipt->state == MODEL_RECEIPT_RELEASED;
    }
    if (is_done) {
        receipt->state = MODEL_RECEIPT_DONE;
        receipt->done_link = link->number;
        if (receipt->link == link->number && link->unanswered > 0) {
            link->unanswered--;
        }
    }
}

static bool is_in_use(const struct model_receipt *receipt)
{
    return receipt->state != MODEL_RECEIPT_NONE && receipt->state != MODEL_RECEIPT_DONE;
}

/* Whether this is the message the identifier stood for, sent once more. After its PUBACK, too: that
 * may have been lost. */
static bool is_repetition(struct judge *judge, const struct model_link *link,
                          const struct model_receipt *receipt,
                          const struct judge_received *received)
{
    if (receipt->state == MODEL_RECEIPT_NONE || receipt->message != received->message) {
        return false;
    }
    if (is_in_use(receipt)) {
        return true;
    }
    return received->qos == 1 && receipt->link != link->number &&
           (received->dup || judge->crash > receipt->opened);
}

/* An identifier in use is not given to another message, nor sent again on one connection. */
static bool check_identifier(struct judge *judge, const struct model_link *link,
                             const struct model_receipt *receipt,
                             const struct judge_received *received)
{
    if (!is_in_use(receipt)) {
        return true;
    }
    if (receipt->state == MODEL_RECEIPT_1 && judge->crash > receipt->opened) {
        return true; /* a QoS 1 receiver keeps nothing, and the broker may not have written it */
    }
    const struct model_message *message = model_messages_find(&judge->messages, receipt->message);
    bool may_have_expired = !message || message->expiry_s != 0;
    if (receipt->message != received->message && !may_have_expired) {
        judge_condemn(judge,
                      "packet identifier %d is used for message %" PRIu64 ", but message %" PRIu64
                      ", sent under it at event %" PRIu64 ", has not been completed "
                      "[MQTT-2.2.1-4] [v3 MQTT-2.3.1-4]",
                      received->packet_id, received->message, receipt->message, receipt->event);
        return false;
    }
    if (receipt->message == received->message && receipt->link == link->number) {
        judge_condemn(judge,
                      "message %" PRIu64 " comes again on the same connection (first at event "
                      "%" PRIu64 "), without any need [MQTT-4.4.0-1]",
                      received->message, receipt->event);
        return false;
    }
    return true;
}

static bool check_repetition(struct judge *judge, const struct model_receipt *receipt,
                             const struct judge_received *received)
{
    if (receipt->state == MODEL_RECEIPT_RELEASED) {
        judge_condemn(judge,
                      "message %" PRIu64 " comes again under packet identifier %d after its "
                      "PUBREL [MQTT-4.3.3-6] [v3 MQTT-4.3.3-1]",
                      received->message, received->packet_id);
        return false;
    }
    if (!received->dup && must_be_dup(judge, receipt, received)) {
        judge_condemn(judge,
                      "message %" PRIu64 " comes again (first at event %" PRIu64
                      ") without DUP [MQTT-3.3.1-1]",
                      received->message, receipt->event);
        return false;
    }
    return true;
}

/* After a crash, a QoS 1 message that was not yet written comes anew, perhaps to its old place. */
static bool must_be_dup(const struct judge *judge, const struct model_receipt *receipt,
                        const struct judge_received *received)
{
    const struct model_message *message = model_messages_find(&judge->messages, received->message);
    if (receipt->is_ill && judge->crash >= receipt->opened) {
        return false; /* that its receiver was here could not be written */
    }
    bool was_written = message && message->accepted != 0 && message->accepted < judge->crash &&
                       receipt->opened > message->accepted_since && message->sends == 1;
    return judge->crash < receipt->opened ||
           (received->qos == 2 && received->message != 0 && receipt->state != MODEL_RECEIPT_1) ||
           (was_written && !received->retain);
}

static bool check_quota(struct judge *judge, struct model_link *link,
                        const struct model_receipt *receipt)
{
    if (link->is_hostile || (is_in_use(receipt) && receipt->link == link->number)) {
        return true; /* nobody knows what it has answered; or counted already */
    }
    link->unanswered++;
    if (link->unanswered > link->receive_max) {
        judge_condemn(judge,
                      "%" PRIu32 " messages at QoS 1 and 2 are in flight on link %" PRIu64
                      ", more than its receive maximum of %" PRIu32 " [MQTT-3.3.4-9]",
                      link->unanswered, link->number, link->receive_max);
        return false;
    }
    return true;
}
