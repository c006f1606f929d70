/* service_test.c — the talk with systemd, daemons, pid files and users; and signals.
 *
 * What changes a process for good happens in children; their exit status says how it went. */
#include "broker/service.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/signals.h"

struct fixture {
    char folder[64], path[100];
};

static int listen_for_notices(const struct sockaddr_un *address, socklen_t size)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)address, size), 0);
    return fd;
}

static void expect(int fd, const char *expected, bool is_whole)
{
    char text[1024];
    ssize_t size = recv(fd, text, sizeof text - 1, 0);
    assert_true(size >= 0);
    text[size] = 0;
    size_t compared = is_whole ? sizeof text : strlen(expected);
    assert_int_equal(strncmp(text, expected, compared), 0);
}

static void systemd_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", fixture->path);
    int fd = listen_for_notices(&address, sizeof address);
    char process[24];
    snprintf(process, sizeof process, "%ld", (long)getpid());
    setenv("NOTIFY_SOCKET", fixture->path, 1);
    setenv("WATCHDOG_USEC", "20000000", 1);
    setenv("WATCHDOG_PID", process, 1);
    struct service service;
    service_init(&service, -1);
    assert_null(getenv("NOTIFY_SOCKET"));
    assert_int_equal(service_watchdog_interval_us(&service), 10000000);
    service_ready(&service, "2 listeners\nREADY=0");
    expect(fd, "READY=1\nSTATUS=2 listeners", true);
    service_reloading(&service);
    expect(fd, "RELOADING=1\nMONOTONIC_USEC=", false);
    service_feed_watchdog(&service);
    expect(fd, "WATCHDOG=1", true);
    char status[1000];
    memset(status, 's', sizeof status - 1);
    status[sizeof status - 1] = 0;
    service_set_status(&service, status);
    expect(fd, "STATUS=ssss", false);
    service_stopping(&service);
    expect(fd, "STOPPING=1", true);
    close(fd);
    unlink(fixture->path);
    service_stopping(&service); /* nobody listens: nothing happens */
    service_fini(&service);
}

static void a_name_in_the_kernel_and_no_name_at_all(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = offsetof(struct sockaddr_un, sun_path) +
                     (socklen_t)snprintf(address.sun_path, sizeof address.sun_path,
                                         "@midge-service-test-%ld", (long)getpid());
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    setenv("WATCHDOG_USEC", "20000000", 1);
    setenv("WATCHDOG_PID", "1", 1); /* somebody else's */
    address.sun_path[0] = 0;
    int fd = listen_for_notices(&address, size);
    struct service service;
    service_init(&service, -1);
    assert_int_equal(service_watchdog_interval_us(&service), 0);
    service_stopping(&service);
    expect(fd, "STOPPING=1", true);
    service_fini(&service);
    service_init(&service, -1);
    service_ready(&service, "alone");
    assert_int_equal(service_watchdog_interval_us(&service), 0);
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
    service_fini(&service);
    close(fd);
}

/* Starts a process that daemonises; its daemon gets ready or gives up. Returns its exit status. */
static int start_daemon(bool gets_ready, const char *proof_path)
{
    pid_t launcher = fork();
    if (launcher == 0) {
        struct service service;
        int launcher_fd = service_daemonise();
        if (launcher_fd < 0 || getsid(0) != getpid()) {
            _exit(2);
        }
        service_init(&service, launcher_fd);
        if (gets_ready) {
            char error[256];
            bool is_written = service_write_pid_file(proof_path, error, sizeof error);
            service_ready(&service, "ready");
            _exit(is_written ? 0 : 2);
        }
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(launcher, &status, 0), launcher);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void the_launcher_knows_whether_the_daemon_started(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(start_daemon(true, fixture->path), 0);
    assert_int_equal(access(fixture->path, F_OK), 0);
    assert_int_equal(unlink(fixture->path), 0);
    assert_int_equal(start_daemon(false, fixture->path), 1);
}

static void the_pid_file_is_ours(void **state)
{
    struct fixture *fixture = *state;
    char error[256], line[32] = "", expected[32];
    assert_true(service_write_pid_file(fixture->path, error, sizeof error));
    int fd = open(fixture->path, O_RDWR);
    assert_true(read(fd, line, sizeof line - 1) > 0);
    snprintf(expected, sizeof expected, "%ld\n", (long)getpid());
    assert_string_equal(line, expected);
    assert_int_equal(pwrite(fd, "1\n\n\n\n", 5, 0), 5); /* another one has taken over */
    close(fd);
    service_remove_pid_file(fixture->path);
    assert_int_equal(access(fixture->path, F_OK), 0);
    assert_true(service_write_pid_file(fixture->path, error, sizeof error));
    service_remove_pid_file(fixture->path);
    assert_int_equal(access(fixture->path, F_OK), -1);
    assert_false(service_write_pid_file("/no/such/folder/pid", error, sizeof error));
    assert_non_null(strstr(error, "/no/such/folder/pid: No such file"));
}

static void only_root_becomes_somebody_else(void **state)
{
    (void)state;
    char error[256];
    struct service_identity identity;
    assert_true(service_find_user("root", &identity, error, sizeof error));
    assert_false(identity.changes);
    assert_true(service_become(&identity, error, sizeof error)); /* nothing to do */
    if (geteuid() != 0) {
        assert_true(service_find_user("no such user", &identity, error, sizeof error));
        assert_false(identity.changes);
        return;
    }
    assert_false(service_find_user("no such user", &identity, error, sizeof error));
    assert_string_equal(error, "there is no user no such user to become");
    assert_true(service_find_user("", &identity, error, sizeof error));
    assert_true(identity.changes && identity.user_id != 0);
    pid_t child = fork();
    if (child == 0) {
        bool is_done = service_become(&identity, error, sizeof error);
        _exit(is_done && getuid() == identity.user_id && getegid() == identity.group_id ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void the_descriptor_limit_is_the_system_s(void **state)
{
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit low = {.rlim_cur = 64, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(service_raise_descriptor_limit(), before.rlim_max);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void signals_are_read(void **state)
{
    (void)state;
    struct signals signals;
    assert_true(signals_init(&signals));
    assert_int_equal(signals_take(&signals), 0);
    static const int numbers[] = {SIGHUP, SIGINT, SIGUSR1, SIGTERM};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_int_equal(raise(numbers[i]), 0);
        assert_int_equal(signals_take(&signals), numbers[i]);
        assert_int_equal(signals_take(&signals), 0);
    }
    assert_int_equal(raise(SIGPIPE), 0); /* ignored */
    assert_int_equal(raise(SIGXFSZ), 0);
    signals_fini(&signals);
}

static int make_folder(void **state)
{
    static struct fixture fixture;
    snprintf(fixture.folder, sizeof fixture.folder, "/tmp/midge-service-XXXXXX");
    if (!mkdtemp(fixture.folder)) {
        return -1;
    }
    snprintf(fixture.path, sizeof fixture.path, "%s/file", fixture.folder);
    *state = &fixture;
    return 0;
}

static int remove_folder(void **state)
{
    return rmdir(((struct fixture *)*state)->folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(systemd_is_told),
        cmocka_unit_test(a_name_in_the_kernel_and_no_name_at_all),
        cmocka_unit_test(the_launcher_knows_whether_the_daemon_started),
        cmocka_unit_test(the_pid_file_is_ours),
        cmocka_unit_test(only_root_becomes_somebody_else),
        cmocka_unit_test(the_descriptor_limit_is_the_system_s),
        cmocka_unit_test(signals_are_read),
    };
    return cmocka_run_group_tests_name("service", tests, make_folder, remove_folder);
}
