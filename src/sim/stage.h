/* stage.h — what all that play in a simulated world have in common. */
#ifndef MIDGE_SIM_STAGE_H
#define MIDGE_SIM_STAGE_H

#include "sim/judge.h"
#include "sim/line.h"
#include "sim/node.h"

enum { STAGE_TOPICS_MAX = 6 };

struct stage {
    struct agenda *agenda;
    struct judge *judge;
    struct node *node;
    struct line_manner manner;
    struct random random; /* for lines alone */
    uint64_t messages;    /* numbers given so far */
    uint64_t lines;
    uint32_t topic_count;
    uint32_t payload_max;
};

/* A line to the broker (its client's end is the caller's), or NULL: nobody answers. */
struct line *stage_dial(struct stage *stage);
/* One of the topics there are. */
const char *stage_draw_topic(const struct stage *stage, struct random *random);
const char *stage_draw_filter(const struct stage *stage, struct random *random);
/* A new message's payload: its number, then dots. Returns its size, at most size_max. */
size_t stage_draw_payload(struct stage *stage, struct random *random, uint8_t *payload,
                          size_t size_max);

/* Between 1 and `max`, mostly small. */
uint64_t draw_mostly_small(struct random *random, uint64_t max);
/* True once in `times`. */
bool draw_once_in(struct random *random, uint64_t times);

#endif
