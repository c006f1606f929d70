/* world_client_testing.c — see world_client_testing.h. */
#include "core/world_client_testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire/wire.h"

void world_write(struct world_client *client, struct bytes bytes)
{
    world_bytes_append(&client->to_server, bytes.data, bytes.size);
    client->wants_turn = true;
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
