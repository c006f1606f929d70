/* world_state_testing.c — see world_state_testing.h. */
#include "core/world_state_testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

void world_connect(struct world *world, struct world_client *client)
{
    assert_null(client->link);
    client->worker = world->next_worker++ % world->worker_count;
    client->to_server.start = client->to_server.end = 0;
    client->from_server.start = client->from_server.end = 0;
    client->is_closed_by_server = false;
    const struct link_options *options =
        client->is_at_other_listener ? &world->other_listener : &world->listener;
    struct event event = {
        .kind = EVENT_LINK_OPENED,
        .opened = {.options = options, .address = "10.0.0.1:1234", .connection = client}};
    struct effects effects;
    event.now_us = world->now_us;
    core_step(world->workers[client->worker].core, &event, &effects);
    world->workers[client->worker].deadline_us = effects.deadline_us;
    world->workers[client->worker].has_stepped = true;
    client->link = effects.opened;
    assert_non_null(client->link);
}

void world_disconnect(struct world *world, struct world_client *client)
{
    if (client->link) {
        struct event event = {.kind = EVENT_LINK_LOST, .link = client->link};
        client->link = NULL;
        client->is_ending = false;
        world_tell(world, client->worker, &event);
    }
}

void world_tell(struct world *world, uint32_t index, struct event *event)
{
    struct world_worker *worker = &world->workers[index];
    struct effects effects;
    event->now_us = world->now_us;
    core_step(worker->core, event, &effects);
    worker->deadline_us = effects.deadline_us;
    worker->has_stepped = true;
}
