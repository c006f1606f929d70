/* actor_mood.c — see actor_mood.h. */
#include "sim/actor_mood.h"

#include <stdio.h>

enum { FILTERS_AT_ONCE_MAX = 3, FREEZES_ALSO = 8 };

static void publish(struct actor *actor);
static void subscribe(struct actor *actor);
static void unsubscribe(struct actor *actor);
static void leave(struct actor *actor);
static void add_number(struct umqtt_properties *properties, enum umqtt_property_id id,
                       uint32_t number);
static uint32_t draw_session_expiry_s(struct actor *actor);
static struct umqtt_bytes draw_connect_properties(struct actor *actor);

void actor_draw_nature(struct actor_nature *nature, struct random *random)
{
    static const uint16_t keep_alives_s[] = {0, 1, 3, 10, 60, 600};
    bool is_talker = draw_once_in(random, 2);
    *nature = (struct actor_nature){
        .version = draw_once_in(random, 2) ? 4 : 5,
        .keeps_session = !draw_once_in(random, 4),
        .pause_us_max = UINT64_C(1000) << random_below(random, 15),
        .publishes = is_talker ? 2 : 5,
        .subscribes = is_talker ? 10 : 3,
        .unsubscribes = draw_once_in(random, 2) ? 0 : 20,
        .leaves = 10 + (uint32_t)draw_mostly_small(random, 60),
        .cuts = 10 + (uint32_t)draw_mostly_small(random, 200),
        .freezes = 20 + (uint32_t)draw_mostly_small(random, 400),
        .dozes = 10 + (uint32_t)draw_mostly_small(random, 100),
        .burst_max = 1 + (uint32_t)draw_mostly_small(random, 8),
        .retains = 1 + (uint32_t)draw_mostly_small(random, 10),
        .expires = 4 + (uint32_t)draw_mostly_small(random, 30),
        .has_will = 1 + (uint32_t)random_below(random, 4),
        .starts_new = 3 + (uint32_t)random_below(random, 30),
        .keep_alive_s = keep_alives_s[random_below(random, 6)],
        .receipts = ACTOR_RECEIPTS_MAX,
        .reconnect_ms = draw_once_in(random, 2) ? 0 : 16 << random_below(random, 8)};
    if (nature->version == 5 && draw_once_in(random, 2)) {
        nature->receipts = (uint16_t)(1 + random_below(random, 8));
    }
}

void actor_do_something(struct actor *actor)
{
    const struct actor_nature *nature = &actor->nature;
    struct random *random = &actor->random;
    enum umqtt_state state = umqtt_state(&actor->umqtt);
    if (state == UMQTT_IDLE && draw_once_in(random, 2)) {
        actor_start(actor);
    } else if (state == UMQTT_IDLE && !nature->keeps_session) {
        return; /* what it would say would only wait */
    } else if (actor->is_dozing && draw_once_in(random, 4)) {
        actor->is_dozing = false;
    } else if (draw_once_in(random, nature->leaves)) {
        leave(actor);
    } else if (draw_once_in(random, nature->dozes)) {
        actor->is_dozing = actor->line != NULL;
    } else if (draw_once_in(random, nature->cuts) && actor->line) {
        line_cut(actor->line);
    } else if (draw_once_in(random, nature->freezes) && actor->line) {
        line_freeze(actor->line);
    } else if (actor->line && actor->line->is_frozen && draw_once_in(random, FREEZES_ALSO)) {
        actor_drop_line(actor); /* the client gives up; the broker hears nothing of that */
    } else if (nature->unsubscribes && draw_once_in(random, nature->unsubscribes)) {
        unsubscribe(actor);
    } else if (draw_once_in(random, nature->subscribes)) {
        subscribe(actor);
    } else if (draw_once_in(random, nature->publishes)) {
        for (uint64_t i = random_below(random, nature->burst_max + 1); i > 0; i--) {
            publish(actor);
        }
    }
}

void actor_start(struct actor *actor)
{
    const struct actor_nature *nature = &actor->nature;
    struct umqtt_options *options = &actor->options;
    options->clean_start = !nature->keeps_session || actor->has_forgotten ||
                           draw_once_in(&actor->random, nature->starts_new);
    if (options->clean_start && umqtt_state(&actor->umqtt) == UMQTT_IDLE) {
        umqtt_forget(&actor->umqtt);
        actor->has_forgotten = true;
    }
    options->will = draw_once_in(&actor->random, nature->has_will) ? &actor->will : NULL;
    options->connect_properties = draw_connect_properties(actor);
    actor_renew_will(actor);
    enum umqtt_error error =
        umqtt_start(&actor->umqtt, (uint32_t)(actor->stage->agenda->now_us / 1000));
    if (error != UMQTT_OK) {
        actor->stage->node->force.wrong = umqtt_error_words(error);
    }
}

void actor_renew_will(struct actor *actor)
{
    struct umqtt_properties properties = {actor->will_properties, 0, sizeof actor->will_properties};
    struct random *random = &actor->random;
    if (!actor->options.will) {
        return;
    }
    actor->will = (struct umqtt_will){
        .topic = umqtt_text(stage_draw_topic(actor->stage, random)),
        .qos = (uint8_t)random_below(random, 3),
        .retain = draw_once_in(random, 3),
        .payload = {actor->will_payload,
                    stage_draw_payload(actor->stage, random, actor->will_payload,
                                       sizeof actor->will_payload)}};
    if (actor->nature.version == 5 && draw_once_in(random, 2)) {
        add_number(&properties, UMQTT_WILL_DELAY_INTERVAL,
                   (uint32_t)draw_mostly_small(random, 1000));
        if (draw_once_in(random, 4)) {
            add_number(&properties, UMQTT_MESSAGE_EXPIRY_INTERVAL,
                       (uint32_t)draw_mostly_small(random, 1000));
        }
        actor->will.properties = umqtt_properties_bytes(&properties);
    }
}

static void publish(struct actor *actor)
{
    uint8_t payload[4096], memory[ACTOR_PROPERTIES_SIZE];
    struct umqtt_properties properties = {memory, 0, sizeof memory};
    struct random *random = &actor->random;
    struct umqtt_publication publication = {.topic =
                                                umqtt_text(stage_draw_topic(actor->stage, random)),
                                            .qos = (uint8_t)random_below(random, 3),
                                            .retain = draw_once_in(random, actor->nature.retains)};
    if (publication.retain && draw_once_in(random, 4)) {
        publication.payload = umqtt_bytes("", 0); /* forget what was retained */
    } else {
        publication.payload =
            umqtt_bytes(payload, stage_draw_payload(actor->stage, random, payload, sizeof payload));
    }
    if (actor->nature.version == 5 && draw_once_in(random, actor->nature.expires)) {
        add_number(&properties, UMQTT_MESSAGE_EXPIRY_INTERVAL,
                   (uint32_t)draw_mostly_small(random, 10000));
        publication.properties = umqtt_properties_bytes(&properties);
    }
    if (actor->client % 2 == 0 && actor->umqtt.outbox.begin == actor->umqtt.outbox.end) {
        actor->umqtt.packet_id = 0; /* some clients use the lowest identifier that is free */
    }
    (void)umqtt_send_publish(&actor->umqtt, &publication, NULL); /* full: then not */
}

static void subscribe(struct actor *actor)
{
    struct umqtt_subscription wanted[FILTERS_AT_ONCE_MAX];
    struct random *random = &actor->random;
    bool is_v5 = actor->nature.version == 5;
    size_t count = (size_t)draw_mostly_small(random, FILTERS_AT_ONCE_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *filter = stage_draw_filter(actor->stage, random);
        bool is_shared = filter[0] == '$';
        wanted[i] = (struct umqtt_subscription){
            .filter = umqtt_text(filter),
            .qos = (uint8_t)random_below(random, 3),
            .no_local = is_v5 && !is_shared && draw_once_in(random, 6),
            .retain_as_published = is_v5 && draw_once_in(random, 3),
            .retain_handling = is_v5 ? (uint8_t)random_below(random, 3) : 0};
    }
    (void)umqtt_send_subscribe(&actor->umqtt, wanted, count, (struct umqtt_bytes){0}, NULL);
}

static void unsubscribe(struct actor *actor)
{
    struct umqtt_bytes filters[FILTERS_AT_ONCE_MAX];
    size_t count = (size_t)draw_mostly_small(&actor->random, FILTERS_AT_ONCE_MAX);
    for (size_t i = 0; i < count; i++) {
        filters[i] = umqtt_text(stage_draw_filter(actor->stage, &actor->random));
    }
    (void)umqtt_send_unsubscribe(&actor->umqtt, filters, count, (struct umqtt_bytes){0}, NULL);
}

static void leave(struct actor *actor)
{
    uint8_t memory[ACTOR_PROPERTIES_SIZE];
    struct umqtt_properties properties = {memory, 0, sizeof memory};
    struct random *random = &actor->random;
    uint8_t reason = 0;
    if (actor->nature.version == 5) {
        reason = draw_once_in(random, 3) ? 4 : 0;
        struct umqtt_property expiry;
        bool had_some = umqtt_property_find(actor->options.connect_properties,
                                            UMQTT_SESSION_EXPIRY_INTERVAL, &expiry) &&
                        expiry.number > 0;
        if (had_some && draw_once_in(random, 4)) {
            add_number(&properties, UMQTT_SESSION_EXPIRY_INTERVAL, draw_session_expiry_s(actor));
        }
    }
    umqtt_send_disconnect(&actor->umqtt, (uint32_t)(actor->stage->agenda->now_us / 1000), reason,
                          umqtt_properties_bytes(&properties));
}

static void add_number(struct umqtt_properties *properties, enum umqtt_property_id id,
                       uint32_t number)
{
    (void)umqtt_property_add_number(properties, id, number);
}

static uint32_t draw_session_expiry_s(struct actor *actor)
{
    static const uint32_t expiries_s[] = {UINT32_MAX, 100000, 600, 30, 2, UINT32_MAX - 1};
    return expiries_s[random_below(&actor->random, 6)];
}

static struct umqtt_bytes draw_connect_properties(struct actor *actor)
{
    struct umqtt_properties properties = {actor->connect_properties, 0,
                                          sizeof actor->connect_properties};
    if (actor->nature.version != 5) {
        return (struct umqtt_bytes){0};
    }
    if (actor->nature.keeps_session) {
        add_number(&properties, UMQTT_SESSION_EXPIRY_INTERVAL, draw_session_expiry_s(actor));
    }
    if (draw_once_in(&actor->random, 3)) {
        add_number(&properties, UMQTT_TOPIC_ALIAS_MAXIMUM, 3);
    }
    return umqtt_properties_bytes(&properties);
}
