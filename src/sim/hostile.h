/* hostile.h — a client that does not keep to the rules: it says what is no MQTT, half of what is,
 * acknowledges what nobody sent, floods, never reads, and shares its client identifier.
 *
 * What it says before its first mistake counts as any client's, and the judge is told of it. */
#ifndef MIDGE_SIM_HOSTILE_H
#define MIDGE_SIM_HOSTILE_H

#include "sim/stage.h"
#include "sim/tap.h"

struct hostile {
    struct stage *stage;
    struct random random;
    char client_id[8];
    struct line *line; /* NULL: none */
    struct tap tap;
    struct appointment act;
    struct hostile *twin;   /* has the same client identifier; NULL: nobody */
    struct byte_queue said; /* what the line had no room for */
    uint64_t pause_us_max;
    bool is_deaf, is_mute;
    uint16_t packet_id; /* the last it used */
    uint64_t acts;
};

struct hostile *hostile_new(struct stage *stage, uint32_t client, uint64_t seed); /* given */
void hostile_free(struct hostile *hostile);
/* It is gone until hostile_go_on. */
void hostile_rest(struct hostile *hostile);
void hostile_go_on(struct hostile *hostile);

#endif
