/* session.c — see session.h. Sessions are born here and buried here; what happens to them
 * between is elsewhere. */
#include "core/session.h"

#include <assert.h>
#include <stdlib.h>

static bool has_client_id(const void *item, const void *key);
static bool has_hash(const void *item, const void *key);

struct session *sessions_find(const struct map *sessions, uint64_t hash, struct bytes client_id)
{
    return map_find(sessions, hash, has_client_id, &client_id); /* [MQTT-3.1.3-2] */
}

struct session *sessions_add(struct map *sessions, uint64_t hash, struct bytes client_id,
                             struct counters *counters)
{
    assert(client_id.size > 0 && client_id.size <= UINT16_MAX);
    struct session *session = calloc(1, sizeof *session + client_id.size);
    if (!session) {
        return NULL;
    }
    session->hash = hash;
    session->timer.place = HEAP_NOWHERE;
    list_init(&session->replays);
    session->client_id_size = (uint16_t)client_id.size;
    memcpy(session->client_id, client_id.data, client_id.size);
    if (!map_add(sessions, hash, session)) {
        free(session);
        return NULL;
    }
    counters->sessions++;
    counters->memory_held += sizeof *session + client_id.size;
    return session;
}

void sessions_remove(struct map *sessions, struct session *session, struct counters *counters)
{
    assert(!session->link && !session->subscriptions && !session->shared_subscriptions);
    assert(!session->will && !session->holds);
    assert(list_is_empty(&session->replays) && session->timer.place == HEAP_NOWHERE);
    map_remove(sessions, session->hash, session);
    flow_out_fini(&session->flow_out, counters);
    queue_fini(&session->queue, counters);
    queue_fini(&session->queue_qos0, counters);
    packet_ids_fini(&session->received);
    counters->sessions--;
    counters->memory_held -= sizeof *session + session->client_id_size;
    free(session);
}

struct session *sessions_find_hash(const struct map *sessions, uint64_t hash)
{
    return map_find(sessions, hash, has_hash, &hash);
}

static bool has_client_id(const void *item, const void *key)
{
    const struct bytes *client_id = key;
    return bytes_equal(session_client_id(item), *client_id);
}

static bool has_hash(const void *item, const void *key)
{
    const struct session *session = item;
    return session->hash == *(const uint64_t *)key;
}
