/* url.c — takes an MQTT URL apart by putting zeros where its parts end. The topic is everything
 * after the first slash, the login ends at the last @ before that. */
#include "cli/url.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PORT_DEFAULT 1883

static const char *read_host_and_port(char *text, struct url *url);

const char *url_read(char *text, struct url *url)
{
    *url = (struct url){.port = PORT_DEFAULT};
    if (strncmp(text, "mqtts://", 8) == 0) {
        return "this version has no TLS yet; use mqtt://";
    }
    if (strncmp(text, "mqtt://", 7) != 0) {
        return "it does not start with mqtt://";
    }
    char *authority = text + 7;
    char *slash = strchr(authority, '/');
    if (!slash || !slash[1]) {
        return "the topic is missing";
    }
    *slash = 0;
    url->topic = slash + 1;

    char *at = strrchr(authority, '@');
    if (at) {
        *at = 0;
        url->user_name = authority;
        char *colon = strchr(authority, ':');
        if (colon) {
            *colon = 0;
            url->password = colon + 1;
        }
        authority = at + 1;
    }
    return read_host_and_port(authority, url);
}

/* HOST, HOST:PORT, or [IPV6]:PORT. */
static const char *read_host_and_port(char *text, struct url *url)
{
    char *rest;
    url->host = text;
    if (*text == '[') {
        url->host = text + 1;
        rest = strchr(text, ']');
        if (!rest) {
            return "the ] after the address is missing";
        }
        *rest++ = 0;
    } else {
        rest = text + strcspn(text, ":");
    }
    if (*rest && *rest != ':') {
        return "after the ] comes :PORT or /";
    }
    if (*rest == ':') {
        *rest++ = 0;
        char *end;
        long port = strtol(rest, &end, 10);
        if (end == rest || *end || port < 1 || port > UINT16_MAX) {
            return "the port is a number from 1 to 65535";
        }
        url->port = (uint16_t)port;
    }
    return *url->host ? NULL : "the host is missing";
}
