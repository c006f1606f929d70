/* listener_options.h — where a door stands. */
#ifndef MIDGE_NET_LISTENER_OPTIONS_H
#define MIDGE_NET_LISTENER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum listener_family { LISTENER_ANY, LISTENER_IPV4, LISTENER_IPV6, LISTENER_UNIX };

struct listener_options {
    uint16_t port;               /* 0 for a unix socket */
    char address[256];           /* host name, address or unix path; "": every interface */
    char bind_interface[32];     /* or "" */
    enum listener_family family; /* socket_domain */
    bool loopback_only;          /* the door that stands when no configuration names one */
    bool tcp_no_delay;           /* default true */
    uint32_t connections_max;    /* 0: none; kept by the room that counts connections */
    uint16_t unix_mode;          /* permissions of a unix socket's file; 0: as the umask says */
};

void listener_options_default(struct listener_options *options);

#endif
