/* core_connect_test.c — CONNECT and CONNACK, and whose connection it is (sections 3.1 and 3.2). */
#include "core/story_testing.h"

static void second_connect_ends(void **state)
{
    struct world *world = *state;
    given_connected(world, "alice", PROTOCOL_5);
    when_sends_bytes(world, "alice", "10 12 00 04 'MQTT' 05 02 00 00 00 00 05 'alice'");
    then_receives(world, "alice", "DISCONNECT 82 why");
    then_closed(world, "alice");
    given_connected(world, "carol", PROTOCOL_3_1_1);
    when_sends_bytes(world, "carol", "10 11 00 04 'MQTT' 04 02 00 00 00 05 'carol'");
    then_closed(world, "carol");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY("[MQTT-3.1.0-2][v3 MQTT-3.1.0-2] a second CONNECT ends the connection",
              second_connect_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
