/* help_manual.c — the manual pages, in roff, from the same tables as the help on the terminal.
 * docs/man holds them as they are printed here; a test compares. */
#include "cli/help.h"

#include <string.h>

#include "cli/help_texts.h"
#include "cli/options_table.h"
#include "cli/store_command.h"

static void print_overview(FILE *file);
static void print_escaped(FILE *file, const char *text);
static void print_options(FILE *file, enum command command);
static void print_option(FILE *file, const struct option *option);
static void print_examples(FILE *file, const struct help_texts *texts);
static void print_exit_status(FILE *file, enum command command);

void help_print_manual(FILE *file, enum command command)
{
    if (command == 0) {
        print_overview(file);
        return;
    }
    const struct help_texts *texts = help_texts_of(command);
    fprintf(file, ".TH MIDGE-%s 1 \"\" \"Midge\" \"Midge\"\n",
            command == COMMAND_PUB   ? "PUB"
            : command == COMMAND_SUB ? "SUB"
                                     : "RR");
    fprintf(file, ".SH NAME\nmidge\\-%s \\- %s\n.SH SYNOPSIS\n.B midge %s\n", texts->name,
            texts->summary, texts->name);
    print_escaped(file, texts->usage);
    fprintf(file, "\n.SH DESCRIPTION\n");
    print_escaped(file, texts->description);
    fprintf(file,
            "\n.PP\nIt also answers to the name\n.BR mosquitto_%s (1)\nand then behaves as "
            "that does.\n",
            texts->name);
    print_options(file, command);
    if (texts->notes) {
        fprintf(file, ".SH FORMAT\n.nf\n");
        print_escaped(file, texts->notes);
        fprintf(file, ".fi\n");
    }
    print_exit_status(file, command);
    print_examples(file, texts);
    fprintf(file,
            ".SH FILES\n.TP\n.I $XDG_CONFIG_HOME/midge_%s\nor\n.IR $HOME/.config/midge_%s :\n"
            "options that always hold, one with its value on each line; # begins a comment.\n"
            ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nno colour, even on a terminal.\n"
            ".SH SEE ALSO\n.BR midge (1),\n.BR midged (8)\n",
            texts->name, texts->name);
}

static void print_overview(FILE *file)
{
    fprintf(file, ".TH MIDGE 1 \"\" \"Midge\" \"Midge\"\n.SH NAME\nmidge \\- a tool for MQTT\n"
                  ".SH SYNOPSIS\n.B midge\n.I COMMAND\n[\\fIOPTIONS\\fR]\n.br\n.B midge help\n"
                  ".I COMMAND\n.br\n.B midge \\-\\-version\n.SH COMMANDS\n");
    for (size_t i = 0; i < help_texts_count; i++) {
        const struct help_texts *texts = &help_texts[i];
        fprintf(file, ".TP\n.B %s\n%s; see\n.BR midge\\-%s (1).\n", texts->name, texts->summary,
                texts->name);
    }
    fprintf(file, ".TP\n.B store\n%s; see\n.BR midge\\-store (1).\n", store_command_summary());
    fprintf(file, ".SH NAMES\nCalled through a link named mosquitto_pub, mosquitto_sub or "
                  "mosquitto_rr, it is that command and behaves as mosquitto's.\n"
                  ".SH SEE ALSO\n.BR midged (8)\n");
}

/* A line must not begin with a dot or an apostrophe, a backslash is doubled, a hyphen is to be
 * copied as one. */
static void print_escaped(FILE *file, const char *text)
{
    bool at_line_start = true;
    for (; *text; text++) {
        if (at_line_start && (*text == '.' || *text == '\'')) {
            fputs("\\&", file);
        }
        switch (*text) {
        case '\\': fputs("\\e", file); break;
        case '-': fputs("\\-", file); break;
        case '\'': fputs("\\(aq", file); break;
        default: fputc(*text, file); break;
        }
        at_line_start = *text == '\n';
    }
}

static void print_options(FILE *file, enum command command)
{
    fprintf(file, ".SH OPTIONS\n");
    for (int group = 0; group < GROUP_COUNT; group++) {
        bool has_title = false;
        for (size_t i = 0; i < options_table_count; i++) {
            const struct option *option = &options_table[i];
            if ((int)option->group != group || !(option->commands & command)) {
                continue;
            }
            if (!has_title) {
                fprintf(file, ".SS %s\n", option_group_title(option->group));
                has_title = true;
            }
            print_option(file, option);
        }
    }
}

static void print_option(FILE *file, const struct option *option)
{
    fprintf(file, ".TP\n");
    if (option->letter) {
        fprintf(file, "\\fB\\-%c\\fR, ", option->letter);
    }
    fprintf(file, "\\fB\\-\\-");
    print_escaped(file, option->name);
    fprintf(file, "\\fR");
    if (option->value_name) {
        fprintf(file, " \\fI%s\\fR", option->value_name);
    }
    fputc('\n', file);
    print_escaped(file, option->kind == OPTION_LATER ? "known, but refused until a later version"
                                                     : option->help);
    fputc('\n', file);
}

static void print_exit_status(FILE *file, enum command command)
{
    fprintf(file, ".SH EXIT STATUS\n.TP\n.B 0\nSuccess.\n.TP\n.B 1\nWrong usage, or the broker "
                  "cannot be reached.\n.TP\n.B 7\nThe connection was lost.\n");
    if (command != COMMAND_PUB) {
        fprintf(file, ".TP\n.B 27\nThe time of \\-W has passed.\n");
    }
    fprintf(file,
            ".TP\n.I other\nThe code by which the broker refused us: 1 to 5 with MQTT 3.1 and "
            "3.1.1, 128 and above with MQTT 5 (135: not authorized).\n");
}

static void print_examples(FILE *file, const struct help_texts *texts)
{
    fprintf(file, ".SH EXAMPLES\n");
    for (size_t i = 0; i < HELP_EXAMPLES_MAX && texts->examples[i].arguments; i++) {
        fprintf(file, ".TP\n");
        print_escaped(file, texts->examples[i].words);
        fprintf(file, "\n.B midge %s ", texts->name);
        print_escaped(file, texts->examples[i].arguments);
        fputc('\n', file);
    }
}
