/* listener.c — from options to places, from places to sockets, from sockets to connections.
 *
 * Happy path: find_places (names become addresses) → open_sockets → listener_attach → the loop says
 * readable → accept_arrivals until nobody waits or the turn's share is used up.
 *
 * What can go wrong at the start is told in words. Later only descriptors or memory can run out. */
#include "net/listener.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/listening_socket.h"
#include "net/socket_address.h"

#define FREE_PORT_TRIES_MAX 16

struct listener_socket {
    struct listener *listener;
    struct loop_watch watch;
    int fd;
};

struct listener {
    struct listener_options options;
    struct loop *loop; /* or NULL: not attached */
    struct listener_visitor visitor;
    struct listener_socket sockets[LISTENER_SOCKETS_MAX];
    size_t socket_count;
    int reserve_fd; /* given up for a moment when there are no others; -1: could not be had back */
    bool owns_file; /* a unix socket's */
    dev_t file_device;
    ino_t file_inode;
};

struct places {
    struct listening_place all[LISTENER_SOCKETS_MAX];
    size_t count;
    bool may_lack; /* a family that this machine does not have may be left out */
};

static struct listener *listener_new(const struct listener_options *options);
static bool open_tcp(struct listener *listener, char *error, size_t error_size);
static bool open_unix(struct listener *listener, char *error, size_t error_size);
static bool find_places(const struct listener_options *options, struct places *places, char *error,
                        size_t error_size);
static int resolve(const char *host, const struct listener_options *options, struct places *places);
static bool is_known(const struct places *places, const struct listening_place *place);
static bool open_places(struct listener *listener, struct places *places);
static bool open_place(struct listener *listener, struct listening_place *place);
static bool add_socket(struct listener *listener, int fd);
static void close_sockets(struct listener *listener);
static void explain(const struct listener *listener, char *error, size_t error_size);
static bool read_place(int fd, const struct listener_options *options,
                       struct listening_place *place);
static void accept_arrivals(void *context, uint32_t events);
static bool is_shortage(int error);
static bool refuse_one(struct listener *listener, int listening_fd);

struct listener *listener_open(const struct listener_options *options, char *error,
                               size_t error_size)
{
    struct listener *listener = listener_new(options);
    if (!listener) {
        snprintf(error, error_size, "cannot open a listener: %s", strerrordesc_np(errno));
        return NULL;
    }
    bool is_open = options->family == LISTENER_UNIX ? open_unix(listener, error, error_size)
                                                    : open_tcp(listener, error, error_size);
    if (!is_open) {
        listener_close(listener);
        return NULL;
    }
    return listener;
}

struct listener *listener_share(const struct listener *listener, char *error, size_t error_size)
{
    struct listener *share = listener_new(&listener->options);
    if (!share) {
        goto fail;
    }
    for (size_t i = 0; i < listener->socket_count; i++) {
        int fd = listener->sockets[i].fd;
        struct listening_place place;
        bool is_open = listener->options.family == LISTENER_UNIX
                           ? add_socket(share, fcntl(fd, F_DUPFD_CLOEXEC, 0))
                           : read_place(fd, &listener->options, &place) &&
                                 add_socket(share, listening_socket_open_tcp(&place));
        if (!is_open) {
            goto fail;
        }
    }
    return share;

fail:
    snprintf(error, error_size, "cannot open a listener for another thread: %s",
             strerrordesc_np(errno));
    listener_close(share);
    return NULL;
}

void listener_close(struct listener *listener)
{
    if (!listener) {
        return;
    }
    listener_detach(listener);
    struct stat status;
    const char *path = listener->options.address;
    if (listener->owns_file && stat(path, &status) == 0 && status.st_dev == listener->file_device &&
        status.st_ino == listener->file_inode) {
        unlink(path);
    }
    close_sockets(listener);
    if (listener->reserve_fd >= 0) {
        close(listener->reserve_fd);
    }
    free(listener);
}

bool listener_give(const struct listener *listener, uint32_t user_id, uint32_t group_id)
{
    return !listener->owns_file || chown(listener->options.address, user_id, group_id) == 0;
}

bool listener_attach(struct listener *listener, struct loop *loop,
                     const struct listener_visitor *visitor)
{
    assert(!listener->loop && visitor->accepted);
    listener->loop = loop;
    listener->visitor = *visitor;
    /* Workers wait for the same unix socket: one arrival need not wake them all. */
    uint32_t interest =
        LOOP_READABLE | (listener->options.family == LISTENER_UNIX ? (uint32_t)LOOP_SHARED : 0);
    for (size_t i = 0; i < listener->socket_count; i++) {
        struct listener_socket *socket = &listener->sockets[i];
        loop_watch_init(&socket->watch, socket->fd, accept_arrivals, socket);
        if (!loop_add(loop, &socket->watch, interest)) {
            listener_detach(listener);
            return false;
        }
    }
    return true;
}

void listener_detach(struct listener *listener)
{
    for (size_t i = 0; listener->loop && i < listener->socket_count; i++) {
        loop_remove(listener->loop, &listener->sockets[i].watch);
    }
    listener->loop = NULL;
}

uint16_t listener_port(const struct listener *listener)
{
    struct listening_place place;
    if (listener->options.family == LISTENER_UNIX ||
        !read_place(listener->sockets[0].fd, &listener->options, &place)) {
        return 0;
    }
    return listening_place_port(&place);
}

size_t listener_socket_count(const struct listener *listener)
{
    return listener->socket_count;
}

size_t listener_describe(const struct listener *listener, size_t index, char *text, size_t size)
{
    assert(index < listener->socket_count);
    struct listening_place place = {0};
    if (!read_place(listener->sockets[index].fd, &listener->options, &place)) {
        place.address_size = 0;
    }
    return socket_address_describe((struct sockaddr *)&place.address, place.address_size, text,
                                   size);
}

static struct listener *listener_new(const struct listener_options *options)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener) {
        return NULL;
    }
    listener->options = *options;
    listener->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (listener->reserve_fd < 0) {
        free(listener);
        return NULL;
    }
    return listener;
}

static bool open_tcp(struct listener *listener, char *error, size_t error_size)
{
    struct places places = {0};
    if (!find_places(&listener->options, &places, error, error_size)) {
        return false;
    }
    /* A free port of one address may be taken at another one: then we try the next. */
    int tries_max = listener->options.port == 0 ? FREE_PORT_TRIES_MAX : 1;
    bool is_open = open_places(listener, &places);
    for (int i = 1; i < tries_max && !is_open && errno == EADDRINUSE; i++) {
        is_open = open_places(listener, &places);
    }
    if (!is_open) {
        explain(listener, error, error_size);
    }
    return is_open;
}

static bool open_unix(struct listener *listener, char *error, size_t error_size)
{
    const char *path = listener->options.address;
    struct stat status;
    if (!add_socket(listener, listening_socket_open_unix(path, listener->options.unix_mode))) {
        explain(listener, error, error_size);
        return false;
    }
    if (stat(path, &status) == 0) {
        listener->owns_file = true;
        listener->file_device = status.st_dev;
        listener->file_inode = status.st_ino;
    }
    return true;
}

static bool find_places(const struct listener_options *options, struct places *places, char *error,
                        size_t error_size)
{
    int result;
    const char *host = options->address;
    if (options->loopback_only) {
        /* By number: what "localhost" means depends on the machine. */
        result = options->family == LISTENER_IPV6 ? 0 : resolve("127.0.0.1", options, places);
        if (result == 0 && options->family != LISTENER_IPV4) {
            result = resolve("::1", options, places);
        }
    } else {
        bool is_everywhere = !host[0] || options->bind_interface[0];
        result = resolve(is_everywhere ? NULL : host, options, places);
    }
    places->may_lack = places->count > 1;
    if (result != 0 || places->count == 0) {
        snprintf(error, error_size, "cannot find the address %s: %s", host,
                 result ? gai_strerror(result) : "it has no address of the wanted kind");
        return false;
    }
    return true;
}

/* Appends the addresses of `host` (NULL: every interface). Returns 0 or getaddrinfo's error. */
static int resolve(const char *host, const struct listener_options *options, struct places *places)
{
    static const int families[] = {
        [LISTENER_ANY] = AF_UNSPEC, [LISTENER_IPV4] = AF_INET, [LISTENER_IPV6] = AF_INET6};
    assert(options->family <= LISTENER_IPV6);
    struct addrinfo hints = {
        .ai_flags = AI_PASSIVE, .ai_family = families[options->family], .ai_socktype = SOCK_STREAM};
    char port[8];
    snprintf(port, sizeof port, "%u", (unsigned)options->port);
    struct addrinfo *all;
    int result = getaddrinfo(host, port, &hints, &all);
    if (result != 0) {
        return result;
    }
    for (const struct addrinfo *one = all; one; one = one->ai_next) {
        if (places->count == LISTENER_SOCKETS_MAX) {
            break;
        }
        struct listening_place place = {.address_size = one->ai_addrlen,
                                        .bind_interface = options->bind_interface,
                                        .tcp_no_delay = options->tcp_no_delay};
        assert(one->ai_addrlen <= sizeof place.address);
        memcpy(&place.address, one->ai_addr, one->ai_addrlen);
        if (!is_known(places, &place)) {
            places->all[places->count++] = place;
        }
    }
    freeaddrinfo(all);
    return 0;
}

/* A name may lead to one address twice (several lines of /etc/hosts). */
static bool is_known(const struct places *places, const struct listening_place *place)
{
    for (size_t i = 0; i < places->count; i++) {
        if (places->all[i].address_size == place->address_size &&
            memcmp(&places->all[i].address, &place->address, place->address_size) == 0) {
            return true;
        }
    }
    return false;
}

/* Opens all places, or none: errno. */
static bool open_places(struct listener *listener, struct places *places)
{
    assert(listener->socket_count == 0);
    uint16_t port = listener->options.port;
    int lacking = 0;
    for (size_t i = 0; i < places->count; i++) {
        listening_place_set_port(&places->all[i], port);
        if (open_place(listener, &places->all[i])) {
            port = listener_port(listener);
            continue;
        }
        lacking = errno;
        if (!places->may_lack || (lacking != EAFNOSUPPORT && lacking != EADDRNOTAVAIL)) {
            close_sockets(listener);
            errno = lacking;
            return false;
        }
    }
    errno = lacking;
    return listener->socket_count > 0;
}

static bool open_place(struct listener *listener, struct listening_place *place)
{
    if (listening_place_port(place) != 0 && !listening_socket_is_free(place)) {
        return false;
    }
    return add_socket(listener, listening_socket_open_tcp(place));
}

static bool add_socket(struct listener *listener, int fd)
{
    if (fd < 0) {
        return false;
    }
    assert(listener->socket_count < LISTENER_SOCKETS_MAX);
    listener->sockets[listener->socket_count++] =
        (struct listener_socket){.listener = listener, .fd = fd};
    return true;
}

static void close_sockets(struct listener *listener)
{
    while (listener->socket_count > 0) {
        close(listener->sockets[--listener->socket_count].fd);
    }
}

/* What errno means for somebody who wrote a configuration. */
static void explain(const struct listener *listener, char *error, size_t error_size)
{
    int cause = errno;
    const struct listener_options *options = &listener->options;
    bool is_unix = options->family == LISTENER_UNIX;
    const char *what = strerrordesc_np(cause);
    if (cause == EADDRINUSE) {
        what = "it is in use by another program";
    } else if (cause == EADDRNOTAVAIL) {
        what = "this machine does not have that address";
    } else if (cause == EEXIST && is_unix) {
        what = "there is a file of that name that is not a socket";
    } else if (cause == ENODEV) {
        what = "there is no such interface";
    } else if (cause == EACCES && !is_unix) {
        what = "only root may listen at ports this low (or a program with CAP_NET_BIND_SERVICE)";
    }
    if (is_unix) {
        snprintf(error, error_size, "cannot listen at %s: %s", options->address, what);
        return;
    }
    const char *at = options->bind_interface[0] ? options->bind_interface
                     : options->address[0]      ? options->address
                     : options->loopback_only   ? "the loopback interface"
                                                : "every interface";
    snprintf(error, error_size, "cannot listen at port %u of %s: %s", (unsigned)options->port, at,
             what);
}

/* Where a listening socket really stands. */
static bool read_place(int fd, const struct listener_options *options,
                       struct listening_place *place)
{
    *place = (struct listening_place){.address_size = sizeof place->address,
                                      .bind_interface = options->bind_interface,
                                      .tcp_no_delay = options->tcp_no_delay};
    return getsockname(fd, (struct sockaddr *)&place->address, &place->address_size) == 0;
}

static void accept_arrivals(void *context, uint32_t events)
{
    (void)events;
    struct listener_socket *socket = context;
    struct listener *listener = socket->listener;
    uint32_t refused_count = 0;
    int refused_error = 0;
    for (uint32_t i = 0; i < LISTENER_ARRIVALS_MAX && listener->loop; i++) {
        int fd = accept4(socket->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            listener->visitor.accepted(listener->visitor.context, fd);
            continue;
        }
        if (is_shortage(errno)) {
            int shortage = errno; /* the kernel says so before it looks whether anybody waits */
            if (refuse_one(listener, socket->fd)) {
                refused_count++;
                refused_error = shortage;
                continue;
            }
            if (errno != EAGAIN) {
                refused_error = shortage;
                loop_rest(listener->loop, &socket->watch, LISTENER_REST_US);
                break;
            }
        }
        if (errno == EAGAIN) {
            break;
        }
        /* Anything else is the misfortune of that one connection, which is gone. */
    }
    if (refused_error && listener->visitor.refused) {
        listener->visitor.refused(listener->visitor.context, refused_count, refused_error);
    }
}

static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* Accepts and closes one connection with the descriptor held in reserve. False: errno, EAGAIN when
 * nobody waits. */
static bool refuse_one(struct listener *listener, int listening_fd)
{
    if (listener->reserve_fd < 0) {
        /* Another thread was faster the last time. */
        listener->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    if (listener->reserve_fd < 0) {
        return false;
    }
    close(listener->reserve_fd);
    int fd = accept4(listening_fd, NULL, NULL, SOCK_CLOEXEC);
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    listener->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    errno = error;
    return fd >= 0;
}
