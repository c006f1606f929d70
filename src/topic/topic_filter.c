/* topic_filter.c — the rules for what a SUBSCRIBE may ask for, and what it then gets.
 *
 * Parsing takes `$share/NAME/` off and checks the rest level by level. Matching walks filter and
 * name side by side, once. Nothing is allocated, nothing recurses. Fit for a microcontroller. */
#include "topic/topic_filter.h"

#include "base/utf8.h"
#include "topic/topic_name.h"

#define FILTER_SIZE_MAX 65535

static bool split_share(struct bytes text, struct topic_filter *filter);
static bool wildcards_are_in_place(struct bytes filter);
static bool rest_matches_nothing(struct bytes filter, size_t index);

bool topic_filter_parse(struct bytes text, struct topic_filter *filter)
{
    if (text.size == 0) {
        return false; /* [MQTT-4.7.3-1] [v3 MQTT-4.7.3-1] */
    }
    if (text.size > FILTER_SIZE_MAX) {
        return false; /* [MQTT-4.7.3-3] [v3 MQTT-4.7.3-3] */
    }
    if (!utf8_is_valid(text)) {
        return false; /* [MQTT-4.7.3-2] [v3 MQTT-4.7.3-2] */
    }
    return split_share(text, filter) && wildcards_are_in_place(filter->filter);
}

bool topic_filter_has_wildcard(struct bytes filter)
{
    return filter.size > 0 &&
           (memchr(filter.data, '+', filter.size) || memchr(filter.data, '#', filter.size));
}

bool topic_filter_matches(struct bytes filter, struct bytes name)
{
    if (filter.size == 0 || name.size == 0) {
        return false; /* neither is legal [MQTT-4.7.3-1] [v3 MQTT-4.7.3-1] */
    }
    if (topic_name_is_reserved(name) && (filter.data[0] == '+' || filter.data[0] == '#')) {
        return false; /* [MQTT-4.7.2-1] [v3 MQTT-4.7.2-1] */
    }
    size_t f = 0; /* both always stand at the start of a level here */
    size_t n = 0;
    for (;;) {
        if (f < filter.size && filter.data[f] == '#') {
            return true;
        }
        if (f < filter.size && filter.data[f] == '+') {
            f++;
            while (n < name.size && name.data[n] != '/') {
                n++;
            }
        } else { /* byte for byte: nothing is normalised [MQTT-4.7.3-4] [v3 MQTT-4.7.3-4] */
            while (f < filter.size && filter.data[f] != '/') {
                if (n == name.size || name.data[n] != filter.data[f]) {
                    return false;
                }
                f++;
                n++;
            }
        }
        if (n == name.size) {
            return rest_matches_nothing(filter, f);
        }
        if (f == filter.size || name.data[n] != '/') {
            return false;
        }
        f++;
        n++;
    }
}

/* Fills *filter from `text`, whose wildcards are not looked at, except in the share name. */
static bool split_share(struct bytes text, struct topic_filter *filter)
{
    struct bytes mark = BYTES("$share");
    if (!bytes_start_with(text, mark) || (text.size > mark.size && text.data[mark.size] != '/')) {
        filter->share_name = bytes_of(NULL, 0);
        filter->filter = text;
        return true;
    }
    if (text.size <= mark.size + 1) {
        return false; /* a name is owed [MQTT-4.8.2-1] */
    }
    struct bytes rest = bytes_of(text.data + mark.size + 1, text.size - mark.size - 1);
    const uint8_t *slash = memchr(rest.data, '/', rest.size);
    if (!slash) {
        return false; /* a filter is owed [MQTT-4.8.2-2] */
    }
    struct bytes share_name = bytes_of(rest.data, (size_t)(slash - rest.data));
    if (share_name.size == 0) {
        return false; /* [MQTT-4.8.2-1] */
    }
    if (topic_filter_has_wildcard(share_name)) {
        return false; /* [MQTT-4.8.2-2] */
    }
    filter->share_name = share_name;
    filter->filter = bytes_of(slash + 1, rest.size - share_name.size - 1);
    return filter->filter.size > 0; /* [MQTT-4.8.2-2] [MQTT-4.7.3-1] */
}

static bool wildcards_are_in_place(struct bytes filter)
{
    for (size_t index = 0; index < filter.size; index++) {
        uint8_t byte = filter.data[index];
        if (byte != '+' && byte != '#') {
            continue;
        }
        bool starts_level = index == 0 || filter.data[index - 1] == '/';
        bool ends_filter = index + 1 == filter.size;
        bool ends_level = ends_filter || filter.data[index + 1] == '/';
        if (byte == '#' && !(starts_level && ends_filter)) {
            return false; /* [MQTT-4.7.1-1] [v3 MQTT-4.7.1-2] */
        }
        if (byte == '+' && !(starts_level && ends_level)) {
            return false; /* [MQTT-4.7.1-2] [v3 MQTT-4.7.1-3] */
        }
    }
    return true;
}

/* The name has ended where `filter` stands at `index`: true when the filter has, too, or goes on
 * with nothing but a `#`, which stands for the parent level as well. */
static bool rest_matches_nothing(struct bytes filter, size_t index)
{
    if (index == filter.size) {
        return true;
    }
    return index + 2 == filter.size && filter.data[index] == '/' && filter.data[index + 1] == '#';
}
