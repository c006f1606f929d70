/* url.h — mqtt://USER:PASSWORD@HOST:PORT/TOPIC, taken apart in place. */
#ifndef MIDGE_CLI_URL_H
#define MIDGE_CLI_URL_H

#include <stdint.h>

struct url {
    char *host;
    uint16_t port;
    char *user_name, *password; /* NULL: not there; nothing is unescaped, as mosquitto has it */
    char *topic;
};

/* Cuts `text` into the fields of *url, which point into it (kept). Returns NULL, or what is wrong
 * with it as words for a person. */
const char *url_read(char *text, struct url *url);

#endif
