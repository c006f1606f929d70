/* stream_socket.c — the lowest layer of a connection: a TCP or unix socket.
 *
 * Each call is one system call. What can go wrong is the other side's going away, which is an
 * answer like any other; the reason is kept until somebody asks for it in words. */
#include "net/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/socket_address.h"

struct stream_socket {
    struct stream stream;
    int fd;
    int error; /* errno of the last STREAM_ERROR */
};

static ptrdiff_t socket_read(struct stream *stream, uint8_t *room, size_t size);
static ptrdiff_t socket_writev(struct stream *stream, const struct iovec *pieces, size_t count);
static int socket_shut(struct stream *stream);
static void socket_close(struct stream *stream);
static bool socket_never(const struct stream *stream);
static int socket_descriptor(const struct stream *stream);
static size_t socket_describe_peer(const struct stream *stream, char *text, size_t size);
static size_t socket_describe_error(const struct stream *stream, char *text, size_t size);

static const struct stream_layer socket_layer = {
    .read = socket_read,
    .writev = socket_writev,
    .shut = socket_shut,
    .close = socket_close,
    .wants_write = socket_never,
    .has_pending = socket_never,
    .descriptor = socket_descriptor,
    .describe_peer = socket_describe_peer,
    .describe_error = socket_describe_error,
};

struct stream *stream_socket_new(int fd)
{
    assert(fd >= 0);
    struct stream_socket *socket = malloc(sizeof *socket);
    if (!socket) {
        return NULL;
    }
    *socket = (struct stream_socket){.stream = {.layer = &socket_layer}, .fd = fd};
    return &socket->stream;
}

static int socket_fail(struct stream_socket *socket)
{
    if (errno == EAGAIN || errno == EINTR) {
        return STREAM_AGAIN;
    }
    socket->error = errno;
    return STREAM_ERROR;
}

static ptrdiff_t socket_read(struct stream *stream, uint8_t *room, size_t size)
{
    struct stream_socket *socket = (struct stream_socket *)stream;
    assert(size > 0);
    ssize_t count = recv(socket->fd, room, size, 0);
    if (count > 0) {
        return count;
    }
    return count == 0 ? STREAM_CLOSED : socket_fail(socket);
}

static ptrdiff_t socket_writev(struct stream *stream, const struct iovec *pieces, size_t count)
{
    struct stream_socket *socket = (struct stream_socket *)stream;
    assert(count > 0 && count <= STREAM_PIECES_MAX);
    ssize_t written;
    if (count == 1) {
        written = send(socket->fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL);
    } else {
        struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
        written = sendmsg(socket->fd, &message, MSG_NOSIGNAL);
    }
    return written >= 0 ? written : socket_fail(socket);
}

static int socket_shut(struct stream *stream)
{
    struct stream_socket *socket = (struct stream_socket *)stream;
    return shutdown(socket->fd, SHUT_WR) == 0 ? 0 : socket_fail(socket);
}

static void socket_close(struct stream *stream)
{
    struct stream_socket *socket = (struct stream_socket *)stream;
    close(socket->fd);
    free(socket);
}

static bool socket_never(const struct stream *stream)
{
    (void)stream; /* a socket holds nothing back and writes nothing of its own */
    return false;
}

static int socket_descriptor(const struct stream *stream)
{
    return ((const struct stream_socket *)stream)->fd;
}

static size_t socket_describe_peer(const struct stream *stream, char *text, size_t size)
{
    int fd = socket_descriptor(stream);
    struct sockaddr_storage address;
    socklen_t address_size = sizeof address;
    int result = getpeername(fd, (struct sockaddr *)&address, &address_size);
    if (result == 0 && address.ss_family == AF_UNIX) {
        /* Those who come have no name there; the door they came through has. */
        address_size = sizeof address;
        result = getsockname(fd, (struct sockaddr *)&address, &address_size);
    }
    if (result != 0) {
        address_size = 0;
    }
    return socket_address_describe((struct sockaddr *)&address, address_size, text, size);
}

static size_t socket_describe_error(const struct stream *stream, char *text, size_t size)
{
    int error = ((const struct stream_socket *)stream)->error;
    const char *words = error ? strerrordesc_np(error) : NULL;
    int length = snprintf(text, size, "%s", words ? words : "no error");
    assert(length >= 0);
    return (size_t)length < size ? (size_t)length : size - (size > 0);
}
