/* durable_story_testing.c — see durable_story_testing.h. */
#include "core/durable_story_testing.h"

#include "core/journal.h"

enum { SEED = 5 };

static int setup(void **state, uint32_t worker_count);

int durable_setup_1(void **state)
{
    return setup(state, 1);
}

int durable_setup_2(void **state)
{
    return setup(state, 2);
}

int durable_setup_3(void **state)
{
    return setup(state, 3);
}

void given_held_store(struct world *world)
{
    world->store->is_held = true;
    when_written(world);
}

void when_written(struct world *world)
{
    world_pass_us(world, JOURNAL_LINGER_LAZY_US);
    while (world->store->taken_count > 0) { /* what is written may have more to be said */
        uint32_t before = world->store->taken_count;
        world_store_write(world, WORLD_BATCHES_MAX, true);
        world_settle(world);
        assert_true(world->store->taken_count < before || world->store->has_news);
    }
}

void when_crashes(struct world *world)
{
    when_crashes_for(world, world->worker_count, 0);
}

void when_crashes_for(struct world *world, uint32_t worker_count, uint64_t seconds)
{
    world_crash(world, worker_count, seconds * 1000000);
    world_settle(world);
}

void when_store_becomes(struct world *world, enum store_state state)
{
    world_store_change(world, state, state == STORE_WELL ? "" : "No space left on device");
    world_settle(world);
}

void given_away(struct world *world, const char *name, enum protocol_version version,
                const char *filter, uint8_t qos)
{
    given_kept(world, name, version);
    given_subscribed(world, name, filter, qos);
    when_breaks(world, name);
}

void when_returns(struct world *world, const char *name)
{
    enum protocol_version version = world_client(world, name)->version;
    struct packet_connect connect = {.version = version};
    if (version == PROTOCOL_5) {
        connect.properties = (struct properties){.present = HAVE(session_expiry_interval_s),
                                                 .session_expiry_interval_s = UINT32_MAX};
    }
    then_takes_all(world, name);
    story_connect(world, name, connect);
    if (world->store->is_held) {
        when_written(world); /* CONNACK waits for it */
    }
    struct packet packet;
    assert_true(world_read(world_client(world, name), &packet));
    assert_int_equal(packet.type, PACKET_CONNACK);
    assert_int_equal(packet.connack.reason, 0);
    assert_true(packet.connack.session_present);
}

static int setup(void **state, uint32_t worker_count)
{
    struct world *world = world_new(worker_count, SEED);
    world_store_new(world);
    world_start(world);
    *state = world;
    return 0;
}
