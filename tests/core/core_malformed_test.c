/* core_malformed_test.c — whatever is ill-formed or out of place ends its own connection, with the
 * reason the standard names, and hurts nobody else. */
#include "core/story_testing.h"

#include <stdio.h>

#include "tests/packets.h"

/* Sends one packet of tests/malformed.def on a fresh connection of `version`. */
static void play_row(struct world *world, const struct malformed_row *row,
                     enum protocol_version version)
{
    uint8_t bytes[PACKET_ROW_SIZE_MAX];
    char line[64];
    given_connected(world, "alice", version);
    world_write(world_client(world, "alice"), bytes_of(bytes, packet_row_bytes(row->text, bytes)));
    world_settle(world);
    struct packet packet;
    if (version == PROTOCOL_5) {
        assert_true(world_read(world_client(world, "alice"), &packet));
        story_write_packet(&packet, line, sizeof line);
        char expected[32];
        snprintf(expected, sizeof expected, "DISCONNECT %02X", row->reason);
        if (strncmp(line, expected, strlen(expected)) != 0) {
            fail_msg("%s: %s, not %s", row->name, line, expected);
        }
    }
    then_closed(world, "alice");
}

static void every_malformed_packet(void **state)
{
    struct world *world = *state;
    static const enum protocol_version versions[] = {PROTOCOL_3_1, PROTOCOL_3_1_1, PROTOCOL_5};
    given_connected(world, "bob", PROTOCOL_5);
    for (size_t i = 0; i < MALFORMED_ROW_COUNT; i++) {
        const struct malformed_row *row = &MALFORMED_ROWS[i];
        uint8_t bytes[PACKET_ROW_SIZE_MAX];
        packet_row_bytes(row->text, bytes);
        bool is_connect = bytes[0] >> 4 == PACKET_CONNECT;
        for (size_t v = 0; v < 3; v++) {
            if ((row->senders & CLIENT) != 0 && !is_connect &&
                (row->versions & packet_version_bit(versions[v])) != 0) {
                play_row(world, row, versions[v]);
            }
        }
    }
    when_sends_bytes(world, "bob", "c0 00");
    then_receives(world, "bob", "PINGRESP");
}

static void every_malformed_connect(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < MALFORMED_ROW_COUNT; i++) {
        const struct malformed_row *row = &MALFORMED_ROWS[i];
        uint8_t bytes[PACKET_ROW_SIZE_MAX];
        size_t size = packet_row_bytes(row->text, bytes);
        if ((row->senders & CLIENT) == 0 || bytes[0] >> 4 != PACKET_CONNECT) {
            continue;
        }
        struct world_client *client = world_client(world, "alice");
        world_connect(world, client);
        world_write(client, bytes_of(bytes, size));
        world_settle(world);
        client->from_server.start = client->from_server.end; /* CONNACK, or nothing */
        then_closed(world, "alice");
    }
}

static void remaining_length_of_five_bytes(void **state)
{
    struct world *world = *state;
    given_connected(world, "alice", PROTOCOL_5);
    when_sends_bytes(world, "alice", "30 80 80 80 80 01");
    then_receives(world, "alice", "DISCONNECT 81 why");
    then_closed(world, "alice");
}

static void nothing_after_disconnect(void **state)
{
    struct world *world = *state;
    given_connected(world, "bob", PROTOCOL_5);
    given_subscribed(world, "bob", "a", 0);
    given_connected(world, "alice", PROTOCOL_5);
    when_sends_bytes(world, "alice", "e0 00 30 04 00 01 'a' 00 c0 00");
    then_closed(world, "alice");
    then_receives_nothing(world, "bob");
    given_connected(world, "carol", PROTOCOL_5);
    when_sends_bytes(world, "carol", "00 00 30 04 00 01 'a' 00");
    then_receives(world, "carol", "DISCONNECT 81");
    then_closed(world, "carol");
    then_receives_nothing(world, "bob");
}

static void noise(void **state)
{
    struct world *world = *state;
    struct random random;
    random_seed(&random, 5);
    for (int i = 0; i < 300; i++) {
        uint8_t bytes[64];
        size_t size = random_below(&random, sizeof bytes);
        for (size_t at = 0; at < size; at++) {
            bytes[at] = (uint8_t)random_next(&random);
        }
        given_connected(world, "alice", i % 2 ? PROTOCOL_5 : PROTOCOL_3_1_1);
        world_write(world_client(world, "alice"), bytes_of(bytes, size));
        world_settle(world);
        when_breaks(world, "alice");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY("[MQTT-4.13.1-1][MQTT-2.1.3-1][MQTT-3.14.1-1][MQTT-3.15.1-1][MQTT-3.6.1-1]"
              "[MQTT-3.8.1-1][MQTT-3.10.1-1][MQTT-3.3.1-4][MQTT-3.3.2-2][MQTT-3.14.2-1]"
              "[v3 MQTT-4.8.0-1][v3 MQTT-2.2.2-1, -2][v3 MQTT-3.3.1-4][v3 MQTT-3.6.1-1]"
              "[v3 MQTT-3.8.1-1][v3 MQTT-3.10.1-1][v3 MQTT-3.14.1-1] every malformed packet ends "
              "its connection",
              every_malformed_packet),
        STORY("[MQTT-3.1.4-1][v3 MQTT-3.1.4-1] every malformed CONNECT ends its connection",
              every_malformed_connect),
        STORY("[MQTT-1.5.5-1] a remaining length of five bytes", remaining_length_of_five_bytes),
        STORY("[MQTT-3.14.4-1, -2] nothing is done or sent after DISCONNECT",
              nothing_after_disconnect),
        STORY("[MQTT-4.13.1-1] noise hurts nobody", noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
