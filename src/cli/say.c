/* say.c — errors, warnings and hints, each one line on standard error. Nothing can go wrong that
 * anybody could be told about. */
#include "cli/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RED    "\033[31m"
#define YELLOW "\033[33m"
#define GREY   "\033[2m"
#define PLAIN  "\033[0m"

static void say(const struct voice *voice, const char *colour, const char *mark, const char *format,
                va_list words)
{
    if (*mark) {
        bool coloured = voice->has_colour;
        fprintf(stderr, "%s%s%s", coloured ? colour : "", mark, coloured ? PLAIN : "");
    }
    vfprintf(stderr, format, words);
    fputc('\n', stderr);
}

void voice_init(struct voice *voice, const char *program, bool is_plain)
{
    const char *no_colour = getenv("NO_COLOR");
    *voice = (struct voice){
        .program = program,
        .is_plain = is_plain,
        .has_colour = !is_plain && !(no_colour && *no_colour) && isatty(STDERR_FILENO),
    };
}

void say_mistake(const struct voice *voice, const char *format, ...)
{
    va_list words;
    va_start(words, format);
    say(voice, RED, "Error: ", format, words);
    va_end(words);
}

void say_error(const struct voice *voice, const char *format, ...)
{
    if (voice->is_quiet) {
        return;
    }
    va_list words;
    va_start(words, format);
    say(voice, RED, "Error: ", format, words);
    va_end(words);
}

void say_warning(const struct voice *voice, const char *format, ...)
{
    if (voice->is_quiet) {
        return;
    }
    va_list words;
    va_start(words, format);
    say(voice, YELLOW, "Warning: ", format, words);
    va_end(words);
}

void say_hint(const struct voice *voice, const char *format, ...)
{
    if (voice->is_quiet || voice->is_plain) {
        return;
    }
    va_list words;
    va_start(words, format);
    say(voice, GREY, "  ", format, words);
    va_end(words);
}

void say_plainly(const struct voice *voice, const char *format, ...)
{
    if (voice->is_quiet) {
        return;
    }
    va_list words;
    va_start(words, format);
    say(voice, "", "", format, words);
    va_end(words);
}
