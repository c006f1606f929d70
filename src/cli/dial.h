/* dial.h — from a host's name to a connected socket, one address after the other, without waiting.
 *
 * Only the look-up of the name waits: the system's resolver knows no other way. */
#ifndef MIDGE_CLI_DIAL_H
#define MIDGE_CLI_DIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"

enum dial_result {
    DIAL_CONNECTED, /* take the socket by dial_take */
    DIAL_AGAIN,     /* wait until the descriptor is writable, then dial_continue */
    DIAL_FAILED,    /* no address answered */
};

struct addrinfo;

struct dial {
    const struct options *options;       /* borrowed while in use */
    struct addrinfo *found, *next, *own; /* own: the address we come from (-A) */
    int fd;                              /* -1: none */
    int error;                           /* errno of the last try; 0: the look-up failed */
    int lookup_error;                    /* EAI_… */
    char peer[128];                      /* who was tried last: "127.0.0.1:1883" */
};

void dial_init(struct dial *dial, const struct options *options);
/* Starts anew; looks the name up. */
enum dial_result dial_begin(struct dial *dial);
enum dial_result dial_continue(struct dial *dial);
/* Gives the connected, non-blocking socket away. */
int dial_take(struct dial *dial);
void dial_fini(struct dial *dial);

/* Tells why it failed, where, and what may help. */
void dial_tell_failure(const struct dial *dial);

#endif
