/* socket_address.c — from the kernel's addresses to text. Nothing can go wrong but lack of room. */
#include "net/socket_address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

static int describe_ipv4(struct in_addr address, in_port_t port, char *text, size_t size);
static int describe_ipv6(const struct sockaddr_in6 *address, char *text, size_t size);
static int describe_unix(const struct sockaddr_un *address, socklen_t address_size, char *text,
                         size_t size);
static bool is_usable(const struct ifaddrs *own, int family);

size_t socket_address_describe(const struct sockaddr *address, socklen_t address_size, char *text,
                               size_t size)
{
    assert(size > 0);
    int length;
    if (address_size < sizeof address->sa_family) {
        length = snprintf(text, size, "unknown");
    } else if (address->sa_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
        length = describe_ipv4(ipv4->sin_addr, ipv4->sin_port, text, size);
    } else if (address->sa_family == AF_INET6) {
        length = describe_ipv6((const struct sockaddr_in6 *)address, text, size);
    } else if (address->sa_family == AF_UNIX) {
        length = describe_unix((const struct sockaddr_un *)address, address_size, text, size);
    } else {
        length = snprintf(text, size, "unknown");
    }
    assert(length >= 0);
    return (size_t)length < size ? (size_t)length : size - 1;
}

size_t socket_address_list_own(char (*texts)[SOCKET_ADDRESS_SIZE_MAX], size_t count_max)
{
    struct ifaddrs *all;
    if (getifaddrs(&all) != 0) {
        return 0;
    }
    static const int families[] = {AF_INET, AF_INET6};
    size_t count = 0;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        for (const struct ifaddrs *own = all; own && count < count_max; own = own->ifa_next) {
            if (!is_usable(own, families[i])) {
                continue;
            }
            const void *address =
                families[i] == AF_INET
                    ? (const void *)&((const struct sockaddr_in *)own->ifa_addr)->sin_addr
                    : (const void *)&((const struct sockaddr_in6 *)own->ifa_addr)->sin6_addr;
            if (inet_ntop(families[i], address, texts[count], SOCKET_ADDRESS_SIZE_MAX)) {
                count++;
            }
        }
    }
    freeifaddrs(all);
    return count;
}

static int describe_ipv4(struct in_addr address, in_port_t port, char *text, size_t size)
{
    char host[INET_ADDRSTRLEN];
    const char *result = inet_ntop(AF_INET, &address, host, sizeof host);
    assert(result);
    return snprintf(text, size, "%s:%u", host, (unsigned)ntohs(port));
}

static int describe_ipv6(const struct sockaddr_in6 *address, char *text, size_t size)
{
    if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr)) {
        struct in_addr ipv4;
        memcpy(&ipv4, &address->sin6_addr.s6_addr[12], sizeof ipv4);
        return describe_ipv4(ipv4, address->sin6_port, text, size);
    }
    char host[INET6_ADDRSTRLEN];
    const char *result = inet_ntop(AF_INET6, &address->sin6_addr, host, sizeof host);
    assert(result);
    return snprintf(text, size, "[%s]:%u", host, (unsigned)ntohs(address->sin6_port));
}

static int describe_unix(const struct sockaddr_un *address, socklen_t address_size, char *text,
                         size_t size)
{
    size_t offset = offsetof(struct sockaddr_un, sun_path);
    size_t path_size = address_size > offset ? address_size - offset : 0;
    int length = (int)strnlen(address->sun_path, path_size); /* an abstract name shows as none */
    return snprintf(text, size, "unix:%.*s", length, address->sun_path);
}

static bool is_usable(const struct ifaddrs *own, int family)
{
    unsigned wanted = IFF_UP | IFF_RUNNING;
    if (!own->ifa_addr || own->ifa_addr->sa_family != family ||
        (own->ifa_flags & (wanted | IFF_LOOPBACK)) != wanted) {
        return false;
    }
    if (family == AF_INET) {
        uint32_t address = ntohl(((const struct sockaddr_in *)own->ifa_addr)->sin_addr.s_addr);
        return (address >> 16) != 0xa9fe; /* 169.254/16 works on one cable only */
    }
    return !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)own->ifa_addr)->sin6_addr);
}
