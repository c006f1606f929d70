/* points.c — see points.h. */
#include "sim/points.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TOLD_MAX = 512, COUNT_ONLY = 0 };

static int play_one(const struct play *play, enum fault_point point, uint64_t nth, char *told,
                    struct outcome *outcome);
static void child(const struct play *play, int out);

void points_play_all(const struct play *play, enum fault_point point, uint64_t first,
                     struct points_outcome *outcome)
{
    char told[TOLD_MAX];
    struct outcome found;
    *outcome = (struct points_outcome){0};
    play_one(play, point, COUNT_ONLY, told, &found);
    outcome->points = found.points;
    for (uint64_t nth = first; nth <= outcome->points; nth++) {
        int status = play_one(play, point, nth, told, &found);
        bool is_abort = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && told[0] == '\0';
        outcome->aborts += is_abort;
        if (!is_abort && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
            outcome->violations++;
            printf("point %llu: %s (status %d)\n", (unsigned long long)nth, told, status);
            fflush(stdout);
        }
    }
}

/* Returns what waitpid says; in `told` what the process said of itself. */
static int play_one(const struct play *play, enum fault_point point, uint64_t nth, char *told,
                    struct outcome *outcome)
{
    struct play one = *play;
    int ends[2], status = -1;
    size_t size = 0;
    one.plan.point = point;
    one.plan.point_nth = nth;
    *outcome = (struct outcome){0};
    told[0] = '\0';
    fflush(stdout);
    if (pipe(ends) != 0) {
        perror("pipe");
        exit(2);
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        child(&one, ends[1]);
    }
    close(ends[1]);
    ssize_t got;
    char more[TOLD_MAX + sizeof *outcome];
    while ((got = read(ends[0], more + size, sizeof more - 1 - size)) > 0) {
        size += (size_t)got;
    }
    close(ends[0]);
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && size >= sizeof *outcome) {
        memcpy(outcome, more + size - sizeof *outcome, sizeof *outcome);
        snprintf(told, TOLD_MAX, "%s", outcome->wrong);
    } else {
        more[size] = '\0';
        snprintf(told, TOLD_MAX, "%.*s", TOLD_MAX - 1, more);
    }
    return status;
}

/* Whatever the libraries say on stderr goes to the parent, and at the end the outcome. */
static void child(const struct play *one, int out)
{
    struct outcome outcome;
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    dup2(out, STDERR_FILENO);
    play(one, &outcome, NULL);
    bool is_told = write(out, &outcome, sizeof outcome) == (ssize_t)sizeof outcome;
    _exit(!is_told || outcome.wrong[0] != '\0');
}
