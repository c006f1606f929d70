/* listening_socket.c — socket, options, bind, listen; undone in reverse when one of them fails. */
#include "net/listening_socket.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The kernel lowers it to its own bound (net.core.somaxconn). */
#define BACKLOG_COUNT 4096

static int bind_tcp(const struct listening_place *place, bool shares);
static bool set_options(int fd, const struct listening_place *place, bool shares);
static bool remove_stale(const struct sockaddr_un *address);
static bool somebody_answers(const struct sockaddr_un *address);
static int close_failed(int fd);

uint16_t listening_place_port(const struct listening_place *place)
{
    return place->address.ss_family == AF_INET6
               ? ntohs(((const struct sockaddr_in6 *)&place->address)->sin6_port)
               : ntohs(((const struct sockaddr_in *)&place->address)->sin_port);
}

void listening_place_set_port(struct listening_place *place, uint16_t port)
{
    if (place->address.ss_family == AF_INET6) {
        ((struct sockaddr_in6 *)&place->address)->sin6_port = htons(port);
    } else {
        ((struct sockaddr_in *)&place->address)->sin_port = htons(port);
    }
}

int listening_socket_open_tcp(const struct listening_place *place)
{
    int fd = bind_tcp(place, true);
    if (fd >= 0 && listen(fd, BACKLOG_COUNT) != 0) {
        return close_failed(fd);
    }
    return fd;
}

bool listening_socket_is_free(const struct listening_place *place)
{
    int fd = bind_tcp(place, false);
    if (fd < 0) {
        return false;
    }
    close(fd);
    return true;
}

int listening_socket_open_unix(const char *path, uint16_t mode)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(path) + 1;
    if (size > sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, size);
    if (!remove_stale(&address)) {
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        return close_failed(fd);
    }
    /* Nobody can connect before listen, so nobody slips in before the permissions are right. */
    if ((mode && chmod(path, mode) != 0) || listen(fd, BACKLOG_COUNT) != 0) {
        int error = errno;
        unlink(path);
        errno = error;
        return close_failed(fd);
    }
    return fd;
}

static int bind_tcp(const struct listening_place *place, bool shares)
{
    int fd = socket(place->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    if (!set_options(fd, place, shares) ||
        bind(fd, (const struct sockaddr *)&place->address, place->address_size) != 0) {
        return close_failed(fd);
    }
    return fd;
}

static bool set_options(int fd, const struct listening_place *place, bool shares)
{
    static const int yes = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        (shares && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) != 0)) {
        return false;
    }
    /* [::] beside 0.0.0.0: each takes its own family only. */
    if (place->address.ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) != 0) {
        return false;
    }
    if (place->tcp_no_delay && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0) {
        return false;
    }
    const char *interface = place->bind_interface;
    return !interface[0] || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
                                       (socklen_t)strlen(interface) + 1) == 0;
}

/* True: nothing is in the way (any more). */
static bool remove_stale(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0) {
        return errno == ENOENT;
    }
    if (!S_ISSOCK(status.st_mode)) {
        errno = EEXIST;
        return false;
    }
    if (somebody_answers(address)) {
        errno = EADDRINUSE;
        return false;
    }
    return unlink(address->sun_path) == 0 || errno == ENOENT;
}

static bool somebody_answers(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return true; /* we cannot know, so we leave it alone */
    }
    bool is_refused = connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
                      errno == ECONNREFUSED;
    close(fd);
    return !is_refused;
}

static int close_failed(int fd)
{
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}
