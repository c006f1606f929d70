/* broker_test.c — all workers together, in this process: hand-over, stop in the middle of it, and
 * that nothing stays open. What a client sees is told by the black-box tests. */
#include "broker/broker.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { CLIENTS = 40, ROUNDS = 20, DEADLINE_MS = 20000, CONNECT_SIZE = 17 };

struct fixture {
    char folder[64], path[80];
    struct config config;
    struct log log;
    struct broker *broker;
    size_t descriptor_count; /* before there was a broker */
};

static size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder)) {
        count++;
    }
    closedir(folder);
    return count;
}

static void given_broker(struct fixture *fixture)
{
    char error[512] = "";
    fixture->broker = broker_new(&fixture->config, &fixture->log, error, sizeof error);
    assert_string_equal(error, "");
    assert_true(broker_start(fixture->broker, error, sizeof error));
}

static int given_connection(const struct fixture *fixture)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", fixture->path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* CONNECT of 3.1.1 with a client identifier of three characters, so that each has its own home. */
static void when_connects(int fd, int number)
{
    uint8_t packet[CONNECT_SIZE + 1] = "\x10\x0f\0\4MQTT\4\2\0\0\0\3c";
    packet[CONNECT_SIZE - 2] = (uint8_t)('0' + number / 10);
    packet[CONNECT_SIZE - 1] = (uint8_t)('0' + number % 10);
    assert_int_equal(send(fd, packet, CONNECT_SIZE, MSG_NOSIGNAL), CONNECT_SIZE);
}

static void then_is_welcome(int fd)
{
    uint8_t answer[4];
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, DEADLINE_MS), 1);
    assert_int_equal(recv(fd, answer, sizeof answer, MSG_WAITALL), sizeof answer);
    assert_memory_equal(answer, "\x20\2\0\0", sizeof answer);
}

static void everybody_finds_his_home(void **state)
{
    struct fixture *fixture = *state;
    int fds[CLIENTS];
    given_broker(fixture);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = given_connection(fixture);
        when_connects(fds[i], i);
    }
    for (int i = 0; i < CLIENTS; i++) {
        then_is_welcome(fds[i]);
        close(fds[i]);
    }
}

/* Some are not yet accepted then, some have said half a word, some are between two workers. */
static void stops_at_any_moment(void **state)
{
    struct fixture *fixture = *state;
    for (int round = 0; round < ROUNDS; round++) {
        int fds[CLIENTS];
        given_broker(fixture);
        for (int i = 0; i < CLIENTS; i++) {
            fds[i] = given_connection(fixture);
            if (i % 4 == 0) {
                assert_int_equal(send(fds[i], "\x10\x0f\0\4M", 5, MSG_NOSIGNAL), 5);
            } else {
                when_connects(fds[i], i);
            }
        }
        if (round % 2 == 0) {
            then_is_welcome(fds[round % 4 == 0 ? 1 : CLIENTS - 1]);
        }
        for (int i = 0; i < CLIENTS; i += 3) {
            shutdown(fds[i], SHUT_RDWR);
        }
        broker_configure(fixture->broker);
        broker_log_status(fixture->broker);
        /* Those that stay would be waited for: they go while it stops. */
        for (int i = 0; i < CLIENTS; i++) {
            shutdown(fds[i], SHUT_WR);
        }
        broker_stop(fixture->broker);
        broker_free(fixture->broker);
        fixture->broker = NULL;
        for (int i = 0; i < CLIENTS; i++) {
            close(fds[i]);
        }
        assert_int_equal(count_descriptors(), fixture->descriptor_count);
    }
}

/* One descriptor more each time, until there are enough. */
static void shortage_at_start_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before;
    bool is_started = false;
    int failures = 0;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    while (!is_started) {
        char error[512] = "";
        struct rlimit few = before;
        few.rlim_cur = (rlim_t)(fixture->descriptor_count + (size_t)failures - 3);
        assert_in_range(failures, 0, 100);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        struct broker *broker = broker_new(&fixture->config, &fixture->log, error, sizeof error);
        is_started = broker && broker_start(broker, error, sizeof error);
        if (is_started) {
            broker_stop(broker);
        } else {
            assert_string_not_equal(error, "");
            failures++;
        }
        broker_free(broker);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(count_descriptors(), fixture->descriptor_count);
    }
    assert_true(failures > 10);
}

static int set_up_with(void **state, bool has_store)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    char text[512];
    struct config_report report;
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/midge-broker-test-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/socket", fixture->folder);
    snprintf(text, sizeof text,
             "listener 0 %s\nallow_anonymous true\nthreads 4\npersistence %s\n"
             "persistence_location %s/store\n",
             fixture->path, has_store ? "true" : "false", fixture->folder);
    config_report_init(&report);
    assert_true(config_load_text(text, strlen(text), "t.conf", NULL, &fixture->config, &report));
    config_report_fini(&report);
    fixture->descriptor_count = count_descriptors();
    *state = fixture;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, false);
}

static int set_up_stored(void **state)
{
    return set_up_with(state, true);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->broker) {
        broker_stop(fixture->broker);
        broker_free(fixture->broker);
    }
    char path[128];
    snprintf(path, sizeof path, "%s/store/midge.db", fixture->folder);
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
    bool is_gone = rmdir(fixture->folder) == 0; /* the socket's file, too */
    config_free(&fixture->config);
    free(fixture);
    return is_gone ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everybody_finds_his_home, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stops_at_any_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shortage_at_start_is_told, set_up, tear_down),
        {"everybody_finds_his_home, with a store", everybody_finds_his_home, set_up_stored,
         tear_down, NULL},
        {"stops_at_any_moment, with a store", stops_at_any_moment, set_up_stored, tear_down, NULL},
        {"shortage_at_start_is_told, with a store", shortage_at_start_is_told, set_up_stored,
         tear_down, NULL},
    };
    return cmocka_run_group_tests_name("broker", tests, NULL, NULL);
}
