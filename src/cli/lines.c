/* lines.c — one buffer that moves its rest to the front when it is full, and doubles when that does
 * not help. */
#include "cli/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define CAPACITY_FIRST (64 * 1024)
#define CAPACITY_MAX   ((size_t)PAYLOAD_SIZE_MAX + 1 + CAPACITY_FIRST)

static bool make_room(struct lines *lines);

void lines_init(struct lines *lines, int fd)
{
    *lines = (struct lines){.fd = fd};
}

void lines_fini(struct lines *lines)
{
    free(lines->data);
}

enum lines_result lines_first(struct lines *lines, struct bytes *line)
{
    size_t size = lines->end - lines->begin;
    const uint8_t *text = lines->data + lines->begin;
    const uint8_t *found = NULL;
    if (size > lines->scanned) {
        found = memchr(text + lines->scanned, '\n', size - lines->scanned);
    }
    if (found) {
        *line = bytes_of(text, (size_t)(found - text));
        return LINES_LINE;
    }
    lines->scanned = size;
    if (size > PAYLOAD_SIZE_MAX) {
        return LINES_TOO_LONG;
    }
    if (!lines->is_ended) {
        return LINES_MORE;
    }
    *line = bytes_of(text, size);
    return size > 0 ? LINES_LINE : LINES_END;
}

void lines_take(struct lines *lines, struct bytes line)
{
    lines->begin += line.size;
    lines->begin += lines->begin < lines->end; /* the end of line */
    lines->scanned = 0;
}

void lines_read(struct lines *lines)
{
    if (lines->is_ended || !make_room(lines)) {
        lines->is_ended = true;
        return;
    }
    ssize_t size = read(lines->fd, lines->data + lines->end, lines->capacity - lines->end);
    if (size > 0) {
        lines->end += (size_t)size;
    } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
        lines->is_ended = true;
    }
}

static bool make_room(struct lines *lines)
{
    size_t size = lines->end - lines->begin;
    if (lines->begin > 0 && (size == 0 || lines->end == lines->capacity)) {
        memmove(lines->data, lines->data + lines->begin, size);
        lines->begin = 0;
        lines->end = size;
    }
    if (lines->end < lines->capacity) {
        return true;
    }
    size_t capacity = lines->capacity ? lines->capacity * 2 : CAPACITY_FIRST;
    capacity = capacity < CAPACITY_MAX ? capacity : CAPACITY_MAX;
    uint8_t *data = capacity > lines->capacity ? realloc(lines->data, capacity) : NULL;
    if (!data) {
        return false;
    }
    lines->data = data;
    lines->capacity = capacity;
    return true;
}
