/* signals.c — block, then read from a signalfd. */
#include "broker/signals.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int answered[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};

bool signals_init(struct signals *signals)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof answered / sizeof answered[0]; i++) {
        sigaddset(&set, answered[i]);
    }
    int result = pthread_sigmask(SIG_BLOCK, &set, NULL);
    assert(result == 0);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    static const int ignored[] = {SIGPIPE, SIGXFSZ};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        result = sigaction(ignored[i], &ignore, NULL);
        assert(result == 0);
    }
    signals->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return signals->fd >= 0;
}

void signals_fini(struct signals *signals)
{
    close(signals->fd);
    signals->fd = -1;
}

int signals_take(struct signals *signals)
{
    struct signalfd_siginfo arrived;
    ssize_t size = read(signals->fd, &arrived, sizeof arrived);
    assert(size == sizeof arrived || errno == EAGAIN || errno == EINTR);
    return size == sizeof arrived ? (int)arrived.ssi_signo : 0;
}
