/* signals.h — the signals we answer, as something to read.
 *
 * SIGTERM, SIGINT (end), SIGHUP (reload) and SIGUSR1 (status) are blocked and read from a
 * descriptor, so that no code ever runs in a signal's context. SIGPIPE and SIGXFSZ are
 * ignored: a peer that has hung up, a file that may not grow, are errors of the call. */
#ifndef MIDGE_BROKER_SIGNALS_H
#define MIDGE_BROKER_SIGNALS_H

#include "base/bytes.h"

struct signals {
    int fd; /* readable when a signal waits: watch it */
};

/* Call after service_daemonise and before any thread starts: threads inherit what is blocked.
 * False: no descriptor (errno). */
MUST_USE bool signals_init(struct signals *signals);
void signals_fini(struct signals *signals); /* the signals stay blocked: the process is ending */

/* The next waiting signal's number, or 0. */
int signals_take(struct signals *signals);

#endif
