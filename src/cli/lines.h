/* lines.h — the lines of a descriptor, of any length (up to MQTT's 256 MB), read as they come. */
#ifndef MIDGE_CLI_LINES_H
#define MIDGE_CLI_LINES_H

#include "base/bytes.h"

#define PAYLOAD_SIZE_MAX 268435455u

enum lines_result {
    LINES_LINE,     /* *line is the next one, without its end */
    LINES_MORE,     /* lines_read first */
    LINES_END,      /* nothing follows */
    LINES_TOO_LONG, /* longer than PAYLOAD_SIZE_MAX, or there is no memory for it */
};

struct lines {
    int fd;
    uint8_t *data;
    size_t begin, end, capacity;
    size_t scanned; /* from begin: no end of line in so many bytes */
    bool is_ended;
};

void lines_init(struct lines *lines, int fd);
void lines_fini(struct lines *lines);

/* The first line not taken yet; *line is valid until lines_read. Whatever follows the last end of
 * line is a line, too, if it is not empty. */
enum lines_result lines_first(struct lines *lines, struct bytes *line);
/* Done with that line. */
void lines_take(struct lines *lines, struct bytes line);
/* Reads once; waits if nothing is there. An error counts as the end. */
void lines_read(struct lines *lines);

#endif
