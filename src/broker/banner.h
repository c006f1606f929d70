/* banner.h — the few lines a person reads at start: where to connect, and who may. */
#ifndef MIDGE_BROKER_BANNER_H
#define MIDGE_BROKER_BANNER_H

#include "broker/broker.h"

void banner_log(const struct broker *broker, const struct config *config, const struct log *log);
/* What the durability that is configured means. */
void banner_log_durability(const struct config *config, const struct log *log);
/* One line for systemd. */
void banner_status(const struct broker *broker, const struct config *config, char *text,
                   size_t size);

#endif
