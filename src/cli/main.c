/* main.c — midge: one tool, a table of commands. Called by a name of mosquitto's it is that command
 * and behaves so. */
#include <stdio.h>
#include <string.h>

#include "base/version.h"
#include "cli/command_line.h"
#include "cli/defaults_file.h"
#include "cli/exit_codes.h"
#include "cli/help.h"
#include "cli/options_check.h"
#include "cli/pub.h"
#include "cli/rr.h"
#include "cli/store_command.h"
#include "cli/sub.h"

struct entry {
    const char *name, *program, *plain_name, *defaults_name;
    enum command command;
};

static const struct entry entries[] = {
    {"pub", "midge pub", "mosquitto_pub", "midge_pub", COMMAND_PUB},
    {"sub", "midge sub", "mosquitto_sub", "midge_sub", COMMAND_SUB},
    {"rr", "midge rr", "mosquitto_rr", "midge_rr", COMMAND_RR},
};

#define ENTRY_COUNT (sizeof(entries) / sizeof(entries[0]))

static const struct entry *find(const char *name);
static int run_command(const struct entry *entry, bool is_plain, int count, char **arguments);
static int dispatch(struct options *options);
static int answer(const char *word, int count, char **arguments);
static void print_overview(FILE *file);

int main(int count, char **arguments)
{
    const char *name = count > 0 ? arguments[0] : "midge";
    const char *slash = strrchr(name, '/');
    name = slash ? slash + 1 : name;
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        if (strcmp(name, entries[i].plain_name) == 0) {
            return run_command(&entries[i], true, count - 1, arguments + 1);
        }
    }
    if (count < 2) {
        print_overview(stderr);
        return EXIT_CODE_ERROR;
    }
    const struct entry *entry = find(arguments[1]);
    if (entry) {
        return run_command(entry, false, count - 2, arguments + 2);
    }
    if (strcmp(arguments[1], "store") == 0) {
        return store_command_run(count - 2, arguments + 2);
    }
    return answer(arguments[1], count - 2, arguments + 2);
}

static const struct entry *find(const char *name)
{
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        if (strcmp(name, entries[i].name) == 0) {
            return &entries[i];
        }
    }
    return NULL;
}

static int run_command(const struct entry *entry, bool is_plain, int count, char **arguments)
{
    struct options options;
    options_init(&options, entry->command, is_plain ? entry->plain_name : entry->program, is_plain);
    int exit_code = EXIT_CODE_ERROR;
    if (!defaults_file_read(&options, is_plain ? entry->plain_name : entry->defaults_name) ||
        !command_line_read(&options, count, arguments)) {
        command_line_point_to_help(&options);
    } else if (options.is_help_wanted) {
        help_print(stdout, entry->command, options.voice.program, options.voice.has_colour);
        exit_code = is_plain ? EXIT_CODE_ERROR : EXIT_CODE_OK; /* as mosquitto's */
    } else if (options.is_version_wanted) {
        printf("%s version %s\n", options.voice.program, MIDGE_VERSION);
        exit_code = is_plain ? EXIT_CODE_ERROR : EXIT_CODE_OK;
    } else if (!options_check(&options)) {
        command_line_point_to_help(&options);
    } else {
        exit_code = dispatch(&options);
    }
    options_fini(&options);
    return exit_code;
}

static int dispatch(struct options *options)
{
    switch (options->command) {
    case COMMAND_PUB: return pub_run(options);
    case COMMAND_SUB: return sub_run(options);
    case COMMAND_RR: return rr_run(options);
    }
    return EXIT_CODE_ERROR;
}

/* help [COMMAND], help --manual [COMMAND], --version, and whatever is no command. */
static int answer(const char *word, int count, char **arguments)
{
    struct voice voice;
    voice_init(&voice, "midge", false);
    if (strcmp(word, "--version") == 0 || strcmp(word, "version") == 0) {
        printf("midge version %s\n", MIDGE_VERSION);
        return EXIT_CODE_OK;
    }
    if (strcmp(word, "help") != 0 && strcmp(word, "--help") != 0 && strcmp(word, "-h") != 0) {
        say_mistake(&voice, "There is no command \"%s\".", word);
        print_overview(stderr);
        return EXIT_CODE_ERROR;
    }
    bool is_manual = count > 0 && strcmp(arguments[0], "--manual") == 0;
    if (count == is_manual) {
        if (is_manual) {
            help_print_manual(stdout, 0);
        } else {
            print_overview(stdout);
        }
        return EXIT_CODE_OK;
    }
    if (strcmp(arguments[is_manual], "store") == 0) {
        if (is_manual) {
            store_command_manual(stdout);
        } else {
            store_command_help(stdout);
        }
        return EXIT_CODE_OK;
    }
    const struct entry *entry = find(arguments[is_manual]);
    if (!entry) {
        say_mistake(&voice, "There is no command \"%s\".", arguments[is_manual]);
        print_overview(stderr);
        return EXIT_CODE_ERROR;
    }
    if (is_manual) {
        help_print_manual(stdout, entry->command);
    } else {
        help_print(stdout, entry->command, entry->program, voice.has_colour);
    }
    return EXIT_CODE_OK;
}

static void print_overview(FILE *file)
{
    fprintf(file, "midge - a tool for MQTT (version %s)\n\n", MIDGE_VERSION);
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        fprintf(file, "  midge %-5s %s\n", entries[i].name, help_summary(entries[i].command));
    }
    fprintf(file, "  midge %-5s %s\n", "store", store_command_summary());
    fprintf(file, "\nAll about one of them: midge help pub\n"
                  "Try it: midge sub -v -t hello, and in another terminal "
                  "midge pub -t hello -m 'my name is blah'\n");
}
