/* umqtt_blocking_test.c — the blocking face over a transport that is a script: what the client
 * writes is answered from a list, and waiting moves the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "umqtt/client.h"
#include "umqtt/umqtt_testing.h"

struct server {
    struct umqtt_transport transport;
    struct umqtt_client client;
    uint8_t memory[256];
    uint8_t to_read[3000];
    size_t to_read_size, read;
    size_t piece;    /* at most so many bytes a read or write */
    bool refuses;    /* to be opened */
    bool is_silent;  /* answers nothing */
    bool breaks;     /* at the next read */
    bool says_again; /* opening takes a second call */
    uint32_t now_ms, waits;
    unsigned opened, closed, pings, subscribes, publishes;
    char log[500];
};

static void server_says(struct server *server, const char *bytes)
{
    struct umqtt_bytes from = bytes_from(bytes);
    assert_true(from.size <= sizeof server->to_read - server->to_read_size);
    memcpy(server->to_read + server->to_read_size, from.data, from.size);
    server->to_read_size += from.size;
}

/* The client's packets come whole here: each is one write. */
static void server_takes(struct server *server, const uint8_t *packet)
{
    char answer[40];
    if (packet[0] >> 4 == PACKET_PUBLISH)
        server->publishes++;
    if (packet[0] >> 4 == PACKET_SUBSCRIBE)
        server->subscribes++;
    if (server->is_silent)
        return;
    switch (packet[0] >> 4) {
    case PACKET_CONNECT: server_says(server, "20 02 00 00"); break;
    case PACKET_PINGREQ:
        server->pings++;
        server_says(server, "d0 00");
        break;
    case PACKET_SUBSCRIBE:
        snprintf(answer, sizeof answer, "90 03 %02x %02x %s", packet[2], packet[3],
                 packet[6] == 'x' ? "80" : "00"); /* a filter that begins with x is refused */
        server_says(server, answer);
        break;
    case PACKET_UNSUBSCRIBE:
        snprintf(answer, sizeof answer, "b0 02 %02x %02x", packet[2], packet[3]);
        server_says(server, answer);
        break;
    case PACKET_PUBLISH:
        if ((packet[0] & 6) == 2) {
            size_t id_at = 4u + packet[3];
            snprintf(answer, sizeof answer, "40 02 %02x %02x", packet[id_at], packet[id_at + 1]);
            server_says(server, answer);
        }
        break;
    default: break;
    }
}

static enum umqtt_progress server_open(void *self)
{
    struct server *server = self;
    if (server->refuses)
        return UMQTT_LOST;
    if (server->says_again) {
        server->says_again = false;
        return UMQTT_AGAIN;
    }
    server->opened++;
    server->read = server->to_read_size = 0;
    return UMQTT_DONE;
}

static int server_read(void *self, uint8_t *data, size_t size)
{
    struct server *server = self;
    if (server->breaks) {
        server->breaks = false;
        return -1;
    }
    size_t left = server->to_read_size - server->read;
    size = size < left ? size : left;
    size = size < server->piece ? size : server->piece;
    memcpy(data, server->to_read + server->read, size);
    server->read += size;
    return (int)size;
}

static int server_write(void *self, const uint8_t *data, size_t size)
{
    struct server *server = self;
    for (size_t at = 0; at < size; at += 2u + data[at + 1])
        server_takes(server, data + at);
    return (int)size;
}

static void server_wait(void *self, bool for_write, uint32_t timeout_ms)
{
    struct server *server = self;
    assert_true(timeout_ms != UMQTT_FOREVER);
    server->now_ms += for_write || timeout_ms == 0 ? 1 : timeout_ms; /* it always takes some */
    server->waits++;
    assert_true(server->waits < 1000);
}

static void server_close(void *self)
{
    struct server *server = self;
    server->closed++;
}

static uint32_t server_clock_ms(void *self)
{
    struct server *server = self;
    return server->now_ms;
}

static void on_message(const struct umqtt_message *message, void *context)
{
    struct server *server = context;
    size_t used = strlen(server->log);
    snprintf(server->log + used, sizeof server->log - used, "%.*s=%.*s;", (int)message->topic.size,
             (const char *)message->topic.data, (int)message->payload.size,
             (const char *)message->payload.data);
}

static void given_server(struct server *server)
{
    *server = (struct server){.piece = SIZE_MAX, .now_ms = UINT32_MAX - 100};
    server->transport = (struct umqtt_transport){.self = server,
                                                 .open = server_open,
                                                 .read = server_read,
                                                 .write = server_write,
                                                 .wait = server_wait,
                                                 .close = server_close,
                                                 .clock_ms = server_clock_ms};
    umqtt_client_init(&server->client, "blue", &server->transport,
                      (struct umqtt_memory){server->memory, sizeof server->memory}, 60);
    umqtt_set_callback(&server->client, on_message, server);
}

static void given_connected_server(struct server *server)
{
    given_server(server);
    bool session_present = true;
    assert_int_equal(umqtt_connect(&server->client, &session_present), UMQTT_OK);
    assert_false(session_present);
}

static void tutorial(void **state)
{
    (void)state;
    struct server server;
    given_server(&server);
    server.piece = 1;
    server.says_again = true;
    assert_int_equal(umqtt_connect(&server.client, NULL), UMQTT_OK);
    assert_int_equal(umqtt_subscribe(&server.client, "green/btn/0", 0), UMQTT_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(umqtt_publish(&server.client, "blue/btn/0", umqtt_text("1"), false, 0),
                         UMQTT_OK);
        server_says(&server, "30 0e 00 0b 'green/btn/0' '0'");
        assert_int_equal(umqtt_check_msg(&server.client), UMQTT_OK);
    }
    assert_string_equal(server.log, "green/btn/0=0;green/btn/0=0;green/btn/0=0;");
    assert_int_equal(server.publishes, 3);
    umqtt_disconnect(&server.client);
    assert_int_equal(server.closed, 1);
    assert_int_equal(umqtt_check_msg(&server.client), UMQTT_NOT_CONNECTED);
}

static void backlog(void **state)
{
    (void)state;
    struct server server;
    given_connected_server(&server);
    for (int i = 0; i < 100; i++)
        server_says(&server, "30 04 00 01 'a' '1'");
    uint32_t waits = server.waits;
    assert_int_equal(umqtt_check_msg(&server.client), UMQTT_OK);
    assert_int_equal(strlen(server.log), 400); /* all of it at once */
    assert_int_equal(server.waits, waits);
}

static void half_a_packet(void **state)
{
    (void)state;
    struct server server;
    given_connected_server(&server);
    uint32_t waits = server.waits;
    server_says(&server, "30");
    assert_int_equal(umqtt_check_msg(&server.client), UMQTT_OK);
    assert_int_equal(server.waits, waits);
    server_says(&server, "04 00 01 'a' '1'");
    assert_int_equal(umqtt_check_msg(&server.client), UMQTT_OK);
    assert_string_equal(server.log, "a=1;");
}

static void acknowledged(void **state)
{
    (void)state;
    struct server server;
    given_connected_server(&server);
    assert_int_equal(umqtt_publish(&server.client, "a", umqtt_text("1"), false, 1), UMQTT_OK);
    assert_int_equal(umqtt_subscribe(&server.client, "xyz", 1), UMQTT_REFUSED);
    assert_int_equal(umqtt_unsubscribe(&server.client, "abc"), UMQTT_OK);
    server.is_silent = true;
    uint32_t since_ms = server.now_ms;
    assert_int_equal(umqtt_publish(&server.client, "a", umqtt_text("1"), false, 1), UMQTT_TIMEOUT);
    assert_int_equal(server.now_ms - since_ms, 10000);
    assert_int_equal(umqtt_subscribe(&server.client, "f", 1), UMQTT_TIMEOUT);
}

static void could_not_connect(void **state)
{
    (void)state;
    struct server server;
    given_server(&server);
    server.refuses = true;
    assert_int_equal(umqtt_connect(&server.client, NULL), UMQTT_TRANSPORT);
    server.refuses = false;
    server.is_silent = true;
    assert_int_equal(umqtt_connect(&server.client, NULL), UMQTT_TIMEOUT);
    server.is_silent = false;
    assert_int_equal(umqtt_connect(&server.client, NULL), UMQTT_OK);
    given_server(&server);
    umqtt_set_login(&server.client, "a name that is long",
                    "a password that is longer, far longer, "
                    "far far longer, and then some more of "
                    "it, until CONNECT has no room for it, "
                    "which is soon, but not yet; so here is "
                    "the rest: abcdefghijklmnopqrstuvwxyz");
    assert_int_equal(umqtt_connect(&server.client, NULL), UMQTT_TOO_LARGE);
}

static void comes_back(void **state)
{
    (void)state;
    struct server server;
    given_connected_server(&server);
    assert_int_equal(umqtt_subscribe(&server.client, "green/btn/0", 0), UMQTT_OK);
    assert_int_equal(umqtt_subscribe(&server.client, "other", 0), UMQTT_OK);
    assert_int_equal(umqtt_unsubscribe(&server.client, "other"), UMQTT_OK);
    server.breaks = true;
    assert_int_equal(umqtt_check_msg(&server.client), UMQTT_NOT_CONNECTED);
    assert_int_equal(umqtt_publish(&server.client, "a", umqtt_text("1"), false, 0),
                     UMQTT_NOT_CONNECTED);
    assert_int_equal(umqtt_publish(&server.client, "a", umqtt_text("2"), false, 1),
                     UMQTT_NOT_CONNECTED); /* queued */
    unsigned tries = 0;
    while (umqtt_wait_msg(&server.client, 500) != UMQTT_OK)
        assert_true(++tries < 10);
    umqtt_check_msg(&server.client);
    assert_int_equal(server.opened, 2);
    assert_int_equal(server.subscribes, 3); /* the first one again, not the other */
    assert_int_equal(server.publishes, 1);
}

static void remembers_so_many(void **state)
{
    (void)state;
    struct server server;
    given_connected_server(&server);
    static const char *const FILTERS[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
    for (size_t i = 0; i < UMQTT_CLIENT_SUBSCRIPTION_MAX; i++)
        assert_int_equal(umqtt_subscribe(&server.client, FILTERS[i], 0), UMQTT_OK);
    assert_int_equal(umqtt_subscribe(&server.client, FILTERS[8], 0), UMQTT_FULL);
    assert_int_equal(umqtt_subscribe(&server.client, FILTERS[3], 1), UMQTT_OK);
}

static void stays_alive(void **state)
{
    (void)state;
    struct server server;
    given_connected_server(&server);
    for (int i = 0; i < 100; i++)
        assert_int_equal(umqtt_wait_msg(&server.client, 1000), UMQTT_OK);
    assert_int_equal(server.pings, 2);
    assert_int_equal(umqtt_ping(&server.client), UMQTT_OK);
    assert_int_equal(server.pings, 3);
    server.is_silent = true;
    enum umqtt_error error = UMQTT_OK;
    for (int i = 0; i < 90 && error == UMQTT_OK; i++)
        error = umqtt_wait_msg(&server.client, 1000);
    assert_int_equal(error, UMQTT_NOT_CONNECTED);
}

static void publish_in_callback(const struct umqtt_message *message, void *context)
{
    struct server *server = context;
    (void)message;
    assert_int_equal(umqtt_publish(&server->client, "r", umqtt_text("1"), false, 1), UMQTT_OK);
    assert_int_equal(umqtt_subscribe(&server->client, "s", 0), UMQTT_OK);
    assert_int_equal(umqtt_check_msg(&server->client), UMQTT_NOT_CONNECTED); /* not in here */
}

static void callback_may_publish(void **state)
{
    (void)state;
    struct server server;
    given_connected_server(&server);
    umqtt_set_callback(&server.client, publish_in_callback, &server);
    server_says(&server, "30 04 00 01 'a' '1'");
    /* The message comes while this waits for its own PUBACK. */
    assert_int_equal(umqtt_publish(&server.client, "a", umqtt_text("1"), false, 1), UMQTT_OK);
    assert_int_equal(umqtt_check_msg(&server.client), UMQTT_OK);
    assert_int_equal(server.publishes, 2);
    assert_int_equal(server.subscribes, 1);
    assert_true(umqtt_is_settled(&server.client.core));
}

static void smallest_memory(void **state)
{
    (void)state;
    struct server server;
    given_server(&server);
    umqtt_client_init(&server.client, "blue", &server.transport,
                      (struct umqtt_memory){server.memory + 1, 129}, 60);
    umqtt_set_callback(&server.client, on_message, &server);
    assert_int_equal(umqtt_connect(&server.client, NULL), UMQTT_OK);
    assert_int_equal(umqtt_subscribe(&server.client, "green/btn/0", 0), UMQTT_OK);
    server_says(&server, "30 0e 00 0b 'green/btn/0' '0'");
    assert_int_equal(umqtt_publish(&server.client, "blue/btn/0", umqtt_text("1"), false, 1),
                     UMQTT_OK);
    assert_int_equal(umqtt_check_msg(&server.client), UMQTT_OK);
    assert_string_equal(server.log, "green/btn/0=0;");
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("the tutorial's program", tutorial),
        TEST("check_msg takes a whole backlog", backlog),
        TEST("check_msg never waits for the rest of a packet", half_a_packet),
        TEST("calls wait for their acknowledgement, but not for ever", acknowledged),
        TEST("connect tells why not", could_not_connect),
        TEST("it comes back, subscribes again, and sends what was queued", comes_back),
        TEST("as many subscriptions as it can remember", remembers_so_many),
        TEST("wait_msg keeps alive, and notices a dead peer", stays_alive),
        TEST("the callback may publish and subscribe", callback_may_publish),
        TEST("128 bytes are enough for the tutorial", smallest_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
