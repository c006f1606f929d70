/* log.c — makes one line and hands it to the sink.
 *
 * The line is formatted into a buffer on the stack, cut where it is too long and cleaned of
 * whatever could forge a second line or steer a terminal. Nothing is allocated, nothing fails. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ELLIPSIS "\xE2\x80\xA6"

static void cut_line(char *line);
static void clean_line(char *line);

void log_write(const struct log *log, enum log_kind kind, const char *format, ...)
{
    if (!log->sink || !log_wants(log, kind)) {
        return;
    }
    char line[LOG_LINE_SIZE_MAX + 1];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (size < 0) {
        return; /* a format the C library cannot print: there is no line */
    }
    if ((size_t)size >= sizeof(line)) {
        cut_line(line);
    }
    clean_line(line);
    log->sink(log->context, kind, line);
}

/* Ends a full line with an ellipsis, without leaving half a character before it. */
static void cut_line(char *line)
{
    size_t end = LOG_LINE_SIZE_MAX - (sizeof(ELLIPSIS) - 1);
    while (end > 0 && ((unsigned char)line[end] & 0xC0) == 0x80) {
        end--;
    }
    memcpy(line + end, ELLIPSIS, sizeof(ELLIPSIS));
}

/* Control characters, those of U+0080 to U+009F included, become '?'. */
static void clean_line(char *line)
{
    for (unsigned char *at = (unsigned char *)line; *at; at++) {
        if (*at < 0x20 || *at == 0x7F) {
            *at = '?';
        } else if (at[0] == 0xC2 && at[1] >= 0x80 && at[1] <= 0x9F) {
            *at++ = '?';
            *at = '?';
        }
    }
}
