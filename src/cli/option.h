/* option.h — what is known about one option. */
#ifndef MIDGE_CLI_OPTION_H
#define MIDGE_CLI_OPTION_H

#include <stddef.h>

#include "cli/options.h"

enum option_kind {
    OPTION_FLAG,   /* sets a bool */
    OPTION_TEXT,   /* a const char * */
    OPTION_WIRE,   /* likewise, and it travels: must be MQTT's UTF-8 */
    OPTION_NUMBER, /* an int64_t from min to max */
    OPTION_OWN,    /* `read` knows */
    OPTION_LATER,  /* mosquitto has it, we do not yet; one with a value has a value_name */
};

enum option_group {
    GROUP_BROKER,
    GROUP_CLIENT,
    GROUP_MESSAGE,
    GROUP_TOPICS,
    GROUP_OUTPUT,
    GROUP_WILL,
    GROUP_OTHER,
    GROUP_LATER,
    GROUP_COUNT,
};

struct option {
    const char *name;
    const char *value_name; /* NULL: takes no value */
    const char *help;
    size_t field; /* offset in struct options */
    int64_t min, max;
    /* OPTION_OWN: reads its value or values (kept) into options. False: told. */
    bool (*read)(struct options *options, const struct option *option, char **values);
    unsigned commands; /* of enum command, or-ed */
    enum option_group group;
    enum option_kind kind;
    char letter; /* 0: only a name */
};

/* "-t, --topic" words for messages: "-t", or "--will-topic" when there is no letter. `text` has
 * room for OPTION_TITLE_MAX bytes; returned. */
#define OPTION_TITLE_MAX 40
const char *option_title(const struct option *option, char text[OPTION_TITLE_MAX]);

#endif
