/* manual.c — turns the rows of directives.def into man(7) macros. */
#include "config/manual.h"

#include "config/directives.h"

#include <string.h>

static void write_group(FILE *page, enum directive_group group);
static void write_row(FILE *page, const struct directive *directive);
static void write_text(FILE *page, const char *text);
static void write_refused(FILE *page, enum directive_group group);
static void write_aliases(FILE *page, const char *name);
static void write_reason(FILE *page, const char *sentence);

void manual_write_directives(FILE *page)
{
    for (int group = 0; group < GROUPS_COUNT; group++) {
        write_group(page, (enum directive_group)group);
    }
}

static void write_group(FILE *page, enum directive_group group)
{
    fprintf(page, ".SS \"%s\"\n", directive_group_title(group));
    write_text(page, directive_group_sentence(group));
    fputc('\n', page);
    for (size_t index = 0; index < directive_count; index++) {
        const struct directive *directive = &directives[index];
        if (directive->group == group && directive->help) {
            write_row(page, directive);
        }
    }
    write_refused(page, group);
}

static void write_row(FILE *page, const struct directive *directive)
{
    char value[256];
    directive_describe_value(directive, value, sizeof value);
    fprintf(page, ".TP\n.B ");
    write_text(page, directive->name);
    fputc('\n', page);
    write_text(page, directive->help);
    fprintf(page, "\n.br\nTakes ");
    write_text(page, value);
    fprintf(page, ". Default: ");
    write_text(page, directive->initial[0] ? directive->initial : "not set");
    fprintf(page, ". %s.%s\n",
            directive->live ? "A reload takes it over" : "A change needs a restart",
            directive->ours ? " Not in mosquitto." : "");
    write_aliases(page, directive->name);
}

static void write_aliases(FILE *page, const char *name)
{
    for (size_t index = 0; index < directive_count; index++) {
        if (directives[index].stands_for && strcmp(directives[index].stands_for, name) == 0) {
            fprintf(page, "May also be written ");
            write_text(page, directives[index].name);
            fprintf(page, ".\n");
        }
    }
}

/* What is refused needs no paragraph each: neighbours with the same sentence stand together. */
static void write_refused(FILE *page, enum directive_group group)
{
    const char *sentence = NULL;
    for (size_t index = 0; index < directive_count; index++) {
        const struct directive *directive = &directives[index];
        if (directive->group != group || directive->help || directive->stands_for) {
            continue;
        }
        if (sentence && strcmp(sentence, directive->sentence) == 0) {
            fputs(", ", page);
        } else {
            write_reason(page, sentence);
            fputs(".TP\n.B ", page);
        }
        write_text(page, directive->name);
        sentence = directive->sentence;
    }
    write_reason(page, sentence);
}

static void write_reason(FILE *page, const char *sentence)
{
    if (sentence) {
        fputs("\nRefused: ", page);
        write_text(page, sentence);
        fputs(".\n", page);
    }
}

/* Letters that mean something to man are written so that they do not. */
static void write_text(FILE *page, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '\\': fputs("\\e", page); break;
        case '-': fputs("\\-", page); break;
        case '\'': fputs("\\(aq", page); break;
        default: fputc(*text, page);
        }
    }
}
