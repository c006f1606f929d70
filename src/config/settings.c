/* settings.c — what the broker does when the configuration is silent. The defaults of the rooms
 * below are theirs; directives.def repeats all of them for people, and its test holds the two
 * together. */
#include "config/settings.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

void config_settings_default(struct config *config)
{
    *config = (struct config){
        .log =
            {
                .destinations = CONFIG_LOG_TO_STDERR,
                .kinds = LOG_KIND_ERROR | LOG_KIND_WARNING | LOG_KIND_NOTICE | LOG_KIND_INFORMATION,
                .facility = CONFIG_LOG_FACILITY_DAEMON,
                .timestamp = true,
            },
        .persistence = true,
        .persistence_file = "midge.db",
        .durability_interval_s = 1,
        .tcp_no_delay = true,
    };
    core_options_default(&config->core);
}

void config_settings_free(struct config *config)
{
    free(config->listeners);
    for (size_t index = 0; index < config->file_count; index++) {
        free(config->files[index]);
    }
    free(config->files);
    *config = (struct config){0};
}

bool config_listener_same_door(const struct config_listener *a, const struct config_listener *b)
{
    const struct listener_options *left = &a->listener, *right = &b->listener;
    return left->port == right->port && left->family == right->family &&
           left->loopback_only == right->loopback_only &&
           strcmp(left->address, right->address) == 0 &&
           strcmp(left->bind_interface, right->bind_interface) == 0;
}
