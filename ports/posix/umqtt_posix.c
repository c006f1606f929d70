/* umqtt_posix.c — sockets that never make the client wait, but in its wait.
 *
 * Opening looks the name up once and starts a connection to its first address; called again, it
 * sees how that went and goes on to the next. Whatever goes wrong later is "lost", and the client
 * decides what then. */
#define _POSIX_C_SOURCE 200809L

#include "umqtt_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static enum umqtt_progress open_tcp(struct umqtt_posix *posix);
static enum umqtt_progress open_unix(struct umqtt_posix *posix);
static enum umqtt_progress start(struct umqtt_posix *posix, int family,
                                 const struct sockaddr *address, socklen_t size);
static enum umqtt_progress look_at_start(struct umqtt_posix *posix);
static void close_socket(struct umqtt_posix *posix);

static enum umqtt_progress posix_open(void *self)
{
    struct umqtt_posix *posix = self;
    return posix->path ? open_unix(posix) : open_tcp(posix);
}

static int posix_read(void *self, uint8_t *data, size_t size)
{
    struct umqtt_posix *posix = self;
    ssize_t got = recv(posix->fd, data, size < INT_MAX ? size : INT_MAX, 0);
    if (got > 0)
        return (int)got;
    bool nothing_now = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    return nothing_now ? 0 : -1;
}

static int posix_write(void *self, const uint8_t *data, size_t size)
{
    struct umqtt_posix *posix = self;
    ssize_t put = send(posix->fd, data, size < INT_MAX ? size : INT_MAX, MSG_NOSIGNAL);
    if (put >= 0)
        return (int)put;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
}

static void posix_wait(void *self, bool for_write, uint32_t timeout_ms)
{
    struct umqtt_posix *posix = self;
    struct pollfd poll_fd = {.fd = posix->fd}; /* -1: poll waits for the time alone */
    poll_fd.events = (short)(POLLIN | (for_write ? POLLOUT : 0));
    (void)poll(&poll_fd, 1, timeout_ms < INT_MAX ? (int)timeout_ms : -1);
}

static void posix_close(void *self)
{
    struct umqtt_posix *posix = self;
    close_socket(posix);
    if (posix->addresses)
        freeaddrinfo(posix->addresses);
    posix->addresses = posix->next = NULL;
}

static uint32_t posix_clock_ms(void *self)
{
    struct timespec now;
    (void)self;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_sec * 1000u + (uint32_t)(now.tv_nsec / 1000000);
}

static void init(struct umqtt_posix *posix)
{
    posix->fd = -1;
    posix->transport = (struct umqtt_transport){
        .self = posix,
        .open = posix_open,
        .read = posix_read,
        .write = posix_write,
        .wait = posix_wait,
        .close = posix_close,
        .clock_ms = posix_clock_ms,
    };
}

void umqtt_posix_tcp(struct umqtt_posix *posix, const char *host, const char *port)
{
    *posix = (struct umqtt_posix){.host = host, .port = port};
    init(posix);
}

void umqtt_posix_unix(struct umqtt_posix *posix, const char *path)
{
    *posix = (struct umqtt_posix){.path = path};
    init(posix);
}

static enum umqtt_progress open_tcp(struct umqtt_posix *posix)
{
    if (!posix->addresses) {
        struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
        if (getaddrinfo(posix->host, posix->port, &hints, &posix->addresses) != 0) {
            posix->addresses = NULL;
            return UMQTT_LOST;
        }
        posix->next = posix->addresses;
    }
    enum umqtt_progress progress = UMQTT_LOST;
    if (posix->is_connecting)
        progress = look_at_start(posix);
    while (progress == UMQTT_LOST && posix->next) {
        const struct addrinfo *address = posix->next;
        posix->next = address->ai_next;
        progress = start(posix, address->ai_family, address->ai_addr, address->ai_addrlen);
    }
    if (progress == UMQTT_DONE) {
        int yes = 1; /* a button should not wait for the acknowledgement of the one before */
        (void)setsockopt(posix->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    return progress;
}

static enum umqtt_progress open_unix(struct umqtt_posix *posix)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(posix->path);
    if (size >= sizeof address.sun_path)
        return UMQTT_LOST;
    if (posix->is_connecting)
        return look_at_start(posix);
    memcpy(address.sun_path, posix->path, size);
    return start(posix, AF_UNIX, (const struct sockaddr *)&address, sizeof address);
}

static enum umqtt_progress start(struct umqtt_posix *posix, int family,
                                 const struct sockaddr *address, socklen_t size)
{
    close_socket(posix);
    posix->fd = socket(family, SOCK_STREAM, 0);
    if (posix->fd < 0)
        return UMQTT_LOST;
    (void)fcntl(posix->fd, F_SETFD, FD_CLOEXEC);
    (void)fcntl(posix->fd, F_SETFL, O_NONBLOCK);
    if (connect(posix->fd, address, size) == 0)
        return UMQTT_DONE;
    if (errno != EINPROGRESS && errno != EINTR)
        return UMQTT_LOST;
    posix->is_connecting = true;
    return UMQTT_AGAIN;
}

static enum umqtt_progress look_at_start(struct umqtt_posix *posix)
{
    struct pollfd poll_fd = {.fd = posix->fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;
    if (poll(&poll_fd, 1, 0) <= 0)
        return UMQTT_AGAIN;
    posix->is_connecting = false;
    if (getsockopt(posix->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
        return UMQTT_LOST;
    return UMQTT_DONE;
}

static void close_socket(struct umqtt_posix *posix)
{
    if (posix->fd >= 0)
        (void)close(posix->fd);
    posix->fd = -1;
    posix->is_connecting = false;
}
