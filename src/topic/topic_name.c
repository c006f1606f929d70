/* topic_name.c — the rules for the name a message is published to.
 *
 * Pure questions about bytes: nothing is allocated, nothing is remembered. Fit for a
 * microcontroller. */
#include "topic/topic_name.h"

#include "base/utf8.h"

#define NAME_SIZE_MAX 65535

bool topic_name_is_valid(struct bytes name)
{
    if (name.size == 0) {
        return false; /* [MQTT-4.7.3-1] [v3 MQTT-4.7.3-1] */
    }
    if (name.size > NAME_SIZE_MAX) {
        return false; /* [MQTT-4.7.3-3] [v3 MQTT-4.7.3-3] */
    }
    if (memchr(name.data, '+', name.size) || memchr(name.data, '#', name.size)) {
        return false; /* [MQTT-3.3.2-2] [MQTT-4.7.0-1] [v3 MQTT-3.3.2-2] [v3 MQTT-4.7.1-1] */
    }
    return utf8_is_valid(name); /* [MQTT-4.7.3-2] [v3 MQTT-4.7.3-2] */
}

size_t topic_name_level_count(struct bytes name)
{
    size_t count = 1;
    for (size_t index = 0; index < name.size; index++) {
        count += name.data[index] == '/';
    }
    return count;
}

bool topic_name_is_reserved(struct bytes name)
{
    return name.size > 0 && name.data[0] == '$'; /* [MQTT-4.7.2-1] [v3 MQTT-4.7.2-1] */
}
