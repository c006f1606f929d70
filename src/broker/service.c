/* service.c — what midged owes to the system that runs it.
 *
 * Each function is a short talk with the system, and most of them happen once. What goes wrong with
 * notifying is ignored: a broker does not stop because nobody listens to its state. */
#include "broker/service.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/clock.h"

#define NOTIFY_SIZE_MAX 512

static void open_notify(struct service *service, const char *path);
static uint64_t read_watchdog_us(void);
static void notify(const struct service *service, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static int line_size(const char *status);
static void leave_terminal(void);
static _Noreturn void wait_for_daemon(int fd);

void service_init(struct service *service, int launcher_fd)
{
    *service = (struct service){.notify_fd = -1, .launcher_fd = launcher_fd};
    const char *path = getenv("NOTIFY_SOCKET");
    if (path) {
        open_notify(service, path);
        service->watchdog_us = service->notify_fd >= 0 ? read_watchdog_us() : 0;
    }
    unsetenv("NOTIFY_SOCKET"); /* not for processes that we might start */
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void service_fini(struct service *service)
{
    if (service->notify_fd >= 0) {
        close(service->notify_fd);
    }
    if (service->launcher_fd >= 0) {
        close(service->launcher_fd);
    }
    service->notify_fd = service->launcher_fd = -1;
}

void service_ready(struct service *service, const char *status)
{
    notify(service, "READY=1\nSTATUS=%.*s", line_size(status), status);
    if (service->launcher_fd >= 0) {
        leave_terminal();
        ssize_t written = write(service->launcher_fd, "r", 1);
        (void)written; /* if the launcher is gone, nobody needs to know */
        close(service->launcher_fd);
        service->launcher_fd = -1;
    }
}

void service_reloading(struct service *service)
{
    notify(service, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)clock_now_us());
}

void service_stopping(struct service *service)
{
    notify(service, "STOPPING=1");
}

void service_set_status(struct service *service, const char *status)
{
    notify(service, "STATUS=%.*s", line_size(status), status);
}

uint64_t service_watchdog_interval_us(const struct service *service)
{
    return service->watchdog_us / 2;
}

void service_feed_watchdog(struct service *service)
{
    notify(service, "WATCHDOG=1");
}

int service_daemonise(void)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return -1;
    }
    fflush(NULL); /* or both processes would write it */
    pid_t child = fork();
    if (child < 0) {
        int error = errno;
        close(fds[0]);
        close(fds[1]);
        errno = error;
        return -1;
    }
    if (child > 0) {
        close(fds[1]);
        wait_for_daemon(fds[0]);
    }
    close(fds[0]);
    setsid();
    return fds[1];
}

bool service_write_pid_file(const char *path, char *error, size_t error_size)
{
    char line[24];
    int size = snprintf(line, sizeof line, "%ld\n", (long)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    bool is_written = fd >= 0 && write(fd, line, (size_t)size) == size;
    if (!is_written) {
        snprintf(error, error_size, "cannot write the pid file %s: %s", path,
                 strerrordesc_np(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return is_written;
}

void service_remove_pid_file(const char *path)
{
    char line[24] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return;
    }
    ssize_t size = read(fd, line, sizeof line - 1);
    close(fd);
    if (size > 0 && strtol(line, NULL, 10) == getpid()) {
        unlink(path);
    }
}

bool service_find_user(const char *user, struct service_identity *identity, char *error,
                       size_t error_size)
{
    *identity = (struct service_identity){0};
    if (geteuid() != 0 || strcmp(user, "root") == 0) {
        return true;
    }
    const struct passwd *found = getpwnam(user[0] ? user : "mosquitto");
    if (!found && !user[0]) {
        found = getpwnam("nobody");
    }
    if (!found) {
        snprintf(error, error_size, "there is no user %s to become", user[0] ? user : "nobody");
        return false;
    }
    if (strlen(found->pw_name) >= sizeof identity->name) {
        snprintf(error, error_size, "the name of user %s is too long", user);
        return false;
    }
    identity->changes = found->pw_uid != 0;
    identity->user_id = found->pw_uid;
    identity->group_id = found->pw_gid;
    snprintf(identity->name, sizeof identity->name, "%s", found->pw_name);
    return true;
}

bool service_may_write(const struct service_identity *identity, const char *directory)
{
    gid_t group_id = getegid();
    uid_t user_id = geteuid();
    if (setegid(identity->group_id) != 0 || seteuid(identity->user_id) != 0) {
        return setegid(group_id) == 0; /* service_become will say why */
    }
    bool may = faccessat(AT_FDCWD, directory, R_OK | W_OK | X_OK, AT_EACCESS) == 0;
    if (seteuid(user_id) != 0 || setegid(group_id) != 0) {
        abort(); /* neither the one nor the other */
    }
    return may;
}

bool service_become(const struct service_identity *identity, char *error, size_t error_size)
{
    if (!identity->changes) {
        return true;
    }
    /* The user last: afterwards the rest would be forbidden. */
    if (initgroups(identity->name, identity->group_id) != 0 || setgid(identity->group_id) != 0 ||
        setuid(identity->user_id) != 0) {
        snprintf(error, error_size, "cannot become user %s: %s", identity->name,
                 strerrordesc_np(errno));
        return false;
    }
    int result = setuid(0);
    assert(result != 0 && geteuid() == identity->user_id); /* there is no way back */
    return true;
}

uint64_t service_raise_descriptor_limit(void)
{
    struct rlimit limit;
    int result = getrlimit(RLIMIT_NOFILE, &limit);
    assert(result == 0);
    struct rlimit wanted = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (limit.rlim_cur < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &wanted) == 0) {
        return wanted.rlim_cur;
    }
    return limit.rlim_cur;
}

static void open_notify(struct service *service, const char *path)
{
    size_t size = strlen(path);
    struct sockaddr_un *address = &service->notify_address;
    if ((path[0] != '/' && path[0] != '@') || size >= sizeof address->sun_path) {
        return; /* other kinds (a virtual machine's) are not for us */
    }
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, size + 1);
    service->notify_address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    if (path[0] == '@') {
        address->sun_path[0] = 0; /* a name in the kernel, not in the file system */
    } else {
        service->notify_address_size++; /* the path's zero */
    }
    service->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static uint64_t read_watchdog_us(void)
{
    const char *process = getenv("WATCHDOG_PID"), *time = getenv("WATCHDOG_USEC");
    if (!time || (process && strtol(process, NULL, 10) != getpid())) {
        return 0;
    }
    char *end;
    errno = 0;
    unsigned long long time_us = strtoull(time, &end, 10);
    return errno || *end || end == time ? 0 : time_us;
}

static void notify(const struct service *service, const char *format, ...)
{
    char text[NOTIFY_SIZE_MAX];
    if (service->notify_fd < 0) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assert(size > 0 && (size_t)size < sizeof text);
    sendto(service->notify_fd, text, (size_t)size, MSG_NOSIGNAL,
           (const struct sockaddr *)&service->notify_address, service->notify_address_size);
}

/* A second line would be another message to systemd. */
static int line_size(const char *status)
{
    size_t size = strcspn(status, "\n");
    return size < SERVICE_STATUS_SIZE_MAX ? (int)size : SERVICE_STATUS_SIZE_MAX;
}

static void leave_terminal(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return; /* the daemon keeps the terminal: unusual, and harmless */
    }
    for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++) {
        dup2(fd, standard);
    }
    if (fd > STDERR_FILENO) {
        close(fd);
    }
}

static void wait_for_daemon(int fd)
{
    char byte;
    ssize_t size;
    do {
        size = read(fd, &byte, 1);
    } while (size < 0 && errno == EINTR);
    _exit(size == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}
