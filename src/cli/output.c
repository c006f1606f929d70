/* output.c — one block of memory before one descriptor. A reader that has gone away makes the
 * output broken; that is for the caller to notice (is_broken) and end quietly. */
#include "cli/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void write_all(struct output *output, const uint8_t *data, size_t size);

void output_init(struct output *output, int fd)
{
    const char *no_colour = getenv("NO_COLOR");
    output->fd = fd;
    output->is_terminal = isatty(fd);
    output->has_colour = output->is_terminal && !(no_colour && *no_colour);
    output->is_broken = false;
    output->error = 0;
    output->size = 0;
}

void output_put(struct output *output, const void *data, size_t size)
{
    if (size > sizeof(output->block) - output->size) {
        output_flush(output);
        if (size > sizeof(output->block)) {
            write_all(output, data, size);
            return;
        }
    }
    if (size > 0) {
        memcpy(output->block + output->size, data, size);
        output->size += size;
    }
}

void output_put_byte(struct output *output, uint8_t byte)
{
    output_put(output, &byte, 1);
}

void output_put_text(struct output *output, const char *text)
{
    output_put(output, text, strlen(text));
}

void output_fill(struct output *output, char byte, size_t count)
{
    while (count-- > 0) {
        output_put_byte(output, (uint8_t)byte);
    }
}

void output_print(struct output *output, const char *format, ...)
{
    char text[256];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    if (length > 0) {
        output_put(output, text, (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1);
    }
}

void output_end_message(struct output *output)
{
    if (output->is_terminal) {
        output_flush(output);
    }
}

void output_flush(struct output *output)
{
    size_t size = output->size;
    output->size = 0;
    write_all(output, output->block, size);
}

static void write_all(struct output *output, const uint8_t *data, size_t size)
{
    while (size > 0 && !output->is_broken) {
        ssize_t written = write(output->fd, data, size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            output->error = errno;
            output->is_broken = true;
            return;
        }
        data += written;
        size -= (size_t)written;
    }
}
