/* hold.c — see hold.h. */
#include "core/hold.h"

#include <assert.h>
#include <stdlib.h>

static bool is_same(const struct link_ref *a, const struct link_ref *b);

void hold_publisher(struct core *core, struct hold **holds, const struct link_ref *publisher)
{
    if (publisher->worker == UINT32_MAX || (*holds && is_same(&(*holds)->publisher, publisher))) {
        return;
    }
    struct link *link = links_find(core, publisher);
    if (publisher->worker == core->worker && (!link || link->holds == UINT32_MAX)) {
        return;
    }
    struct hold *hold = malloc(sizeof *hold);
    if (!hold) {
        return; /* it is not held: its messages meet the queue's limit instead */
    }
    *hold = (struct hold){*holds, *publisher};
    if (link) {
        hold_link(link);
    } else {
        struct publish_record record = {.publisher = *publisher};
        if (!peers_say(&core->peers, publisher->worker, RECORD_HOLD, &record, (struct bytes){0},
                       (struct bytes){0})) {
            free(hold);
            return;
        }
    }
    *holds = hold;
}

void hold_release_all(struct core *core, struct hold **holds)
{
    while (*holds) {
        struct hold *hold = *holds;
        *holds = hold->next;
        struct link *link = links_find(core, &hold->publisher);
        if (link) {
            hold_release_link(core, link);
        } else if (hold->publisher.worker != core->worker) {
            struct publish_record record = {.publisher = hold->publisher};
            if (!peers_say(&core->peers, hold->publisher.worker, RECORD_RELEASE, &record,
                           (struct bytes){0}, (struct bytes){0})) {
                abort(); /* a publisher would stand still for ever */
            }
        }
        free(hold);
    }
}

void hold_link(struct link *link)
{
    assert(link->holds < UINT32_MAX);
    link->holds++;
}

void hold_release_link(struct core *core, struct link *link)
{
    assert(link->holds > 0);
    link->holds--;
    hold_reconsider(core, link);
}

void hold_pause_link(struct link *link)
{
    assert(link->pauses < UINT32_MAX);
    link->pauses++;
}

void hold_unpause_link(struct core *core, struct link *link)
{
    assert(link->pauses > 0);
    link->pauses--;
    hold_reconsider(core, link);
}

bool hold_is_on(const struct link *link)
{
    bool has_others_held = link->session && link->session->congested_us != 0;
    return link->pauses > 0 || (link->holds > 0 && !has_others_held);
}

void hold_reconsider(struct core *core, struct link *link)
{
    if (!hold_is_on(link) && !link->close_wanted && !list_is_linked(&link->turn)) {
        link->active_us = core->now_us; /* while it was not read, it could not be heard */
        list_append(&core->resumed, &link->turn);
    }
}

static bool is_same(const struct link_ref *a, const struct link_ref *b)
{
    return a->worker == b->worker && a->id == b->id && a->generation == b->generation;
}
