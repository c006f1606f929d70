/* retained.h — the retained messages whose topics are at home here, and those who ask for them
 * (section 3.3.1.3).
 *
 * A topic's home is the worker its hash says. It alone stores the topic's retained message and
 * passes such messages on, so that everybody sees them in one order. Whoever subscribes asks all
 * homes (one, for a filter without wildcards) and is answered in portions: the next is sent when
 * it asks for it. */
#ifndef MIDGE_CORE_RETAINED_H
#define MIDGE_CORE_RETAINED_H

#include "core/core_state.h"
#include "core/record.h"

enum { RETAINED_PORTION_COUNT = 32, RETAINED_PORTION_SIZE = 64 * 1024, RETAINED_STEPS_MAX = 4096 };

/* The worker that is home to a topic name. */
uint32_t retained_home(const struct core *core, struct bytes topic);

/* True when there is room for one more topic, or the topic has a message already. */
bool retained_has_room(const struct core *core, struct bytes topic);
/* Keeps `message` (a reference is taken) for its topic, or removes what is kept when the payload
 * is empty. False: no memory; what was kept stays. [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7] */
bool retained_keep(struct core *core, struct message *message);

/* `worker` will ask for what is kept now and matches `filter`; asks for the next portion; asks no
 * longer. Answers are said to it. What is kept after the beginning is not part of it: whoever
 * subscribed hears of that as it comes. */
void retained_begin(struct core *core, uint32_t worker, const struct retained_record *record,
                    struct bytes filter);
void retained_more(struct core *core, uint32_t worker, const struct retained_record *record);
void retained_stop(struct core *core, uint32_t worker, const struct retained_record *record);

/* Puts what was kept since the last batch into the open one. */
void retained_write(struct core *core);
/* What the store had. Until retained_open no portion is given to anyone. */
void retained_restore(struct core *core, const struct retained_entry *entry, struct bytes body);
void retained_open(struct core *core);

/* Removes what has expired; a bounded number a call. */
void retained_sweep(struct core *core);
void retained_free(struct core *core); /* at the end of the core */

#endif
