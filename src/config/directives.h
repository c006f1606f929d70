/* directives.h — the rows of directives.def as a table: what names there are, what they take, where
 * it is kept, and what a person may read about them. The table is constant. */
#ifndef MIDGE_CONFIG_DIRECTIVES_H
#define MIDGE_CONFIG_DIRECTIVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum directive_type {
    DIRECTIVE_FLAG, /* true, false, 1 or 0 */
    DIRECTIVE_NUMBER,
    DIRECTIVE_SIZE,
    DIRECTIVE_DURATION,
    DIRECTIVE_TEXT, /* the rest of the line */
    /* The rest have a reader of their own, in config_special.c. */
    DIRECTIVE_ANONYMOUS,
    DIRECTIVE_LISTENER_ANONYMOUS,
    DIRECTIVE_LISTENER_PREFIX,
    DIRECTIVE_PER_LISTENER,
    DIRECTIVE_INCLUDE_DIR,
    DIRECTIVE_LOG_DEST,
    DIRECTIVE_LOG_FACILITY,
    DIRECTIVE_LOG_TYPE,
    DIRECTIVE_LISTENER,
    DIRECTIVE_PORT,
    DIRECTIVE_BIND_ADDRESS,
    DIRECTIVE_SOCKET_DOMAIN,
    DIRECTIVE_PROTOCOL,
    DIRECTIVE_VERSIONS,
    DIRECTIVE_DURABILITY,
    DIRECTIVE_QUEUE_POLICY,
    DIRECTIVE_ALIAS,
    DIRECTIVE_NONE, /* refused: takes nothing */
    DIRECTIVE_TYPES_COUNT,
};

enum directive_state {
    DIRECTIVE_WORKS,
    DIRECTIVE_COMES_LATER,
    DIRECTIVE_IS_REFUSED,
    DIRECTIVE_IS_A_BRIDGES,
};

enum directive_scope {
    DIRECTIVE_OF_THE_BROKER,  /* offset: in struct config */
    DIRECTIVE_OF_A_LISTENER,  /* offset: in struct config_listener */
    DIRECTIVE_OF_WHOM_IT_MAY, /* a listener's only with per_listener_settings */
};

enum directive_group {
    GROUP_GENERAL,
    GROUP_LOG,
    GROUP_PERSISTENCE,
    GROUP_LISTENER,
    GROUP_TLS,
    GROUP_WHO,
    GROUP_BRIDGE,
    GROUPS_COUNT,
};

enum directive_none { NONE_NOT, NONE_ZERO, NONE_NEGATIVE, NONE_NEVER };
enum directive_plain { PLAIN_SECONDS, PLAIN_MINUTES, PLAIN_REFUSED_M_IS_MONTH };
enum directive_again { AGAIN_LAST, AGAIN_ONCE, AGAIN_ADDS };

struct directive {
    const char *name;
    enum directive_type type;
    enum directive_state state;
    enum directive_scope scope;
    enum directive_group group;
    enum directive_none none;
    enum directive_plain plain; /* of a duration without a unit */
    enum directive_again again;
    bool live;              /* a reload takes it over */
    bool ours;              /* mosquitto has none such */
    uint32_t unit_ms;       /* of a duration's member */
    uint64_t min, max;      /* in the member's unit */
    size_t offset, size;    /* of the member; size 0: there is none, or its reader knows */
    const char *initial;    /* the default, as it would be written; "": not set */
    const char *sentence;   /* why it is refused, or why it has no effect; or NULL */
    const char *help;       /* or NULL where it is refused */
    const char *stands_for; /* an alias's row */
};

extern const struct directive directives[];
extern const size_t directive_count;

/* The row called `name`, aliases resolved, or NULL. */
const struct directive *directive_find(const char *name);

/* "true or false", "a number from 0 to 65535; -1: no limit": what the row takes. `text` gets it,
 * cut to `size`. */
void directive_describe_value(const struct directive *directive, char *text, size_t size);

/* A group's heading and the sentence below it. */
const char *directive_group_title(enum directive_group group);
const char *directive_group_sentence(enum directive_group group);

#endif
