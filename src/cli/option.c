/* option.c — an option's name in a message. */
#include "cli/option.h"

#include <stdio.h>

const char *option_title(const struct option *option, char text[OPTION_TITLE_MAX])
{
    if (option->letter) {
        snprintf(text, OPTION_TITLE_MAX, "-%c", option->letter);
    } else {
        snprintf(text, OPTION_TITLE_MAX, "--%s", option->name);
    }
    return text;
}
