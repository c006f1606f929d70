/* links.c — see links.h. */
#include "core/links.h"

#include <assert.h>
#include <stdlib.h>

static bool find_place(struct link_table *table, uint32_t *place);

struct link *links_add(struct core *core, const struct link_options *options, const char *address,
                       void *connection)
{
    uint32_t place;
    struct link *link = calloc(1, sizeof *link);
    if (!link || !find_place(&core->links, &place)) {
        free(link);
        return NULL;
    }
    list_init(&link->dirty);
    list_init(&link->turn);
    link->options = options;
    link->address = address;
    link->connection = connection;
    link->id = place;
    link->generation = ++core->links.generation;
    link->packet_size_max = UINT32_MAX;
    link->timer.place = HEAP_NOWHERE;
    link->version = PROTOCOL_5;
    link->problem_information = true;
    link->active_us = core->now_us;
    core->links.links[place] = link;
    core->counters.memory_held += sizeof *link;
    return link;
}

void links_remove(struct core *core, struct link *link)
{
    assert(!link->session && core->links.links[link->id] == link);
    core->links.links[link->id] = NULL;
    core->links.free_places[core->links.free_count++] = link->id;
    heap_remove(&core->timers, &link->timer);
    list_remove(&link->dirty);
    list_remove(&link->turn);
    outbox_clear(&link->outbox, &core->pool);
    if (link->aliases) {
        topic_aliases_fini(&link->aliases->in);
        topic_aliases_fini(&link->aliases->out);
        free(link->aliases);
    }
    free(link->unsettled);
    free(link->pending_suback);
    free(link->connect_frame);
    free(link->authentication_method);
    core->counters.memory_held -= sizeof *link + link->unread_size;
    free(link);
}

struct link_ref links_name(const struct core *core, const struct link *link)
{
    return (struct link_ref){core->worker, link->id, link->generation};
}

struct link *links_find(const struct core *core, const struct link_ref *ref)
{
    if (ref->worker != core->worker || ref->id >= core->links.count) {
        return NULL;
    }
    struct link *link = core->links.links[ref->id];
    return link && link->generation == ref->generation ? link : NULL;
}

void links_end(struct core *core, struct link *link)
{
    link->state = LINK_CLOSING;
    heap_remove(&core->timers, &link->timer);
    if (!link->close_wanted) {
        link->close_wanted = true;
        list_remove(&link->turn);
        list_append(&core->ending, &link->turn);
    }
}

static bool find_place(struct link_table *table, uint32_t *place)
{
    if (table->free_count > 0) {
        *place = table->free_places[--table->free_count];
        return true;
    }
    if (table->count == table->capacity) {
        uint32_t capacity = table->capacity ? table->capacity * 2 : 64;
        struct link **links = realloc(table->links, capacity * sizeof(struct link *));
        if (!links) {
            return false;
        }
        table->links = links;
        uint32_t *free_places = realloc(table->free_places, capacity * sizeof *free_places);
        if (!free_places) {
            return false;
        }
        table->free_places = free_places;
        table->capacity = capacity;
    }
    *place = table->count++;
    return true;
}
