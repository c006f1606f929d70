/* topic_name.h — what a Topic Name may be (MQTT 5.0 section 4.7). */
#ifndef MIDGE_TOPIC_TOPIC_NAME_H
#define MIDGE_TOPIC_TOPIC_NAME_H

#include "base/bytes.h"

/* True when `name` may be published to: 1 to 65535 bytes of well-formed UTF-8 without U+0000, `+`
 * or `#`. [MQTT-3.3.2-2] [MQTT-4.7.3-1] [MQTT-4.7.3-2] [MQTT-4.7.3-3] */
bool topic_name_is_valid(struct bytes name);

/* The number of levels: separators plus one. */
size_t topic_name_level_count(struct bytes name);

/* True when `name` begins with `$`: no leading wildcard matches it. [MQTT-4.7.2-1] */
bool topic_name_is_reserved(struct bytes name);

#endif
