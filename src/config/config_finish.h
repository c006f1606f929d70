/* config_finish.h — what only the whole configuration can say. */
#ifndef MIDGE_CONFIG_CONFIG_FINISH_H
#define MIDGE_CONFIG_CONFIG_FINISH_H

#include "config/config_loader.h"

/* Once, at the end: settles the listeners and lets the command line have its say. */
void config_finish(struct config_loader *loader, const struct config_overrides *overrides);

#endif
