/* stored.h — a message as the store's entries have it, both ways. */
#ifndef MIDGE_CORE_STORED_H
#define MIDGE_CORE_STORED_H

#include "core/core_state.h"
#include "core/record.h"

/* What an entry says of `message`, and the bytes that go with it (borrowed). */
struct stored_message stored_describe(const struct core *core, const struct message *message);
static inline struct bytes stored_body(const struct message *message)
{
    return bytes_of(message->bytes + 2,
                    (size_t)message->topic_size + message->payload_size + message->properties_size);
}

/* The message again (given), from `body`. NULL: no memory, or
 * the sizes do not fit. */
struct message *stored_restore(struct core *core, const struct stored_message *stored,
                               struct bytes body);

#endif
