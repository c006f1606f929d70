/* config_finish.c — what only the whole configuration can say: which listeners there are and whom
 * they let in, and what the command line changes.
 *
 *   nobody configured a listener   one on the loopback interface, port 1883 or each -p;
 *                                  anonymous clients may connect unless allow_anonymous is false
 *   somebody did                   those; anonymous clients may not, unless allow_anonymous or
 *                                  listener_allow_anonymous says so; -p is not used
 *
 * Settings above the first listener line belong to a default listener at port 1883. It is opened
 * beside the others only if `port` or `bind_address` names it, or if such a setting changes it. */
#include "config/config_finish.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void add_local_listeners(struct config_loader *loader,
                                const struct config_overrides *overrides);
static void add_configured_listeners(struct config_loader *loader,
                                     const struct config_overrides *overrides);
static void add_listener(struct config_loader *loader, const struct config_draft *draft,
                         bool anonymous);
static void check_mount_point(struct config_loader *loader, const struct config_draft *draft);
static void check_same_door(struct config_loader *loader);
static struct config_place place_of(const struct config_listener *listener);

void config_finish(struct config_loader *loader, const struct config_overrides *overrides)
{
    struct config *config = loader->config;
    if (overrides->verbose) {
        config->log.kinds = UINT32_MAX;
    }
    if (overrides->quiet) {
        config->log.kinds = 0;
    }
    config->local_only = loader->draft_count == 1 && !loader->default_is_named;
    if (config->local_only) {
        add_local_listeners(loader, overrides);
    } else {
        add_configured_listeners(loader, overrides);
    }
    check_same_door(loader);
}

static void add_local_listeners(struct config_loader *loader,
                                const struct config_overrides *overrides)
{
    struct config_draft *draft = &loader->drafts[CONFIG_DEFAULT_LISTENER];
    size_t count = overrides->port_count > 0 ? overrides->port_count : 1;
    assert(count <= CONFIG_PORTS_MAX);
    draft->listener.listener.loopback_only = true;
    draft->listener.file = loader->default_change.file;
    draft->listener.line = loader->default_change.line;
    for (size_t index = 0; index < count; index++) {
        if (overrides->port_count > 0) {
            draft->listener.listener.port = overrides->ports[index];
            draft->listener.link.port = overrides->ports[index];
        }
        add_listener(loader, draft, loader->anonymous_set ? loader->anonymous : true);
    }
}

static void add_configured_listeners(struct config_loader *loader,
                                     const struct config_overrides *overrides)
{
    int first = loader->default_is_named ? CONFIG_DEFAULT_LISTENER : 1;
    struct config_draft *draft = &loader->drafts[CONFIG_DEFAULT_LISTENER];
    if (!loader->default_is_named && loader->default_change.file) {
        first = CONFIG_DEFAULT_LISTENER;
        loader->default_place = loader->default_change;
        config_report_add(loader->report, CONFIG_WARNING, loader->default_change,
                          "this line stands above every listener line, so it opens a default "
                          "listener at port 1883; write it below the listener it is meant for");
    }
    draft->listener.file = loader->default_place.file;
    draft->listener.line = loader->default_place.line;
    for (int index = first; index < loader->draft_count; index++) {
        add_listener(loader, &loader->drafts[index],
                     loader->anonymous_set ? loader->anonymous : false);
    }
    if (overrides->port_count > 0) {
        struct config_place nowhere = {0};
        config_report_add(loader->report, CONFIG_WARNING, nowhere,
                          "-p %u is not used: the configuration names its listeners; write a "
                          "listener line for it",
                          (unsigned)overrides->ports[0]);
    }
}

static void add_listener(struct config_loader *loader, const struct config_draft *draft,
                         bool anonymous)
{
    struct config *config = loader->config;
    assert(config->listener_count < CONFIG_LISTENERS_MAX + 1);
    struct config_listener *listener = &config->listeners[config->listener_count++];
    *listener = draft->listener;
    listener->listener.tcp_no_delay = config->tcp_no_delay;
    if (!draft->anonymous_set) {
        listener->link.allow_anonymous = anonymous;
    }
    if (!draft->prefix_set && loader->prefix_set) {
        memcpy(listener->link.auto_id_prefix, loader->prefix, sizeof loader->prefix);
    }
    check_mount_point(loader, draft);
}

static void check_mount_point(struct config_loader *loader, const struct config_draft *draft)
{
    const char *mount_point = draft->listener.link.mount_point;
    if (strpbrk(mount_point, "+#")) {
        const struct directive *row = directive_find("mount_point");
        config_report_add(loader->report, CONFIG_ERROR, draft->seen[row - directives],
                          "mount_point \"%s\" holds a wildcard; write it without + and #",
                          mount_point);
    }
}

/* Two listeners at one door: the second could not open it. */
static void check_same_door(struct config_loader *loader)
{
    const struct config *config = loader->config;
    for (size_t later = 1; later < config->listener_count; later++) {
        for (size_t earlier = 0; earlier < later; earlier++) {
            const struct config_listener *a = &config->listeners[earlier];
            const struct config_listener *b = &config->listeners[later];
            if (!config_listener_same_door(a, b)) {
                continue;
            }
            if (!a->file || !b->file) {
                config_report_add(loader->report, CONFIG_ERROR, place_of(b),
                                  "-p %u is given twice; name each port once",
                                  (unsigned)b->listener.port);
            } else {
                config_report_add(loader->report, CONFIG_ERROR, place_of(b),
                                  "a listener for the same port and address stands at %s:%u; "
                                  "remove one of the two",
                                  a->file, (unsigned)a->line);
            }
        }
    }
}

static struct config_place place_of(const struct config_listener *listener)
{
    return (struct config_place){.file = listener->file, .line = listener->line};
}
