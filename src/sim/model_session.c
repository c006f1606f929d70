/* model_session.c — see model_session.h. */
#include "sim/model_session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t SECOND_US = 1000000;

static void *page_of(void **pages, uint16_t packet_id, size_t item_size);
static void *grow(void *items, uint32_t count, uint32_t *capacity, size_t item_size);
static bool merge(struct model_session *session, uint32_t index);

void model_session_init(struct model_session *session, uint32_t client)
{
    *session = (struct model_session){
        .client = client, .life = 1, .epoch = 1, .life_epoch = 1, .is_away = true};
}

void model_session_fini(struct model_session *session)
{
    for (size_t i = 0; i < 65536 / MODEL_ID_PAGE; i++) {
        free(session->receipts[i]);
        free(session->sendings[i]);
    }
    free(session->subscriptions);
    free(session->unsubscriptions);
    free(session->orders);
    free(session->replays_due);
}

void model_session_end(struct model_session *session)
{
    session->presence = MODEL_GONE;
    session->life++;
    session->life_epoch = ++session->epoch;
    session->links_in_life = 0;
    session->subscription_count = 0;
    session->unsubscription_count = 0;
    session->has_goodbye = false;
    session->tidied = 0;
    if (session->orders) {
        memset(session->orders, 0, session->order_count * sizeof *session->orders);
    }
    model_session_forget_replays(session);
}

void model_session_may_end(struct model_session *session)
{
    if (session->presence == MODEL_THERE) {
        session->presence = MODEL_MAYBE;
    }
    session->epoch++;
    model_session_forget_replays(session);
}

bool model_session_is_alive(const struct model_session *session, uint64_t now_us, uint64_t slack_us)
{
    if (session->presence != MODEL_THERE) {
        return false;
    }
    if (!session->is_away) {
        return true;
    }
    return session->expiry_low_s == MODEL_NEVER_S ||
           (!session->deadline_is_doubtful &&
            now_us + slack_us < session->away_low_us + session->expiry_low_s * SECOND_US);
}

bool model_session_has_expired(const struct model_session *session, uint64_t now_us,
                               uint64_t slack_us)
{
    if (session->presence == MODEL_GONE) {
        return true;
    }
    return session->is_away && session->away_high_us != UINT64_MAX &&
           session->expiry_high_s != MODEL_NEVER_S && !session->deadline_is_doubtful &&
           now_us > session->away_high_us + session->expiry_high_s * SECOND_US + slack_us;
}

struct model_receipt *model_session_receipt(struct model_session *session, uint16_t packet_id)
{
    struct model_receipt *receipt = page_of(session->receipts, packet_id, sizeof *receipt);
    receipt += packet_id % MODEL_ID_PAGE;
    if (receipt->life != session->life) {
        *receipt = (struct model_receipt){.life = session->life};
    }
    return receipt;
}

struct model_sending *model_session_sending(struct model_session *session, uint16_t packet_id)
{
    struct model_sending *sending = page_of(session->sendings, packet_id, sizeof *sending);
    return sending + packet_id % MODEL_ID_PAGE;
}

uint64_t *model_session_order(struct model_session *session, uint32_t publisher, uint32_t clients,
                              uint32_t topic, uint8_t qos_published, uint8_t qos)
{
    size_t index = ((size_t)topic * clients + publisher) * MODEL_ORDERS + qos_published * 3u + qos;
    if (index >= session->order_count) {
        size_t count = 2 * index + 256;
        session->orders = realloc(session->orders, count * sizeof *session->orders);
        assert(session->orders);
        memset(session->orders + session->order_count, 0,
               (count - session->order_count) * sizeof *session->orders);
        session->order_count = count;
    }
    return &session->orders[index];
}

void model_session_expect_replay(struct model_session *session, uint32_t topic, uint64_t since)
{
    if (topic >= session->replays_due_size) {
        uint32_t size = topic + 32;
        session->replays_due = realloc(session->replays_due, size * sizeof *session->replays_due);
        assert(session->replays_due);
        memset(session->replays_due + session->replays_due_size, 0,
               (size - session->replays_due_size) * sizeof *session->replays_due);
        session->replays_due_size = size;
    }
    session->replays_due_count += session->replays_due[topic] == 0;
    session->replays_due[topic] = since;
}

void model_session_forget_replay(struct model_session *session, uint32_t topic)
{
    if (topic < session->replays_due_size && session->replays_due[topic] != 0) {
        session->replays_due[topic] = 0;
        session->replays_due_count--;
    }
}

void model_session_forget_replays(struct model_session *session)
{
    if (session->replays_due_count > 0) {
        memset(session->replays_due, 0, session->replays_due_size * sizeof *session->replays_due);
        session->replays_due_count = 0;
    }
}

struct model_subscription *model_session_subscribe(struct model_session *session)
{
    session->subscriptions = grow(session->subscriptions, session->subscription_count,
                                  &session->subscription_capacity, sizeof *session->subscriptions);
    struct model_subscription *added = &session->subscriptions[session->subscription_count++];
    *added = (struct model_subscription){.times = 1};
    return added;
}

struct model_subscription *
model_session_find_unanswered(struct model_session *session,
                              const struct model_subscription *subscription)
{
    for (uint32_t i = 0; i < session->subscription_count; i++) {
        struct model_subscription *other = &session->subscriptions[i];
        if (!other->is_answered && other->ended == 0 && other->filter == subscription->filter &&
            other->link != subscription->link && other->qos == subscription->qos &&
            other->no_local == subscription->no_local &&
            other->retain_as_published == subscription->retain_as_published &&
            other->retain_handling == subscription->retain_handling) {
            return other;
        }
    }
    return NULL;
}

struct model_unsubscription *model_session_unsubscribe(struct model_session *session)
{
    session->unsubscriptions =
        grow(session->unsubscriptions, session->unsubscription_count,
             &session->unsubscription_capacity, sizeof *session->unsubscriptions);
    struct model_unsubscription *added = &session->unsubscriptions[session->unsubscription_count++];
    *added = (struct model_unsubscription){0};
    return added;
}

void model_session_end_subscriptions(struct model_session *session, uint32_t filter,
                                     uint64_t before, const struct model_subscription *keep,
                                     uint64_t now)
{
    for (uint32_t i = 0; i < session->subscription_count; i++) {
        struct model_subscription *subscription = &session->subscriptions[i];
        if (subscription->filter == filter && subscription->sent < before && subscription != keep &&
            subscription->ended == 0) {
            subscription->end_sent = subscription->end_sent ? subscription->end_sent : now;
            subscription->ended = now;
        }
    }
}

void model_session_tidy(struct model_session *session, uint64_t before)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < session->subscription_count; i++) {
        struct model_subscription *subscription = &session->subscriptions[i];
        if ((subscription->ended == 0 || subscription->ended >= before) && !merge(session, i)) {
            session->subscriptions[count++] = *subscription;
        } else if (subscription->ended < before) {
            session->tidied += subscription->times;
        }
    }
    session->subscription_count = count;
}

/* Two that ended, of the same filter and options, become one that lasted as long as both: the
 * later takes the earlier in. It makes the judge milder, and keeps the list short. */
static bool merge(struct model_session *session, uint32_t index)
{
    struct model_subscription *ended = &session->subscriptions[index];
    for (uint32_t i = index + 1; ended->ended != 0 && i < session->subscription_count; i++) {
        struct model_subscription *other = &session->subscriptions[i];
        if (other->ended != 0 && other->filter == ended->filter && other->qos == ended->qos &&
            other->no_local == ended->no_local &&
            other->retain_handling == ended->retain_handling &&
            other->was_there == ended->was_there &&
            other->retain_as_published == ended->retain_as_published) {
            other->ended = other->ended > ended->ended ? other->ended : ended->ended;
            other->first_sent = ended->first_sent;
            other->times += ended->times;
            other->idle_before = ended->idle_before;
            return true;
        }
    }
    return false;
}

static void *page_of(void **pages, uint16_t packet_id, size_t item_size)
{
    void **page = &pages[packet_id / MODEL_ID_PAGE];
    if (!*page) {
        *page = calloc(MODEL_ID_PAGE, item_size);
        assert(*page);
    }
    return *page;
}

static void *grow(void *items, uint32_t count, uint32_t *capacity, size_t item_size)
{
    if (count == *capacity) {
        *capacity = *capacity ? 2 * *capacity : 16;
        items = realloc(items, *capacity * item_size);
        assert(items);
    }
    return items;
}
