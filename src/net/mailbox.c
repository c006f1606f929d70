/* mailbox.c — a lock-free stack that its only consumer empties and turns round.
 *
 * Happy path: a producer links its mail before the newest one by compare-and-swap; the consumer
 * exchanges the whole chain for NULL and reverses it. Nobody ever takes a single mail from the
 * stack, so the classic trouble of such stacks (a node freed and pushed again in between) cannot
 * happen.
 *
 * What could go wrong is a lost wake-up: the consumer finds nothing and goes to sleep while a
 * producer posts and finds it awake. Both sides therefore write first and look afterwards, with
 * sequential consistency: at least one of them sees what the other wrote. */
#include "net/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool mailbox_init(struct mailbox *mailbox)
{
    atomic_init(&mailbox->newest, NULL);
    atomic_init(&mailbox->backlog, 0);
    atomic_init(&mailbox->sleeping, false);
    mailbox->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return mailbox->wake_fd >= 0;
}

void mailbox_fini(struct mailbox *mailbox)
{
    assert(mailbox_is_empty(mailbox));
    close(mailbox->wake_fd);
    mailbox->wake_fd = -1;
}

bool mailbox_post(struct mailbox *mailbox, struct mail *mail)
{
    /* Counted before it can be taken, so that the count never falls below zero. */
    atomic_fetch_add_explicit(&mailbox->backlog, 1, memory_order_relaxed);
    struct mail *newest = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
    do {
        mail->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &newest, mail,
                                                    memory_order_seq_cst, memory_order_relaxed));
    /* The plain look first: while the consumer is awake, its line is only read. */
    return atomic_load_explicit(&mailbox->sleeping, memory_order_seq_cst) &&
           atomic_exchange_explicit(&mailbox->sleeping, false, memory_order_seq_cst);
}

void mailbox_wake(struct mailbox *mailbox)
{
    uint64_t one = 1;
    ssize_t written = write(mailbox->wake_fd, &one, sizeof one);
    /* EAGAIN: the counter is full, so a wake is certainly waiting to be noticed. */
    assert(written == sizeof one || errno == EAGAIN);
}

struct mail *mailbox_take_all(struct mailbox *mailbox)
{
    if (mailbox_is_empty(mailbox)) {
        return NULL;
    }
    struct mail *newest = atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire);
    struct mail *oldest = NULL;
    uint64_t count = 0;
    while (newest) {
        struct mail *before = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = before;
        count++;
    }
    atomic_fetch_sub_explicit(&mailbox->backlog, count, memory_order_relaxed);
    return oldest;
}

bool mailbox_will_sleep(struct mailbox *mailbox)
{
    if (!mailbox_is_empty(mailbox)) {
        return false;
    }
    atomic_store_explicit(&mailbox->sleeping, true, memory_order_seq_cst);
    if (atomic_load_explicit(&mailbox->newest, memory_order_seq_cst) == NULL) {
        return true;
    }
    mailbox_woke(mailbox);
    return false;
}

void mailbox_woke(struct mailbox *mailbox)
{
    atomic_store_explicit(&mailbox->sleeping, false, memory_order_relaxed);
}

int mailbox_wake_fd(const struct mailbox *mailbox)
{
    return mailbox->wake_fd;
}

void mailbox_clear_wake(struct mailbox *mailbox)
{
    uint64_t count;
    ssize_t size = read(mailbox->wake_fd, &count, sizeof count);
    assert(size == sizeof count || errno == EAGAIN);
}
