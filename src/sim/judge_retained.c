/* judge_retained.c — what may be, and what must be, retained for each topic.
 *
 * A topic has candidates. One is superseded once another is certainly accepted that was sent only
 * after the first had taken effect; what overlaps in time may have come in any order. */
#include "sim/judge.h"

#include "sim/judge_state.h"

#include <assert.h>
#include <stdlib.h>

static struct model_retained *retained_for(struct judge *judge, uint32_t topic);
static const struct model_retained *retained_at(const struct judge *judge, uint32_t topic);
static void tidy(struct model_retained *retained);

void judge_retained_offer(struct judge *judge, struct model_message *message)
{
    if (!message->retain || message->is_candidate) {
        return;
    }
    struct model_retained *retained = retained_for(judge, message->topic);
    if (retained->count == RETAINED_CANDIDATES_MAX) {
        retained->unknown_since = judge_event(judge);
        judge_retained_remove(judge, retained->candidates[0]);
    }
    retained->candidates[retained->count++] = message;
    message->is_candidate = true;
    for (uint32_t i = 0; message->is_empty && i < judge->options.clients; i++) {
        model_session_forget_replay(&judge->sessions[i], message->topic);
    }
}

void judge_retained_accept(struct judge *judge, struct model_message *message)
{
    if (!message->retain || message->qos == 0) { /* a will at QoS 0 is promised to nobody */
        return;
    }
    judge_retained_offer(judge, message);
    struct model_retained *retained = retained_for(judge, message->topic);
    for (uint32_t i = 0; i < retained->count; i++) {
        struct model_message *other = retained->candidates[i];
        if (other != message && other->superseded == 0 && other->finished != 0 &&
            other->finished < message->first_sent) {
            other->superseded = judge_event(judge); /* [MQTT-3.3.1-5] [v3 MQTT-3.3.1-5] */
        }
    }
}

bool judge_retained_is_possible(const struct judge *judge, const struct model_message *message,
                                uint64_t since)
{
    const struct model_retained *retained = retained_at(judge, message->topic);
    if (message->will.state == MODEL_WILL_NEVER) {
        return false;
    }
    if (retained && retained->unknown_since != 0) {
        return message->retain;
    }
    return message->retain && (message->superseded == 0 || message->superseded > since);
}

bool judge_retained_is_certain(const struct judge *judge, uint32_t topic, uint64_t since,
                               uint8_t qos)
{
    const struct model_retained *retained = retained_at(judge, topic);
    if (!retained || retained->unknown_since != 0 || qos == 0) {
        return false;
    }
    bool is_certain = false;
    for (uint32_t i = 0; i < retained->count; i++) {
        const struct model_message *message = retained->candidates[i];
        if (message->superseded != 0 || message->will.state == MODEL_WILL_NEVER) {
            continue;
        }
        if (message->is_empty || message->expiry_s != 0 || message->qos == 0) {
            return false;
        }
        is_certain |= message->accepted != 0 && message->accepted < since;
    }
    return is_certain;
}

bool judge_had_retained(const struct judge *judge, const struct model_session *session,
                        uint32_t topic, uint64_t since)
{
    const struct model_retained *retained = retained_at(judge, topic);
    for (uint32_t i = 0; retained && i < retained->count; i++) {
        const struct model_heard *heard = &retained->candidates[i]->heard[session->client];
        if (heard->life == session->life && heard->last > since) {
            return true;
        }
    }
    return false;
}

bool judge_retained_is_unknown(const struct judge *judge, uint32_t topic)
{
    const struct model_retained *retained = retained_at(judge, topic);
    return retained && retained->unknown_since != 0;
}

void judge_retained_remove(struct judge *judge, struct model_message *message)
{
    if (!message->is_candidate) {
        return;
    }
    struct model_retained *retained = retained_for(judge, message->topic);
    uint32_t count = 0;
    for (uint32_t i = 0; i < retained->count; i++) {
        if (retained->candidates[i] != message) {
            retained->candidates[count++] = retained->candidates[i];
        }
    }
    assert(count == retained->count - 1);
    retained->count = count;
    message->is_candidate = false;
}

/* Where acknowledged is not durable: older ones may be back, and newer ones gone. */
void judge_retained_crashed(struct judge *judge)
{
    for (uint32_t topic = 0; topic < judge->retained_size; topic++) {
        if (judge->retained[topic]) {
            judge->retained[topic]->unknown_since = judge_event(judge);
        }
    }
}

void judge_retained_tidy(struct judge *judge)
{
    for (uint32_t topic = 0; topic < judge->retained_size; topic++) {
        if (judge->retained[topic]) {
            tidy(judge->retained[topic]);
        }
    }
}

void judge_retained_free(struct judge *judge)
{
    for (uint32_t topic = 0; topic < judge->retained_size; topic++) {
        free(judge->retained[topic]);
    }
    free(judge->retained);
}

static struct model_retained *retained_for(struct judge *judge, uint32_t topic)
{
    if (topic >= judge->retained_size) {
        uint32_t size = topic + 32;
        judge->retained = realloc(judge->retained, size * sizeof(struct model_retained *));
        assert(judge->retained);
        while (judge->retained_size < size) {
            judge->retained[judge->retained_size++] = NULL;
        }
    }
    if (!judge->retained[topic]) {
        judge->retained[topic] = calloc(1, sizeof(struct model_retained));
        assert(judge->retained[topic]);
    }
    return judge->retained[topic];
}

static const struct model_retained *retained_at(const struct judge *judge, uint32_t topic)
{
    return topic < judge->retained_size ? judge->retained[topic] : NULL;
}

/* All is settled: nobody waits any more who subscribed before they were superseded. */
static void tidy(struct model_retained *retained)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < retained->count; i++) {
        struct model_message *message = retained->candidates[i];
        if (message->superseded != 0 || message->will.state == MODEL_WILL_NEVER) {
            message->is_candidate = false;
            continue;
        }
        if (message->accepted != 0 && message->first_sent > retained->unknown_since) {
            retained->unknown_since = 0;
        }
        retained->candidates[count++] = message;
    }
    retained->count = count;
}
