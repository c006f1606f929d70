/* log_sink_test.c — lines into files, pipes and a terminal; too many lines, and nobody reading. */
#include "broker/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define THREADS      4
#define LINES_EACH   500
#define LOG_SIZE_MAX 400000

struct fixture {
    char folder[64], path[128];
    struct config_log options;
    char log[LOG_SIZE_MAX];
};

static struct log_sink *open_ok(const struct config_log *options)
{
    char error[512] = "";
    struct log_sink *sink = log_sink_new(options, error, sizeof error);
    assert_string_equal(error, "");
    assert_non_null(sink);
    return sink;
}

static const char *read_log(struct fixture *fixture)
{
    int fd = open(fixture->path, O_RDONLY);
    ssize_t size = read(fd, fixture->log, LOG_SIZE_MAX - 1);
    assert_true(size >= 0);
    fixture->log[size] = 0;
    close(fd);
    return fixture->log;
}

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text; text++) {
        count += *text == '\n';
    }
    return count;
}

static bool has_descriptor(const struct log_sink *sink)
{
    struct pollfd wake = {.fd = log_sink_descriptor(sink), .events = POLLIN};
    return poll(&wake, 1, 0) == 1;
}

static void a_line_has_its_time_before_it(void **state)
{
    struct fixture *fixture = *state;
    struct log_sink *sink = open_ok(&fixture->options);
    struct log log = {LOG_KIND_NOTICE, log_sink_line, sink};
    assert_false(has_descriptor(sink));
    log_write(&log, LOG_KIND_NOTICE, "New client connected from %s", "192.168.1.20:51234");
    assert_true(has_descriptor(sink));
    assert_false(log_sink_write(sink));
    assert_false(has_descriptor(sink));
    char *after;
    assert_true(strtoll(read_log(fixture), &after, 10) > 1600000000);
    assert_string_equal(after, ": New client connected from 192.168.1.20:51234\n");

    snprintf(fixture->options.timestamp_format, 8, "[%%%%]");
    log_sink_reopen(sink, &fixture->options);
    log_sink_line(sink, LOG_KIND_ERROR, "two");
    assert_false(log_sink_write(sink));
    assert_non_null(strstr(read_log(fixture), "\n[%]: two\n"));

    fixture->options.timestamp = false;
    log_sink_reopen(sink, &fixture->options);
    log_sink_line(sink, LOG_KIND_ERROR, "three");
    log_sink_free(sink); /* writes what waits */
    assert_non_null(strstr(read_log(fixture), "\nthree\n"));
}

static void a_file_moved_away_is_opened_anew(void **state)
{
    struct fixture *fixture = *state;
    char moved[160];
    snprintf(moved, sizeof moved, "%s.1", fixture->path);
    struct log_sink *sink = open_ok(&fixture->options);
    log_sink_line(sink, LOG_KIND_NOTICE, "before");
    log_sink_write(sink);
    assert_int_equal(rename(fixture->path, moved), 0);
    log_sink_line(sink, LOG_KIND_NOTICE, "moved");
    log_sink_write(sink);
    log_sink_reopen(sink, &fixture->options);
    log_sink_line(sink, LOG_KIND_NOTICE, "after");
    log_sink_write(sink);
    assert_int_equal(count_lines(read_log(fixture)), 1);
    assert_non_null(strstr(fixture->log, ": after\n"));

    struct config_log nowhere = fixture->options;
    snprintf(nowhere.file, sizeof nowhere.file, "%s/no/such/log", fixture->folder);
    log_sink_reopen(sink, &nowhere); /* keeps the file it has, and says so there */
    log_sink_write(sink);
    assert_non_null(strstr(read_log(fixture), "cannot open the log file"));
    log_sink_give(sink, getuid(), getgid());
    log_sink_free(sink);
    char error[512];
    assert_null(log_sink_new(&nowhere, error, sizeof error));
    assert_non_null(strstr(error, "No such file"));
    assert_int_equal(unlink(moved), 0);
}

static void lines_without_room_are_counted(void **state)
{
    struct fixture *fixture = *state;
    struct log_sink *sink = open_ok(&fixture->options);
    for (int i = 0; i < LOG_SINK_LINES_MAX + 7; i++) {
        log_sink_line(sink, LOG_KIND_DEBUG, "line");
    }
    assert_int_equal(log_sink_dropped_count(sink), 7);
    while (has_descriptor(sink)) {
        assert_false(log_sink_write(sink));
    }
    assert_int_equal(count_lines(read_log(fixture)), LOG_SINK_LINES_MAX + 1);
    assert_non_null(strstr(fixture->log, "7 log lines were dropped."));
    log_sink_line(sink, LOG_KIND_DEBUG, "there is room again");
    log_sink_free(sink);
    assert_non_null(strstr(read_log(fixture), "there is room again"));
}

static void *log_some(void *context)
{
    for (int i = 0; i < LINES_EACH; i++) {
        log_sink_line(context, LOG_KIND_DEBUG, "a line of a thread");
    }
    return NULL;
}

static void threads_lose_no_line(void **state)
{
    struct fixture *fixture = *state;
    struct log_sink *sink = open_ok(&fixture->options);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, log_some, sink), 0);
    }
    while (count_lines(read_log(fixture)) < THREADS * LINES_EACH) {
        struct pollfd wake = {.fd = log_sink_descriptor(sink), .events = POLLIN};
        assert_int_equal(poll(&wake, 1, 30000), 1);
        assert_false(log_sink_write(sink));
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(log_sink_dropped_count(sink), 0);
    log_sink_free(sink);
}

/* Fills a pipe until it takes nothing any more. */
static void fill(int fd)
{
    static const char noise[4096];
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while (write(fd, noise, sizeof noise) > 0) {
    }
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
}

static void a_full_pipe_delays_and_then_misses_its_lines(void **state)
{
    struct fixture *fixture = *state;
    int ends[2], standard_error = dup(STDERR_FILENO);
    static char room[1 << 20];
    assert_int_equal(pipe(ends), 0);
    fill(ends[1]);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    fixture->options.destinations |= CONFIG_LOG_TO_STDERR;
    struct log_sink *sink = open_ok(&fixture->options);
    log_sink_line(sink, LOG_KIND_NOTICE, "patience");
    bool is_stalled = log_sink_write(sink);
    size_t count = count_lines(read_log(fixture));
    ssize_t drained = read(ends[0], room, sizeof room);
    bool is_stalled_still = log_sink_write(sink);
    ssize_t arrived = read(ends[0], room, sizeof room);
    /* Nobody reads for longer than the sink's patience. */
    fill(ends[1]);
    log_sink_line(sink, LOG_KIND_NOTICE, "missed by the pipe");
    while (log_sink_write(sink)) {
        poll(NULL, 0, 20);
    }
    uint64_t dropped_count = log_sink_dropped_count(sink);
    read(ends[0], room, sizeof room) > 0 ? (void)0 : abort();
    log_sink_line(sink, LOG_KIND_NOTICE, "heard again");
    log_sink_free(sink);
    memset(room, 0, sizeof room);
    ssize_t told = read(ends[0], room, sizeof room - 1);
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    assert_true(is_stalled);
    assert_int_equal(count, 0); /* held up, not yet written elsewhere */
    assert_true(drained > 0);
    assert_false(is_stalled_still);
    assert_int_equal(arrived, 10 + 2 + 9); /* "1699999999: patience\n" */
    assert_int_equal(dropped_count, 1);
    assert_true(told > 0);
    assert_non_null(strstr(room, "1 log lines were dropped.\n"));
    assert_non_null(strstr(room, "heard again\n"));
    assert_null(strstr(room, "missed"));
    assert_int_equal(count_lines(read_log(fixture)), 3); /* the file has missed nothing */
    close(ends[0]);
    close(ends[1]);
}

static void a_terminal_gets_calm_lines(void **state)
{
    struct fixture *fixture = *state;
    char text[256] = "";
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) {
        skip();
    }
    int side = open(ptsname(terminal), O_RDWR | O_NOCTTY), standard_error = dup(STDERR_FILENO);
    unsetenv("NO_COLOR");
    fixture->options.destinations = CONFIG_LOG_TO_STDERR;
    dup2(side, STDERR_FILENO);
    struct log_sink *sink = open_ok(&fixture->options);
    log_sink_line(sink, LOG_KIND_ERROR, "red");
    log_sink_write(sink);
    log_sink_free(sink);
    dup2(standard_error, STDERR_FILENO);
    ssize_t size = read(terminal, text, sizeof text - 1);
    close(terminal);
    close(side);
    close(standard_error);
    assert_true(size > 0);
    unsigned hours, minutes, seconds;
    assert_int_equal(sscanf(text, "\033[2m%2u:%2u:%2u ", &hours, &minutes, &seconds), 3);
    assert_string_equal(text + 13, "\033[0m\033[31mred\033[0m\r\n");
}

static int open_fixture(void **state)
{
    static struct fixture fixture;
    fixture.options =
        (struct config_log){.destinations = CONFIG_LOG_TO_FILE, .timestamp = true, .facility = 8};
    snprintf(fixture.folder, sizeof fixture.folder, "/tmp/midge-log-XXXXXX");
    if (!mkdtemp(fixture.folder)) {
        return -1;
    }
    snprintf(fixture.path, sizeof fixture.path, "%s/log", fixture.folder);
    snprintf(fixture.options.file, sizeof fixture.options.file, "%s", fixture.path);
    *state = &fixture;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *fixture = *state;
    unlink(fixture->path);
    return rmdir(fixture->folder);
}

#define SINK_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SINK_TEST(a_line_has_its_time_before_it),
        SINK_TEST(a_file_moved_away_is_opened_anew),
        SINK_TEST(lines_without_room_are_counted),
        SINK_TEST(threads_lose_no_line),
        SINK_TEST(a_full_pipe_delays_and_then_misses_its_lines),
        SINK_TEST(a_terminal_gets_calm_lines),
    };
    return cmocka_run_group_tests_name("log_sink", tests, NULL, NULL);
}
