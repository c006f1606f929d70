/* store_command.c — a table of four commands: the first word says which, the rest is a file and,
 * for import, where to. A mistake is told with what would be right. */
#include "cli/store_command.h"

#include <string.h>

#include "base/version.h"
#include "cli/store_check.h"
#include "cli/store_compact.h"
#include "cli/store_dump.h"
#include "cli/store_import.h"

struct store_entry {
    const char *name, *usage, *summary, *description;
    int (*run)(const struct store_arguments *arguments);
    bool is_import;
};

static const struct store_entry entries[] = {
    {"check", "FILE", "count what a store holds, and tell what is damaged",
     "Reads every record and compares its checksum. Nothing is changed: a broker that meets a "
     "damaged record sets it aside, counts it, and serves everything else.",
     store_check, false},
    {"dump", "FILE", "show what a store holds, as JSON",
     "Writes one JSON object a line: first the store itself, then each session with its "
     "subscriptions, QoS 2 identifiers and the messages it is owed in their order, then retained "
     "messages, then what is damaged. A payload that is UTF-8 text stands as \"payload\", any "
     "other as \"payload_base64\". Times are UTC; the identifier of a message that is owed is the "
     "one it is or will be sent under.",
     store_dump, false},
    {"compact", "FILE", "give back what is free in the file",
     "Copies what is there into a new file, which then takes the old one's place: at every moment "
     "one whole file bears the name. There must be room for both.",
     store_compact, false},
    {"import", "[MOSQUITTO.DB] (--store FILE | --config MOSQUITTO.CONF)",
     "make a store of what mosquitto has kept",
     "Reads mosquitto's persistence file (versions 5 and 6: mosquitto 1.6 and later) and makes a "
     "new store with its durable sessions, their subscriptions and messages, QoS 2 state in both "
     "directions, and retained messages. Messages in flight keep their packet identifiers, so that "
     "what a client has had at QoS 2 does not reach it again. Stop mosquitto first: it writes the "
     "file when it ends. The file is only read. A store that holds something already is refused.",
     store_import, true},
};

#define ENTRY_COUNT (sizeof(entries) / sizeof(entries[0]))

static const char *const option_texts[][2] = {
    {"--store FILE", "import: the store to make"},
    {"--config MOSQUITTO.CONF",
     "import: the store that midged has with this configuration (persistence_location, "
     "persistence_file; without include_dir). If no file is named, it is mosquitto's file there"},
    {"--damaged", "import: move in what is whole, even if parts of the file are damaged"},
    {"--help", "this text"},
};

#define OPTION_COUNT (sizeof(option_texts) / sizeof(option_texts[0]))

static const char *const examples[][2] = {
    {"check /var/lib/midge/midge.db", "is everything whole?"},
    {"dump midge.db | jq 'select(.kind == \"retained\") | .topic'", "which topics are retained?"},
    {"import --config /etc/mosquitto/mosquitto.conf", "move in, mosquitto stopped"},
    {"import mosquitto.db --store midge.db", "the same, by file"},
};

#define EXAMPLE_COUNT (sizeof(examples) / sizeof(examples[0]))

static const struct store_entry *find(const char *name);
static bool read_arguments(const struct store_entry *entry, int count, char **words,
                           struct store_arguments *arguments);
static bool read_option(const struct store_entry *entry, int count, char **words, int *at,
                        struct store_arguments *arguments);
static void point_to_help(const struct voice *voice);
static void print_escaped(FILE *file, const char *text);

int store_command_run(int count, char **words)
{
    struct store_arguments arguments = {0};
    voice_init(&arguments.voice, "midge store", false);
    if (count < 1) {
        store_command_help(stderr);
        return STORE_EXIT_NOT_DONE;
    }
    for (int i = 0; i < count; i++) {
        if (strcmp(words[i], "--help") == 0 || (i == 0 && strcmp(words[i], "help") == 0)) {
            store_command_help(stdout);
            return STORE_EXIT_OK;
        }
    }
    const struct store_entry *entry = find(words[0]);
    if (!entry) {
        say_mistake(&arguments.voice, "\"%s\" is none of check, dump, compact and import.",
                    words[0]);
        point_to_help(&arguments.voice);
        return STORE_EXIT_NOT_DONE;
    }
    if (!read_arguments(entry, count - 1, words + 1, &arguments)) {
        point_to_help(&arguments.voice);
        return STORE_EXIT_NOT_DONE;
    }
    return entry->run(&arguments);
}

const char *store_command_summary(void)
{
    return "check, show, compact or import a store";
}

void store_command_help(FILE *file)
{
    fprintf(file, "midge store - %s (version %s)\n\nUsage:\n", store_command_summary(),
            MIDGE_VERSION);
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        fprintf(file, "  midge store %-7s %s\n      %s\n", entries[i].name, entries[i].usage,
                entries[i].summary);
    }
    fprintf(file, "\nExamples\n");
    for (size_t i = 0; i < EXAMPLE_COUNT; i++) {
        fprintf(file, "  midge store %-60s # %s\n", examples[i][0], examples[i][1]);
    }
    fprintf(file, "\nOptions\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        fprintf(file, "  %s\n      %s\n", option_texts[i][0], option_texts[i][1]);
    }
    fprintf(file, "\nNo broker may run on the store. Exit status: 0 well, 1 something was damaged, "
                  "2 not done.\nMore: man midge-store\n");
}

void store_command_manual(FILE *file)
{
    fprintf(file,
            ".TH MIDGE-STORE 1 \"\" \"Midge\" \"Midge\"\n.SH NAME\nmidge\\-store \\- %s\n"
            ".SH SYNOPSIS\n",
            store_command_summary());
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        fprintf(file, "%s.B midge store %s\n", i > 0 ? ".br\n" : "", entries[i].name);
        print_escaped(file, entries[i].usage);
        fputc('\n', file);
    }
    fprintf(file, ".SH DESCRIPTION\nA store is the file in which\n.BR midged (8)\nkeeps what must "
                  "survive: durable sessions, what they are owed, and retained messages. These "
                  "commands work on it while no broker does; one that a broker has open is "
                  "refused.\n");
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        fprintf(file, ".TP\n.B %s\n", entries[i].name);
        print_escaped(file, entries[i].description);
        fputc('\n', file);
    }
    fprintf(file, ".SH OPTIONS\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        fprintf(file, ".TP\n.B ");
        print_escaped(file, option_texts[i][0]);
        fputc('\n', file);
        print_escaped(file, option_texts[i][1]);
        fputc('\n', file);
    }
    fprintf(file, ".SH \"MOVING IN FROM MOSQUITTO\"\n");
    print_escaped(
        file, "Stop mosquitto, import, start midged with the same configuration. What is not in "
              "mosquitto's file cannot move: wills, clients that are to be forgotten when they "
              "leave and, with mosquitto 2.0, shared subscriptions (their clients subscribe "
              "anew). QoS 0 messages that mosquitto had queued stay behind. A QoS 2 message "
              "whose publisher had not yet sent PUBREL when mosquitto ended is delivered by "
              "the import itself, for that publisher will not send it again. The new file "
              "belongs to whoever runs the import; when that is root, to the owner of the folder "
              "it lies in.");
    fprintf(file, "\n.SH EXIT STATUS\n.TP\n.B 0\nDone, and all is well.\n.TP\n.B 1\nDone, but "
                  "something is damaged: it is named.\n.TP\n.B 2\nNot done: wrong usage, a file "
                  "that cannot be opened, read or written, or a store in use.\n.SH EXAMPLES\n");
    for (size_t i = 0; i < EXAMPLE_COUNT; i++) {
        fprintf(file, ".TP\n");
        print_escaped(file, examples[i][1]);
        fprintf(file, "\n.B midge store ");
        print_escaped(file, examples[i][0]);
        fputc('\n', file);
    }
    fprintf(file, ".SH SEE ALSO\n.BR midge (1),\n.BR midged (8),\n.BR midge.conf (5)\n");
}

static const struct store_entry *find(const char *name)
{
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        if (strcmp(name, entries[i].name) == 0) {
            return &entries[i];
        }
    }
    return NULL;
}

static bool read_arguments(const struct store_entry *entry, int count, char **words,
                           struct store_arguments *arguments)
{
    const struct voice *voice = &arguments->voice;
    for (int i = 0; i < count; i++) {
        if (words[i][0] == '-' && words[i][1]) {
            if (!read_option(entry, count, words, &i, arguments)) {
                return false;
            }
        } else if (arguments->path) {
            say_mistake(voice, "One file at a time: both \"%s\" and \"%s\" are named.",
                        arguments->path, words[i]);
            return false;
        } else {
            arguments->path = words[i];
        }
    }
    if (entry->is_import && !arguments->store_path == !arguments->config_path) {
        say_mistake(voice, "Where to? Name the store to make with --store, or with --config the "
                           "configuration that names it.");
        return false;
    }
    if (!arguments->path && !arguments->config_path) {
        say_mistake(voice, "midge store %s needs a file.", entry->name);
        return false;
    }
    return true;
}

static bool read_option(const struct store_entry *entry, int count, char **words, int *at,
                        struct store_arguments *arguments)
{
    const char *option = words[*at];
    if (entry->is_import && strcmp(option, "--damaged") == 0) {
        arguments->imports_damaged = true;
        return true;
    }
    const char **value = strcmp(option, "--store") == 0    ? &arguments->store_path
                         : strcmp(option, "--config") == 0 ? &arguments->config_path
                                                           : NULL;
    if (!entry->is_import || !value) {
        say_mistake(&arguments->voice, "midge store %s has no option %s.", entry->name, option);
        return false;
    }
    if (*at + 1 >= count) {
        say_mistake(&arguments->voice, "%s needs a file.", option);
        return false;
    }
    *value = words[++*at];
    return true;
}

static void point_to_help(const struct voice *voice)
{
    say_hint(voice, "All about it, with examples: midge store --help");
}

/* As in the other manual pages: hyphens are to be copied, backslashes doubled. */
static void print_escaped(FILE *file, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '\\': fputs("\\e", file); break;
        case '-': fputs("\\-", file); break;
        case '\'': fputs("\\(aq", file); break;
        default: fputc(*text, file); break;
        }
    }
}
