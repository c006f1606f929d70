/* config_values.h — reads the value that stands behind a directive; inside this room only. */
#ifndef MIDGE_CONFIG_CONFIG_VALUES_H
#define MIDGE_CONFIG_CONFIG_VALUES_H

#include "config/config_loader.h"

/* Reads the value of a row of the first types, up to DIRECTIVE_TEXT. `rest` may be changed. */
void config_values_read(struct config_loader *loader, const struct directive *directive,
                        char *rest);

/* The value's only word, or NULL after an error; warns when more follows. */
char *config_values_word(struct config_loader *loader, const struct directive *directive,
                         char *rest);
bool config_values_flag(struct config_loader *loader, const struct directive *directive, char *rest,
                        bool *flag);
/* The rest of the line into `text`; false after an error: empty, or longer than size_max - 1. */
bool config_values_text(struct config_loader *loader, const struct directive *directive,
                        const char *rest, char *text, size_t size_max);
/* Where the row's member is: in the config, or in the current listener's draft. The row has one.
 * `draft` says which, for rows of a listener. */
void *config_values_member(struct config_loader *loader, const struct directive *directive);
/* The draft that a listener's directive goes to: the default one where none was opened. */
struct config_draft *config_values_draft(struct config_loader *loader);

/* Is the member of this row the same in both? */
bool config_values_equal(const struct directive *directive, const void *a, const void *b);

#endif
