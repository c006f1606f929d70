/* fuzz_config.c — a configuration file that may be anything.
 *
 * Whatever it holds: there is always a listener, errors and messages agree and are bounded, each
 * message is one printable line, and a reload with the same text has nothing to say. The line
 * `include_dir` is left out: it would read this machine's files. */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool holds_include(const uint8_t *data, size_t size)
{
    static const char word[] = "include_dir";
    for (size_t start = 0; start + sizeof word - 1 <= size; start++) {
        if (memcmp(data + start, word, sizeof word - 1) == 0) {
            return true;
        }
    }
    return false;
}

static void check_report(const struct config_report *report)
{
    demand(report->count <= CONFIG_ERRORS_MAX + CONFIG_WARNINGS_MAX + 2);
    demand((report->error_count > 0 || report->warning_count > 0) == (report->count > 0));
    for (size_t index = 0; index < report->count; index++) {
        const char *text = report->messages[index].text;
        demand(text[0] != '\0' && strlen(text) < 4096);
        for (; *text; text++) {
            demand((unsigned char)*text >= 0x20 && *text != 0x7f);
        }
    }
}

static void check_listeners(const struct config *config)
{
    demand(config->listener_count >= 1 && config->listener_count <= CONFIG_LISTENERS_MAX + 1);
    for (size_t index = 0; index < config->listener_count; index++) {
        const struct config_listener *listener = &config->listeners[index];
        demand(listener->link.qos_max <= 2);
        demand((listener->link.versions & ~(1 << 3 | 1 << 4 | 1 << 5)) == 0);
        demand(listener->link.versions != 0);
        demand(listener->link.port == listener->listener.port);
        demand(config->local_only == listener->listener.loopback_only);
    }
    demand(config->core.receive_maximum > 0 && config->core.connect_timeout_s > 0);
    demand(config->threads <= CONFIG_THREADS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config, again;
    struct config_report report;
    if (holds_include(data, size)) {
        return 0;
    }
    config_report_init(&report);
    bool loaded = config_load_text((const char *)data, size, "f", NULL, &config, &report);
    demand(loaded == (report.error_count == 0));
    check_report(&report);
    if (loaded) {
        check_listeners(&config);
        struct config_report quiet;
        config_report_init(&quiet);
        demand(config_load_text((const char *)data, size, "f", NULL, &again, &quiet));
        config_report_fini(&quiet);
        config_take_reload(&config, &again, &quiet);
        demand(quiet.count == 0);
        config_report_fini(&quiet);
        config_free(&again);
    }
    config_free(&config);
    config_report_fini(&report);
    return 0;
}
