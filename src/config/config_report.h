/* config_report.h — what there is to say about a configuration: errors and warnings, for people. */
#ifndef MIDGE_CONFIG_CONFIG_REPORT_H
#define MIDGE_CONFIG_CONFIG_REPORT_H

#include <stddef.h>
#include <stdint.h>

enum {
    CONFIG_ERRORS_MAX = 20,    /* then one more message says that there are others */
    CONFIG_WARNINGS_MAX = 100, /* the rest are left out */
};

enum config_message_kind {
    CONFIG_ERROR,   /* the configuration cannot be used */
    CONFIG_WARNING, /* it can; a person should know this */
};

/* One thing to say. `text` is a whole line, "FILE:LINE: what is wrong; how to mend it", without a
 * newline; the file and line are left out where there are none. */
struct config_message {
    enum config_message_kind kind;
    char *text;
};

struct config_report {
    struct config_message *messages; /* in the order in which they were found */
    size_t count;
    size_t error_count; /* also those that were not kept */
    size_t warning_count;
};

void config_report_init(struct config_report *report);
void config_report_fini(struct config_report *report);

struct config_place {
    const char *file; /* NULL: no place */
    uint32_t line;    /* 0: the file as a whole */
};

/* Adds "FILE:LINE: …", cut at 2 KiB. Beyond the limits it only counts. */
void config_report_add(struct config_report *report, enum config_message_kind kind,
                       struct config_place place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Says how many errors were not kept. Once, at the end. */
void config_report_close(struct config_report *report);

#endif
