/* sys_topics.h — the broker's figures as retained messages under $SYS/broker, by mosquitto's names.
 *
 * Every worker tells worker 0 its counters at each interval; worker 0 adds them up and publishes
 * what has changed. */
#ifndef MIDGE_CORE_SYS_TOPICS_H
#define MIDGE_CORE_SYS_TOPICS_H

#include "core/core_state.h"

/* Begins the interval; called again when it was configured anew. False: no memory. */
bool sys_topics_begin(struct core *core);
void sys_topics_free(struct core *core);
/* The interval is over: this worker's counters go to worker 0, and worker 0 publishes. */
void sys_topics_tick(struct core *core);
/* What another worker (or this one) told. Only at worker 0. */
void sys_topics_learn(struct core *core, uint32_t worker, const struct counters *counters);
/* Publishes how the store is, under $SYS/broker/store/state: "well", or what is wrong. Only at
 * worker 0. */
void sys_topics_publish_store(struct core *core);
/* Publishes a line of the log under $SYS/broker/log. */
void sys_topics_publish_log(struct core *core, uint32_t kind, const char *line);

#endif
