/* delivery.c — see delivery.h. */
#include "core/delivery.h"

#include <assert.h>
#include <stdlib.h>

struct delivery_tag *delivery_tag_new(const uint32_t *ids, uint32_t id_count, uint64_t share_group,
                                      bool *failed)
{
    *failed = false;
    if (id_count == 0 && share_group == 0) {
        return NULL;
    }
    struct delivery_tag *tag = malloc(sizeof *tag + id_count * sizeof *ids);
    if (!tag) {
        *failed = true;
        return NULL;
    }
    *tag = (struct delivery_tag){.references = 1, .id_count = id_count, .share_group = share_group};
    for (uint32_t i = 0; i < id_count; i++) {
        tag->ids[i] = ids[i];
    }
    return tag;
}

struct delivery_tag *delivery_tag_join(const struct delivery_tag *one,
                                       const struct delivery_tag *other, bool *failed)
{
    uint32_t count = one->id_count + other->id_count;
    struct delivery_tag *tag = malloc(sizeof *tag + count * sizeof tag->ids[0]);
    *failed = !tag;
    if (tag) {
        *tag = (struct delivery_tag){.references = 1, .id_count = count};
        memcpy(tag->ids, one->ids, one->id_count * sizeof tag->ids[0]);
        memcpy(tag->ids + one->id_count, other->ids, other->id_count * sizeof tag->ids[0]);
    }
    return tag;
}

void delivery_tag_unref(struct delivery_tag *tag)
{
    if (tag) {
        assert(tag->references > 0);
        if (--tag->references == 0) {
            free(tag);
        }
    }
}

void delivery_fini(struct delivery *delivery, struct counters *counters)
{
    if (delivery->message) {
        message_unref(delivery->message, counters);
    }
    delivery_tag_unref(delivery->tag);
    *delivery = (struct delivery){0};
}
