/* service.h — midged as a service: systemd's readiness and watchdog, -d, pid file, user, limits.
 *
 * Order at start: service_daemonise (only -d) → service_init → signals_init → listeners, pid file →
 * service_find_user → give files away → service_become → threads → service_ready. */
#ifndef MIDGE_BROKER_SERVICE_H
#define MIDGE_BROKER_SERVICE_H

#include <sys/socket.h>
#include <sys/un.h>

#include "base/bytes.h"

#define SERVICE_STATUS_SIZE_MAX 256

/* sd_notify's protocol: datagrams to the socket that NOTIFY_SOCKET names. Without that variable all
 * of it does nothing. A datagram that cannot be sent at once is dropped. */
struct service {
    int notify_fd; /* or -1 */
    struct sockaddr_un notify_address;
    socklen_t notify_address_size;
    uint64_t watchdog_us; /* systemd wants a sign within this time; 0: no watchdog */
    int launcher_fd;      /* service_daemonise's: the process that waits for us, or -1 */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and takes them out of the environment.
 * `launcher_fd`: what service_daemonise returned, or -1. */
void service_init(struct service *service, int launcher_fd);
void service_fini(struct service *service);

/* READY=1 with a STATUS= line; lets go of the terminal after service_daemonise, whose first process
 * then ends with 0. Also to be called when a reload is done. */
void service_ready(struct service *service, const char *status);
void service_reloading(struct service *service); /* RELOADING=1 and the moment */
void service_stopping(struct service *service);  /* STOPPING=1 */
void service_set_status(struct service *service, const char *status); /* STATUS=; one line */

/* How often to call service_feed_watchdog: half of the time allowed; 0: never. Feed it only when
 * all workers have turned since the last time. */
uint64_t service_watchdog_interval_us(const struct service *service);
void service_feed_watchdog(struct service *service); /* WATCHDOG=1 */

/* -d: goes on in a child process with a session of its own; the first process waits until
 * service_ready (then it exits with 0) or until the child has ended (then with 1), so that its
 * caller learns whether the start succeeded. Only with one thread. The terminal stays as
 * stderr until service_ready, the working directory for good. Returns the descriptor for
 * service_init, in the child; or -1: errno, in the only process. */
MUST_USE int service_daemonise(void);

/* Writes our process id as one line. False: `error` says why. */
MUST_USE bool service_write_pid_file(const char *path, char *error, size_t error_size);
void service_remove_pid_file(const char *path); /* quietly; only when it still holds our id */

/* Who the process will be. */
struct service_identity {
    bool changes; /* false: it stays what it is, the rest is not set */
    uint32_t user_id, group_id;
    char name[64];
};

/* mosquitto's rules: when not root, nothing changes; "root": nothing changes; a name: this user,
 * which must exist; "" (not configured): "mosquitto" or, where there is no such user, "nobody".
 * False: `error` says why. */
MUST_USE bool service_find_user(const char *user, struct service_identity *identity, char *error,
                                size_t error_size);
/* True when that user may make files in `directory`. For root to ask. */
bool service_may_write(const struct service_identity *identity, const char *directory);
/* Gives up root for good: groups, group, user. False: `error` says why; end the process then. */
MUST_USE bool service_become(const struct service_identity *identity, char *error,
                             size_t error_size);

/* Raises the limit of open descriptors to what the system allows us; returns the limit. */
uint64_t service_raise_descriptor_limit(void);

#endif
