/* option_values.c — topics, the source of the message, times and choices. What is refused is told
 * with the option's letter and what would be right. */
#include "cli/option_values.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/format.h"
#include "cli/number.h"
#include "cli/properties_option.h"
#include "cli/url.h"
#include "topic/topic_filter.h"
#include "topic/topic_name.h"

static bool topic_is_good(struct options *options, const struct option *option, const char *text);
static bool filter_is_good(struct options *options, const struct option *option, const char *text);
static bool take_source(struct options *options, enum payload_source source);
static bool decimal_read(const char *text, double *number);

bool option_read_url(struct options *options, const struct option *option, char **values)
{
    struct url url;
    free(options->url_text);
    options->url_text = strdup(values[0]);
    if (!options->url_text) {
        say_mistake(&options->voice, "Out of memory.");
        return false;
    }
    const char *fault = url_read(options->url_text, &url);
    if (fault) {
        say_mistake(&options->voice, "-L %s: %s.", values[0], fault);
        say_hint(&options->voice, "It looks like mqtt://user:password@host:1883/topic");
        return false;
    }
    options->host = url.host;
    options->port = url.port;
    if (url.user_name) {
        options->user_name = url.user_name;
        options->password = url.password;
    }
    return option_read_topic(options, option, &url.topic);
}

bool option_read_version(struct options *options, const struct option *option, char **values)
{
    static const struct {
        const char *name;
        enum umqtt_version version;
    } versions[] = {
        {"mqttv5", UMQTT_5},  {"5", UMQTT_5},         {"mqttv311", UMQTT_3_1_1},
        {"311", UMQTT_3_1_1}, {"3.1.1", UMQTT_3_1_1}, {"mqttv31", UMQTT_3_1},
        {"31", UMQTT_3_1},    {"3.1", UMQTT_3_1},
    };
    (void)option;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        if (strcmp(values[0], versions[i].name) == 0) {
            options->version = versions[i].version;
            return true;
        }
    }
    say_mistake(&options->voice, "-V %s: there is 31, 311 and 5.", values[0]);
    return false;
}

bool option_read_session_expiry(struct options *options, const struct option *option, char **values)
{
    (void)option;
    int64_t seconds = -1;
    if (strcmp(values[0], "∞") != 0 && !number_read(values[0], -1, UINT32_MAX, &seconds)) {
        say_mistake(&options->voice,
                    "-x %s: a number of seconds up to 4294967294, or -1 for a session that never "
                    "ends.",
                    values[0]);
        return false;
    }
    options->has_session_expiry = true;
    options->session_expiry_s = (uint32_t)seconds; /* -1 is 0xFFFFFFFF: never  [3.1.2.11.2] */
    return true;
}

bool option_read_property(struct options *options, const struct option *option, char **values)
{
    (void)option;
    return properties_option_read(options, values);
}

bool option_read_topic(struct options *options, const struct option *option, char **values)
{
    if (options->command == COMMAND_SUB) {
        return filter_is_good(options, option, values[0]) &&
               text_list_add(&options->topics, values[0]);
    }
    /* The empty topic is legal with a topic alias only: options_check knows. */
    if (*values[0] && !topic_is_good(options, option, values[0])) {
        return false;
    }
    options->topics.count = 0; /* the last one counts */
    return text_list_add(&options->topics, values[0]);
}

bool option_read_filter_out(struct options *options, const struct option *option, char **values)
{
    return filter_is_good(options, option, values[0]) &&
           text_list_add(&options->filters_out, values[0]);
}

bool option_read_unsubscribe(struct options *options, const struct option *option, char **values)
{
    return filter_is_good(options, option, values[0]) &&
           text_list_add(&options->unsubscribes, values[0]);
}

bool option_read_message(struct options *options, const struct option *option, char **values)
{
    (void)option;
    options->payload_text = values[0];
    return take_source(options, PAYLOAD_TEXT);
}

bool option_read_file(struct options *options, const struct option *option, char **values)
{
    (void)option;
    options->payload_path = values[0];
    return take_source(options, PAYLOAD_FILE);
}

bool option_read_stdin(struct options *options, const struct option *option, char **values)
{
    (void)option, (void)values;
    return take_source(options, PAYLOAD_STDIN);
}

bool option_read_lines(struct options *options, const struct option *option, char **values)
{
    (void)option, (void)values;
    return take_source(options, PAYLOAD_LINES);
}

bool option_read_empty(struct options *options, const struct option *option, char **values)
{
    (void)option, (void)values;
    return take_source(options, PAYLOAD_EMPTY);
}

bool option_read_repeat_delay(struct options *options, const struct option *option, char **values)
{
    (void)option;
    double seconds;
    if (!decimal_read(values[0], &seconds) || seconds < 0 || seconds > 2e6) {
        say_mistake(&options->voice, "--repeat-delay %s: a number of seconds, 0 or more.",
                    values[0]);
        return false;
    }
    options->repeat_delay_ms = (uint32_t)(seconds * 1000 + 0.5);
    return true;
}

bool option_read_retain_handling(struct options *options, const struct option *option,
                                 char **values)
{
    static const char *const names[] = {
        [UMQTT_RETAIN_SEND] = "always",
        [UMQTT_RETAIN_SEND_IF_NEW] = "new",
        [UMQTT_RETAIN_SEND_NONE] = "never",
    };
    (void)option;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(values[0], names[i]) == 0) {
            options->retain_handling = (int64_t)i;
            return true;
        }
    }
    say_mistake(&options->voice, "--retain-handling %s: there is always, new and never.",
                values[0]);
    return false;
}

bool option_read_format(struct options *options, const struct option *option, char **values)
{
    (void)option;
    char fault[FORMAT_FAULT_SIZE_MAX];
    format_free(options->format);
    options->format = format_new(values[0], fault);
    if (!options->format) {
        say_mistake(&options->voice, "-F: %s.", fault);
        return false;
    }
    return true;
}

bool option_read_random_filter(struct options *options, const struct option *option, char **values)
{
    (void)option;
    double percent;
    if (!decimal_read(values[0], &percent) || percent < 0.1 || percent > 100) {
        say_mistake(&options->voice, "--random-filter %s: a percentage from 0.1 to 100.",
                    values[0]);
        return false;
    }
    options->random_percent = percent;
    return true;
}

static bool decimal_read(const char *text, double *number)
{
    char *end;
    *number = strtod(text, &end);
    return end != text && *end == 0;
}

static bool topic_is_good(struct options *options, const struct option *option, const char *text)
{
    char title[OPTION_TITLE_MAX];
    struct bytes name = bytes_of_text(text);
    if (!utf8_is_valid(name)) {
        say_mistake(&options->voice, "%s: the topic is not well-formed UTF-8.",
                    option_title(option, title));
        return false;
    }
    if (!topic_name_is_valid(name)) {
        say_mistake(&options->voice, "%s: \"%s\" cannot be published to: %s.",
                    option_title(option, title), text,
                    name.size > UINT16_MAX ? "it is too long"
                    : name.size == 0       ? "it is empty"
                                           : "the wildcards + and # are for subscribers");
        return false;
    }
    return true;
}

static bool filter_is_good(struct options *options, const struct option *option, const char *text)
{
    char title[OPTION_TITLE_MAX];
    struct topic_filter filter;
    if (!utf8_is_valid(bytes_of_text(text))) {
        say_mistake(&options->voice, "%s: the filter is not well-formed UTF-8.",
                    option_title(option, title));
        return false;
    }
    if (!topic_filter_parse(bytes_of_text(text), &filter)) {
        say_mistake(&options->voice,
                    "%s: \"%s\" is no topic filter: + stands for a whole level, # for all that "
                    "follow, at the end.",
                    option_title(option, title), text);
        return false;
    }
    return true;
}

static bool take_source(struct options *options, enum payload_source source)
{
    if (options->source != PAYLOAD_NONE) {
        say_mistake(&options->voice, "One message at a time: only one of -m, -f, -s, -n%s.",
                    options->command == COMMAND_PUB ? ", -l" : "");
        return false;
    }
    options->source = source;
    return true;
}
