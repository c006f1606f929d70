/* mailbox_test.c — order, count and waking, alone and with several producers at once. */
#include "net/mailbox.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define PRODUCERS   4
#define MAILS_EACH  25000
#define BATON_MAILS 20000
#define WAKE_MS_MAX 30000 /* only a lost wake-up takes this long */

struct letter {
    struct mail mail; /* first: a letter is its mail */
    uint32_t producer, number;
};

struct producer {
    struct mailbox *mailbox;
    struct letter *letters;
    uint32_t index;
    _Atomic(uint32_t) *baton; /* or NULL: posts without waiting for its turn */
};

static bool is_awake(struct mailbox *mailbox)
{
    struct pollfd wake = {.fd = mailbox_wake_fd(mailbox), .events = POLLIN};
    return poll(&wake, 1, 0) == 1;
}

static void mail_is_taken_in_the_order_it_was_posted(void **state)
{
    (void)state;
    struct mailbox mailbox;
    struct letter letters[5] = {0};
    assert_true(mailbox_init(&mailbox));
    assert_true(mailbox_is_empty(&mailbox));
    assert_null(mailbox_take_all(&mailbox));
    for (uint32_t i = 0; i < 5; i++) {
        letters[i].number = i;
        assert_false(mailbox_post(&mailbox, &letters[i].mail));
        assert_int_equal(mailbox_backlog(&mailbox), i + 1);
    }
    assert_false(mailbox_is_empty(&mailbox));
    uint32_t expected = 0;
    for (struct mail *mail = mailbox_take_all(&mailbox); mail; mail = mail->next) {
        assert_int_equal(((struct letter *)mail)->number, expected++);
    }
    assert_int_equal(expected, 5);
    assert_true(mailbox_is_empty(&mailbox));
    assert_int_equal(mailbox_backlog(&mailbox), 0);
    mailbox_fini(&mailbox);
}

static void only_a_sleeper_is_woken_and_only_once(void **state)
{
    (void)state;
    struct mailbox mailbox;
    struct letter letters[4] = {0};
    assert_true(mailbox_init(&mailbox));
    assert_false(mailbox_post(&mailbox, &letters[0].mail));
    assert_false(mailbox_will_sleep(&mailbox)); /* mail is here already */
    assert_non_null(mailbox_take_all(&mailbox));
    assert_true(mailbox_will_sleep(&mailbox));
    assert_true(mailbox_post(&mailbox, &letters[1].mail));
    assert_false(mailbox_post(&mailbox, &letters[2].mail)); /* the first one wakes */
    assert_false(is_awake(&mailbox));
    mailbox_wake(&mailbox);
    assert_true(is_awake(&mailbox));
    mailbox_woke(&mailbox);
    mailbox_clear_wake(&mailbox);
    assert_false(is_awake(&mailbox));
    assert_non_null(mailbox_take_all(&mailbox));
    assert_true(mailbox_will_sleep(&mailbox));
    mailbox_woke(&mailbox); /* something else woke it */
    assert_false(mailbox_post(&mailbox, &letters[3].mail));
    assert_non_null(mailbox_take_all(&mailbox));
    mailbox_fini(&mailbox);
}

static void *produce(void *context)
{
    struct producer *producer = context;
    for (uint32_t i = 0; i < MAILS_EACH; i++) {
        struct letter *letter = &producer->letters[i];
        letter->producer = producer->index;
        letter->number = i;
        if (mailbox_post(producer->mailbox, &letter->mail)) {
            mailbox_wake(producer->mailbox);
        }
    }
    return NULL;
}

/* Waits as a worker does; true when mail may be here. */
static struct mail *sleep_and_take(struct mailbox *mailbox)
{
    if (mailbox_will_sleep(mailbox)) {
        struct pollfd wake = {.fd = mailbox_wake_fd(mailbox), .events = POLLIN};
        assert_int_equal(poll(&wake, 1, WAKE_MS_MAX), 1);
        mailbox_woke(mailbox);
        mailbox_clear_wake(mailbox);
    }
    return mailbox_take_all(mailbox);
}

/* Lets a moment pass that is too short for the system's clocks. */
static void linger(uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        atomic_signal_fence(memory_order_seq_cst);
    }
}

/* Posts the next letter as soon as the one before was taken. */
static void *produce_when_taken(void *context)
{
    struct producer *producer = context;
    for (uint32_t i = 0; i < MAILS_EACH; i++) {
        for (uint32_t looks = 1; atomic_load_explicit(producer->baton, memory_order_relaxed) != i;
             looks++) {
            if (looks % 1024 == 0) {
                sched_yield(); /* the consumer may need this very processor */
            }
        }
        if (mailbox_post(producer->mailbox, &producer->letters[i].mail)) {
            mailbox_wake(producer->mailbox);
        }
    }
    return NULL;
}

static void no_wake_up_is_lost_while_lying_down(void **state)
{
    (void)state;
    struct mailbox mailbox;
    pthread_t thread;
    _Atomic(uint32_t) baton;
    atomic_init(&baton, 0);
    assert_true(mailbox_init(&mailbox));
    struct producer producer = {
        .mailbox = &mailbox, .letters = calloc(MAILS_EACH, sizeof(struct letter)), .baton = &baton};
    assert_non_null(producer.letters);
    assert_int_equal(pthread_create(&thread, NULL, produce_when_taken, &producer), 0);
    for (uint32_t taken = 0; taken < MAILS_EACH;) {
        if (sleep_and_take(&mailbox)) {
            atomic_store_explicit(&baton, ++taken, memory_order_relaxed);
            linger(taken % 4096); /* now and then the post comes just when we lie down */
        }
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    free(producer.letters);
    mailbox_fini(&mailbox);
}

static void many_producers_lose_nothing_and_keep_their_order(void **state)
{
    (void)state;
    struct mailbox mailbox;
    struct producer producers[PRODUCERS];
    pthread_t threads[PRODUCERS];
    uint32_t expected[PRODUCERS] = {0};
    assert_true(mailbox_init(&mailbox));
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        struct letter *letters = calloc(MAILS_EACH, sizeof *letters);
        assert_non_null(letters);
        producers[i] = (struct producer){.mailbox = &mailbox, .letters = letters, .index = i};
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    for (uint32_t taken = 0; taken < PRODUCERS * MAILS_EACH;) {
        for (struct mail *mail = sleep_and_take(&mailbox); mail; mail = mail->next) {
            const struct letter *letter = (const struct letter *)mail;
            assert_int_equal(letter->number, expected[letter->producer]);
            expected[letter->producer]++;
            taken++;
        }
    }
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        free(producers[i].letters);
    }
    assert_int_equal(mailbox_backlog(&mailbox), 0);
    mailbox_fini(&mailbox);
}

/* Posts every PRODUCERSth letter, after the thread before it has posted the one before. */
static void *produce_in_turn(void *context)
{
    struct producer *producer = context;
    for (uint32_t i = producer->index; i < BATON_MAILS; i += PRODUCERS) {
        while (atomic_load_explicit(producer->baton, memory_order_relaxed) != i) {
            sched_yield();
        }
        producer->letters[i].number = i;
        if (mailbox_post(producer->mailbox, &producer->letters[i].mail)) {
            mailbox_wake(producer->mailbox);
        }
        atomic_store_explicit(producer->baton, i + 1, memory_order_relaxed);
    }
    return NULL;
}

static void posts_of_different_threads_keep_the_order_in_which_they_happened(void **state)
{
    (void)state;
    struct mailbox mailbox;
    struct producer producers[PRODUCERS];
    pthread_t threads[PRODUCERS];
    struct letter *letters = calloc(BATON_MAILS, sizeof *letters);
    _Atomic(uint32_t) baton;
    atomic_init(&baton, 0);
    assert_non_null(letters);
    assert_true(mailbox_init(&mailbox));
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        producers[i] =
            (struct producer){.mailbox = &mailbox, .letters = letters, .index = i, .baton = &baton};
        assert_int_equal(pthread_create(&threads[i], NULL, produce_in_turn, &producers[i]), 0);
    }
    for (uint32_t expected = 0; expected < BATON_MAILS;) {
        for (struct mail *mail = sleep_and_take(&mailbox); mail; mail = mail->next) {
            assert_int_equal(((struct letter *)mail)->number, expected);
            expected++;
        }
    }
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    free(letters);
    mailbox_fini(&mailbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_is_taken_in_the_order_it_was_posted),
        cmocka_unit_test(only_a_sleeper_is_woken_and_only_once),
        cmocka_unit_test(no_wake_up_is_lost_while_lying_down),
        cmocka_unit_test(many_producers_lose_nothing_and_keep_their_order),
        cmocka_unit_test(posts_of_different_threads_keep_the_order_in_which_they_happened),
    };
    return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
