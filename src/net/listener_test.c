/* listener_test.c — doors on loopback and in a folder of its own. */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/socket_address.h"

#define VISITS_MAX 100
#define TURNS_MAX  1000

struct visits {
    int fds[VISITS_MAX];
    uint32_t count, refused_count, rest_count;
    int error;
    struct listener *detaches; /* after the first visit, or NULL */
};

struct fixture {
    char folder[64], path[100];
};

static void on_accepted(void *context, int fd)
{
    struct visits *visits = context;
    assert_true(visits->count < VISITS_MAX);
    visits->fds[visits->count++] = fd;
    if (visits->detaches) {
        listener_detach(visits->detaches);
    }
}

static void on_refused(void *context, uint32_t count, int error)
{
    struct visits *visits = context;
    visits->refused_count += count;
    visits->rest_count += count == 0;
    visits->error = error;
}

static void visits_close(struct visits *visits)
{
    while (visits->count > 0) {
        close(visits->fds[--visits->count]);
    }
}

static struct listener_options options_loopback(void)
{
    struct listener_options options;
    listener_options_default(&options);
    assert_true(options.tcp_no_delay);
    options.port = 0;
    snprintf(options.address, sizeof options.address, "127.0.0.1");
    return options;
}

static struct listener *open_ok(const struct listener_options *options)
{
    char error[LISTENER_ERROR_SIZE_MAX] = "";
    struct listener *listener = listener_open(options, error, sizeof error);
    assert_string_equal(error, "");
    assert_non_null(listener);
    return listener;
}

static void refuses(const struct listener_options *options, const char *expected)
{
    char error[LISTENER_ERROR_SIZE_MAX] = "";
    assert_null(listener_open(options, error, sizeof error));
    if (!strstr(error, expected)) {
        assert_string_equal(error, expected);
    }
}

static void attach(struct listener *listener, struct loop *loop, struct visits *visits)
{
    struct listener_visitor visitor = {on_accepted, on_refused, visits};
    assert_true(listener_attach(listener, loop, &visitor));
}

static int visit_tcp(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static int visit_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void a_visitor_is_let_in(void **state)
{
    (void)state;
    struct listener_options options = options_loopback();
    struct listener *listener = open_ok(&options);
    struct loop *loop = loop_new();
    struct visits visits = {0};
    int value;
    socklen_t size = sizeof value;
    char text[SOCKET_ADDRESS_SIZE_MAX], expected[SOCKET_ADDRESS_SIZE_MAX];
    attach(listener, loop, &visits);
    int visitor = visit_tcp(listener_port(listener));
    loop_turn(loop, LOOP_FOREVER);
    assert_int_equal(visits.count, 1);
    assert_true(fcntl(visits.fds[0], F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(visits.fds[0], F_GETFD) & FD_CLOEXEC);
    assert_int_equal(getsockopt(visits.fds[0], IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
    assert_true(value);
    assert_int_equal(listener_socket_count(listener), 1);
    snprintf(expected, sizeof expected, "127.0.0.1:%u", (unsigned)listener_port(listener));
    listener_describe(listener, 0, text, sizeof text);
    assert_string_equal(text, expected);
    visits_close(&visits);
    close(visitor);
    listener_close(listener);
    loop_free(loop);
}

static void a_turn_lets_in_a_bounded_number(void **state)
{
    (void)state;
    struct listener_options options = options_loopback();
    struct listener *listener = open_ok(&options);
    struct loop *loop = loop_new();
    struct visits visits = {0};
    int visitors[LISTENER_ARRIVALS_MAX + 3];
    attach(listener, loop, &visits);
    for (size_t i = 0; i < LISTENER_ARRIVALS_MAX + 3; i++) {
        visitors[i] = visit_tcp(listener_port(listener));
    }
    loop_turn(loop, LOOP_FOREVER);
    assert_int_equal(visits.count, LISTENER_ARRIVALS_MAX);
    loop_turn(loop, LOOP_FOREVER);
    assert_int_equal(visits.count, LISTENER_ARRIVALS_MAX + 3);
    for (size_t i = 0; i < LISTENER_ARRIVALS_MAX + 3; i++) {
        close(visitors[i]);
    }
    visits_close(&visits);
    listener_close(listener);
    loop_free(loop);
}

static void detached_it_lets_them_wait(void **state)
{
    (void)state;
    struct listener_options options = options_loopback();
    struct listener *listener = open_ok(&options);
    struct loop *loop = loop_new();
    struct visits visits = {.detaches = listener};
    attach(listener, loop, &visits);
    int first = visit_tcp(listener_port(listener)), second = visit_tcp(listener_port(listener));
    loop_turn(loop, LOOP_FOREVER);
    assert_int_equal(loop_turn(loop, 0), 0);
    assert_int_equal(visits.count, 1);
    visits.detaches = NULL;
    attach(listener, loop, &visits);
    loop_turn(loop, LOOP_FOREVER);
    assert_int_equal(visits.count, 2);
    visits_close(&visits);
    close(first);
    close(second);
    listener_close(listener);
    loop_free(loop);
}

static void every_thread_gets_its_own_door_at_the_same_place(void **state)
{
    (void)state;
    char error[LISTENER_ERROR_SIZE_MAX];
    struct listener_options options = options_loopback();
    struct listener *listener = open_ok(&options);
    struct listener *share = listener_share(listener, error, sizeof error);
    assert_non_null(share);
    assert_int_equal(listener_port(share), listener_port(listener));
    struct loop *loop = loop_new();
    struct visits visits = {0}, share_visits = {0};
    attach(listener, loop, &visits);
    attach(share, loop, &share_visits);
    int visitors[64];
    for (size_t i = 0; i < 64; i++) {
        visitors[i] = visit_tcp(listener_port(listener));
    }
    while (visits.count + share_visits.count < 64) {
        loop_turn(loop, LOOP_FOREVER);
    }
    assert_true(visits.count > 0 && share_visits.count > 0); /* by chance false once in 2^63 */
    for (size_t i = 0; i < 64; i++) {
        close(visitors[i]);
    }
    visits_close(&visits);
    visits_close(&share_visits);
    listener_close(share);
    listener_close(listener);
    loop_free(loop);
}

static void a_second_program_is_kept_out(void **state)
{
    (void)state;
    struct listener_options options = options_loopback();
    struct listener *listener = open_ok(&options);
    options.port = listener_port(listener);
    refuses(&options, "in use by another program");
    options.address[0] = 0; /* every interface has it as well */
    refuses(&options, "in use by another program");
    listener_close(listener);
    options = options_loopback();
    listener_close(open_ok(&options));
}

static void loopback_and_every_interface_have_both_families(void **state)
{
    (void)state;
    struct listener_options options = options_loopback();
    char text[SOCKET_ADDRESS_SIZE_MAX];
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool has_ipv6 = probe >= 0 && bind(probe, (struct sockaddr *)&six, sizeof six) == 0;
    close(probe);
    options.address[0] = 0;
    options.loopback_only = true;
    struct listener *listener = open_ok(&options);
    assert_int_equal(listener_socket_count(listener), has_ipv6 ? 2 : 1);
    listener_describe(listener, 0, text, sizeof text);
    assert_int_equal(strncmp(text, "127.0.0.1:", 10), 0);
    if (has_ipv6) {
        char expected[SOCKET_ADDRESS_SIZE_MAX];
        snprintf(expected, sizeof expected, "[::1]:%u", (unsigned)listener_port(listener));
        listener_describe(listener, 1, text, sizeof text);
        assert_string_equal(text, expected);
    }
    listener_close(listener);
    options.family = LISTENER_IPV4;
    listener = open_ok(&options);
    assert_int_equal(listener_socket_count(listener), 1);
    listener_close(listener);
    options.family = LISTENER_ANY;
    options.loopback_only = false;
    listener = open_ok(&options);
    assert_int_equal(listener_socket_count(listener), has_ipv6 ? 2 : 1);
    listener_describe(listener, 0, text, sizeof text);
    assert_true(strncmp(text, "0.0.0.0:", 8) == 0 || strncmp(text, "[::]:", 5) == 0);
    listener_close(listener);
}

static void names_and_interfaces_that_are_not_here(void **state)
{
    (void)state;
    struct listener_options options = options_loopback();
    snprintf(options.address, sizeof options.address, "192.0.2.1");
    refuses(&options, "this machine does not have that address");
    snprintf(options.address, sizeof options.address, "no such name");
    refuses(&options, "cannot find the address no such name");
    options.address[0] = 0;
    snprintf(options.bind_interface, sizeof options.bind_interface, "nosuch0");
    refuses(&options, "there is no such interface");
    snprintf(options.bind_interface, sizeof options.bind_interface, "lo");
    options.family = LISTENER_IPV4;
    struct listener *listener = open_ok(&options);
    close(visit_tcp(listener_port(listener)));
    listener_close(listener);
}

static struct listener_options options_unix(const struct fixture *fixture)
{
    struct listener_options options;
    listener_options_default(&options);
    options.family = LISTENER_UNIX;
    options.port = 0;
    snprintf(options.address, sizeof options.address, "%s", fixture->path);
    return options;
}

static void unix_doors_share_one_socket(void **state)
{
    struct fixture *fixture = *state;
    struct listener_options options = options_unix(fixture);
    struct stat status;
    char error[LISTENER_ERROR_SIZE_MAX], text[SOCKET_ADDRESS_SIZE_MAX], expected[256];
    options.unix_mode = 0620;
    struct listener *listener = open_ok(&options);
    struct listener *share = listener_share(listener, error, sizeof error);
    assert_non_null(share);
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0620);
    assert_true(listener_give(listener, getuid(), getgid()));
    assert_int_equal(listener_port(listener), 0);
    snprintf(expected, sizeof expected, "unix:%s", fixture->path);
    listener_describe(share, 0, text, sizeof text);
    assert_string_equal(text, expected);
    struct loop *loop = loop_new();
    struct visits visits = {0};
    attach(share, loop, &visits);
    int first = visit_unix(fixture->path);
    loop_turn(loop, LOOP_FOREVER);
    assert_int_equal(visits.count, 1);
    listener_close(share);
    attach(listener, loop, &visits);
    int second = visit_unix(fixture->path);
    loop_turn(loop, LOOP_FOREVER);
    assert_int_equal(visits.count, 2);
    listener_close(listener);
    assert_int_equal(access(fixture->path, F_OK), -1);
    close(first);
    close(second);
    visits_close(&visits);
    loop_free(loop);
}

static void a_stale_socket_file_is_taken_over_and_nothing_else(void **state)
{
    struct fixture *fixture = *state;
    struct listener_options options = options_unix(fixture);
    struct listener *listener = open_ok(&options);
    refuses(&options, "in use by another program");
    close(visit_unix(fixture->path)); /* the first one still answers */
    char kept[160];
    snprintf(kept, sizeof kept, "%s.kept", fixture->path);
    assert_int_equal(link(fixture->path, kept), 0);
    listener_close(listener);
    assert_int_equal(rename(kept, fixture->path), 0); /* as after a kill -9 */
    listener = open_ok(&options);
    close(visit_unix(fixture->path));
    assert_int_equal(unlink(fixture->path), 0);
    int file = open(fixture->path, O_CREAT | O_WRONLY, 0600);
    close(file);
    listener_close(listener);
    assert_int_equal(access(fixture->path, F_OK), 0); /* not its own file any more */
    refuses(&options, "not a socket");
    assert_int_equal(unlink(fixture->path), 0);
    memset(options.address, 'p', sizeof options.address - 1);
    refuses(&options, "File name too long");
}

/* Connects until the queue of a door that nobody tends is full; fills `fds`, returns how many. */
static size_t crowd(const char *path, int *fds, size_t count_max)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    for (size_t count = 0; count < count_max; count++) {
        fds[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect(fds[count], (struct sockaddr *)&address, sizeof address) != 0) {
            assert_int_equal(errno, EAGAIN);
            return count + 1;
        }
    }
    return count_max;
}

static void a_busy_unix_socket_is_not_stale(void **state)
{
    struct fixture *fixture = *state;
    struct listener_options options = options_unix(fixture);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fds[8], door = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", fixture->path);
    assert_int_equal(bind(door, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(door, 0), 0);
    size_t count = crowd(fixture->path, fds, 8);
    assert_true(count < 8);
    refuses(&options, "in use by another program");
    while (count > 0) {
        close(fds[--count]);
    }
    close(door);
    assert_int_equal(unlink(fixture->path), 0);
}

static void without_descriptors_visitors_are_refused_and_the_loop_is_calm(void **state)
{
    (void)state;
    struct listener_options options = options_loopback();
    struct listener *listener = open_ok(&options);
    struct loop *loop = loop_new();
    struct visits visits = {0};
    struct rlimit before, tight;
    char byte;
    attach(listener, loop, &visits);
    int first = visit_tcp(listener_port(listener)), second = visit_tcp(listener_port(listener));
    int highest = dup(second);
    close(highest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    tight = (struct rlimit){.rlim_cur = (rlim_t)highest, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    loop_turn(loop, LOOP_FOREVER);
    /* The reserve is back, both are gone, nothing is left to do. */
    uint32_t idle_calls = loop_turn(loop, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(visits.count, 0);
    assert_int_equal(visits.refused_count, 2);
    assert_int_equal(visits.error, EMFILE);
    assert_int_equal(idle_calls, 0);
    assert_int_equal(recv(first, &byte, 1, 0), 0); /* an end in order, not a silence */
    assert_int_equal(recv(second, &byte, 1, 0), 0);
    close(first);
    close(second);
    first = visit_tcp(listener_port(listener));
    loop_turn(loop, LOOP_FOREVER);
    assert_int_equal(visits.count, 1);
    close(first);
    visits_close(&visits);
    listener_close(listener);
    loop_free(loop);
}

static void without_even_the_reserve_it_rests(void **state)
{
    (void)state;
    struct listener_options options = options_loopback();
    struct listener *listener = open_ok(&options);
    struct loop *loop = loop_new();
    struct visits visits = {0};
    struct rlimit before, none;
    attach(listener, loop, &visits);
    int visitor = visit_tcp(listener_port(listener));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    loop_turn(loop, LOOP_FOREVER);
    uint32_t idle_calls = loop_turn(loop, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(visits.rest_count, 1);
    assert_int_equal(idle_calls, 0);
    for (int i = 0; i < TURNS_MAX && visits.count == 0; i++) {
        loop_turn(loop, LOOP_FOREVER);
    }
    assert_int_equal(visits.count, 1);
    close(visitor);
    visits_close(&visits);
    listener_close(listener);
    loop_free(loop);
}

static int make_folder(void **state)
{
    static struct fixture fixture;
    snprintf(fixture.folder, sizeof fixture.folder, "/tmp/midge-listener-XXXXXX");
    if (!mkdtemp(fixture.folder)) {
        return -1;
    }
    snprintf(fixture.path, sizeof fixture.path, "%s/door", fixture.folder);
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
        cmocka_unit_test(a_visitor_is_let_in),
        cmocka_unit_test(a_turn_lets_in_a_bounded_number),
        cmocka_unit_test(detached_it_lets_them_wait),
        cmocka_unit_test(every_thread_gets_its_own_door_at_the_same_place),
        cmocka_unit_test(a_second_program_is_kept_out),
        cmocka_unit_test(loopback_and_every_interface_have_both_families),
        cmocka_unit_test(names_and_interfaces_that_are_not_here),
        cmocka_unit_test(unix_doors_share_one_socket),
        cmocka_unit_test(a_stale_socket_file_is_taken_over_and_nothing_else),
        cmocka_unit_test(a_busy_unix_socket_is_not_stale),
        cmocka_unit_test(without_descriptors_visitors_are_refused_and_the_loop_is_calm),
        cmocka_unit_test(without_even_the_reserve_it_rests),
    };
    return cmocka_run_group_tests_name("listener", tests, make_folder, remove_folder);
}
