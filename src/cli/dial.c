/* dial.c — connect() without waiting. "localhost" is often two addresses, ::1 and 127.0.0.1, and a
 * broker listens on one of them: each is tried, the last failure is told. */
#include "cli/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/socket_address.h"

static enum dial_result look_up(struct dial *dial);
static enum dial_result try_next(struct dial *dial);
static enum dial_result try_unix(struct dial *dial);
static enum dial_result try_address(struct dial *dial, int family, const struct sockaddr *address,
                                    socklen_t size);
static bool bind_own(struct dial *dial, int family);
static enum dial_result give_up(struct dial *dial, int error);

void dial_init(struct dial *dial, const struct options *options)
{
    *dial = (struct dial){.options = options, .fd = -1};
}

enum dial_result dial_begin(struct dial *dial)
{
    const struct options *options = dial->options;
    dial_fini(dial);
    dial_init(dial, options);
    if (options->unix_path) {
        return try_unix(dial);
    }
    return look_up(dial);
}

enum dial_result dial_continue(struct dial *dial)
{
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        error = errno;
    }
    if (error == 0) {
        return DIAL_CONNECTED;
    }
    give_up(dial, error);
    return dial->options->unix_path ? DIAL_FAILED : try_next(dial);
}

int dial_take(struct dial *dial)
{
    int fd = dial->fd;
    dial->fd = -1;
    return fd;
}

void dial_fini(struct dial *dial)
{
    if (dial->fd >= 0) {
        close(dial->fd);
        dial->fd = -1;
    }
    if (dial->found) {
        freeaddrinfo(dial->found);
        dial->found = NULL;
    }
    if (dial->own) {
        freeaddrinfo(dial->own);
        dial->own = NULL;
    }
}

void dial_tell_failure(const struct dial *dial)
{
    const struct options *options = dial->options;
    const struct voice *voice = &options->voice;
    if (dial->lookup_error) {
        bool is_own = options->bind_address && !dial->found && dial->own == NULL && *dial->peer;
        say_error(voice, "Unable to look up %s: %s.", is_own ? dial->peer : options->host,
                  dial->lookup_error == EAI_SYSTEM ? strerror(dial->error)
                                                   : gai_strerror(dial->lookup_error));
        say_hint(voice, "Is the name spelled right, and this machine on the network?");
        return;
    }
    if (dial->error == ECONNREFUSED) {
        say_error(voice, "Connection refused by %s.", dial->peer);
        say_hint(voice, "Is the broker running? Start one with: midged");
    } else if (dial->error == EADDRNOTAVAIL && options->bind_address) {
        say_error(voice, "This machine has no address %s: %s.", options->bind_address,
                  strerror(dial->error));
    } else {
        say_error(voice, "Unable to connect to %s: %s.", dial->peer, strerror(dial->error));
        if (dial->error == ENOENT && options->unix_path) {
            say_hint(voice, "Does the broker listen there? Its directive: listener 0 %s",
                     options->unix_path);
        }
    }
}

static enum dial_result look_up(struct dial *dial)
{
    const struct options *options = dial->options;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char port[8];
    snprintf(port, sizeof(port), "%d", (int)options->port);
    if (options->bind_address) {
        snprintf(dial->peer, sizeof(dial->peer), "%s", options->bind_address);
        dial->lookup_error = getaddrinfo(options->bind_address, NULL, &hints, &dial->own);
        if (dial->lookup_error) {
            return give_up(dial, errno);
        }
    }
    dial->peer[0] = 0;
    dial->lookup_error = getaddrinfo(options->host, port, &hints, &dial->found);
    if (dial->lookup_error) {
        return give_up(dial, errno);
    }
    dial->next = dial->found;
    return try_next(dial);
}

static enum dial_result try_next(struct dial *dial)
{
    while (dial->next) {
        const struct addrinfo *address = dial->next;
        dial->next = address->ai_next;
        enum dial_result result =
            try_address(dial, address->ai_family, address->ai_addr, address->ai_addrlen);
        if (result != DIAL_FAILED) {
            return result;
        }
    }
    return DIAL_FAILED;
}

static enum dial_result try_unix(struct dial *dial)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(dial->options->unix_path);
    snprintf(dial->peer, sizeof(dial->peer), "%s", dial->options->unix_path);
    if (size >= sizeof(address.sun_path)) {
        return give_up(dial, ENAMETOOLONG);
    }
    memcpy(address.sun_path, dial->options->unix_path, size + 1);
    return try_address(dial, AF_UNIX, (const struct sockaddr *)&address, sizeof(address));
}

static enum dial_result try_address(struct dial *dial, int family, const struct sockaddr *address,
                                    socklen_t size)
{
    int on = 1;
    dial->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (dial->fd < 0) {
        return give_up(dial, errno);
    }
    if (family != AF_UNIX) {
        socket_address_describe(address, size, dial->peer, sizeof(dial->peer));
        /* What belongs together we write at once: nothing is won by waiting for more. */
        setsockopt(dial->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (!bind_own(dial, family)) {
            return give_up(dial, errno);
        }
    }
    if (connect(dial->fd, address, size) == 0) {
        return DIAL_CONNECTED;
    }
    return errno == EINPROGRESS ? DIAL_AGAIN : give_up(dial, errno);
}

/* True, too, when we need not come from a certain address. */
static bool bind_own(struct dial *dial, int family)
{
    for (const struct addrinfo *own = dial->own; own; own = own->ai_next) {
        if (own->ai_family == family) {
            return bind(dial->fd, own->ai_addr, own->ai_addrlen) == 0;
        }
    }
    errno = EADDRNOTAVAIL;
    return dial->own == NULL;
}

static enum dial_result give_up(struct dial *dial, int error)
{
    dial->error = error;
    if (dial->fd >= 0) {
        close(dial->fd);
        dial->fd = -1;
    }
    return DIAL_FAILED;
}
