/* config_text.c — cuts lines out of bytes that may be anything.
 *
 * The happy path: copy one line, trim it, split off the directive's name. A line that cannot be
 * one (too long, a zero byte inside, not UTF-8) is reported and passed over; the next one is read
 * all the same, so that a person sees every error of a file at once. */
#include "config/config_text.h"

#include "base/bytes.h"
#include "base/utf8.h"

#include <string.h>

static enum config_text_result copy_line(struct config_text *text, const char *bytes, size_t size);
static bool is_blank(char c);

void config_text_init(struct config_text *text, const char *bytes, size_t size)
{
    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    if (size >= 3 && memcmp(bytes, byte_order_mark, 3) == 0) {
        bytes += 3;
        size -= 3;
    }
    text->cursor = bytes;
    text->end = bytes + size;
    text->line = 0;
    text->buffer[0] = '\0';
    text->name = text->rest = text->buffer;
}

enum config_text_result config_text_next(struct config_text *text)
{
    while (text->cursor < text->end) {
        const char *start = text->cursor;
        size_t left = (size_t)(text->end - start);
        const char *newline = memchr(start, '\n', left);
        size_t size = newline ? (size_t)(newline - start) : left;
        text->cursor = newline ? newline + 1 : text->end;
        text->line++;

        while (size > 0 && is_blank(*start)) {
            start++;
            size--;
        }
        while (size > 0 && is_blank(start[size - 1])) {
            size--;
        }
        if (size > 0 && *start != '#') {
            return copy_line(text, start, size);
        }
    }
    return CONFIG_TEXT_END;
}

char *config_text_word(char **rest, const char *more_separators)
{
    char *word = *rest;
    while (*word && (is_blank(*word) || strchr(more_separators, *word))) {
        word++;
    }
    if (*word == '\0' || *word == '#') {
        *rest = word;
        return NULL;
    }
    char *end = word;
    while (*end && !is_blank(*end) && !strchr(more_separators, *end)) {
        end++;
    }
    *rest = end;
    if (*end) {
        *end++ = '\0';
        while (is_blank(*end)) {
            end++;
        }
        *rest = end;
    }
    return word;
}

static enum config_text_result copy_line(struct config_text *text, const char *bytes, size_t size)
{
    if (size > CONFIG_LINE_SIZE_MAX) {
        return CONFIG_TEXT_TOO_LONG;
    }
    if (memchr(bytes, '\0', size)) {
        return CONFIG_TEXT_ZERO;
    }
    if (!utf8_is_valid((struct bytes){.data = (const void *)bytes, .size = size})) {
        return CONFIG_TEXT_NOT_UTF8;
    }
    memcpy(text->buffer, bytes, size);
    text->buffer[size] = '\0';
    text->name = text->buffer;
    char *end = text->name + strcspn(text->name, " \t\r");
    text->rest = end;
    if (*end) {
        *end++ = '\0';
        while (is_blank(*end)) {
            end++;
        }
        text->rest = end;
    }
    return CONFIG_TEXT_LINE;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}
