/* options.c — reads the command line by a table, and writes the help from directives.def.
 *
 * What can go wrong: an option nobody knows, one without its value, a port that is none. */
#include "broker/options.h"

#include "base/version.h"
#include "config/directives.h"
#include "config/nearest.h"
#include "config/units.h"

#include <stdarg.h>
#include <string.h>

enum { HELP_COLUMNS = 78 };

struct reading {
    struct options *options;
    char *problem;
    size_t problem_size;
};

struct option {
    const char *short_name, *long_name;
    const char *value_name; /* NULL: it has none; "[X]": it may have one */
    bool (*read)(struct reading *reading, const char *value);
    const char *help;
};

static bool read_config(struct reading *reading, const char *value);
static bool read_daemon(struct reading *reading, const char *value);
static bool read_help(struct reading *reading, const char *value);
static bool read_port(struct reading *reading, const char *value);
static bool read_quiet(struct reading *reading, const char *value);
static bool read_test_config(struct reading *reading, const char *value);
static bool read_tls_keylog(struct reading *reading, const char *value);
static bool read_verbose(struct reading *reading, const char *value);
static bool read_version(struct reading *reading, const char *value);

static const struct option table[] = {
    {"-c", "--config-file", "FILE", read_config, "read the configuration from FILE"},
    {"-d", "--daemon", NULL, read_daemon, "go into the background once started"},
    {"-h", "--help", "[DIRECTIVE]", read_help, "say this, or what a directive does"},
    {"-p", "--port", "PORT", read_port,
     "listen at PORT of the loopback interface; not used when the configuration names a listener"},
    {"-q", "--quiet", NULL, read_quiet, "log nothing"},
    {"-v", "--verbose", NULL, read_verbose, "log everything, each packet included"},
    {NULL, "--test-config", NULL, read_test_config, "say whether the configuration is good"},
    {NULL, "--tls-keylog", "FILE", read_tls_keylog, NULL},
    {NULL, "--version", NULL, read_version, "say which version this is"},
};

enum { TABLE_COUNT = sizeof table / sizeof table[0] };

static bool fail(const struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static const struct option *find(const char *name);
static void write_wrapped(FILE *stream, const char *text, size_t indent, size_t *column);
static void write_names(FILE *stream, enum directive_group group);

bool options_read(int argc, char *const *argv, struct options *options, char *problem,
                  size_t problem_size)
{
    struct reading reading = {options, problem, problem_size};
    *options = (struct options){.action = OPTIONS_RUN};
    for (int index = 1; index < argc; index++) {
        const char *name = argv[index];
        const struct option *option = find(name);
        const char *next = index + 1 < argc ? argv[index + 1] : NULL;
        const char *value = NULL;
        if (!option) {
            return fail(&reading, "there is no option \"%s\"; midged --help lists them all", name);
        }
        if (option->value_name && option->value_name[0] != '[') {
            if (!next) {
                return fail(&reading, "%s needs a value; write %s %s", name, name,
                            option->value_name);
            }
            value = next;
            index++;
        } else if (option->value_name && next && next[0] != '-') {
            value = next;
            index++;
        }
        if (!option->read(&reading, value)) {
            return false;
        }
        if (options->action == OPTIONS_HELP || options->action == OPTIONS_VERSION) {
            return true; /* whatever else is said */
        }
    }
    return true;
}

void options_write_help(FILE *stream)
{
    fprintf(stream, "midged " MIDGE_VERSION " — a broker for MQTT 3.1, 3.1.1 and 5.0\n\n"
                    "Usage: midged [-c FILE] [-p PORT]... [-d] [-v | -q]\n"
                    "       midged --test-config -c FILE\n\n");
    for (size_t index = 0; index < TABLE_COUNT; index++) {
        const struct option *option = &table[index];
        if (!option->help) {
            continue;
        }
        char names[64];
        snprintf(names, sizeof names, "%s%s%s%s%s", option->short_name ? option->short_name : "",
                 option->short_name ? ", " : "    ", option->long_name,
                 option->value_name ? " " : "", option->value_name ? option->value_name : "");
        size_t column = (size_t)fprintf(stream, "  %-27s", names);
        write_wrapped(stream, option->help, 29, &column);
        fputc('\n', stream);
    }
    fprintf(stream,
            "\nWithout a configuration, only this machine can connect. The configuration is\n"
            "mosquitto's; these are its directives (midged --help DIRECTIVE says more):\n");
    for (int group = 0; group < GROUPS_COUNT; group++) {
        write_names(stream, (enum directive_group)group);
    }
    fprintf(stream, "\nSee also midged(8) and midge.conf(5).\n");
}

bool options_write_directive_help(FILE *stream, const char *name)
{
    const struct directive *directive = directive_find(name);
    size_t column = 2;
    if (!directive) {
        const char *nearest = nearest_directive(name);
        fprintf(stream, "There is no directive \"%s\"", name);
        fprintf(stream, nearest ? "; did you mean %s?\n" : "; midged --help lists them all.%s\n",
                nearest ? nearest : "");
        return false;
    }
    fprintf(stream, "%s%s%s\n  ", name, strcmp(name, directive->name) == 0 ? "" : ", the same as ",
            strcmp(name, directive->name) == 0 ? "" : directive->name);
    if (!directive->help) {
        write_wrapped(stream, "Refused: ", 2, &column);
        write_wrapped(stream, directive->sentence, 2, &column);
        fprintf(stream, ".\n");
        return true;
    }
    char value[256];
    directive_describe_value(directive, value, sizeof value);
    write_wrapped(stream, directive->help, 2, &column);
    fprintf(stream, "\n\n  Takes    ");
    column = 11;
    write_wrapped(stream, value, 11, &column);
    fprintf(stream, "\n  Default  %s\n  Reload   %s\n",
            directive->initial[0] ? directive->initial : "not set",
            directive->live ? "takes it over" : "needs a restart");
    return true;
}

static bool read_config(struct reading *reading, const char *value)
{
    if (reading->options->config_path) {
        return fail(reading, "-c is given twice; put one file into an include_dir of the other");
    }
    reading->options->config_path = value;
    return true;
}

static bool read_daemon(struct reading *reading, const char *value)
{
    (void)value;
    reading->options->is_daemon = true;
    return true;
}

static bool read_help(struct reading *reading, const char *value)
{
    reading->options->action = OPTIONS_HELP;
    reading->options->help_topic = value;
    return true;
}

static bool read_port(struct reading *reading, const char *value)
{
    struct config_overrides *overrides = &reading->options->overrides;
    uint64_t port;
    if (units_read_number(value, &port) != UNITS_OK || port < 1 || port > 65535) {
        return fail(reading, "-p cannot be \"%s\"; write a port from 1 to 65535", value);
    }
    if (overrides->port_count == CONFIG_PORTS_MAX) {
        return fail(reading, "-p is given more than %d times; write listener lines into a file",
                    CONFIG_PORTS_MAX);
    }
    overrides->ports[overrides->port_count++] = (uint16_t)port;
    return true;
}

static bool read_quiet(struct reading *reading, const char *value)
{
    (void)value;
    reading->options->overrides.quiet = true;
    return true;
}

static bool read_test_config(struct reading *reading, const char *value)
{
    (void)value;
    reading->options->action = OPTIONS_TEST_CONFIG;
    return true;
}

static bool read_tls_keylog(struct reading *reading, const char *value)
{
    (void)value;
    return fail(reading, "--tls-keylog: TLS is not spoken yet; leave it out");
}

static bool read_verbose(struct reading *reading, const char *value)
{
    (void)value;
    reading->options->overrides.verbose = true;
    return true;
}

static bool read_version(struct reading *reading, const char *value)
{
    (void)value;
    reading->options->action = OPTIONS_VERSION;
    return true;
}

static bool fail(const struct reading *reading, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reading->problem, reading->problem_size, format, arguments);
    va_end(arguments);
    return false;
}

static const struct option *find(const char *name)
{
    for (size_t index = 0; index < TABLE_COUNT; index++) {
        if (strcmp(table[index].long_name, name) == 0 ||
            (table[index].short_name && strcmp(table[index].short_name, name) == 0)) {
            return &table[index];
        }
    }
    return NULL;
}

/* Writes words from *column on, going to a new line, `indent` blanks in, before one is too far
 * right. */
static void write_wrapped(FILE *stream, const char *text, size_t indent, size_t *column)
{
    while (*text) {
        size_t size = strcspn(text, " ");
        if (*column > indent && *column + 1 + size > HELP_COLUMNS) {
            fprintf(stream, "\n%*s", (int)indent, "");
            *column = indent;
        } else if (*column > indent) {
            fputc(' ', stream);
            (*column)++;
        }
        fwrite(text, 1, size, stream);
        *column += size;
        text += size;
        text += strspn(text, " ");
    }
}

static void write_names(FILE *stream, enum directive_group group)
{
    size_t column = 4;
    bool any = false;
    for (size_t index = 0; index < directive_count; index++) {
        const struct directive *directive = &directives[index];
        if (directive->group == group && directive->help) {
            if (!any) {
                fprintf(stream, "\n  %s\n    ", directive_group_title(group));
            }
            any = true;
            write_wrapped(stream, directive->name, 4, &column);
        }
    }
    if (any) {
        fputc('\n', stream);
    }
}
