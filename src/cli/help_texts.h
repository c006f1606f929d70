/* help_texts.h — the words of each command that are not about one option. */
#ifndef MIDGE_CLI_HELP_TEXTS_H
#define MIDGE_CLI_HELP_TEXTS_H

#include "cli/options.h"

#define HELP_EXAMPLES_MAX 6

struct help_example {
    const char *arguments; /* what follows "midge pub" */
    const char *words;
};

struct help_texts {
    enum command command;
    const char *name, *summary, *usage;
    const char *description; /* for the manual page */
    const char *notes;       /* after the options; NULL: none */
    struct help_example examples[HELP_EXAMPLES_MAX];
};

extern const struct help_texts help_texts[];
extern const size_t help_texts_count;

const struct help_texts *help_texts_of(enum command command);

#endif
