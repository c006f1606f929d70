/* config_report.h — how the rooms' own files add to a report; config.h says what it is. */
#ifndef MIDGE_CONFIG_CONFIG_REPORT_H
#define MIDGE_CONFIG_CONFIG_REPORT_H

#include "config/config.h"

struct config_place {
    const char *file; /* NULL: no place */
    uint32_t line;    /* 0: the file as a whole */
};

/* Adds "FILE:LINE: …", cut at 2 KiB. Beyond the limits of config.h it only counts. */
void config_report_add(struct config_report *report, enum config_message_kind kind,
                       struct config_place place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Says how many errors were not kept. Once, at the end. */
void config_report_close(struct config_report *report);

#endif
