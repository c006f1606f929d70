/* world_clients_testing.c — the clients of world_testing.h: their links, and the bytes on both ways. */
#include "core/world_testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire/wire.h"

struct world_client *world_client(struct world *world, const char *name)
{
    for (uint32_t i = 0; i < world->client_count; i++) {
        if (strcmp(world->clients[i].name, name) == 0) {
            return &world->clients[i];
        }
    }
    assert_true(world->client_count < WORLD_CLIENTS_MAX && strlen(name) < WORLD_NAME_SIZE);
    struct world_client *client = &world->clients[world->client_count++];
    snprintf(client->name, sizeof client->name, "%s", name);
    client->appetite = SIZE_MAX;
    client->version = PROTOCOL_5;
    return client;
}

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

void world_write(struct world_client *client, struct bytes bytes)
{
    world_bytes_append(&client->to_server, bytes.data, bytes.size);
    client->wants_turn = true;
}

void world_note_id(struct world *world, struct bytes client_id)
{
    assert_true(client_id.size < WORLD_NAME_SIZE);
    for (uint32_t i = 0; i < world->id_count; i++) {
        if (bytes_equal(bytes_of_text(world->ids[i]), client_id)) {
            return;
        }
    }
    assert_true(world->id_count < WORLD_IDS_MAX);
    memcpy(world->ids[world->id_count++], client_id.data, client_id.size);
}

bool world_peek(const struct world_client *client, struct packet *packet)
{
    const struct world_bytes *from = &client->from_server;
    struct frame frame;
    struct bytes input = bytes_of(from->bytes + from->start, from->end - from->start);
    if (input.size == 0 || frame_read(input, &frame) != FRAME_WHOLE) {
        return false;
    }
    enum reason_code reason = wire_decode_from_server(&frame, client->version, packet);
    assert_int_equal(reason, REASON_SUCCESS);
    return true;
}

bool world_read(struct world_client *client, struct packet *packet)
{
    struct world_bytes *from = &client->from_server;
    struct frame frame;
    if (!world_peek(client, packet)) {
        return false;
    }
    struct bytes input = bytes_of(from->bytes + from->start, from->end - from->start);
    assert_int_equal(frame_read(input, &frame), FRAME_WHOLE);
    from->start += frame.size;
    return true;
}

void world_bytes_append(struct world_bytes *to, const void *data, size_t size)
{
    if (to->start == to->end) {
        to->start = to->end = 0;
    }
    if (to->capacity - to->end < size) {
        if (to->start > 0) {
            memmove(to->bytes, to->bytes + to->start, to->end - to->start);
            to->end -= to->start;
            to->start = 0;
        }
        while (to->capacity - to->end < size) {
            to->capacity = to->capacity ? to->capacity * 2 : 1024;
        }
        to->bytes = realloc(to->bytes, to->capacity);
        assert_non_null(to->bytes);
    }
    if (size > 0) {
        memcpy(to->bytes + to->end, data, size);
        to->end += size;
    }
}

void world_bytes_fini(struct world_bytes *bytes)
{
    free(bytes->bytes);
    *bytes = (struct world_bytes){0};
}
