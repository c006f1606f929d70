/* control.c — a short queue of small packets; bytes move to the front when the end is reached. */
#include "umqtt/control.h"

#include <assert.h>

uint8_t *control_append(struct umqtt_control *control, size_t size)
{
    if (size > control_room(control))
        return NULL;
    if (size > control->memory.size - control->end) {
        struct bytes waiting = control_waiting(control);
        memmove(control->memory.data, waiting.data, waiting.size);
        control->begin = 0;
        control->end = (uint32_t)waiting.size;
    }
    uint8_t *place = control->memory.data + control->end;
    control->end += (uint32_t)size;
    return place;
}

void control_append_ack(struct umqtt_control *control, enum packet_type type, uint16_t packet_id,
                        uint8_t reason)
{
    uint8_t *at = control_append(control, reason ? 5 : 4);
    assert(at);
    at[0] = (uint8_t)(type << 4 | frame_flags_of(type)); /* [MQTT-3.6.1-1] [v3 MQTT-3.6.1-1] */
    at[1] = reason ? 3 : 2;
    at[2] = (uint8_t)(packet_id >> 8); /* [MQTT-2.2.1-5] [v3 MQTT-2.3.1-6] */
    at[3] = (uint8_t)packet_id;
    if (reason)
        at[4] = reason;
}

void control_sent(struct umqtt_control *control, size_t size)
{
    assert(size <= control->end - control->begin);
    control->begin += (uint32_t)size;
    if (control->begin == control->end)
        control_clear(control);
}

void control_clear(struct umqtt_control *control)
{
    control->begin = control->end = 0;
}
