/* keeper_test.c — the keeper between two workers, played by the test, and a disk in memory. */
#include "broker/keeper.h"

#include "broker/mail.h"
#include "store/store_memory.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WORKERS = 2, DEADLINE_MS = 20000, LOG_SIZE = 16384 };

struct fixture {
    struct workforce force;
    struct mail *mails[WORKERS]; /* taken and not yet looked at */
    struct memory_disk *disk;
    struct keeper *keeper;
    struct store_found found;
    struct keeper_options options;
    pthread_mutex_t mutex; /* guards the next one */
    char log[LOG_SIZE];
};

static void write_log(void *context, enum log_kind kind, const char *line)
{
    struct fixture *fixture = context;
    (void)kind;
    pthread_mutex_lock(&fixture->mutex);
    size_t used = strlen(fixture->log);
    snprintf(fixture->log + used, sizeof fixture->log - used, "%s\n", line);
    pthread_mutex_unlock(&fixture->mutex);
}

static void then_log_says(struct fixture *fixture, const char *words)
{
    pthread_mutex_lock(&fixture->mutex);
    if (!strstr(fixture->log, words)) {
        print_error("missing in the log: %s\n%s", words, fixture->log);
        fail();
    }
    pthread_mutex_unlock(&fixture->mutex);
}

static void given_open(struct fixture *fixture)
{
    char error[512] = "";
    struct log log = {UINT32_MAX, write_log, fixture};
    struct keeper_birth birth = {.force = &fixture->force,
                                 .log = &log,
                                 .path = "/disk",
                                 .random = 17,
                                 .options = fixture->options};
    fixture->keeper =
        keeper_open(store_memory_open(fixture->disk), &birth, &fixture->found, error, sizeof error);
    assert_string_equal(error, "");
}

static struct worker_mail *next_mail(struct fixture *fixture, uint32_t worker)
{
    struct mailbox *mailbox = &fixture->force.workers[worker].mailbox;
    while (!fixture->mails[worker]) {
        fixture->mails[worker] = mailbox_take_all(mailbox);
        if (!fixture->mails[worker] && mailbox_will_sleep(mailbox)) {
            struct pollfd wait = {.fd = mailbox_wake_fd(mailbox), .events = POLLIN};
            assert_int_equal(poll(&wait, 1, DEADLINE_MS), 1);
            mailbox_woke(mailbox);
            mailbox_clear_wake(mailbox);
        }
    }
    struct worker_mail *mail = (struct worker_mail *)fixture->mails[worker];
    fixture->mails[worker] = mail->mail.next;
    return mail;
}

static struct worker_mail *expect_mail(struct fixture *fixture, uint32_t worker,
                                       enum mail_kind kind)
{
    struct worker_mail *mail = next_mail(fixture, worker);
    assert_int_equal(mail->kind, kind);
    return mail;
}

static void expect_persisted(struct fixture *fixture, uint32_t worker, uint64_t number)
{
    struct worker_mail *mail = expect_mail(fixture, worker, MAIL_PERSISTED);
    assert_int_equal(mail->persisted, number);
    mail_free(mail);
}

static void expect_store(struct fixture *fixture, enum store_state state)
{
    for (uint32_t worker = 0; worker < WORKERS; worker++) {
        struct worker_mail *mail = expect_mail(fixture, worker, MAIL_STORE);
        assert_int_equal(mail->store.state, state);
        assert_int_equal(mail->store.words[0] == '\0', state == STORE_WELL);
        mail_free(mail);
    }
}

/* How many entries of `kind` a worker is given in `phase`; the mail after them stays. */
static size_t count_restored(struct fixture *fixture, uint32_t worker, enum restore_phase phase,
                             enum entry_kind kind)
{
    size_t counted = 0;
    for (;;) {
        struct worker_mail *mail = expect_mail(fixture, worker, MAIL_RESTORED);
        struct entry entry;
        bool is_end = mail->restored.phase != phase;
        if (is_end) { /* back to the front */
            mail->mail.next = fixture->mails[worker];
            fixture->mails[worker] = &mail->mail;
            return counted;
        }
        for (size_t at = 0; batch_next(mail->restored.batch, &at, &entry);) {
            if (entry.kind == ENTRY_SESSION) {
                const struct session_entry *session = entry.fixed;
                struct bytes name = bytes_of(entry.rest.data, session->client_id_size);
                assert_int_equal(core_home_of(fixture->found.hash_seed, WORKERS, name), worker);
            }
            counted += entry.kind == kind;
        }
        mail_free(mail);
    }
}

static void expect_done(struct fixture *fixture)
{
    for (uint32_t worker = 0; worker < WORKERS; worker++) {
        count_restored(fixture, worker, RESTORE_SESSIONS, ENTRY_SESSION);
        count_restored(fixture, worker, RESTORE_RETAINED, ENTRY_RETAINED);
        struct worker_mail *mail = expect_mail(fixture, worker, MAIL_RESTORED);
        assert_int_equal(mail->restored.phase, RESTORE_DONE);
        assert_null(mail->restored.batch);
        mail_free(mail);
    }
}

static void given_running(struct fixture *fixture)
{
    given_open(fixture);
    assert_true(keeper_start(fixture->keeper));
    expect_done(fixture);
}

static void when_stopped(struct fixture *fixture)
{
    keeper_stop(fixture->keeper);
    fixture->keeper = NULL;
    for (uint32_t worker = 0; worker < WORKERS; worker++) {
        while (fixture->mails[worker] || (fixture->mails[worker] = mailbox_take_all(
                                              &fixture->force.workers[worker].mailbox)) != NULL) {
            mail_free(next_mail(fixture, worker));
        }
    }
}

static struct batch *batch_of(uint32_t worker, uint64_t number)
{
    struct batch *batch = batch_new(worker);
    assert_non_null(batch);
    batch->number = number;
    return batch;
}

static void add_session(struct batch *batch, uint64_t number, const char *client_id)
{
    struct session_entry session = {
        .number = number, .expiry_s = UINT32_MAX, .client_id_size = (uint16_t)strlen(client_id)};
    struct bytes name = bytes_of(client_id, strlen(client_id));
    assert_true(batch_add(batch, ENTRY_SESSION, &session, &name, 1));
}

static void add_retained(struct batch *batch, uint64_t number, const char *topic)
{
    struct retained_entry retained = {
        .number = number, .message = {.topic_size = (uint16_t)strlen(topic), .retain = true}};
    struct bytes body = bytes_of(topic, strlen(topic));
    assert_true(batch_add(batch, ENTRY_RETAINED, &retained, &body, 1));
}

/* Worker 0 gives a batch with one session. */
static void when_gives_session(struct fixture *fixture, uint64_t number)
{
    char client_id[32];
    struct batch *batch = batch_of(0, number);
    snprintf(client_id, sizeof client_id, "client %d", (int)number);
    add_session(batch, record_number(1, 0, number), client_id);
    keeper_take(fixture->keeper, batch);
}

static size_t count_sessions(struct fixture *fixture)
{
    given_open(fixture);
    assert_true(keeper_start(fixture->keeper));
    size_t counted = 0;
    for (uint32_t worker = 0; worker < WORKERS; worker++) {
        counted += count_restored(fixture, worker, RESTORE_SESSIONS, ENTRY_SESSION);
    }
    when_stopped(fixture);
    return counted;
}

/* -- the stories -- */

static void each_worker_is_told_of_its_own_batches(void **state)
{
    struct fixture *fixture = *state;
    given_running(fixture);
    when_gives_session(fixture, 1);
    expect_persisted(fixture, 0, 1);
    struct batch *batch = batch_of(1, 1);
    add_retained(batch, record_number(1, 1, 1), "t");
    keeper_take(fixture->keeper, batch);
    expect_persisted(fixture, 1, 1);
    for (uint64_t number = 2; number < 100; number++) {
        when_gives_session(fixture, number);
    }
    for (uint64_t told = 1; told < 99;) {
        struct worker_mail *mail = expect_mail(fixture, 0, MAIL_PERSISTED);
        assert_true(mail->persisted > told);
        told = mail->persisted;
        mail_free(mail);
    }
    when_stopped(fixture);
    assert_int_equal(count_sessions(fixture), 99);
}

static void what_was_stored_comes_home(void **state)
{
    struct fixture *fixture = *state;
    enum { SESSIONS = 5000, TOPICS = 3000 };
    given_running(fixture);
    struct batch *batch = batch_of(0, 1);
    for (int i = 1; i <= SESSIONS; i++) {
        char name[64];
        snprintf(name, sizeof name, "a client whose name is long, number %d", i);
        add_session(batch, record_number(1, 0, (uint64_t)i), name);
    }
    for (int i = 1; i <= TOPICS; i++) {
        char name[64];
        snprintf(name, sizeof name, "a/topic/whose/name/is/long/%d", i);
        add_retained(batch, record_number(1, 0, (uint64_t)i), name);
    }
    keeper_take(fixture->keeper, batch);
    expect_persisted(fixture, 0, 1);
    when_stopped(fixture);

    given_open(fixture);
    assert_true(fixture->found.was_stopped);
    assert_int_equal(fixture->found.start, 2);
    assert_true(keeper_start(fixture->keeper));
    size_t sessions[WORKERS], topics[WORKERS];
    for (uint32_t i = 0; i < WORKERS; i++) {
        sessions[i] = count_restored(fixture, i, RESTORE_SESSIONS, ENTRY_SESSION);
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        topics[i] = count_restored(fixture, i, RESTORE_RETAINED, ENTRY_RETAINED);
        mail_free(expect_mail(fixture, i, MAIL_RESTORED));
    }
    assert_int_equal(sessions[0] + sessions[1], SESSIONS);
    assert_true(sessions[0] > 0 && sessions[1] > 0);
    assert_int_equal(topics[0] + topics[1], TOPICS);
    when_stopped(fixture);
    then_log_says(fixture, "Restored 5000 sessions and 3000 retained messages from /disk in ");
}

static void a_failure_is_told_and_tried_again(void **state)
{
    struct fixture *fixture = *state;
    given_open(fixture);
    memory_disk_faults(fixture->disk)->commits_until_failure = 1;
    assert_true(keeper_start(fixture->keeper));
    expect_done(fixture);
    when_gives_session(fixture, 1);
    expect_store(fixture, STORE_FAILING);
    when_gives_session(fixture, 2);
    expect_store(fixture, STORE_WELL); /* by itself, a second later */
    expect_persisted(fixture, 0, 2);
    then_log_says(fixture, " Acknowledgements wait; ");
    then_log_says(fixture, "The store /disk is written again.");
    when_stopped(fixture);
    assert_int_equal(count_sessions(fixture), 2);
}

static void a_disk_that_stays_broken_is_given_up_at_the_end(void **state)
{
    struct fixture *fixture = *state;
    given_open(fixture);
    memory_disk_faults(fixture->disk)->is_failing = true;
    assert_true(keeper_start(fixture->keeper));
    expect_done(fixture);
    when_gives_session(fixture, 1);
    expect_store(fixture, STORE_FAILING);
    when_stopped(fixture);
    then_log_says(fixture, "is given up");
    memory_disk_faults(fixture->disk)->is_failing = false;
    assert_int_equal(count_sessions(fixture), 0);
    assert_false(fixture->found.was_stopped);
}

static void the_last_batches_are_written(void **state)
{
    struct fixture *fixture = *state;
    for (int durability = DURABILITY_ALWAYS; durability <= DURABILITY_OFF; durability++) {
        size_t before = count_sessions(fixture);
        fixture->options.durability = (enum durability)durability;
        given_running(fixture);
        for (uint64_t number = 1; number <= 10; number++) {
            when_gives_session(fixture, before + number);
        }
        when_stopped(fixture);
        assert_int_equal(count_sessions(fixture), before + 10);
        assert_true(fixture->found.was_stopped);
    }
}

static void an_interval_is_not_waited_for(void **state)
{
    struct fixture *fixture = *state;
    fixture->options.durability = DURABILITY_INTERVAL;
    fixture->options.interval_s = 86400;
    given_running(fixture);
    uint64_t commits = memory_disk_commits(fixture->disk);
    when_gives_session(fixture, 1);
    expect_persisted(fixture, 0, 1);
    assert_int_equal(memory_disk_commits(fixture->disk), commits);

    struct batch *batch = batch_of(0, 2);
    struct fetch_entry fetch = {
        .session = record_number(1, 0, 1), .session_hash = 5, .count_max = 10, .bytes_max = 1000};
    assert_true(batch_add(batch, ENTRY_FETCH, &fetch, NULL, 0));
    keeper_take(fixture->keeper, batch);
    expect_persisted(fixture, 0, 2);
    struct worker_mail *mail = expect_mail(fixture, 0, MAIL_FETCHED);
    struct entry entry;
    size_t at = 0;
    assert_true(batch_next(mail->fetched, &at, &entry));
    assert_int_equal(entry.kind, ENTRY_FETCHED);
    assert_int_equal(((const struct fetched_entry *)entry.fixed)->session_hash, 5);
    mail_free(mail);
    assert_true(memory_disk_commits(fixture->disk) > commits);
    when_stopped(fixture);
}

static void a_shorter_interval_holds_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct keeper_options always = {.durability = DURABILITY_ALWAYS, .log_kinds = UINT32_MAX};
    fixture->options.durability = DURABILITY_OFF;
    given_running(fixture);
    when_gives_session(fixture, 1);
    expect_persisted(fixture, 0, 1);
    keeper_configure(fixture->keeper, &always);
    when_gives_session(fixture, 2);
    expect_persisted(fixture, 0, 2);
    memory_disk_crash(fixture->disk); /* nobody writes any more: all is persisted */
    when_stopped(fixture);
    assert_int_equal(count_sessions(fixture), 2);
}

static void damaged_records_are_counted(void **state)
{
    struct fixture *fixture = *state;
    given_running(fixture);
    struct batch *batch = batch_of(0, 1);
    for (int i = 1; i <= 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        add_session(batch, record_number(1, 0, (uint64_t)i), name);
    }
    keeper_take(fixture->keeper, batch);
    expect_persisted(fixture, 0, 1);
    when_stopped(fixture);
    for (uint64_t nth = 20; nth < 70; nth++) {
        assert_true(memory_disk_damage(fixture->disk, nth, 40));
    }
    size_t whole = count_sessions(fixture);
    assert_in_range(whole, 50, 60);
    then_log_says(fixture, "A record of the store is damaged and was set aside: ");
    then_log_says(fixture, "More damaged records are only counted");
}

static void durability_is_described(void **state)
{
    char text[256];
    (void)state;
    keeper_describe_durability(DURABILITY_INTERVAL, 5, text, sizeof text);
    assert_string_equal(text, "durability interval 5: up to 5 s of acknowledged messages are lost "
                              "when the power fails or the broker is killed");
    keeper_describe_durability(DURABILITY_OFF, 5, text, sizeof text);
    assert_non_null(strstr(text, "all that was acknowledged since the start is lost"));
    keeper_describe_durability(DURABILITY_ALWAYS, 5, text, sizeof text);
    assert_null(strstr(text, "lost"));
}

static int set_up(void **state)
{
    struct fixture *fixture = aligned_alloc(64, (sizeof *fixture + 63) & ~63UL);
    memset(fixture, 0, sizeof *fixture);
    fixture->options =
        (struct keeper_options){DURABILITY_ALWAYS, .interval_s = 1, .log_kinds = UINT32_MAX};
    fixture->force.count = WORKERS;
    size_t size = (WORKERS * sizeof(struct worker) + 63) & ~63UL;
    fixture->force.workers = aligned_alloc(64, size);
    memset(fixture->force.workers, 0, size);
    for (uint32_t i = 0; i < WORKERS; i++) {
        assert_true(mailbox_init(&fixture->force.workers[i].mailbox));
    }
    pthread_mutex_init(&fixture->mutex, NULL);
    fixture->disk = memory_disk_new(0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->keeper) {
        when_stopped(fixture);
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        mailbox_fini(&fixture->force.workers[i].mailbox);
    }
    memory_disk_free(fixture->disk);
    pthread_mutex_destroy(&fixture->mutex);
    free(fixture->force.workers);
    free(fixture);
    return 0;
}

#define KEEPER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEEPER_TEST(each_worker_is_told_of_its_own_batches),
        KEEPER_TEST(what_was_stored_comes_home),
        KEEPER_TEST(a_failure_is_told_and_tried_again),
        KEEPER_TEST(a_disk_that_stays_broken_is_given_up_at_the_end),
        KEEPER_TEST(the_last_batches_are_written),
        KEEPER_TEST(an_interval_is_not_waited_for),
        KEEPER_TEST(a_shorter_interval_holds_at_once),
        KEEPER_TEST(damaged_records_are_counted),
        cmocka_unit_test(durability_is_described),
    };
    return cmocka_run_group_tests_name("keeper", tests, NULL, NULL);
}
