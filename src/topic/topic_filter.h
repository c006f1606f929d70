/* topic_filter.h — what a Topic Filter may be, and what it matches (MQTT 5.0: 4.7, 4.8.2). */
#ifndef MIDGE_TOPIC_TOPIC_FILTER_H
#define MIDGE_TOPIC_TOPIC_FILTER_H

#include "base/bytes.h"

/* A filter as a SUBSCRIBE carries it, taken apart: `$share/NAME/FILTER` has a share name. */
struct topic_filter {
    struct bytes share_name; /* empty: not a shared subscription */
    struct bytes filter;     /* what topic names are compared with */
};

/* Takes `text` apart into *filter (views into `text`). False when it is not a legal filter: empty,
 * ill-formed UTF-8, U+0000, a wildcard out of place, or `$share` without name or filter.
 * [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.8.2-1] [MQTT-4.8.2-2] */
MUST_USE bool topic_filter_parse(struct bytes text, struct topic_filter *filter);

/* True when `filter` (without `$share`) holds `+` or `#`. */
bool topic_filter_has_wildcard(struct bytes filter);

/* True when `filter` (legal, without `$share`) matches the topic name `name` (legal).
 * [MQTT-4.7.2-1] [MQTT-4.7.3-4] */
bool topic_filter_matches(struct bytes filter, struct bytes name);

#endif
