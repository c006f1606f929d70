/* topic_aliases.c — see topic_aliases.h. The tables are small (10 by default), so they are
 * searched in order. */
#include "core/topic_aliases.h"

#include <assert.h>
#include <stdlib.h>

enum { SEARCHED_MAX = 64 }; /* outbound aliases used at most: a search stays short */

void topic_aliases_init(struct topic_aliases *aliases, uint16_t maximum)
{
    *aliases = (struct topic_aliases){.maximum = maximum};
}

void topic_aliases_fini(struct topic_aliases *aliases)
{
    for (uint32_t i = 0; aliases->names && i < aliases->maximum; i++) {
        free(aliases->names[i].name);
    }
    free(aliases->names);
    *aliases = (struct topic_aliases){0};
}

bool topic_aliases_set(struct topic_aliases *aliases, uint16_t alias, struct bytes name)
{
    assert(alias > 0 && alias <= aliases->maximum && name.size > 0 && name.size <= UINT16_MAX);
    if (!aliases->names) {
        aliases->names = calloc(aliases->maximum, sizeof *aliases->names);
    }
    uint8_t *copy = aliases->names ? malloc(name.size) : NULL;
    if (!copy) {
        return false;
    }
    memcpy(copy, name.data, name.size);
    free(aliases->names[alias - 1].name);
    aliases->names[alias - 1] = (struct topic_alias_name){copy, (uint16_t)name.size};
    return true;
}

struct bytes topic_aliases_get(const struct topic_aliases *aliases, uint16_t alias)
{
    if (!aliases->names || alias == 0 || alias > aliases->maximum) {
        return (struct bytes){0};
    }
    return bytes_of(aliases->names[alias - 1].name, aliases->names[alias - 1].size);
}

uint16_t topic_aliases_assign(struct topic_aliases *aliases, struct bytes name, bool *is_new)
{
    *is_new = false;
    for (uint16_t i = 0; i < aliases->count; i++) {
        if (bytes_equal(bytes_of(aliases->names[i].name, aliases->names[i].size), name)) {
            return i + 1;
        }
    }
    if (aliases->count >= aliases->maximum || aliases->count >= SEARCHED_MAX ||
        !topic_aliases_set(aliases, aliases->count + 1, name)) {
        return 0; /* [MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.3.2-11] */
    }
    *is_new = true;
    return ++aliases->count;
}
