/* listener.h — an open door: the listening sockets of one `listener`, for one thread.
 *
 *   listener_open     resolves the address and opens it, once for the process
 *   listener_share    gives another worker its own listener on the same addresses
 *   listener_attach   in the worker's loop: accepted connections are called back
 *
 * TCP: every share has sockets of its own (SO_REUSEPORT), and the kernel spreads the arrivals. That
 * would also let a second program of the same user join silently; so listener_open first binds each
 * address without sharing it, and reports "in use by another program" when that fails. (Between
 * this and the shared bind somebody could still slip in: then the two share the arrivals.)
 * A unix socket cannot be bound twice: the shares have duplicates of one descriptor and take turns.
 *
 * Open and share everything before privileges are dropped. All of this is for start and stop: a
 * name is resolved, which may block. Arrivals themselves never block, and a turn accepts at most
 * LISTENER_ARRIVALS_MAX a socket.
 *
 * No descriptors left (EMFILE, ENFILE): a descriptor kept in reserve is given up for a moment so
 * that the waiting connection can be accepted and closed: it ends at once instead of hanging, and
 * the loop does not spin. If even that fails, or memory is short, the socket rests for
 * LISTENER_REST_US. */
#ifndef MIDGE_NET_LISTENER_H
#define MIDGE_NET_LISTENER_H

#include "base/bytes.h"
#include "net/listener_options.h"
#include "net/loop.h"

#define LISTENER_SOCKETS_MAX    8      /* addresses behind one host name; more are left out */
#define LISTENER_ARRIVALS_MAX   64     /* accepted a socket and turn; more wait for the next */
#define LISTENER_REST_US        100000 /* 0.1 s */
#define LISTENER_ERROR_SIZE_MAX 512

struct listener;

/* Opens the door (given). At a port on every interface: IPv4 and IPv6, whichever the machine has;
 * `loopback_only`: 127.0.0.1 and ::1; a host name: all of its addresses; port 0: a free one, the
 * same for all addresses. A unix path whose file is there already is taken over if it is a socket
 * at which nobody answers. NULL: `error` says why, in words ("port 1883 is in use by another
 * program"); it needs LISTENER_ERROR_SIZE_MAX. */
MUST_USE struct listener *listener_open(const struct listener_options *options, char *error,
                                        size_t error_size);

/* The same door for one more thread (given), not yet attached. As listener_open. */
MUST_USE struct listener *listener_share(const struct listener *listener, char *error,
                                         size_t error_size);

/* Detaches and closes (taken; NULL is allowed). Connections that wait unaccepted are reset. The one
 * that came from listener_open removes a unix socket's file, if it is still its own. */
void listener_close(struct listener *listener);

/* Makes a unix socket's file belong to the user the process will become; nothing for TCP.
 * False: errno. */
MUST_USE bool listener_give(const struct listener *listener, uint32_t user_id, uint32_t group_id);

struct listener_visitor {
    /* A connection, non-blocking, close-on-exec, without Nagle's delay if so configured. `fd` is
     * given. May detach the listener, not close it. */
    void (*accepted)(void *context, int fd);
    /* `count` connections, at most LISTENER_ARRIVALS_MAX (0: the socket rests, they wait on), could
     * not be accepted, for the reason `error` (an errno). May be NULL. Once a turn at most. */
    void (*refused)(void *context, uint32_t count, int error);
    void *context;
};

/* Starts accepting, in the loop's thread. `visitor` is copied. False: errno. */
MUST_USE bool listener_attach(struct listener *listener, struct loop *loop,
                              const struct listener_visitor *visitor);
void listener_detach(
    struct listener *listener); /* stops; arrivals wait in the kernel. Harmless twice */

/* The port that it stands at (also when 0 was asked for); 0 for a unix socket. */
uint16_t listener_port(const struct listener *listener);

size_t listener_socket_count(const struct listener *listener);
/* "0.0.0.0:1883", "[::]:1883", "unix:/run/midge.sock"; SOCKET_ADDRESS_SIZE_MAX is room enough.
 * Returns the length. */
size_t listener_describe(const struct listener *listener, size_t index, char *text, size_t size);

#endif
