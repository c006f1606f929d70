/* loop_test.c — what a turn reports, and what it must no longer report. */
#include "net/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/clock.h"
#include "net/mailbox.h"

#define PAIRS 20

struct pair {
    struct loop *loop;
    struct loop_watch watch; /* of fds[0] */
    int fds[2];
    uint32_t calls, events;
    struct pair *victim; /* removed and poisoned by the callback, or NULL */
};

static void note(void *context, uint32_t events)
{
    struct pair *pair = context;
    pair->calls++;
    pair->events = events;
    if (pair->victim) {
        loop_remove(pair->loop, &pair->victim->watch);
        memset(&pair->victim->watch, 0xff, sizeof pair->victim->watch);
        pair->victim = NULL;
    }
}

static void pair_open(struct pair *pair, struct loop *loop, uint32_t interest)
{
    *pair = (struct pair){.loop = loop};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair->fds), 0);
    loop_watch_init(&pair->watch, pair->fds[0], note, pair);
    assert_true(loop_add(loop, &pair->watch, interest));
}

static void pair_close(struct pair *pair)
{
    close(pair->fds[0]);
    close(pair->fds[1]);
}

static void say(const struct pair *pair)
{
    assert_int_equal(write(pair->fds[1], "x", 1), 1);
}

static void what_is_unread_is_reported_each_turn(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct pair pair;
    char byte;
    pair_open(&pair, loop, LOOP_READABLE);
    assert_int_equal(loop_turn(loop, 0), 0);
    say(&pair);
    assert_int_equal(loop_turn(loop, LOOP_FOREVER), 1);
    assert_int_equal(loop_turn(loop, LOOP_FOREVER), 1);
    assert_int_equal(pair.events, LOOP_READABLE);
    assert_int_equal(read(pair.fds[0], &byte, 1), 1);
    assert_int_equal(loop_turn(loop, 0), 0);
    assert_int_equal(pair.calls, 2);
    loop_remove(loop, &pair.watch);
    loop_remove(loop, &pair.watch); /* harmless */
    pair_close(&pair);
    loop_free(loop);
}

static void interest_can_change_and_an_end_is_always_told(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct pair pair;
    pair_open(&pair, loop, LOOP_READABLE);
    loop_modify(loop, &pair.watch, LOOP_READABLE | LOOP_WRITABLE);
    assert_int_equal(loop_turn(loop, LOOP_FOREVER), 1);
    assert_int_equal(pair.events, LOOP_WRITABLE);
    loop_modify(loop, &pair.watch, 0);
    say(&pair);
    assert_int_equal(loop_turn(loop, 0), 0);
    close(pair.fds[1]);
    assert_int_equal(loop_turn(loop, LOOP_FOREVER), 1);
    assert_int_equal(pair.events, LOOP_ENDED);
    loop_modify(loop, &pair.watch, LOOP_READABLE);
    assert_int_equal(loop_turn(loop, LOOP_FOREVER), 1);
    assert_int_equal(pair.events, LOOP_READABLE | LOOP_ENDED);
    loop_remove(loop, &pair.watch);
    close(pair.fds[0]);
    loop_free(loop);
}

/* Each of twenty ready watches removes another one, whose memory is then overwritten. */
static void a_watch_removed_in_the_turn_is_not_called_any_more(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct pair pairs[PAIRS];
    uint32_t calls = 0;
    for (size_t i = 0; i < PAIRS; i++) {
        pair_open(&pairs[i], loop, LOOP_READABLE);
        say(&pairs[i]);
    }
    for (size_t i = 0; i < PAIRS; i++) {
        pairs[i].victim = &pairs[i ^ 1];
    }
    assert_int_equal(loop_turn(loop, LOOP_FOREVER), PAIRS / 2);
    for (size_t i = 0; i < PAIRS; i++) {
        calls += pairs[i].calls;
        if (pairs[i].calls) {
            loop_remove(loop, &pairs[i].watch);
        }
        pair_close(&pairs[i]);
    }
    assert_int_equal(calls, PAIRS / 2);
    loop_free(loop);
}

/* Stops reading from its victim instead of removing it. */
static void hush(void *context, uint32_t events)
{
    struct pair *pair = context;
    (void)events;
    pair->calls++;
    loop_modify(pair->loop, &pair->victim->watch, 0);
}

static void a_change_of_interest_holds_in_the_same_turn(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct pair pairs[2];
    for (size_t i = 0; i < 2; i++) {
        pair_open(&pairs[i], loop, LOOP_READABLE);
        pairs[i].victim = &pairs[1 - i];
        pairs[i].watch.callback = hush;
        say(&pairs[i]);
    }
    assert_int_equal(loop_turn(loop, LOOP_FOREVER), 1);
    assert_int_equal(pairs[0].calls + pairs[1].calls, 1);
    for (size_t i = 0; i < 2; i++) {
        loop_remove(loop, &pairs[i].watch);
        pair_close(&pairs[i]);
    }
    loop_free(loop);
}

static void a_watch_moves_to_another_loop(void **state)
{
    (void)state;
    struct loop *here = loop_new(), *there = loop_new();
    struct pair pair;
    pair_open(&pair, here, LOOP_READABLE);
    say(&pair);
    loop_remove(here, &pair.watch);
    assert_true(loop_add(there, &pair.watch, LOOP_READABLE));
    assert_int_equal(loop_turn(here, 0), 0);
    assert_int_equal(loop_turn(there, LOOP_FOREVER), 1);
    loop_remove(there, &pair.watch);
    pair_close(&pair);
    loop_free(here);
    loop_free(there);
}

static void a_resting_watch_is_silent_and_comes_back(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct pair pair;
    pair_open(&pair, loop, LOOP_READABLE);
    say(&pair);
    loop_rest(loop, &pair.watch, 3600000000);
    assert_int_equal(loop_turn(loop, 0), 0);
    loop_remove(loop, &pair.watch);
    assert_true(loop_add(loop, &pair.watch, LOOP_READABLE));
    assert_int_equal(loop_turn(loop, LOOP_FOREVER), 1);
    uint64_t before_us = clock_now_us();
    loop_rest(loop, &pair.watch, 2000);
    assert_int_equal(loop_turn(loop, LOOP_FOREVER), 0); /* ends when the rest does */
    assert_true(loop_now_us(loop) >= before_us + 2000);
    assert_int_equal(loop_turn(loop, LOOP_FOREVER), 1);
    loop_remove(loop, &pair.watch);
    pair_close(&pair);
    loop_free(loop);
}

static void a_timeout_ends_the_turn_not_too_early(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    uint64_t before_us = clock_now_us();
    assert_int_equal(loop_turn(loop, 1500), 0);
    assert_true(loop_now_us(loop) >= before_us + 1500);
    loop_free(loop);
}

static void *post_and_wake(void *context)
{
    struct mailbox *mailbox = context;
    static struct mail mail;
    if (mailbox_post(mailbox, &mail)) {
        mailbox_wake(mailbox);
    }
    return NULL;
}

static void mail_keeps_awake_and_wakes(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct mailbox mailbox;
    struct mail mail;
    pthread_t thread;
    assert_true(mailbox_init(&mailbox));
    assert_true(loop_attach_mailbox(loop, &mailbox));
    assert_false(mailbox_post(&mailbox, &mail));
    loop_turn(loop, LOOP_FOREVER); /* returns at once */
    assert_ptr_equal(mailbox_take_all(&mailbox), &mail);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(pthread_create(&thread, NULL, post_and_wake, &mailbox), 0);
        while (mailbox_is_empty(&mailbox)) {
            loop_turn(loop, LOOP_FOREVER);
        }
        assert_non_null(mailbox_take_all(&mailbox));
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    loop_free(loop);
    mailbox_fini(&mailbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_unread_is_reported_each_turn),
        cmocka_unit_test(interest_can_change_and_an_end_is_always_told),
        cmocka_unit_test(a_watch_removed_in_the_turn_is_not_called_any_more),
        cmocka_unit_test(a_change_of_interest_holds_in_the_same_turn),
        cmocka_unit_test(a_watch_moves_to_another_loop),
        cmocka_unit_test(a_resting_watch_is_silent_and_comes_back),
        cmocka_unit_test(a_timeout_ends_the_turn_not_too_early),
        cmocka_unit_test(mail_keeps_awake_and_wakes),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
