/* replay.c — see replay.h. */
#include "core/replay.h"

#include "core/dispatch.h"
#include "core/links.h"
#include "core/retained.h"

#include <stdlib.h>

struct replay {
    struct replay *next; /* of the same session, in order */
    struct session *session;
    const struct subscription *subscription;
    struct delivery_tag *tag; /* one reference */
    uint64_t number;
    uint32_t home, home_last; /* who is asked now, and who last */
    bool is_begun;            /* that home has a walk for us */
    bool is_asked;            /* and owes a portion */
    uint8_t qos;
    uint16_t filter_size;
    uint8_t filter[];
};

static bool has_number(const void *item, const void *key);
static void ask(struct core *core, struct replay *replay);
static void end(struct core *core, struct replay *replay);

bool replay_begin(struct core *core, const struct subscription *subscription, struct bytes filter)
{
    struct replay *replay = calloc(1, sizeof *replay + filter.size);
    if (!replay) {
        return false;
    }
    replay->session = subscription->session;
    replay->subscription = subscription;
    replay->number = ++core->replay_number;
    replay->home_last = core->worker_count - 1;
    if (!topic_filter_has_wildcard(filter)) {
        replay->home = replay->home_last = retained_home(core, filter);
    }
    replay->qos = subscription->qos;
    replay->filter_size = (uint16_t)filter.size;
    memcpy(replay->filter, filter.data, filter.size);
    if (!map_add(&core->replays, replay->number, replay)) {
        free(replay);
        return false;
    }
    replay->tag = delivery_tag_ref(subscription->tag);
    struct replay **last = &subscription->session->replays;
    while (*last) {
        last = &(*last)->next;
    }
    *last = replay;
    return true;
}

void replay_pump(struct core *core, struct session *session)
{
    struct replay *replay = session->replays;
    if (replay && !replay->is_asked && dispatch_has_room(session)) {
        ask(core, replay);
    }
}

void replay_end_all(struct core *core, struct session *session)
{
    while (session->replays) {
        end(core, session->replays);
    }
}

void replay_end_for(struct core *core, struct session *session,
                    const struct subscription *subscription)
{
    for (struct replay *replay = session->replays, *next; replay; replay = next) {
        next = replay->next;
        if (replay->subscription == subscription) {
            end(core, replay);
        }
    }
}

void replay_receive_message(struct core *core, const struct retained_record *record,
                            struct bytes image)
{
    struct replay *replay = map_find(&core->replays, record->replay, has_number, &record->replay);
    if (!replay) {
        return;
    }
    struct message *message = message_from_image(image.data, image.size, &core->counters);
    if (!message) {
        core->counters.owed++;
        core->counters.dropped[DROP_NO_MEMORY]++;
        return;
    }
    struct delivery delivery = {
        .message = message,
        .tag = delivery_tag_ref(replay->tag),
        .qos = replay->qos < message->qos ? replay->qos : message->qos, /* [MQTT-3.8.4-8] */
        .retain = true};                                                /* [v3 MQTT-3.3.1-8] */
    dispatch_deliver(core, replay->session, &delivery, &LINK_REF_NOBODY);
}

void replay_receive_portion(struct core *core, const struct retained_record *record)
{
    struct replay *replay = map_find(&core->replays, record->replay, has_number, &record->replay);
    if (!replay) {
        return;
    }
    struct session *session = replay->session;
    replay->is_asked = false;
    if (!record->more) {
        replay->is_begun = false;
        if (replay->home == replay->home_last) {
            end(core, replay);
        } else {
            replay->home++;
        }
    }
    replay_pump(core, session);
}

static bool has_number(const void *item, const void *key)
{
    const struct replay *replay = item;
    return replay->number == *(const uint64_t *)key;
}

static void ask(struct core *core, struct replay *replay)
{
    struct retained_record record = {.replay = replay->number};
    enum record_kind kind = replay->is_begun ? RECORD_RETAINED_MORE : RECORD_RETAINED_ASK;
    struct bytes filter = {0};
    if (!replay->is_begun) {
        filter = bytes_of(replay->filter, replay->filter_size);
    }
    if (peers_say(&core->peers, replay->home, kind, &record, filter, (struct bytes){0})) {
        replay->is_begun = replay->is_asked = true;
    }
}

static void end(struct core *core, struct replay *replay)
{
    if (replay->is_begun) {
        struct retained_record record = {.replay = replay->number};
        peers_say(&core->peers, replay->home, RECORD_RETAINED_STOP, &record, (struct bytes){0},
                  (struct bytes){0});
    }
    struct replay **at = &replay->session->replays;
    while (*at != replay) {
        at = &(*at)->next;
    }
    *at = replay->next;
    map_remove(&core->replays, replay->number, replay);
    delivery_tag_unref(replay->tag);
    free(replay);
}
