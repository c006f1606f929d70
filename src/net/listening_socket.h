/* listening_socket.h — one listening socket: bound, listening, non-blocking, close-on-exec. */
#ifndef MIDGE_NET_LISTENING_SOCKET_H
#define MIDGE_NET_LISTENING_SOCKET_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/bytes.h"

struct listening_place {
    struct sockaddr_storage address;
    socklen_t address_size;
    const char *bind_interface; /* or "" (borrowed) */
    bool tcp_no_delay;          /* inherited by the connections accepted */
};

uint16_t listening_place_port(const struct listening_place *place);
void listening_place_set_port(struct listening_place *place, uint16_t port);

/* Opens a TCP socket that other sockets of this user may join (SO_REUSEPORT). A descriptor (given),
 * or -1: errno. */
MUST_USE int listening_socket_open_tcp(const struct listening_place *place);

/* Could this place be bound without sharing it? False: errno, EADDRINUSE when somebody listens
 * there already, be it one who would share. */
MUST_USE bool listening_socket_is_free(const struct listening_place *place);

/* Opens a unix socket, in place of a socket file at which nobody answers. `mode`: the file's
 * permissions, 0: as the umask says. A descriptor (given), or -1: errno; EADDRINUSE when somebody
 * answers there, EEXIST when the file is no socket, ENAMETOOLONG. */
MUST_USE int listening_socket_open_unix(const char *path, uint16_t mode);

#endif
