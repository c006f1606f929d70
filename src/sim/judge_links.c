/* judge_links.c — connections: whether the session is present, and what becomes of it when they
 * end.
 *
 * Links of one client may overlap: the client opens a new one while the broker still holds the
 * old, and even a CONNECT the client gave up long ago may arrive later and take the session over.
 * So whatever a link without CONNACK asked for is "may be" until the broker has lost it. */
#include "sim/judge.h"

#include "sim/judge_state.h"

#include <assert.h>
#include <stdlib.h>

static struct model_link *open_link(struct judge *judge, uint32_t client,
                                    const struct judge_connect *connect);
static bool has_open_question(const struct judge *judge, uint32_t client,
                              const struct model_link *except);
static void doubt(struct judge *judge, struct model_session *session,
                  const struct model_link *except);
static bool check_session_present(struct judge *judge, const struct model_link *link,
                                  const struct model_session *session, bool session_present);
static void accept_link(struct judge *judge, struct model_link *link,
                        const struct judge_connack *connack);
static void lose_holder(struct judge *judge, struct model_session *session,
                        const struct model_link *link, bool all_arrived);

void judge_connect_sent(struct judge *judge, uint64_t now_us, uint32_t client,
                        const struct judge_connect *connect)
{
    const struct judge_will *will = connect->will;
    struct model_event event = {.kind = MODEL_CONNECT_SENT,
                                .client = client,
                                .text = will ? model_texts_number(&judge->texts, will->topic)
                                             : MODEL_NOBODY,
                                .link = connect->link,
                                .message = will ? will->message : 0,
                                .value = connect->expiry_s,
                                .qos = will ? will->qos : 0,
                                .retain = will && will->retain,
                                .yes = connect->clean_start,
                                .now_us = now_us};
    if (!judge_note(judge, &event)) {
        return;
    }
    assert(client < judge->options.clients);
    struct model_session *session = &judge->sessions[client];
    if (session->link) {
        session->link->is_left = true;
        session->link = NULL;
        judge_drop_finished_links(judge);
    }
    bool has_question = has_open_question(judge, client, NULL);
    struct model_link *link = open_link(judge, client, connect);
    link->present_allowed = !link->clean_start &&
                            (has_question || session->has_goodbye ||
                             !model_session_has_expired(session, now_us, judge->options.slack_us));
    link->was_alive = model_session_is_alive(session, now_us, judge->options.slack_us);
    link->absent_allowed = link->clean_start || has_question || session->expiry_low_s == 0;
    session->has_goodbye = false;
    session->is_muddled |= link->is_hostile;
    session->newest_connect = link->opened;
    session->newest_clean_start = link->clean_start ? link->opened : session->newest_clean_start;
    session->link = link;
    if (link->clean_start || has_question) {
        model_session_may_end(session);
    }
    if (session->presence == MODEL_GONE) {
        session->expiry_low_s = session->expiry_high_s = link->expiry_s;
    } else if (link->expiry_s < session->expiry_low_s) {
        session->expiry_low_s = link->expiry_s;
    } else if (link->expiry_s > session->expiry_high_s) {
        session->expiry_high_s = link->expiry_s;
    }
    judge_will_contested(judge, link);
    if (will) {
        judge_will_armed(judge, link, will);
    }
}

void judge_connack_received(struct judge *judge, uint64_t now_us, uint64_t number,
                            const struct judge_connack *connack)
{
    struct model_link *link = judge_find_link(judge, number);
    struct model_event event = {.kind = MODEL_CONNACK_RECEIVED,
                                .client = link ? link->client : MODEL_NOBODY,
                                .text = MODEL_NOBODY,
                                .link = number,
                                .reason = connack->reason,
                                .yes = connack->session_present,
                                .now_us = now_us};
    if (!link || !judge_note(judge, &event)) {
        return;
    }
    if (link->has_answer) {
        judge_condemn(judge, "a second CONNACK on link %" PRIu64 " [MQTT-3.2.0-2]", number);
        return;
    }
    link->has_answer = true;
    if (connack->reason != 0) {
        if (connack->session_present) {
            judge_condemn(judge,
                          "CONNACK refuses (0x%02x) and has session present 1 "
                          "[MQTT-3.2.2-6]",
                          connack->reason);
        }
        return;
    }
    struct model_session *session = &judge->sessions[link->client];
    if (link->version == 3 ||
        check_session_present(judge, link, session, connack->session_present)) {
        accept_link(judge, link, connack);
    }
}

void judge_disconnect_sent(struct judge *judge, uint64_t now_us, uint64_t number, uint8_t reason,
                           bool has_expiry, uint32_t expiry_s)
{
    struct model_link *link = judge_find_link(judge, number);
    struct model_event event = {.kind = MODEL_DISCONNECT_SENT,
                                .client = link ? link->client : MODEL_NOBODY,
                                .text = MODEL_NOBODY,
                                .link = number,
                                .reason = reason,
                                .yes = has_expiry,
                                .value = expiry_s,
                                .now_us = now_us};
    if (!link || !judge_note(judge, &event)) {
        return;
    }
    link->said_goodbye = true;
    link->goodbye_reason = reason;
    link->goodbye_has_expiry = has_expiry;
    link->goodbye_expiry_s = expiry_s;
    struct model_session *session = &judge->sessions[link->client];
    if (has_expiry && expiry_s < session->expiry_low_s) {
        session->expiry_low_s = expiry_s;
    } else if (has_expiry && expiry_s > session->expiry_high_s) {
        session->expiry_high_s = expiry_s;
    }
}

void judge_disconnect_received(struct judge *judge, uint64_t now_us, uint64_t number,
                               uint8_t reason)
{
    struct model_link *link = judge_find_link(judge, number);
    struct model_event event = {.kind = MODEL_DISCONNECT_RECEIVED,
                                .client = link ? link->client : MODEL_NOBODY,
                                .text = MODEL_NOBODY,
                                .link = number,
                                .reason = reason,
                                .now_us = now_us};
    if (link && judge_note(judge, &event) && !link->is_accepted) {
        judge_condemn(judge, "DISCONNECT before CONNACK on link %" PRIu64 " [MQTT-3.14.0-1]",
                      number);
    }
}

void judge_other_received(struct judge *judge, uint64_t now_us, uint64_t number, const char *words)
{
    struct model_link *link = judge_find_link(judge, number);
    struct model_event event = {.kind = MODEL_OTHER_RECEIVED,
                                .client = link ? link->client : MODEL_NOBODY,
                                .text = model_texts_number(&judge->texts, words),
                                .link = number,
                                .now_us = now_us};
    if (link && judge_note(judge, &event)) {
        (void)judge_find_accepted_link(judge, number, words);
    }
}

void judge_nonsense_received(struct judge *judge, uint64_t now_us, uint64_t number,
                             const char *words)
{
    struct model_link *link = judge_find_link(judge, number);
    struct model_event event = {.kind = MODEL_OTHER_RECEIVED,
                                .client = link ? link->client : MODEL_NOBODY,
                                .text = model_texts_number(&judge->texts, words),
                                .link = number,
                                .now_us = now_us};
    if (link && judge_note(judge, &event)) {
        judge_condemn(judge, "the broker sent what a server cannot send, on link %" PRIu64 ": %s",
                      number, words);
    }
}

void judge_link_left(struct judge *judge, uint64_t now_us, uint64_t number)
{
    struct model_link *link = judge_find_link(judge, number);
    struct model_event event = {.kind = MODEL_LINK_LEFT,
                                .client = link ? link->client : MODEL_NOBODY,
                                .text = MODEL_NOBODY,
                                .link = number,
                                .now_us = now_us};
    if (!link || !judge_note(judge, &event)) {
        return;
    }
    link->is_left = true;
    judge->sessions[link->client].link = NULL;
    judge_drop_finished_links(judge);
}

void judge_link_lost(struct judge *judge, uint64_t now_us, uint64_t number, bool all_arrived)
{
    struct model_link *link = judge_find_any_link(judge, number);
    struct model_event event = {.kind = MODEL_LINK_LOST,
                                .client = link ? link->client : MODEL_NOBODY,
                                .text = MODEL_NOBODY,
                                .link = number,
                                .yes = all_arrived,
                                .now_us = now_us};
    if (!link || link->is_lost || !judge_note(judge, &event)) {
        return;
    }
    struct model_session *session = &judge->sessions[link->client];
    judge_will_link_lost(judge, link, all_arrived);
    link->is_lost = true;
    link->lost_epoch = session->epoch;
    if (session->holder == link) {
        lose_holder(judge, session, link, all_arrived);
    } else if (!link->is_accepted) {
        judge_lose_unanswered_link(judge, link);
    }
    judge_drop_finished_links(judge);
}

struct model_link *judge_find_any_link(struct judge *judge, uint64_t number)
{
    for (uint32_t i = 0; i < judge->link_count; i++) {
        if (judge->links[i]->number == number) {
            return judge->links[i];
        }
    }
    return NULL;
}

struct model_link *judge_find_link(struct judge *judge, uint64_t number)
{
    struct model_link *link = judge_find_any_link(judge, number);
    if (!link || link->is_left) {
        judge->tally.ignored++;
        return NULL;
    }
    return link;
}

struct model_link *judge_find_accepted_link(struct judge *judge, uint64_t number,
                                            const char *packet)
{
    struct model_link *link = judge_find_link(judge, number);
    if (link && !link->is_accepted) {
        judge_condemn(judge, "%s on link %" PRIu64 " before a CONNACK that accepts [MQTT-3.2.0-1]",
                      packet, number);
        return NULL;
    }
    return link;
}

const struct model_link *judge_find_open_question(const struct judge *judge, uint32_t client,
                                                  const struct model_link *except)
{
    for (uint32_t i = judge->link_count; i > 0; i--) {
        const struct model_link *link = judge->links[i - 1];
        if (link->client == client && link != except && !link->is_lost && !link->is_accepted) {
            return link;
        }
    }
    return NULL;
}

bool judge_is_served(const struct model_session *session)
{
    const struct model_link *link = session->holder;
    return link && !link->is_left && !link->is_lost && !link->is_hostile && !link->said_goodbye &&
           session->link == link;
}

/* Its CONNECT may have been carried out or not, and so may its end. */
void judge_lose_unanswered_link(struct judge *judge, const struct model_link *link)
{
    struct model_session *session = &judge->sessions[link->client];
    if (session->presence == MODEL_GONE) {
        if (link->expiry_s > 0) {
            session->presence = MODEL_MAYBE;
            session->expiry_low_s = 0;
            session->is_away = true;
            session->away_low_us = judge_now_us(judge);
        }
    } else if (link->clean_start || link->expiry_s == 0 || !link->was_alive ||
               !model_session_is_alive(session, judge_now_us(judge), judge->options.slack_us)) {
        model_session_may_end(session); /* it may have found none, and made a new one */
    }
    if (session->expiry_high_s < link->expiry_s) {
        session->expiry_high_s = link->expiry_s;
    }
    session->away_high_us = judge_now_us(judge);
    session->away_since = judge_event(judge);
}

void judge_drop_finished_links(struct judge *judge)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < judge->link_count; i++) {
        struct model_link *link = judge->links[i];
        if (link->is_left && link->is_lost) {
            free(link);
        } else {
            judge->links[count++] = link;
        }
    }
    judge->link_count = count;
}

void judge_free_links(struct judge *judge)
{
    for (uint32_t i = 0; i < judge->link_count; i++) {
        free(judge->links[i]);
    }
    free(judge->links);
}

static struct model_link *open_link(struct judge *judge, uint32_t client,
                                    const struct judge_connect *connect)
{
    assert(!judge_find_any_link(judge, connect->link));
    if (judge->link_count == judge->link_capacity) {
        judge->link_capacity = judge->link_capacity ? 2 * judge->link_capacity : 16;
        judge->links = realloc(judge->links, judge->link_capacity * sizeof(struct model_link *));
        assert(judge->links);
    }
    struct model_link *link = malloc(sizeof *link);
    assert(link);
    *link = (struct model_link){.number = connect->link,
                                .opened = judge_event(judge),
                                .opened_us = judge_now_us(judge),
                                .client = client,
                                .version = connect->version,
                                .clean_start = connect->clean_start,
                                .is_hostile = connect->hostile,
                                .is_ill = judge->is_disk_ill,
                                .expiry_s = connect->expiry_s,
                                .receive_max = connect->receive_max ? connect->receive_max : 65535};
    judge->links[judge->link_count++] = link;
    return link;
}

static bool has_open_question(const struct judge *judge, uint32_t client,
                              const struct model_link *except)
{
    return judge_find_open_question(judge, client, except) != NULL;
}

/* The session's link is gone: perhaps because one of those took it over. */
static void doubt(struct judge *judge, struct model_session *session,
                  const struct model_link *except)
{
    for (uint32_t i = 0; i < judge->link_count; i++) {
        const struct model_link *link = judge->links[i];
        if (link->client == session->client && link != except && !link->is_lost &&
            !link->is_accepted && (link->clean_start || link->expiry_s == 0)) {
            model_session_may_end(session);
            return;
        }
    }
}

static bool check_session_present(struct judge *judge, const struct model_link *link,
                                  const struct model_session *session, bool session_present)
{
    if (session_present && !link->present_allowed) {
        judge_condemn(judge,
                      "CONNACK says session present 1 to client %" PRIu32 ", but %s "
                      "[MQTT-3.2.2-2] [v3 MQTT-3.2.2-1]",
                      link->client,
                      link->clean_start ? "it asked for a clean start"
                                        : "its session had certainly ended before");
        return false;
    }
    if (!session_present && !link->absent_allowed &&
        model_session_is_alive(session, judge_now_us(judge), judge->options.slack_us)) {
        judge_condemn(judge,
                      "CONNACK says session present 0 to client %" PRIu32 ", but its session, "
                      "acknowledged at event %" PRIu64 ", has neither ended nor expired: it was "
                      "lost [MQTT-3.2.2-3] [MQTT-4.1.0-1] [v3 MQTT-3.2.2-2]",
                      link->client, session->certain_since);
        return false;
    }
    return true;
}

static void accept_link(struct judge *judge, struct model_link *link,
                        const struct judge_connack *connack)
{
    struct model_session *session = &judge->sessions[link->client];
    bool session_present = connack->session_present;
    if (link->version == 3) {
        session_present = link->present_allowed;
        if (session_present &&
            !model_session_is_alive(session, judge_now_us(judge), judge->options.slack_us)) {
            model_session_may_end(session);
        }
    }
    judge_will_resolved(judge, link, session_present);
    if (!session_present) { /* [MQTT-3.1.2-4] [MQTT-3.1.2-6] */
        model_session_end(session);
    } else {
        judge->tally.sessions_resumed++;
        if (session->presence != MODEL_THERE) {
            session->certain_since = judge_event(judge);
        }
    }
    if (!session_present) {
        session->certain_since = judge_event(judge);
    }
    link->is_accepted = true;
    link->life = session->life;
    session->unsubscription_count = 0; /* nobody will answer those of other links */
    link->expiry_s = connack->has_expiry ? connack->expiry_s : link->expiry_s;
    session->presence = MODEL_THERE;
    session->links_in_life++;
    session->expiry_low_s = session->expiry_high_s = link->expiry_s;
    session->deadline_is_doubtful = link->is_lost && judge->clock_ever_jumped;
    if (link->goodbye_has_expiry && link->goodbye_expiry_s < session->expiry_low_s) {
        session->expiry_low_s = link->goodbye_expiry_s;
    }
    session->is_away = link->is_lost;
    if (!link->is_lost) {
        session->holder = link;
        return;
    }
    session->away_low_us = 0; /* the answer was late: anything may have come since */
    session->away_high_us = UINT64_MAX;
    if (!link->is_crashed) { /* another CONNECT may have changed everything */
        session->expiry_low_s = 0;
        session->expiry_high_s = MODEL_NEVER_S;
    }
    if (link->expiry_s == 0 || !link->is_crashed) {
        model_session_may_end(session);
    }
}

/* The broker has lost the link of a connected client. */
static void lose_holder(struct judge *judge, struct model_session *session,
                        const struct model_link *link, bool all_arrived)
{
    session->holder = NULL;
    session->is_away = true;
    session->away_low_us = session->away_high_us = judge_now_us(judge);
    session->away_since = judge_event(judge);
    model_session_forget_replays(session);
    if (has_open_question(judge, link->client, link)) {
        if (session->expiry_low_s == 0 || link->expiry_s == 0) {
            model_session_may_end(session);
        }
        doubt(judge, session, link);
        return;
    }
    if (link->goodbye_has_expiry && all_arrived && link->expiry_s > 0) {
        bool is_less = link->goodbye_expiry_s < link->expiry_s;
        session->expiry_low_s = is_less ? link->goodbye_expiry_s : link->expiry_s;
        session->expiry_high_s = is_less ? link->expiry_s : link->goodbye_expiry_s;
        session->goodbye_expiry_s = link->goodbye_expiry_s;
        session->has_goodbye = true;
    }
    if (session->expiry_high_s == 0 && !session->has_goodbye) {
        model_session_end(session); /* [MQTT-4.1.0-2] [v3 MQTT-4.1.0-2] */
    } else if (session->expiry_low_s == 0) {
        model_session_may_end(session);
    }
}
