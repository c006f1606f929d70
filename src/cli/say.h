/* say.h — how the tool talks to the person: errors, warnings and hints, on standard error.
 *
 * Called as `midge …` it has a voice of its own: colour on a terminal, a hint how to mend. Called
 * by one of mosquitto's names it is plain, for the scripts that grew up with those. */
#ifndef MIDGE_CLI_SAY_H
#define MIDGE_CLI_SAY_H

#include <stdbool.h>

struct voice {
    const char *program; /* "midge pub", or "mosquitto_pub" */
    bool is_plain;       /* one of mosquitto's names */
    bool is_quiet;       /* --quiet: nothing that happens while running is worth a word */
    bool has_colour;
};

/* Colour where standard error is a terminal, unless NO_COLOR is set or we are plain. */
void voice_init(struct voice *voice, const char *program, bool is_plain);

/* A mistake in what the person typed: always said. */
__attribute__((format(printf, 2, 3))) void say_mistake(const struct voice *voice,
                                                       const char *format, ...);
/* Something that went wrong while running; silent with --quiet. */
__attribute__((format(printf, 2, 3))) void say_error(const struct voice *voice, const char *format,
                                                     ...);
__attribute__((format(printf, 2, 3))) void say_warning(const struct voice *voice,
                                                       const char *format, ...);
/* How to mend it; only in our own voice. */
__attribute__((format(printf, 2, 3))) void say_hint(const struct voice *voice, const char *format,
                                                    ...);
/* A line of its own without any mark ("Timed out"); silent with --quiet. */
__attribute__((format(printf, 2, 3))) void say_plainly(const struct voice *voice,
                                                       const char *format, ...);

#endif
