/* control.h — packets that must go out whatever the outbox holds: CONNECT, acknowledgements,
 * PINGREQ, AUTH, DISCONNECT.
 *
 * They have memory of their own. With acknowledgements in the outbox, a full outbox would stop the
 * reading of the acknowledgements that empty it. */
#ifndef MIDGE_UMQTT_CONTROL_H
#define MIDGE_UMQTT_CONTROL_H

#include "umqtt/client.h"

enum {
    CONTROL_DISCONNECT_SIZE = 4, /* with a reason and no properties */
    /* Nothing is read while there is less room: an answer (with a reason: 5), PINGREQ, and always
     * DISCONNECT. */
    CONTROL_ANSWER_ROOM = 5 + 2 + CONTROL_DISCONNECT_SIZE,
};

/* Bytes that can still be appended. */
static inline size_t control_room(const struct umqtt_control *control)
{
    return control->memory.size - (control->end - control->begin);
}

static inline struct bytes control_waiting(const struct umqtt_control *control)
{
    return bytes_of(control->memory.data + control->begin, control->end - control->begin);
}

/* Room for `size` bytes, to be filled at once; NULL: there is none. */
uint8_t *control_append(struct umqtt_control *control, size_t size);

/* PUBACK, PUBREC, PUBREL or PUBCOMP; `reason` is written only if it is not 0 (5.0). The room must
 * be there: see CONTROL_ANSWER_ROOM. */
void control_append_ack(struct umqtt_control *control, enum packet_type type, uint16_t packet_id,
                        uint8_t reason);

void control_sent(struct umqtt_control *control, size_t size);
void control_clear(struct umqtt_control *control);

#endif
