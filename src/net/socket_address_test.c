/* socket_address_test.c — addresses in words. */
#include "net/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/un.h>

#include <cmocka.h>

static void check_ipv6(const char *address, const char *expected)
{
    char text[SOCKET_ADDRESS_SIZE_MAX];
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(1883)};
    assert_int_equal(inet_pton(AF_INET6, address, &ipv6.sin6_addr), 1);
    size_t length =
        socket_address_describe((struct sockaddr *)&ipv6, sizeof ipv6, text, sizeof text);
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
}

static void internet_addresses(void **state)
{
    (void)state;
    char text[SOCKET_ADDRESS_SIZE_MAX];
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(51234)};
    ipv4.sin_addr.s_addr = htonl(0xc0a80114);
    assert_int_equal(
        socket_address_describe((struct sockaddr *)&ipv4, sizeof ipv4, text, sizeof text), 18);
    assert_string_equal(text, "192.168.1.20:51234");
    assert_int_equal(socket_address_describe((struct sockaddr *)&ipv4, sizeof ipv4, text, 8), 7);
    assert_string_equal(text, "192.168");
    check_ipv6("2001:db8::1", "[2001:db8::1]:1883");
    check_ipv6("::ffff:10.0.0.7", "10.0.0.7:1883");
}

static void unix_addresses(void **state)
{
    (void)state;
    char text[SOCKET_ADDRESS_SIZE_MAX];
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/midge.sock"};
    socket_address_describe((struct sockaddr *)&local, sizeof local, text, sizeof text);
    assert_string_equal(text, "unix:/run/midge.sock");
    socket_address_describe((struct sockaddr *)&local, sizeof local.sun_family, text, sizeof text);
    assert_string_equal(text, "unix:");
    memset(local.sun_path, 'p', sizeof local.sun_path); /* as long as a path can be */
    assert_int_equal(
        socket_address_describe((struct sockaddr *)&local, sizeof local, text, sizeof text),
        5 + sizeof local.sun_path);
    socket_address_describe((struct sockaddr *)&local, 0, text, sizeof text);
    assert_string_equal(text, "unknown");
}

static void own_addresses_are_for_other_devices(void **state)
{
    (void)state;
    char texts[OWN_ADDRESSES_MAX][SOCKET_ADDRESS_SIZE_MAX];
    size_t count = socket_address_list_own(texts, OWN_ADDRESSES_MAX);
    assert_true(count <= OWN_ADDRESSES_MAX);
    bool was_ipv6 = false;
    for (size_t i = 0; i < count; i++) {
        assert_int_not_equal(strncmp(texts[i], "127.", 4), 0);
        assert_string_not_equal(texts[i], "::1");
        bool is_ipv6 = strchr(texts[i], ':') != NULL;
        assert_false(was_ipv6 && !is_ipv6);
        was_ipv6 = is_ipv6;
    }
    assert_int_equal(socket_address_list_own(texts, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(internet_addresses),
        cmocka_unit_test(unix_addresses),
        cmocka_unit_test(own_addresses_are_for_other_devices),
    };
    return cmocka_run_group_tests_name("socket_address", tests, NULL, NULL);
}
