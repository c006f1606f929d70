/* config_reload.c — what a running broker takes over from a new configuration, by the rows of
 * directives.def: LIVE ones are copied, the others are named as needing a restart. */
#include "config/config.h"

#include "config/config_values.h"

#include <string.h>

static void take_broker(struct config *now, const struct config *next,
                        struct config_report *report);
static void take_listener(struct config_listener *now, const struct config_listener *next,
                          struct config_report *report);
static const struct config_listener *find_door(const struct config *config,
                                               const struct config_listener *door);
static void add_restart(struct config_report *report, const struct config_listener *listener,
                        const char *what);

void config_take_reload(struct config *now, const struct config *next, struct config_report *report)
{
    take_broker(now, next, report);
    for (size_t index = 0; index < now->listener_count; index++) {
        struct config_listener *listener = &now->listeners[index];
        const struct config_listener *same = find_door(next, listener);
        if (same) {
            take_listener(listener, same, report);
        } else {
            add_restart(report, listener, "is not configured any more, but stays open");
        }
    }
    for (size_t index = 0; index < next->listener_count; index++) {
        if (!find_door(now, &next->listeners[index])) {
            add_restart(report, &next->listeners[index], "is new, and not open yet");
        }
    }
}

static void take_broker(struct config *now, const struct config *next, struct config_report *report)
{
    const struct config_place nowhere = {0};
    now->log = next->log; /* also what no row names: the file */
    now->durability_interval_s = next->durability_interval_s;
    for (size_t index = 0; index < directive_count; index++) {
        const struct directive *directive = &directives[index];
        if (directive->scope != DIRECTIVE_OF_THE_BROKER || directive->size == 0 ||
            config_values_equal(directive, now, next)) {
            continue;
        }
        if (directive->live) {
            memcpy((char *)now + directive->offset, (const char *)next + directive->offset,
                   directive->size);
        } else {
            config_report_add(report, CONFIG_WARNING, nowhere,
                              "%s has changed, but only a restart takes it over", directive->name);
        }
    }
}

static void take_listener(struct config_listener *now, const struct config_listener *next,
                          struct config_report *report)
{
    now->link = next->link; /* every row of a link is live */
    for (size_t index = 0; index < directive_count; index++) {
        const struct directive *directive = &directives[index];
        if (directive->scope == DIRECTIVE_OF_A_LISTENER && directive->size > 0 &&
            !directive->live && !config_values_equal(directive, now, next)) {
            const struct config_place place = {.file = next->file, .line = next->line};
            config_report_add(report, CONFIG_WARNING, place,
                              "%s of this listener has changed, but only a restart takes it over",
                              directive->name);
        }
    }
}

static const struct config_listener *find_door(const struct config *config,
                                               const struct config_listener *door)
{
    for (size_t index = 0; index < config->listener_count; index++) {
        if (config_listener_same_door(&config->listeners[index], door)) {
            return &config->listeners[index];
        }
    }
    return NULL;
}

static void add_restart(struct config_report *report, const struct config_listener *listener,
                        const char *what)
{
    const struct config_place place = {.file = listener->file, .line = listener->line};
    const struct listener_options *door = &listener->listener;
    if (door->family == LISTENER_UNIX) {
        config_report_add(report, CONFIG_WARNING, place,
                          "the listener at %s %s; listeners change only with a restart",
                          door->address, what);
    } else {
        config_report_add(report, CONFIG_WARNING, place,
                          "the listener at port %u %s; listeners change only with a restart",
                          (unsigned)door->port, what);
    }
}
