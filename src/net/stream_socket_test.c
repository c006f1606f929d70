/* stream_socket_test.c — bytes over a real connection: whole, in pieces, too many, and its end. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/stream.h"

#define FLOOD_WRITES_MAX 10000

/* Two ends of a TCP connection over loopback. */
static void connect_tcp(struct stream **stream, int *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int door = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(door, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(door, 1), 0);
    assert_int_equal(getsockname(door, (struct sockaddr *)&address, &size), 0);
    *peer = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(*peer, (struct sockaddr *)&address, size), 0);
    int fd = accept4(door, NULL, NULL, SOCK_NONBLOCK);
    assert_true(fd >= 0);
    *stream = stream_socket_new(fd);
    assert_non_null(*stream);
    close(door);
}

static void bytes_go_both_ways(void **state)
{
    (void)state;
    struct stream *stream;
    int peer;
    uint8_t room[64];
    connect_tcp(&stream, &peer);
    assert_int_equal(stream_read(stream, room, sizeof room), STREAM_AGAIN);
    assert_int_equal(send(peer, "hello", 5, 0), 5);
    assert_int_equal(stream_read(stream, room, 3), 3);
    assert_int_equal(stream_read(stream, room + 3, sizeof room - 3), 2);
    assert_memory_equal(room, "hello", 5);
    struct iovec pieces[STREAM_PIECES_MAX];
    for (size_t i = 0; i < STREAM_PIECES_MAX; i++) {
        pieces[i] = (struct iovec){.iov_base = "abcdefgh" + i % 8, .iov_len = 1};
    }
    assert_int_equal(stream_writev(stream, pieces, STREAM_PIECES_MAX), STREAM_PIECES_MAX);
    assert_int_equal(recv(peer, room, 64, MSG_WAITALL), 64);
    assert_memory_equal(room, "abcdefghabcdefgh", 16);
    assert_int_equal(stream_writev(stream, pieces, 1), 1);
    assert_int_equal(recv(peer, room, 1, MSG_WAITALL), 1);
    assert_false(stream_wants_write(stream));
    assert_false(stream_has_pending(stream));
    stream_close(stream);
    assert_int_equal(recv(peer, room, 1, 0), 0);
    close(peer);
}

static void a_full_socket_takes_a_part_and_then_nothing(void **state)
{
    (void)state;
    struct stream *stream;
    int peer;
    static uint8_t flood[65536];
    struct iovec pieces[2] = {{flood, sizeof flood}, {flood, sizeof flood}};
    ptrdiff_t written = 0;
    connect_tcp(&stream, &peer);
    for (int i = 0; i < FLOOD_WRITES_MAX && written >= 0; i++) {
        written = stream_writev(stream, pieces, 2);
        assert_true(written > 0 || written == STREAM_AGAIN);
    }
    assert_int_equal(written, STREAM_AGAIN);
    stream_close(stream);
    close(peer);
}

static void an_orderly_end_is_told_from_a_break(void **state)
{
    (void)state;
    struct stream *stream;
    int peer;
    uint8_t room[8];
    char text[STREAM_ERROR_SIZE_MAX];
    connect_tcp(&stream, &peer);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    assert_int_equal(stream_read(stream, room, sizeof room), STREAM_CLOSED);
    assert_int_equal(stream_shut(stream), 0);
    assert_int_equal(recv(peer, room, sizeof room, 0), 0);
    struct iovec piece = {room, 1};
    assert_int_equal(stream_writev(stream, &piece, 1), STREAM_ERROR); /* and no SIGPIPE */
    stream_describe_error(stream, text, sizeof text);
    assert_string_equal(text, "Broken pipe");
    stream_close(stream);
    close(peer);

    connect_tcp(&stream, &peer);
    struct linger hard = {.l_onoff = 1};
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close(peer);
    assert_int_equal(stream_read(stream, room, sizeof room), STREAM_ERROR);
    assert_int_equal(stream_describe_error(stream, text, sizeof text), 24);
    assert_string_equal(text, "Connection reset by peer");
    stream_describe_peer(stream, text, sizeof text);
    assert_string_equal(text, "unknown");
    stream_close(stream);
}

static void the_peer_has_a_name(void **state)
{
    (void)state;
    struct stream *stream;
    int peer, pair[2];
    char text[STREAM_PEER_SIZE_MAX], expected[STREAM_PEER_SIZE_MAX];
    connect_tcp(&stream, &peer);
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    assert_int_equal(getsockname(peer, (struct sockaddr *)&address, &size), 0);
    snprintf(expected, sizeof expected, "127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    assert_int_equal(stream_describe_peer(stream, text, sizeof text), strlen(expected));
    assert_string_equal(text, expected);
    stream_close(stream);
    close(peer);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    stream = stream_socket_new(pair[0]);
    assert_int_equal(stream_descriptor(stream), pair[0]);
    stream_describe_peer(stream, text, sizeof text);
    assert_string_equal(text, "unix:");
    stream_close(stream);
    assert_int_equal(fcntl(pair[0], F_GETFD), -1); /* closed */
    close(pair[1]);
    stream_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways),
        cmocka_unit_test(a_full_socket_takes_a_part_and_then_nothing),
        cmocka_unit_test(an_orderly_end_is_told_from_a_break),
        cmocka_unit_test(the_peer_has_a_name),
    };
    return cmocka_run_group_tests_name("stream_socket", tests, NULL, NULL);
}
