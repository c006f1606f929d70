/* umqtt_posix.h — a transport for umqtt's blocking face: TCP or a unix socket. */
#ifndef UMQTT_POSIX_H
#define UMQTT_POSIX_H

#include "umqtt.h"

#ifdef __cplusplus
extern "C" {
#endif

struct addrinfo;

/* The fields are the port's own, but for `transport`, which is what umqtt_client_init wants. */
struct umqtt_posix {
    struct umqtt_transport transport;
    const char *host, *port; /* TCP */
    const char *path;        /* unix socket; NULL: TCP */
    struct addrinfo *addresses, *next;
    int fd; /* -1: none */
    bool is_connecting;
};

/* Texts are kept. `port` is a number or the name of a service. Opening looks the name up, which
 * waits for the name server, and tries its addresses one after another without waiting. */
void umqtt_posix_tcp(struct umqtt_posix *posix, const char *host, const char *port);
void umqtt_posix_unix(struct umqtt_posix *posix, const char *path);

#ifdef __cplusplus
}
#endif

#endif
