/* directives.c — makes the table out of directives.def, and words out of a row's limits. */
#include "config/directives.h"

#include "config/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What the columns of a row stand for. Each is a piece of a struct's initializer. */
#define FLAG .type = DIRECTIVE_FLAG, .max = 1
#define NUMBER(from, to, without)                                                                  \
    .type = DIRECTIVE_NUMBER, .min = (from), .max = (to), .none = (without)
#define SIZE(from, to, without)                                                                    \
    .type = DIRECTIVE_SIZE, .min = (from), .max = (to), .none = (without)
#define SECONDS(from, to, without_unit, without)                                                   \
    .type = DIRECTIVE_DURATION, .min = (from), .max = (to), .plain = (without_unit),               \
    .none = (without), .unit_ms = 1000
#define MILLISECONDS(from, to, without_unit, without)                                              \
    .type = DIRECTIVE_DURATION, .min = (from), .max = (to), .plain = (without_unit),               \
    .none = (without), .unit_ms = 1
#define TEXT               .type = DIRECTIVE_TEXT
#define ANONYMOUS          .type = DIRECTIVE_ANONYMOUS
#define LISTENER_ANONYMOUS .type = DIRECTIVE_LISTENER_ANONYMOUS
#define LISTENER_PREFIX    .type = DIRECTIVE_LISTENER_PREFIX
#define PER_LISTENER       .type = DIRECTIVE_PER_LISTENER
#define INCLUDE_DIR        .type = DIRECTIVE_INCLUDE_DIR
#define LOG_DEST           .type = DIRECTIVE_LOG_DEST
#define LOG_FACILITY       .type = DIRECTIVE_LOG_FACILITY
#define LOG_TYPE           .type = DIRECTIVE_LOG_TYPE
#define LISTENER           .type = DIRECTIVE_LISTENER
#define PORT               .type = DIRECTIVE_PORT
#define BIND_ADDRESS       .type = DIRECTIVE_BIND_ADDRESS
#define SOCKET_DOMAIN      .type = DIRECTIVE_SOCKET_DOMAIN
#define PROTOCOL           .type = DIRECTIVE_PROTOCOL
#define VERSIONS           .type = DIRECTIVE_VERSIONS
#define DURABILITY         .type = DIRECTIVE_DURABILITY
#define QUEUE_POLICY       .type = DIRECTIVE_QUEUE_POLICY

#define IN_CONFIG(member)                                                                          \
    .scope = DIRECTIVE_OF_THE_BROKER, .offset = offsetof(struct config, member),                   \
    .size = sizeof(((struct config *)0)->member)
#define IN_LISTENER(member)                                                                        \
    .offset = offsetof(struct config_listener, member),                                            \
    .size = sizeof(((struct config_listener *)0)->member), .group = GROUP_LISTENER
#define CORE(member)     IN_CONFIG(core.member), .group = GROUP_GENERAL
#define GENERAL(member)  IN_CONFIG(member), .group = GROUP_GENERAL
#define LOG(member)      IN_CONFIG(log.member), .group = GROUP_LOG
#define STORE(member)    IN_CONFIG(member), .group = GROUP_PERSISTENCE
#define DOOR(member)     .scope = DIRECTIVE_OF_A_LISTENER, IN_LISTENER(listener.member)
#define LINK(member)     .scope = DIRECTIVE_OF_A_LISTENER, IN_LISTENER(link.member)
#define SECURITY(member) .scope = DIRECTIVE_OF_WHOM_IT_MAY, IN_LISTENER(member)
#define NOWHERE          .group = GROUP_GENERAL
#define STORE_NOWHERE    .group = GROUP_PERSISTENCE
#define WHO_NOWHERE      .group = GROUP_WHO
#define DOOR_NOWHERE     .scope = DIRECTIVE_OF_A_LISTENER, .group = GROUP_LISTENER

#define LAST             .again = AGAIN_LAST
#define ONCE             .again = AGAIN_ONCE
#define ADDS             .again = AGAIN_ADDS
#define LIVE             .live = true
#define RESTART          .live = false

#define NEEDED(called, value, place, otherwise, again, reload, words)                              \
    {.name = (called), .initial = (otherwise), .help = (words), value, place, again, reload},
#define OURS(called, value, place, otherwise, again, reload, words)                                \
    {.name = (called),                                                                             \
     .initial = (otherwise),                                                                       \
     .help = (words),                                                                              \
     .ours = true,                                                                                 \
     value,                                                                                        \
     place,                                                                                        \
     again,                                                                                        \
     reload},
#define NOTED(called, value, place, otherwise, again, reload, why, words)                          \
    {.name = (called),                                                                             \
     .initial = (otherwise),                                                                       \
     .help = (words),                                                                              \
     .sentence = (why),                                                                            \
     value,                                                                                        \
     place,                                                                                        \
     again,                                                                                        \
     reload},
#define ALIAS(called, known)                                                                       \
    {.name = (called), .type = DIRECTIVE_ALIAS, .stands_for = (known), .initial = ""},
#define WITHOUT(called, why_not, of, why)                                                          \
    {.name = (called),                                                                             \
     .type = DIRECTIVE_NONE,                                                                       \
     .state = (why_not),                                                                           \
     .group = (of),                                                                                \
     .sentence = (why),                                                                            \
     .initial = ""},
#define LATER(called, of, why)   WITHOUT(called, DIRECTIVE_COMES_LATER, of, why)
#define REFUSED(called, of, why) WITHOUT(called, DIRECTIVE_IS_REFUSED, of, why)
#define BRIDGE(called)           WITHOUT(called, DIRECTIVE_IS_A_BRIDGES, GROUP_BRIDGE, BRIDGE_LATER)

#define TLS_LATER                                                                                  \
    "TLS is not spoken yet; remove the line, and let a TLS proxy stand before a listener on "      \
    "127.0.0.1"
#define WEBSOCKETS_LATER "WebSocket and HTTP listeners come with a later version; remove the line"
#define PLUGIN_REFUSED                                                                             \
    "there are no loadable plugins: who may connect and do what is built in, and comes with a "    \
    "later version; remove the line"
#define BRIDGE_LATER "bridges come with a later version; remove this and the bridge's other lines"

const struct directive directives[] = {
#include "config/directives.def"
};

const size_t directive_count = sizeof directives / sizeof directives[0];

static void describe_range(const struct directive *directive, const char *what, char *text,
                           size_t size);
static void describe_duration(const struct directive *directive, char *text, size_t size);

const struct directive *directive_find(const char *name)
{
    for (size_t index = 0; index < directive_count; index++) {
        if (strcmp(directives[index].name, name) == 0) {
            const struct directive *directive = &directives[index];
            return directive->stands_for ? directive_find(directive->stands_for) : directive;
        }
    }
    return NULL;
}

void directive_describe_value(const struct directive *directive, char *text, size_t size)
{
    switch (directive->type) {
    case DIRECTIVE_FLAG:
    case DIRECTIVE_ANONYMOUS:
    case DIRECTIVE_LISTENER_ANONYMOUS:
    case DIRECTIVE_PER_LISTENER: snprintf(text, size, "true or false"); break;
    case DIRECTIVE_NUMBER: describe_range(directive, "a number", text, size); break;
    case DIRECTIVE_SIZE:
        describe_range(directive, "bytes, or a size as 64KiB or 2MiB,", text, size);
        break;
    case DIRECTIVE_DURATION: describe_duration(directive, text, size); break;
    case DIRECTIVE_TEXT:
    case DIRECTIVE_LISTENER_PREFIX:
    case DIRECTIVE_BIND_ADDRESS: snprintf(text, size, "text, to the end of the line"); break;
    case DIRECTIVE_INCLUDE_DIR: snprintf(text, size, "a directory"); break;
    case DIRECTIVE_LOG_DEST:
        snprintf(text, size, "stdout, stderr, file PATH, syslog, topic or none");
        break;
    case DIRECTIVE_LOG_FACILITY: snprintf(text, size, "a number from 0 to 7"); break;
    case DIRECTIVE_LOG_TYPE:
        snprintf(text, size,
                 "error, warning, notice, information, debug, subscribe, unsubscribe, all or none");
        break;
    case DIRECTIVE_LISTENER: snprintf(text, size, "PORT [ADDRESS], or 0 PATH"); break;
    case DIRECTIVE_PORT: snprintf(text, size, "a port from 1 to 65535"); break;
    case DIRECTIVE_SOCKET_DOMAIN: snprintf(text, size, "ipv4 or ipv6"); break;
    case DIRECTIVE_PROTOCOL: snprintf(text, size, "mqtt"); break;
    case DIRECTIVE_VERSIONS: snprintf(text, size, "any of 3, 4, 5"); break;
    case DIRECTIVE_DURABILITY: snprintf(text, size, "always, interval SECONDS or off"); break;
    case DIRECTIVE_QUEUE_POLICY: snprintf(text, size, "drop_newest, drop_oldest or reject"); break;
    case DIRECTIVE_ALIAS:
    case DIRECTIVE_NONE:
    case DIRECTIVE_TYPES_COUNT: snprintf(text, size, "nothing"); break;
    }
}

const char *directive_group_title(enum directive_group group)
{
    static const char *const titles[GROUPS_COUNT] = {
        [GROUP_GENERAL] = "The broker as a whole",
        [GROUP_LOG] = "The log",
        [GROUP_PERSISTENCE] = "Persistence",
        [GROUP_LISTENER] = "Listeners",
        [GROUP_TLS] = "TLS",
        [GROUP_WHO] = "Who may connect, and do what",
        [GROUP_BRIDGE] = "Bridges",
    };
    return titles[group];
}

const char *directive_group_sentence(enum directive_group group)
{
    static const char *const sentences[GROUPS_COUNT] = {
        [GROUP_GENERAL] = "These hold for all clients and listeners.",
        [GROUP_LOG] = "What is told, where, and with which time.",
        [GROUP_PERSISTENCE] = "What survives the end of the process.",
        [GROUP_LISTENER] = "These belong to the listener line above them.",
        [GROUP_TLS] = "Not in this version: each of these is an error.",
        [GROUP_WHO] = "Not in this version: what would be an open broker in disguise is an error.",
        [GROUP_BRIDGE] = "Not in this version: each of these is an error.",
    };
    return sentences[group];
}

static const char *describe_none(const struct directive *directive)
{
    switch (directive->none) {
    case NONE_ZERO: return directive->min > 0 ? "; 0: none" : "";
    case NONE_NEGATIVE: return "; a negative one is 0";
    case NONE_NEVER: return ", or never";
    case NONE_NOT: break;
    }
    return "";
}

static void describe_range(const struct directive *directive, const char *what, char *text,
                           size_t size)
{
    const char *none = describe_none(directive);
    if (directive->max == UINT64_MAX) {
        snprintf(text, size, "%s from %" PRIu64 "%s", what, directive->min, none);
    } else {
        snprintf(text, size, "%s from %" PRIu64 " to %" PRIu64 "%s", what, directive->min,
                 directive->max, none);
    }
}

static void describe_duration(const struct directive *directive, char *text, size_t size)
{
    const char *unit = directive->unit_ms == 1 ? "ms" : "s";
    const char *plain = directive->plain == PLAIN_MINUTES ? "minutes, or a duration as 30s or 1d,"
                        : directive->plain == PLAIN_SECONDS
                            ? "seconds, or a duration as 500ms, 10min or 1d,"
                            : "a duration as 12h, 14d, 2w, 3m or 1y,";
    snprintf(text, size, "%s from %" PRIu64 "%s to %" PRIu64 "%s%s", plain, directive->min, unit,
             directive->max, unit, describe_none(directive));
}
