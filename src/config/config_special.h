/* config_special.h — reads the directives that are more than one value. */
#ifndef MIDGE_CONFIG_CONFIG_SPECIAL_H
#define MIDGE_CONFIG_CONFIG_SPECIAL_H

#include "config/config_loader.h"

/* Reads the value of a row of the other types, but include_dir. */
void config_special_read(struct config_loader *loader, const struct directive *directive,
                         char *rest);

#endif
