/* config_special.c — reads the directives that are more than one value in one place: listeners, the
 * log's lists, and those whose meaning depends on per_listener_settings. */
#include "config/config_special.h"

#include "config/config_values.h"
#include "config/units.h"

#include "base/log.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { UNIX_PATH_SIZE_MAX = 107, PREFIX_SIZE_MAX = 50 };

struct named_bits {
    const char *name;
    uint32_t bits;
};

static const struct named_bits log_types[] = {
    {"error", LOG_KIND_ERROR},
    {"warning", LOG_KIND_WARNING},
    {"notice", LOG_KIND_NOTICE},
    {"information", LOG_KIND_INFORMATION},
    {"debug", LOG_KIND_DEBUG},
    {"subscribe", LOG_KIND_SUBSCRIBE},
    {"unsubscribe", LOG_KIND_UNSUBSCRIBE},
    {"all", UINT32_MAX},
    {"none", 0},
    {"internal", 0},   /* mosquitto's own affairs */
    {"websockets", 0}, /* its library's */
};

static const struct named_bits log_destinations[] = {
    {"stdout", CONFIG_LOG_TO_STDOUT}, {"stderr", CONFIG_LOG_TO_STDERR},
    {"file", CONFIG_LOG_TO_FILE},     {"syslog", CONFIG_LOG_TO_SYSLOG},
    {"topic", CONFIG_LOG_TO_TOPIC},   {"none", 0},
};

static const struct named_bits queue_policies[] = {
    {"drop_newest", QUEUE_DROP_NEWEST},
    {"drop_oldest", QUEUE_DROP_OLDEST},
    {"reject", QUEUE_REJECT},
};

typedef void reader(struct config_loader *loader, const struct directive *directive, char *rest);

static reader read_anonymous, read_listener_anonymous, read_prefix, read_listener_prefix,
    read_per_listener, read_log_dest, read_log_facility, read_log_type, read_listener, read_port,
    read_bind_address, read_socket_domain, read_protocol, read_versions, read_durability,
    read_queue_policy;
static bool find_bits(const struct named_bits *names, size_t count, const char *name,
                      uint32_t *bits);
static void refuse_word(struct config_loader *loader, const struct directive *directive,
                        const char *word);
static bool per_listener_without_one(struct config_loader *loader,
                                     const struct directive *directive);
static void name_default_listener(struct config_loader *loader);
static struct config_draft *open_draft(struct config_loader *loader);

void config_special_read(struct config_loader *loader, const struct directive *directive,
                         char *rest)
{
    static reader *const readers[DIRECTIVE_TYPES_COUNT] = {
        [DIRECTIVE_TEXT] = read_prefix, /* the only text whose scope is not fixed */
        [DIRECTIVE_ANONYMOUS] = read_anonymous,
        [DIRECTIVE_LISTENER_ANONYMOUS] = read_listener_anonymous,
        [DIRECTIVE_LISTENER_PREFIX] = read_listener_prefix,
        [DIRECTIVE_PER_LISTENER] = read_per_listener,
        [DIRECTIVE_LOG_DEST] = read_log_dest,
        [DIRECTIVE_LOG_FACILITY] = read_log_facility,
        [DIRECTIVE_LOG_TYPE] = read_log_type,
        [DIRECTIVE_LISTENER] = read_listener,
        [DIRECTIVE_PORT] = read_port,
        [DIRECTIVE_BIND_ADDRESS] = read_bind_address,
        [DIRECTIVE_SOCKET_DOMAIN] = read_socket_domain,
        [DIRECTIVE_PROTOCOL] = read_protocol,
        [DIRECTIVE_VERSIONS] = read_versions,
        [DIRECTIVE_DURABILITY] = read_durability,
        [DIRECTIVE_QUEUE_POLICY] = read_queue_policy,
    };
    assert(readers[directive->type]);
    readers[directive->type](loader, directive, rest);
}

/* -- who may connect -- */

static void read_anonymous(struct config_loader *loader, const struct directive *directive,
                           char *rest)
{
    bool flag;
    if (per_listener_without_one(loader, directive) ||
        !config_values_flag(loader, directive, rest, &flag)) {
        return;
    }
    if (loader->per_listener_settings) {
        struct config_draft *draft = config_values_draft(loader);
        draft->listener.link.allow_anonymous = flag;
        draft->anonymous_set = true;
    } else {
        loader->anonymous = flag;
        loader->anonymous_set = true;
    }
}

static void read_listener_anonymous(struct config_loader *loader, const struct directive *directive,
                                    char *rest)
{
    bool flag;
    if (config_values_flag(loader, directive, rest, &flag)) {
        struct config_draft *draft = config_values_draft(loader);
        draft->listener.link.allow_anonymous = flag;
        draft->anonymous_set = true;
    }
}

static void read_prefix(struct config_loader *loader, const struct directive *directive, char *rest)
{
    char prefix[PREFIX_SIZE_MAX + 1];
    if (per_listener_without_one(loader, directive) ||
        !config_values_text(loader, directive, rest, prefix, sizeof prefix)) {
        return;
    }
    if (loader->per_listener_settings) {
        struct config_draft *draft = config_values_draft(loader);
        memcpy(draft->listener.link.auto_id_prefix, prefix, strlen(prefix) + 1);
        draft->prefix_set = true;
    } else {
        memcpy(loader->prefix, prefix, strlen(prefix) + 1);
        loader->prefix_set = true;
    }
}

static void read_listener_prefix(struct config_loader *loader, const struct directive *directive,
                                 char *rest)
{
    struct config_draft *draft = config_values_draft(loader);
    draft->prefix_set = config_values_text(
        loader, directive, rest, draft->listener.link.auto_id_prefix, PREFIX_SIZE_MAX + 1);
}

static bool per_listener_without_one(struct config_loader *loader,
                                     const struct directive *directive)
{
    if (loader->per_listener_settings && loader->current == CONFIG_NO_LISTENER) {
        loader_error(loader,
                     "with per_listener_settings true, %s belongs to a listener; write it below "
                     "a listener line",
                     directive->name);
        return true;
    }
    if (!loader->security_place.file) {
        loader->security_place = loader->place;
    }
    return false;
}

static void read_per_listener(struct config_loader *loader, const struct directive *directive,
                              char *rest)
{
    bool flag;
    if (!config_values_flag(loader, directive, rest, &flag)) {
        return;
    }
    if (flag && !loader->per_listener_settings && loader->security_place.file) {
        loader_error(loader, "%s comes too late: %s:%u is about the same; write it above that",
                     directive->name, loader->security_place.file,
                     (unsigned)loader->security_place.line);
        return;
    }
    if (!flag && loader->per_listener_settings) {
        loader_warning(loader,
                       "%s stays true: it cannot be taken back; remove one of the two lines",
                       directive->name);
        return;
    }
    loader->per_listener_settings = flag;
}

/* -- the log -- */

static void read_log_dest(struct config_loader *loader, const struct directive *directive,
                          char *rest)
{
    struct config_log *log = &loader->config->log;
    uint32_t destination;
    if (loader->seen[directive - directives].line == 0) {
        log->destinations = 0; /* the first line replaces the default */
    }
    char *word = config_text_word(&rest, "");
    if (!word) {
        config_values_word(loader, directive, rest); /* says so */
        return;
    }
    if (!find_bits(log_destinations, sizeof log_destinations / sizeof *log_destinations, word,
                   &destination)) {
        refuse_word(loader, directive, word);
        return;
    }
    if (destination == CONFIG_LOG_TO_FILE) {
        if (log->file[0]) {
            loader_error(loader, "the log has a file already, %s; remove one of the two lines",
                         log->file);
            return;
        }
        if (!config_values_text(loader, directive, rest, log->file, sizeof log->file)) {
            return;
        }
    } else if (destination == CONFIG_LOG_TO_STDOUT && strcmp(rest, "unbuffered") == 0) {
        log->stdout_unbuffered = true;
    } else if (*rest && *rest != '#') {
        loader_warning(loader, "what follows \"log_dest %s\" is not read; remove it", word);
    }
    log->destinations = destination ? log->destinations | destination : 0;
}

static void read_log_facility(struct config_loader *loader, const struct directive *directive,
                              char *rest)
{
    uint64_t number;
    const char *word = config_values_word(loader, directive, rest);
    if (!word) {
        return;
    }
    if (strcmp(word, "daemon") == 0) {
        loader->config->log.facility = CONFIG_LOG_FACILITY_DAEMON;
    } else if (units_read_number(word, &number) == UNITS_OK && number <= 7) {
        loader->config->log.facility = (uint8_t)number;
    } else {
        refuse_word(loader, directive, word);
    }
}

static void read_log_type(struct config_loader *loader, const struct directive *directive,
                          char *rest)
{
    struct config_log *log = &loader->config->log;
    uint32_t kinds;
    if (loader->seen[directive - directives].line == 0) {
        log->kinds = 0; /* the first line replaces the default */
    }
    const char *word = config_values_word(loader, directive, rest);
    if (!word) {
        return;
    }
    if (!find_bits(log_types, sizeof log_types / sizeof *log_types, word, &kinds)) {
        refuse_word(loader, directive, word);
        return;
    }
    log->kinds = strcmp(word, "none") == 0 ? 0 : log->kinds | kinds;
}

/* -- listeners -- */

static bool read_port_number(struct config_loader *loader, const struct directive *directive,
                             const char *word, uint64_t port_min, uint16_t *port)
{
    uint64_t number;
    if (units_read_number(word, &number) != UNITS_OK || number < port_min || number > 65535) {
        refuse_word(loader, directive, word);
        return false;
    }
    *port = (uint16_t)number;
    return true;
}

static void read_listener(struct config_loader *loader, const struct directive *directive,
                          char *rest)
{
    uint16_t port;
    char *word = config_text_word(&rest, "");
    if (!word) {
        config_values_word(loader, directive, rest); /* says so */
        return;
    }
    struct config_draft *draft = open_draft(loader);
    if (!draft || !read_port_number(loader, directive, word, 0, &port)) {
        return;
    }
    struct listener_options *door = &draft->listener.listener;
    const char *address = port == 0 && *rest != '#' ? rest : config_text_word(&rest, "");
    door->port = draft->listener.link.port = port;
    if (port == 0) {
        door->family = LISTENER_UNIX;
        if (!address || !*address) {
            loader_error(loader, "listener 0 is a unix socket; write its path: listener 0 PATH");
            return;
        }
        config_values_text(loader, directive, address, door->address, UNIX_PATH_SIZE_MAX + 1);
        return;
    }
    if (address) {
        if (*rest && *rest != '#') {
            loader_warning(loader, "what follows \"listener %s %s\" is not read; remove it", word,
                           address);
        }
        config_values_text(loader, directive, address, door->address, sizeof door->address);
    }
}

static void read_port(struct config_loader *loader, const struct directive *directive, char *rest)
{
    uint16_t port;
    const char *word = config_values_word(loader, directive, rest);
    name_default_listener(loader);
    if (word && read_port_number(loader, directive, word, 1, &port)) {
        struct config_listener *listener = &config_values_draft(loader)->listener;
        listener->listener.port = listener->link.port = port;
    }
}

static void read_bind_address(struct config_loader *loader, const struct directive *directive,
                              char *rest)
{
    name_default_listener(loader);
    struct listener_options *door = &config_values_draft(loader)->listener.listener;
    config_values_text(loader, directive, rest, door->address, sizeof door->address);
}

static void read_socket_domain(struct config_loader *loader, const struct directive *directive,
                               char *rest)
{
    struct listener_options *door = &config_values_draft(loader)->listener.listener;
    const char *word = config_values_word(loader, directive, rest);
    if (!word) {
        return;
    }
    if (door->family == LISTENER_UNIX) {
        loader_error(loader, "a unix socket has no socket_domain; remove the line");
    } else if (strcmp(word, "ipv4") == 0) {
        door->family = LISTENER_IPV4;
    } else if (strcmp(word, "ipv6") == 0) {
        door->family = LISTENER_IPV6;
    } else {
        refuse_word(loader, directive, word);
    }
}

static void read_protocol(struct config_loader *loader, const struct directive *directive,
                          char *rest)
{
    const char *word = config_values_word(loader, directive, rest);
    config_values_draft(loader);
    if (!word || strcmp(word, "mqtt") == 0) {
        return;
    }
    if (strcmp(word, "websockets") == 0 || strcmp(word, "http_api") == 0) {
        loader_error(loader,
                     "protocol %s comes with a later version; remove this listener, or make it "
                     "protocol mqtt",
                     word);
        return;
    }
    refuse_word(loader, directive, word);
}

static void read_versions(struct config_loader *loader, const struct directive *directive,
                          char *rest)
{
    uint8_t versions = 0;
    for (const char *word; (word = config_text_word(&rest, ","));) {
        if (word[0] < '3' || word[0] > '5' || word[1]) {
            refuse_word(loader, directive, word);
            return;
        }
        versions |= (uint8_t)(1 << (word[0] - '0'));
    }
    if (versions == 0) {
        config_values_word(loader, directive, rest); /* says so */
        return;
    }
    config_values_draft(loader)->listener.link.versions = versions;
}

/* -- what survives -- */

static void read_durability(struct config_loader *loader, const struct directive *directive,
                            char *rest)
{
    struct config *config = loader->config;
    char *word = config_text_word(&rest, "");
    uint64_t interval_ms = 0;
    if (!word) {
        config_values_word(loader, directive, rest); /* says so */
        return;
    }
    if (strcmp(word, "always") == 0) {
        config->core.durability = DURABILITY_ALWAYS;
    } else if (strcmp(word, "off") == 0) {
        config->core.durability = DURABILITY_OFF;
    } else if (strcmp(word, "interval") == 0) {
        const char *interval = config_text_word(&rest, "");
        if (!interval ||
            units_read_duration(interval, 1000, UNITS_M_REFUSED, &interval_ms) != UNITS_OK ||
            interval_ms == 0 || interval_ms > CONFIG_DURABILITY_INTERVAL_MAX_S * UINT64_C(1000)) {
            loader_error(loader,
                         "%s interval needs seconds, from 1 to %d; write %s interval 5, for "
                         "instance",
                         directive->name, CONFIG_DURABILITY_INTERVAL_MAX_S, directive->name);
            return;
        }
        config->core.durability = DURABILITY_INTERVAL;
        config->durability_interval_s = (uint32_t)((interval_ms + 999) / 1000);
    } else {
        refuse_word(loader, directive, word);
        return;
    }
    if (*rest && *rest != '#') {
        loader_warning(loader, "what follows \"%s\" is not read; remove it, or write # before it",
                       word);
    }
}

static void read_queue_policy(struct config_loader *loader, const struct directive *directive,
                              char *rest)
{
    uint32_t policy;
    const char *word = config_values_word(loader, directive, rest);
    if (!word) {
        return;
    }
    if (!find_bits(queue_policies, sizeof queue_policies / sizeof *queue_policies, word, &policy)) {
        refuse_word(loader, directive, word);
        return;
    }
    loader->config->core.queue_policy = (enum queue_policy)policy;
}

/* -- below -- */

static bool find_bits(const struct named_bits *names, size_t count, const char *name,
                      uint32_t *bits)
{
    for (size_t index = 0; index < count; index++) {
        if (strcmp(names[index].name, name) == 0) {
            *bits = names[index].bits;
            return true;
        }
    }
    return false;
}

static void refuse_word(struct config_loader *loader, const struct directive *directive,
                        const char *word)
{
    char value[256];
    directive_describe_value(directive, value, sizeof value);
    loader_error(loader, "%s cannot be \"%s\"; write %s", directive->name, word, value);
}

static void name_default_listener(struct config_loader *loader)
{
    loader->current = CONFIG_DEFAULT_LISTENER;
    if (!loader->default_is_named) {
        loader->default_is_named = true;
        loader->default_place = loader->place;
    }
}

static struct config_draft *open_draft(struct config_loader *loader)
{
    if (loader->draft_count > CONFIG_LISTENERS_MAX) {
        loader_error(loader, "there are more than %d listeners; remove some", CONFIG_LISTENERS_MAX);
        return NULL;
    }
    loader->current = loader->draft_count++;
    struct config_draft *draft = &loader->drafts[loader->current];
    listener_options_default(&draft->listener.listener);
    link_options_default(&draft->listener.link);
    draft->listener.file = loader->place.file;
    draft->listener.line = loader->place.line;
    return draft;
}
