/* command_line.c — an argument is an option or its value, nothing else; the table of options says
 * what becomes of it. */
#include "cli/command_line.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/number.h"
#include "cli/option_values.h"
#include "cli/options_table.h"
#include "cli/properties_option.h"

static const struct option *find_option(const struct options *options, const char *argument);
static void tell_unknown(const struct options *options, const char *argument);
static size_t count_values(const struct option *option, char **values, size_t available);
static bool read_option(struct options *options, const struct option *option, char **values);

bool command_line_read(struct options *options, int count, char **arguments)
{
    for (int i = 0; i < count;) {
        const struct option *option = find_option(options, arguments[i]);
        if (!option) {
            tell_unknown(options, arguments[i]);
            return false;
        }
        char **values = &arguments[++i];
        size_t available = (size_t)(count - i);
        size_t value_count = count_values(option, values, available);
        if (value_count > available) {
            say_mistake(&options->voice, "%s needs %s%s.", arguments[i - 1],
                        value_count > 1 ? "" : "a ", option->value_name);
            return false;
        }
        if (!read_option(options, option, values)) {
            return false;
        }
        i += (int)value_count;
    }
    return true;
}

void command_line_point_to_help(const struct options *options)
{
    if (options->voice.is_plain) {
        fprintf(stderr, "\nUse '%s --help' to see usage.\n", options->voice.program);
    } else {
        say_hint(&options->voice, "All options, with examples: %s --help", options->voice.program);
    }
}

static const struct option *find_option(const struct options *options, const char *argument)
{
    for (size_t i = 0; i < options_table_count; i++) {
        const struct option *option = &options_table[i];
        if (!(option->commands & options->command) || argument[0] != '-') {
            continue;
        }
        if (argument[1] == '-' ? strcmp(argument + 2, option->name) == 0
                               : option->letter && argument[1] == option->letter && !argument[2]) {
            return option;
        }
    }
    return NULL;
}

/* An option of another command, or joined to its value as in -tTOPIC, deserves its own words. */
static void tell_unknown(const struct options *options, const char *argument)
{
    say_mistake(&options->voice, "Unknown option '%s'.", argument);
    if (argument[0] == '-' && argument[1] && argument[1] != '-' && argument[2]) {
        char letter[3] = {'-', argument[1], 0};
        if (find_option(options, letter)) {
            say_hint(&options->voice, "Write %s and what follows apart: %s %s", letter, letter,
                     argument + 2);
        }
    } else if (argument[0] != '-') {
        say_hint(&options->voice, "A topic is given with -t%s.",
                 options->command == COMMAND_SUB ? "" : ", a message with -m");
    }
}

static size_t count_values(const struct option *option, char **values, size_t available)
{
    if (option->kind == OPTION_OWN && option->read == option_read_property) {
        return properties_option_value_count(values, available);
    }
    return option->value_name ? 1 : 0;
}

static bool read_option(struct options *options, const struct option *option, char **values)
{
    char title[OPTION_TITLE_MAX];
    char *field = (char *)options + option->field;
    option_title(option, title);
    switch (option->kind) {
    case OPTION_FLAG: *(bool *)(void *)field = true; return true;
    case OPTION_TEXT: *(const char **)(void *)field = values[0]; return true;
    case OPTION_WIRE:
        if (strlen(values[0]) > UINT16_MAX || !utf8_is_valid(bytes_of_text(values[0]))) {
            say_mistake(&options->voice, "%s: this is not well-formed UTF-8, or too long.", title);
            return false;
        }
        *(const char **)(void *)field = values[0];
        return true;
    case OPTION_NUMBER:
        if (!number_read(values[0], option->min, option->max, (int64_t *)(void *)field)) {
            say_mistake(&options->voice, "%s %s: a number from %lld to %lld.", title, values[0],
                        (long long)option->min, (long long)option->max);
            return false;
        }
        return true;
    case OPTION_OWN: return option->read(options, option, values);
    case OPTION_LATER:
        say_mistake(&options->voice, "%s: this version has no %s yet.", title,
                    strcmp(option->name, "proxy") == 0 ? "SOCKS proxies"
                    : strcmp(option->name, "srv") == 0 ? "SRV lookups"
                                                       : "TLS");
        say_hint(&options->voice, "A later one will; until then leave %s out.", title);
        return false;
    }
    assert(!"an option kind without a reader");
    return false;
}
