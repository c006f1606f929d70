/* socket_address.h — addresses as people write them. */
#ifndef MIDGE_NET_SOCKET_ADDRESS_H
#define MIDGE_NET_SOCKET_ADDRESS_H

#include <sys/socket.h>

#include "base/bytes.h"

#define SOCKET_ADDRESS_SIZE_MAX 128 /* room for any address in words, with its zero */
#define OWN_ADDRESSES_MAX       32

/* "192.168.1.20:51234", "[2001:db8::1]:51234" (an IPv4 address in IPv6 clothes is shown as IPv4),
 * "unix:/run/midge.sock", or "unix:" for a socket without a name. Returns the length of the text,
 * which is cut to `size` - 1. */
size_t socket_address_describe(const struct sockaddr *address, socklen_t address_size, char *text,
                               size_t size);

/* This machine's own addresses that other devices can use: of interfaces that are up, neither
 * loopback nor link-local; IPv4 first. Fills at most `count_max` texts, returns how many. */
size_t socket_address_list_own(char (*texts)[SOCKET_ADDRESS_SIZE_MAX], size_t count_max);

#endif
