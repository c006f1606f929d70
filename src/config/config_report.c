/* config_report.c — keeps what there is to say. A message that finds no memory is counted, not
 * kept. */
#include "config/config_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_SIZE_MAX = 2048 };

static void keep(struct config_report *report, enum config_message_kind kind, char *text);
static void make_printable(char *text);

void config_report_init(struct config_report *report)
{
    *report = (struct config_report){0};
}

void config_report_fini(struct config_report *report)
{
    for (size_t index = 0; index < report->count; index++) {
        free(report->messages[index].text);
    }
    free(report->messages);
    config_report_init(report);
}

void config_report_add(struct config_report *report, enum config_message_kind kind,
                       struct config_place place, const char *format, ...)
{
    size_t *count = kind == CONFIG_ERROR ? &report->error_count : &report->warning_count;
    size_t limit = kind == CONFIG_ERROR ? CONFIG_ERRORS_MAX : CONFIG_WARNINGS_MAX;
    if (++*count > limit) {
        return;
    }
    char text[MESSAGE_SIZE_MAX];
    int used = 0;
    if (place.file && place.line > 0) {
        used = snprintf(text, sizeof text, "%s:%u: ", place.file, (unsigned)place.line);
    } else if (place.file) {
        used = snprintf(text, sizeof text, "%s: ", place.file);
    }
    if (used >= 0 && (size_t)used < sizeof text) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(text + used, sizeof text - (size_t)used, format, arguments);
        va_end(arguments);
    }
    make_printable(text);
    keep(report, kind, strdup(text));
}

void config_report_close(struct config_report *report)
{
    if (report->error_count > CONFIG_ERRORS_MAX) {
        char text[80];
        snprintf(text, sizeof text, "and %zu more errors; mend these first",
                 report->error_count - CONFIG_ERRORS_MAX);
        keep(report, CONFIG_ERROR, strdup(text));
    }
}

static void keep(struct config_report *report, enum config_message_kind kind, char *text)
{
    struct config_message *larger =
        realloc(report->messages, (report->count + 1) * sizeof *report->messages);
    if (!text || !larger) {
        free(text);
        report->messages = larger ? larger : report->messages;
        return;
    }
    report->messages = larger;
    report->messages[report->count++] = (struct config_message){.kind = kind, .text = text};
}

/* What a file holds must not write lines, or colours, into a terminal. */
static void make_printable(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = '?';
        }
    }
}
