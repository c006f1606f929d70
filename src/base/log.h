/* log.h — lines for a person, by kind. Where they go is the sink's business; a line is one call. */
#ifndef MIDGE_BASE_LOG_H
#define MIDGE_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* mosquitto's log_type kinds, as bits. */
enum log_kind {
    LOG_KIND_DEBUG = 1 << 0,
    LOG_KIND_INFORMATION = 1 << 1,
    LOG_KIND_NOTICE = 1 << 2,
    LOG_KIND_WARNING = 1 << 3,
    LOG_KIND_ERROR = 1 << 4,
    LOG_KIND_SUBSCRIBE = 1 << 5,
    LOG_KIND_UNSUBSCRIBE = 1 << 6,
};

#define LOG_LINE_SIZE_MAX 1024 /* longer lines are cut, with an ellipsis */

struct log {
    uint32_t kinds; /* which are wanted */
    /* `line`: one line of UTF-8 without a newline, at most LOG_LINE_SIZE_MAX bytes; borrowed. */
    void (*sink)(void *context, enum log_kind kind, const char *line);
    void *context;
};

static inline bool log_wants(const struct log *log, enum log_kind kind)
{
    return (log->kinds & (uint32_t)kind) != 0;
}

/* Formats and hands over one line; does nothing when the kind is not wanted. Control characters
 * become '?', so that a client cannot write lines of its own. */
void log_write(const struct log *log, enum log_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
