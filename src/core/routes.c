/* routes.c — see routes.h. */
#include "core/routes.h"

#include "base/hash.h"

#include <assert.h>
#include <stdlib.h>

static void collect(void *context, void *value);
static void free_interest(void *context, void *value);
static bool remember_topic(struct route *route, struct bytes topic);

bool routes_init(struct routes *routes, uint64_t seed)
{
    *routes = (struct routes){.generation = 1, .seed = seed};
    routes->trie = topic_trie_new(seed);
    routes->cache = calloc(ROUTE_CACHE_COUNT, sizeof *routes->cache);
    return routes->trie && routes->cache;
}

void routes_fini(struct routes *routes)
{
    if (routes->trie) {
        topic_trie_each(routes->trie, free_interest, NULL);
        topic_trie_free(routes->trie);
    }
    for (size_t i = 0; routes->cache && i < ROUTE_CACHE_COUNT; i++) {
        free(routes->cache[i].interests);
        free(routes->cache[i].topic);
    }
    free(routes->cache);
    free(routes->uncached.interests);
    *routes = (struct routes){0};
}

struct route_search {
    struct routes *routes;
    struct route *route;
};

const struct route *routes_find(struct routes *routes, struct bytes topic)
{
    struct route *route = &routes->uncached;
    if (topic.size <= ROUTE_CACHED_TOPIC_SIZE_MAX) {
        route = &routes->cache[hash_bytes(topic, routes->seed) % ROUTE_CACHE_COUNT];
        if (route->generation == routes->generation &&
            bytes_equal(bytes_of(route->topic, route->topic_size), topic)) {
            return route;
        }
        route->generation = 0;
        if (!remember_topic(route, topic)) {
            return NULL;
        }
    }
    route->count = 0;
    routes->failed = false;
    struct route_search search = {routes, route};
    /* [MQTT-3.3.2-3] [v3 MQTT-3.3.2-3] [v3 MQTT-3.8.3-2] */
    topic_trie_match(routes->trie, topic, collect, &search);
    if (routes->failed) {
        return NULL;
    }
    route->generation = routes->generation;
    return route;
}

struct interest *routes_open(struct routes *routes, struct bytes filter)
{
    struct interest *interest = topic_trie_get(routes->trie, filter);
    if (interest) {
        return interest;
    }
    interest = calloc(1, sizeof *interest);
    if (!interest || !topic_trie_put(routes->trie, filter, interest)) {
        free(interest);
        return NULL;
    }
    routes->generation++;
    return interest;
}

struct interest *routes_get(struct routes *routes, struct bytes filter)
{
    return topic_trie_get(routes->trie, filter);
}

void routes_close_unused(struct routes *routes, struct bytes filter, struct interest *interest)
{
    if (!interest_is_local(interest) && interest->peers == 0) {
        void *removed = topic_trie_remove(routes->trie, filter);
        assert(removed == interest);
        free_interest(NULL, removed);
        routes->generation++;
    }
}

bool interest_add(struct interest *interest, struct subscription *subscription)
{
    if (interest->count == interest->capacity) {
        uint32_t capacity = interest->capacity ? interest->capacity * 2 : 1;
        struct subscription **larger =
            realloc(interest->subscriptions, capacity * sizeof(struct subscription *));
        if (!larger) {
            return false;
        }
        interest->subscriptions = larger;
        interest->capacity = capacity;
    }
    subscription->interest = interest;
    subscription->place = interest->count;
    interest->subscriptions[interest->count++] = subscription;
    return true;
}

void interest_remove(struct interest *interest, struct subscription *subscription)
{
    assert(interest->count > 0 && interest->subscriptions[subscription->place] == subscription);
    struct subscription *last = interest->subscriptions[--interest->count];
    interest->subscriptions[subscription->place] = last;
    last->place = subscription->place;
    subscription->interest = NULL;
}

static void collect(void *context, void *value)
{
    struct route_search *search = context;
    struct route *route = search->route;
    if (route->count == route->capacity) {
        uint32_t capacity = route->capacity ? route->capacity * 2 : 2;
        struct interest **larger = realloc(route->interests, capacity * sizeof(struct interest *));
        if (!larger) {
            search->routes->failed = true;
            return;
        }
        route->interests = larger;
        route->capacity = capacity;
    }
    route->interests[route->count++] = value;
}

static void free_interest(void *context, void *value)
{
    (void)context;
    struct interest *interest = value;
    free(interest->subscriptions);
    free(interest);
}

static bool remember_topic(struct route *route, struct bytes topic)
{
    if (route->topic_capacity < topic.size) {
        uint8_t *larger = realloc(route->topic, topic.size);
        if (!larger) {
            return false;
        }
        route->topic = larger;
        route->topic_capacity = (uint32_t)topic.size;
    }
    memcpy(route->topic, topic.data, topic.size);
    route->topic_size = (uint32_t)topic.size;
    return true;
}
