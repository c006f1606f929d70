/* banner.c — see banner.h. */
#include "broker/banner.h"

#include "base/version.h"
#include "broker/keeper.h"
#include "net/socket_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ADDRESSES_SHOWN_MAX = 4, LINE_SIZE = 512, PATH_SIZE = 512 };

static void log_listener(const struct broker *broker, const struct config *config, size_t index,
                         const struct log *log);
static void log_store(const struct broker *broker, const struct config *config,
                      const struct log *log);
static void describe_reach(const struct config_listener *configured, char *text, size_t size);
static void find_tool(char *text, size_t size);
static bool is_in_path(const char *name);
static void log_first_steps(const struct broker *broker, const struct config *config,
                            const struct log *log);

void banner_log(const struct broker *broker, const struct config *config, const struct log *log)
{
    log_write(log, LOG_KIND_INFORMATION, "midge version %s running, %u thread%s.", MIDGE_VERSION,
              broker_worker_count(broker), broker_worker_count(broker) == 1 ? "" : "s");
    for (size_t i = 0; i < config->listener_count; i++) {
        log_listener(broker, config, i, log);
    }
    log_store(broker, config, log);
    if (config->local_only) {
        log_write(log, LOG_KIND_INFORMATION,
                  "Only this machine can connect. To let other devices in, give a configuration "
                  "with \"listener 1883\" (see midge.conf(5)).");
    }
    if (isatty(STDOUT_FILENO) || isatty(STDERR_FILENO)) {
        log_first_steps(broker, config, log);
    }
}

void banner_log_durability(const struct config *config, const struct log *log)
{
    char words[LINE_SIZE];
    bool is_sure = config->core.durability == DURABILITY_ALWAYS;
    if (config->persistence) {
        keeper_describe_durability(config->core.durability, config->durability_interval_s, words,
                                   sizeof words);
        log_write(log, is_sure ? LOG_KIND_INFORMATION : LOG_KIND_WARNING, "%s.", words);
    }
}

void banner_status(const struct broker *broker, const struct config *config, char *text,
                   size_t size)
{
    snprintf(text, size, "%zu listener%s, %u thread%s", config->listener_count,
             config->listener_count == 1 ? "" : "s", broker_worker_count(broker),
             broker_worker_count(broker) == 1 ? "" : "s");
}

static void log_listener(const struct broker *broker, const struct config *config, size_t index,
                         const struct log *log)
{
    const struct config_listener *configured = &config->listeners[index];
    const struct listener *listener = broker_listener(broker, index);
    const char *who = configured->link.allow_anonymous
                          ? "anyone may connect"
                          : "nobody may connect: allow_anonymous is false and no users are known";
    char where[LINE_SIZE];
    if (configured->listener.family == LISTENER_UNIX) {
        log_write(log, LOG_KIND_INFORMATION, "Listening on %s; %s.", configured->listener.address,
                  who);
        return;
    }
    describe_reach(configured, where, sizeof where);
    log_write(log, LOG_KIND_INFORMATION, "Listening on port %u (%s); %s.", listener_port(listener),
              where, who);
}

static void log_store(const struct broker *broker, const struct config *config,
                      const struct log *log)
{
    const struct store_place *place = broker_store_place(broker);
    if (!config->persistence) {
        log_write(log, LOG_KIND_INFORMATION,
                  "persistence false: sessions and retained messages end with the broker.");
        return;
    }
    log_write(log, LOG_KIND_INFORMATION, "The store is %s.", place->path);
    banner_log_durability(config, log);
    if (place->foreign[0]) {
        log_write(log, LOG_KIND_NOTICE,
                  "%s is mosquitto's and was not read. To take over what it holds, stop midged and "
                  "run: midge store import %s --store %s",
                  place->foreign, place->foreign, place->path);
    }
}

/* What to type into a device. */
static void describe_reach(const struct config_listener *configured, char *text, size_t size)
{
    char own[OWN_ADDRESSES_MAX][SOCKET_ADDRESS_SIZE_MAX];
    if (configured->listener.loopback_only) {
        snprintf(text, size, "this machine only: localhost");
        return;
    }
    if (configured->listener.address[0]) {
        snprintf(text, size, "at %s", configured->listener.address);
        return;
    }
    size_t count = socket_address_list_own(own, OWN_ADDRESSES_MAX);
    size_t length =
        (size_t)snprintf(text, size, "%s", count ? "other devices use" : "no network: localhost");
    for (size_t i = 0; i < count && i < ADDRESSES_SHOWN_MAX && length < size; i++) {
        length += (size_t)snprintf(text + length, size - length, "%s %s", i ? " or" : "", own[i]);
    }
}

/* The tool as a person can type it: by its name, or, where that is not in PATH, by where we lie
 * ourselves. */
static void find_tool(char *text, size_t size)
{
    char self[PATH_SIZE];
    snprintf(text, size, "midge");
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - sizeof "/midge");
    if (is_in_path("midge") || length <= 0) {
        return;
    }
    self[length] = 0;
    char *name = strrchr(self, '/');
    if (name) {
        memcpy(name, "/midge", sizeof "/midge");
        if (access(self, X_OK) == 0) {
            snprintf(text, size, "%s", self);
        }
    }
}

static bool is_in_path(const char *name)
{
    char candidate[PATH_SIZE];
    const char *at = getenv("PATH");
    while (at && *at) {
        size_t length = strcspn(at, ":");
        snprintf(candidate, sizeof candidate, "%.*s/%s", (int)length, at, name);
        if (length > 0 && access(candidate, X_OK) == 0) {
            return true;
        }
        at += length + (at[length] == ':');
    }
    return false;
}

static void log_first_steps(const struct broker *broker, const struct config *config,
                            const struct log *log)
{
    char tool[PATH_SIZE];
    find_tool(tool, sizeof tool);
    for (size_t i = 0; i < config->listener_count; i++) {
        uint16_t port = listener_port(broker_listener(broker, i));
        if (config->listeners[i].listener.family != LISTENER_UNIX &&
            config->listeners[i].link.allow_anonymous) {
            char option[32] = "";
            if (port != 1883) {
                snprintf(option, sizeof option, "-p %u ", port);
            }
            log_write(log, LOG_KIND_INFORMATION,
                      "Try it, in another terminal:  %s sub %s-v -t hello", tool, option);
            log_write(log, LOG_KIND_INFORMATION,
                      "            and in one more:  %s pub %s-t hello -m 'my name is blah'", tool,
                      option);
            return;
        }
    }
}
