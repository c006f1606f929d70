/* model_history.h — the last events, kept small and told in words only when somebody asks; and the
 * verdict. */
#ifndef MIDGE_SIM_MODEL_HISTORY_H
#define MIDGE_SIM_MODEL_HISTORY_H

#include "sim/model_texts.h"

#include <stddef.h>
#include <stdio.h>

enum { MODEL_EVENTS_KEPT = 256, MODEL_NOBODY = UINT32_MAX };

enum model_event_kind {
    MODEL_CONNECT_SENT,
    MODEL_PUBLISH_SENT,
    MODEL_ACK_SENT,
    MODEL_SUBSCRIBE_SENT,
    MODEL_UNSUBSCRIBE_SENT,
    MODEL_DISCONNECT_SENT,
    MODEL_CONNACK_RECEIVED,
    MODEL_PUBLISH_RECEIVED,
    MODEL_ACK_RECEIVED,
    MODEL_SUBACK_RECEIVED,
    MODEL_UNSUBACK_RECEIVED,
    MODEL_DISCONNECT_RECEIVED,
    MODEL_OTHER_RECEIVED,
    MODEL_LINK_LEFT,
    MODEL_LINK_LOST,
    MODEL_CRASHED,
    MODEL_STOPPED,
    MODEL_STARTED,
    MODEL_DISK_CHANGED,
    MODEL_CLOCK_JUMPED,
    MODEL_SETTLED,
};

/* Which members mean something depends on the kind; see model_history.c. */
struct model_event {
    enum model_event_kind kind;
    uint32_t client, text;
    uint64_t number, now_us, link, message;
    int64_t value;
    uint16_t packet_id;
    uint8_t qos, reason, ack;
    bool retain, dup, yes;
};

struct model_history {
    struct model_event events[MODEL_EVENTS_KEPT]; /* number n lies at n % MODEL_EVENTS_KEPT */
    uint64_t number, now_us;                      /* of the newest event; the first has 1 */
    char verdict[1024];                           /* "": none */
};

/* Gives the event its number. Its time must not be before the last one's. */
void model_history_add(struct model_history *history, const struct model_event *event);
void model_history_print(const struct model_history *history, const struct model_texts *texts,
                         FILE *out, size_t count_max);

/* Only the first verdict stands. */
void model_history_condemn(struct model_history *history, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline bool model_history_is_condemned(const struct model_history *history)
{
    return history->verdict[0] != '\0';
}

#endif
