/* loop.c — epoll, level-triggered.
 *
 * Happy path of a turn: announce sleep to the mailbox → epoll_wait → announce waking → clock → note
 * in each ready watch its place → call back one after the other.
 *
 * What could go wrong: a callback removes a watch that is ready, too, and whose memory may be gone
 * by then. The watch knows its place among the ready ones, so removing it blots it out there. */
#include "net/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/mailbox.h"

struct resting {
    struct loop_watch *watch;
    uint64_t until_us;
};

struct loop {
    int epoll_fd;
    uint32_t watch_count, resting_count;
    bool turning;
    uint64_t now_us;
    struct mailbox *mailbox; /* or NULL */
    struct loop_watch mailbox_watch;
    struct resting resting[LOOP_RESTING_MAX];
    struct epoll_event ready[LOOP_READY_MAX];
};

static bool control(struct loop *loop, int operation, struct loop_watch *watch);
static int wait_ms(const struct loop *loop, uint64_t timeout_us);
static uint32_t call_back(struct loop *loop, uint32_t count);
static uint32_t events_of(const struct epoll_event *ready);
static bool is_resting(const struct loop *loop, const struct loop_watch *watch);
static void end_rest(struct loop *loop, const struct loop_watch *watch);
static void resume_rested(struct loop *loop);
static void ignore_wake(void *context, uint32_t events);

struct loop *loop_new(void)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop) {
        return NULL;
    }
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        free(loop);
        return NULL;
    }
    loop->now_us = clock_now_us();
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop) {
        return;
    }
    if (loop->mailbox) {
        loop_remove(loop, &loop->mailbox_watch);
    }
    assert(!loop->turning && loop->watch_count == 0);
    close(loop->epoll_fd);
    free(loop);
}

bool loop_attach_mailbox(struct loop *loop, struct mailbox *mailbox)
{
    assert(!loop->mailbox);
    loop_watch_init(&loop->mailbox_watch, mailbox_wake_fd(mailbox), ignore_wake, NULL);
    /* By edge, the counter behind the descriptor need never be read: a system call less a wake. */
    if (!loop_add(loop, &loop->mailbox_watch, LOOP_READABLE | LOOP_EDGE)) {
        return false;
    }
    loop->mailbox = mailbox;
    return true;
}

void loop_watch_init(struct loop_watch *watch, int fd,
                     void (*callback)(void *context, uint32_t events), void *context)
{
    *watch = (struct loop_watch){.callback = callback, .context = context, .fd = fd};
}

bool loop_add(struct loop *loop, struct loop_watch *watch, uint32_t interest)
{
    assert(!watch->is_watched && watch->place == 0 && watch->fd >= 0 && watch->callback);
    watch->interest = (uint8_t)interest;
    watch->is_watched = control(loop, EPOLL_CTL_ADD, watch);
    loop->watch_count += watch->is_watched;
    return watch->is_watched;
}

void loop_modify(struct loop *loop, struct loop_watch *watch, uint32_t interest)
{
    assert(watch->is_watched && !((watch->interest | interest) & LOOP_SHARED));
    if (watch->interest == interest) {
        return;
    }
    watch->interest = (uint8_t)interest;
    if (!is_resting(loop, watch)) {
        bool is_done = control(loop, EPOLL_CTL_MOD, watch);
        assert(is_done); /* the descriptor is in the set, and changing it takes no memory */
    }
}

void loop_remove(struct loop *loop, struct loop_watch *watch)
{
    if (!watch->is_watched) {
        return;
    }
    if (watch->place) {
        loop->ready[watch->place - 1].data.ptr = NULL;
        watch->place = 0;
    }
    if (is_resting(loop, watch)) {
        end_rest(loop, watch);
    } else {
        bool is_done = control(loop, EPOLL_CTL_DEL, watch);
        assert(is_done); /* otherwise the descriptor was closed too early */
    }
    watch->is_watched = false;
    loop->watch_count--;
}

void loop_rest(struct loop *loop, struct loop_watch *watch, uint64_t duration_us)
{
    assert(watch->is_watched);
    if (loop->resting_count == LOOP_RESTING_MAX || is_resting(loop, watch)) {
        return;
    }
    if (watch->place) {
        loop->ready[watch->place - 1].data.ptr = NULL;
        watch->place = 0;
    }
    bool is_done = control(loop, EPOLL_CTL_DEL, watch);
    assert(is_done);
    loop->resting[loop->resting_count++] =
        (struct resting){.watch = watch, .until_us = clock_now_us() + duration_us};
}

uint32_t loop_turn(struct loop *loop, uint64_t timeout_us)
{
    assert(!loop->turning);
    bool sleeps = timeout_us > 0 && (!loop->mailbox || mailbox_will_sleep(loop->mailbox));
    int timeout_ms = sleeps ? wait_ms(loop, timeout_us) : 0;
    int count = epoll_wait(loop->epoll_fd, loop->ready, LOOP_READY_MAX, timeout_ms);
    assert(count >= 0 || errno == EINTR);
    if (sleeps && loop->mailbox) {
        mailbox_woke(loop->mailbox);
    }
    loop->now_us = clock_now_us();
    loop->turning = true;
    uint32_t called_count = call_back(loop, count > 0 ? (uint32_t)count : 0);
    loop->turning = false;
    if (loop->resting_count > 0) {
        resume_rested(loop);
    }
    return called_count;
}

uint64_t loop_now_us(const struct loop *loop)
{
    return loop->now_us;
}

static bool control(struct loop *loop, int operation, struct loop_watch *watch)
{
    uint32_t interest = watch->interest;
    struct epoll_event event = {.data.ptr = watch};
    event.events |= interest & LOOP_READABLE ? (uint32_t)EPOLLIN : 0;
    event.events |= interest & LOOP_WRITABLE ? (uint32_t)EPOLLOUT : 0;
    event.events |= interest & LOOP_EDGE ? (uint32_t)EPOLLET : 0;
    event.events |= interest & LOOP_SHARED ? (uint32_t)EPOLLEXCLUSIVE : 0;
    return epoll_ctl(loop->epoll_fd, operation, watch->fd, &event) == 0;
}

static int wait_ms(const struct loop *loop, uint64_t timeout_us)
{
    if (loop->resting_count > 0) {
        uint64_t now_us = clock_now_us();
        for (uint32_t i = 0; i < loop->resting_count; i++) {
            uint64_t until_us = loop->resting[i].until_us;
            uint64_t left_us = until_us > now_us ? until_us - now_us : 0;
            timeout_us = left_us < timeout_us ? left_us : timeout_us;
        }
    }
    if (timeout_us == LOOP_FOREVER) {
        return -1;
    }
    uint64_t timeout_ms = timeout_us / 1000 + (timeout_us % 1000 > 0);
    return timeout_ms < INT_MAX ? (int)timeout_ms : INT_MAX;
}

static uint32_t call_back(struct loop *loop, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct loop_watch *watch = loop->ready[i].data.ptr;
        watch->place = (uint16_t)(i + 1);
    }
    uint32_t called_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct loop_watch *watch = loop->ready[i].data.ptr;
        if (!watch) {
            continue; /* removed by a callback before */
        }
        watch->place = 0;
        uint32_t events = events_of(&loop->ready[i]) & (watch->interest | (uint32_t)LOOP_ENDED);
        if (events) {
            watch->callback(watch->context, events);
            called_count++;
        }
    }
    return called_count;
}

static uint32_t events_of(const struct epoll_event *ready)
{
    uint32_t events = 0;
    events |= ready->events & EPOLLIN ? (uint32_t)LOOP_READABLE : 0;
    events |= ready->events & EPOLLOUT ? (uint32_t)LOOP_WRITABLE : 0;
    events |= ready->events & (EPOLLERR | EPOLLHUP) ? (uint32_t)LOOP_ENDED : 0;
    return events;
}

static bool is_resting(const struct loop *loop, const struct loop_watch *watch)
{
    for (uint32_t i = 0; i < loop->resting_count; i++) {
        if (loop->resting[i].watch == watch) {
            return true;
        }
    }
    return false;
}

static void end_rest(struct loop *loop, const struct loop_watch *watch)
{
    for (uint32_t i = 0; i < loop->resting_count; i++) {
        if (loop->resting[i].watch == watch) {
            loop->resting[i] = loop->resting[--loop->resting_count];
            return;
        }
    }
}

static void resume_rested(struct loop *loop)
{
    for (uint32_t i = loop->resting_count; i > 0; i--) {
        struct resting *resting = &loop->resting[i - 1];
        /* When the system has no memory for it, it stays where it is, and the next turn tries. */
        if (resting->until_us <= loop->now_us && control(loop, EPOLL_CTL_ADD, resting->watch)) {
            end_rest(loop, resting->watch);
        }
    }
}

static void ignore_wake(void *context, uint32_t events)
{
    (void)context; /* waking was all: the owner looks into the mailbox after the turn */
    (void)events;
}
