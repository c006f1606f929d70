/* stored.c — see stored.h. */
#include "core/stored.h"

#include "core/journal.h"

struct stored_message stored_describe(const struct core *core, const struct message *message)
{
    return (struct stored_message){.expires_us = journal_to_wall(core, message->expires_us),
                                   .publisher = message->publisher,
                                   .payload_size = message->payload_size,
                                   .properties_size = message->properties_size,
                                   .topic_size = message->topic_size,
                                   .qos = message->qos,
                                   .retain = message->retain};
}

struct message *stored_restore(struct core *core, const struct stored_message *stored,
                               struct bytes body)
{
    size_t size = (size_t)stored->topic_size + stored->payload_size + stored->properties_size;
    if (stored->topic_size == 0 || size != body.size) {
        return NULL;
    }
    const uint8_t *payload = body.data + stored->topic_size;
    struct message_draft draft = {
        .topic = bytes_of(body.data, stored->topic_size),
        .payload = bytes_of(payload, stored->payload_size),
        .properties = bytes_of(payload + stored->payload_size, stored->properties_size),
        .qos = stored->qos,
        .retain = stored->retain,
        .expires_us = journal_from_wall(core, stored->expires_us),
        .publisher = stored->publisher};
    return message_new(&draft, &core->counters);
}
