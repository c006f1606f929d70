/* durable_story_testing.h — words for stories told in a world with a store: it writes, or is held;
 * the broker crashes, and comes back with what was written. */
#ifndef MIDGE_CORE_DURABLE_STORY_TESTING_H
#define MIDGE_CORE_DURABLE_STORY_TESTING_H

#include "core/story_testing.h"
#include "core/world_store_testing.h"

/* A row of a test table: the story is played with one, two and three workers. */
#define DURABLE_STORY(name, tale)                                                                  \
    {name " (1 worker)", tale, durable_setup_1, story_teardown, NULL},                             \
        {name " (2 workers)", tale, durable_setup_2, story_teardown, NULL},                        \
    {                                                                                              \
        name " (3 workers)", tale, durable_setup_3, story_teardown, NULL                           \
    }

int durable_setup_1(void **state);
int durable_setup_2(void **state);
int durable_setup_3(void **state);

/* Nothing is written before when_written. What lingers is due first: all that was said up to now
 * is on the disk. */
void given_held_store(struct world *world);
/* All that was said up to now is written, however long it may linger. The store stays held, if it
 * was. */
void when_written(struct world *world);
/* The broker crashes, and is back at once, with as many workers. */
void when_crashes(struct world *world);
void when_crashes_for(struct world *world, uint32_t worker_count, uint64_t seconds);
void when_store_becomes(struct world *world, enum store_state state);

/* A session that is kept, has subscribed, and whose client is away. */
void given_away(struct world *world, const char *name, enum protocol_version version,
                const char *filter, uint8_t qos);
/* The kept session's client is back: CONNACK says that it was there. */
void when_returns(struct world *world, const char *name);

#endif
