/* config_text.h — a configuration file's text, line by line. Knows nothing of directives. */
#ifndef MIDGE_CONFIG_CONFIG_TEXT_H
#define MIDGE_CONFIG_CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONFIG_LINE_SIZE_MAX = 65536 }; /* bytes; a longer line is an error */

enum config_text_result {
    CONFIG_TEXT_LINE, /* `name` and `rest` are set */
    CONFIG_TEXT_END,
    CONFIG_TEXT_TOO_LONG, /* this line: it was passed over, go on */
    CONFIG_TEXT_ZERO,     /* this line holds a zero byte: passed over, go on */
    CONFIG_TEXT_NOT_UTF8, /* this line: passed over, go on */
};

struct config_text {
    const char *cursor, *end; /* borrowed until the last line was read */
    uint32_t line;            /* of what was returned last; the first is 1 */
    char *name;               /* inside `buffer`, ends in a zero, may be changed */
    char *rest;               /* what follows the blanks behind it; "" when nothing does */
    char buffer[CONFIG_LINE_SIZE_MAX + 1];
};

void config_text_init(struct config_text *text, const char *bytes, size_t size);

/* The next line that is not empty and not a comment, without the blanks (spaces, tabs, CR) at its
 * ends. A comment is a line whose first letter is '#'. */
enum config_text_result config_text_next(struct config_text *text);

/* Cuts the first word off *rest and returns it, or NULL when there is none or when a comment
 * begins there. Words are separated by blanks, and by the letters of `more_separators`. */
char *config_text_word(char **rest, const char *more_separators);

#endif
