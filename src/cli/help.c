/* help.c — prints the table of options in two columns, the group titles between them. */
#include "cli/help.h"

#include <string.h>

#include "base/version.h"
#include "cli/help_texts.h"
#include "cli/options_table.h"

#define INDENT  27
#define COLUMNS 96

static void print_option(FILE *file, const struct option *option);
static void print_wrapped(FILE *file, const char *text, size_t column);
static void print_later(FILE *file, enum command command);

void help_print(FILE *file, enum command command, const char *program, bool has_colour)
{
    const struct help_texts *texts = help_texts_of(command);
    const char *bold = has_colour ? "\033[1m" : "";
    const char *plain = has_colour ? "\033[0m" : "";
    fprintf(file, "%s%s%s - %s (version %s)\n\nUsage: %s %s\n\n%sExamples%s\n", bold, program,
            plain, texts->summary, MIDGE_VERSION, program, texts->usage, bold, plain);
    for (size_t i = 0; i < HELP_EXAMPLES_MAX && texts->examples[i].arguments; i++) {
        const struct help_example *example = &texts->examples[i];
        fprintf(file, "  %s %-48s # %s\n", program, example->arguments, example->words);
    }
    for (int group = 0; group < GROUP_LATER; group++) {
        bool has_title = false;
        for (size_t i = 0; i < options_table_count; i++) {
            const struct option *option = &options_table[i];
            if ((int)option->group != group || !(option->commands & command)) {
                continue;
            }
            if (!has_title) {
                fprintf(file, "\n%s%s%s\n", bold, option_group_title(option->group), plain);
                has_title = true;
            }
            print_option(file, option);
        }
    }
    if (texts->notes) {
        fprintf(file, "\n%s", texts->notes);
    }
    print_later(file, command);
}

const char *help_summary(enum command command)
{
    return help_texts_of(command)->summary;
}

static void print_option(FILE *file, const struct option *option)
{
    char title[80];
    char letter[8] = "    ";
    if (option->letter) {
        snprintf(letter, sizeof(letter), "-%c, ", option->letter);
    }
    int length =
        snprintf(title, sizeof(title), "%s--%s%s%s", letter, option->name,
                 option->value_name ? " " : "", option->value_name ? option->value_name : "");
    fprintf(file, "  %s", title);
    size_t column = (size_t)length + 2;
    if (column + 2 > INDENT) {
        fputc('\n', file);
        column = 0;
    }
    fprintf(file, "%*s", (int)(INDENT - column), "");
    print_wrapped(file, option->help, INDENT);
}

static void print_wrapped(FILE *file, const char *text, size_t column)
{
    const char *space = "";
    while (*text) {
        size_t word = strcspn(text, " ");
        if (column + strlen(space) + word > COLUMNS) {
            fprintf(file, "\n%*s", INDENT, "");
            column = INDENT;
            space = "";
        }
        fprintf(file, "%s%.*s", space, (int)word, text);
        column += strlen(space) + word;
        space = " ";
        text += word + strspn(text + word, " ");
    }
    fputc('\n', file);
}

static void print_later(FILE *file, enum command command)
{
    fprintf(file, "\nNot in this version (TLS, SOCKS, SRV):");
    size_t column = 38;
    for (size_t i = 0; i < options_table_count; i++) {
        const struct option *option = &options_table[i];
        if (option->kind != OPTION_LATER || !(option->commands & command)) {
            continue;
        }
        size_t length = strlen(option->name) + 3;
        if (column + length > COLUMNS) {
            fprintf(file, "\n ");
            column = 1;
        }
        fprintf(file, " --%s", option->name);
        column += length;
    }
    fprintf(file, "\n");
}
