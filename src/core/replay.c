/* replay.c — see replay.h. */
#include "core/replay.h"

#include "core/dispatch.h"
#include "core/links.h"
#include "core/receipt.h"
#include "core/retained.h"

#include <assert.h>
#include <stdlib.h>

struct replay {
    struct list place;           /* among the session's, in order */
    struct list of_subscription; /* among the subscription's, in order */
    struct session *session;
    struct subscription *subscription;
    struct delivery_tag *tag; /* one reference */
    uint64_t number;
    uint64_t unbegun;         /* a bit for each home that has not said that it has begun */
    uint32_t home, home_last; /* who is asked now, and who last */
    bool is_asked;            /* that one owes a portion */
    bool is_new;              /* so is the subscription */
    uint8_t qos;
    uint16_t filter_size;
    uint8_t filter[];
};

static bool has_number(const void *item, const void *key);
static uint64_t number_hash(uint64_t number);
static struct replay *find(const struct core *core, const struct retained_record *record);
static void tell_homes(struct core *core, struct replay *replay, enum record_kind kind);
static void renew(struct core *core, struct subscription *subscription);
static void ask(struct core *core, struct replay *replay);
static void end(struct core *core, struct replay *replay);

bool replay_begin(struct core *core, struct subscription *subscription, struct bytes filter,
                  bool is_new)
{
    if (subscription->replay_count == REPLAYS_OF_ONE_MAX) {
        renew(core, subscription);
        return true;
    }
    struct replay *replay = calloc(1, sizeof *replay + filter.size);
    if (!replay) {
        return false;
    }
    replay->session = subscription->session;
    replay->subscription = subscription;
    replay->is_new = is_new;
    replay->number = ++core->replay_number;
    replay->home_last = core->worker_count - 1;
    if (!topic_filter_has_wildcard(filter)) {
        replay->home = replay->home_last = retained_home(core, filter);
    }
    replay->qos = subscription->qos;
    replay->filter_size = (uint16_t)filter.size;
    memcpy(replay->filter, filter.data, filter.size);
    if (!map_add(&core->replays, number_hash(replay->number), replay)) {
        free(replay);
        return false;
    }
    replay->tag = delivery_tag_ref(subscription->tag);
    list_append(&subscription->session->replays, &replay->place);
    list_append(&subscription->replays, &replay->of_subscription);
    subscription->replay_count++;
    core->counters.memory_held += sizeof *replay + filter.size;
    tell_homes(core, replay, RECORD_RETAINED_BEGIN);
    return true;
}

bool replay_will_bring(const struct core *core, const struct subscription *subscription,
                       const struct message *message)
{
    uint32_t home = retained_home(core, message_topic(message));
    LIST_EACH(link, &subscription->replays)
    {
        const struct replay *replay = LIST_ITEM(link, struct replay, of_subscription);
        if (replay->is_new && (replay->unbegun >> home & 1) != 0) {
            return true;
        }
    }
    return false;
}

void replay_receive_begun(struct core *core, uint32_t home, const struct retained_record *record)
{
    struct replay *replay = find(core, record);
    if (replay) {
        replay->unbegun &= ~(UINT64_C(1) << home);
    }
}

void replay_pump(struct core *core, struct session *session)
{
    if (list_is_empty(&session->replays)) {
        return;
    }
    struct replay *replay = LIST_ITEM(session->replays.next, struct replay, place);
    if (!replay->is_asked && dispatch_has_room(session)) {
        ask(core, replay);
    }
}

void replay_end_all(struct core *core, struct session *session)
{
    while (!list_is_empty(&session->replays)) {
        end(core, LIST_ITEM(session->replays.next, struct replay, place));
    }
}

void replay_end_for(struct core *core, struct subscription *subscription)
{
    while (!list_is_empty(&subscription->replays)) {
        end(core, LIST_ITEM(subscription->replays.next, struct replay, of_subscription));
    }
}

void replay_receive_message(struct core *core, const struct retained_record *record,
                            struct bytes image)
{
    struct replay *replay = find(core, record);
    if (!replay) {
        return;
    }
    struct message *message = message_from_image(image.data, image.size, &core->counters);
    if (!message) {
        core->counters.owed++;
        core->counters.dropped[DROP_NO_MEMORY]++;
        return;
    }
    struct delivery delivery = {.message = message_ref(message),
                                .tag = delivery_tag_ref(replay->tag),
                                .qos = core->options->upgrade_outgoing_qos ||
                                               replay->qos < message->qos
                                           ? replay->qos
                                           : message->qos, /* [MQTT-3.8.4-8] */
                                .retain = true};           /* [v3 MQTT-3.3.1-8] */
    dispatch_deliver(core, replay->session, &delivery, &LINK_REF_NOBODY);
    receipt_address_nobody(core, message);
    message_unref(message, &core->counters);
}

void replay_receive_portion(struct core *core, const struct retained_record *record)
{
    struct replay *replay = find(core, record);
    if (!replay) {
        return;
    }
    struct session *session = replay->session;
    replay->is_asked = false;
    if (!record->more) {
        replay->home++;
        if (replay->home > replay->home_last) {
            end(core, replay);
        }
    }
    replay_pump(core, session);
}

static struct replay *find(const struct core *core, const struct retained_record *record)
{
    return map_find(&core->replays, number_hash(record->replay), has_number, &record->replay);
}

/* Numbers as they come would fill the map in one long run, which each removal walks along. */
static uint64_t number_hash(uint64_t number)
{
    return number * UINT64_C(0x9e3779b97f4a7c15) >> 16;
}

static bool has_number(const void *item, const void *key)
{
    const struct replay *replay = item;
    return replay->number == *(const uint64_t *)key;
}

/* Says BEGIN or STOP to every home that is still to be asked. */
static void tell_homes(struct core *core, struct replay *replay, enum record_kind kind)
{
    struct retained_record record = {.replay = replay->number};
    struct bytes filter = {0};
    if (kind == RECORD_RETAINED_BEGIN) {
        filter = bytes_of(replay->filter, replay->filter_size);
    }
    for (uint32_t home = replay->home; home <= replay->home_last; home++) {
        if (peers_say(&core->peers, home, kind, &record, filter, (struct bytes){0}) &&
            kind == RECORD_RETAINED_BEGIN) {
            replay->unbegun |= UINT64_C(1) << home;
        }
    }
}

/* The last that waits for the subscription has not been asked for yet, as others wait before it: it
 * becomes the newest one's, and begins anew. */
static void renew(struct core *core, struct subscription *subscription)
{
    struct replay *last = LIST_ITEM(subscription->replays.previous, struct replay, of_subscription);
    assert(!last->is_asked);
    delivery_tag_unref(last->tag);
    last->tag = delivery_tag_ref(subscription->tag);
    last->qos = subscription->qos;
    tell_homes(core, last, RECORD_RETAINED_STOP);
    tell_homes(core, last, RECORD_RETAINED_BEGIN);
}

static void ask(struct core *core, struct replay *replay)
{
    struct retained_record record = {.replay = replay->number};
    replay->is_asked = peers_say(&core->peers, replay->home, RECORD_RETAINED_MORE, &record,
                                 (struct bytes){0}, (struct bytes){0});
}

static void end(struct core *core, struct replay *replay)
{
    tell_homes(core, replay, RECORD_RETAINED_STOP);
    list_remove(&replay->place);
    list_remove(&replay->of_subscription);
    replay->subscription->replay_count--;
    core->counters.memory_held -= sizeof *replay + replay->filter_size;
    map_remove(&core->replays, number_hash(replay->number), replay);
    delivery_tag_unref(replay->tag);
    free(replay);
}
