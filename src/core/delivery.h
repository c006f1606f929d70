/* delivery.h — one message on its way to one session, and the subscriptions it goes there for. */
#ifndef MIDGE_CORE_DELIVERY_H
#define MIDGE_CORE_DELIVERY_H

#include "core/message.h"

/* What deliveries made for the same subscriptions have in common. Counted; never changed. */
struct delivery_tag {
    uint32_t references;
    uint32_t id_count;
    uint64_t share_group; /* the group that chose this session, by its number; 0: not shared */
    uint32_t ids[];       /* subscription identifiers */
};

/* Where a delivery stands, for QoS 1 and 2. */
enum delivery_state {
    DELIVERY_WAITING,   /* in the queue, or resumed and not yet sent again */
    DELIVERY_SENT,      /* PUBLISH sent: PUBACK or PUBREC is owed to us */
    DELIVERY_RECEIVED,  /* PUBREC came, of a durable session: PUBREL waits until that is written */
    DELIVERY_RELEASING, /* PUBREC came: PUBREL sent, or to be sent again; the message is gone */
    DELIVERY_DONE,      /* finished out of order: its place is still taken */
};

struct delivery {
    struct message *message;  /* one reference; NULL once it is no longer needed */
    struct delivery_tag *tag; /* one reference, or NULL: no identifiers, not shared */
    uint32_t place;           /* of a durable session's, its lower half; see session.h */
    uint8_t qos;
    uint8_t state;   /* enum delivery_state */
    bool retain : 1; /* the flag to send */
    bool dup : 1;    /* sent before on some connection [MQTT-3.3.1-1] */
    bool resend : 1; /* to be sent again on this connection */
};

/* Of its message; nothing when that is no longer needed. */
static inline size_t delivery_size(const struct delivery *delivery)
{
    return delivery->message ? message_size(delivery->message) : 0;
}

/* A tag for `id_count` identifiers (copied) and a group; NULL also when there is nothing to say.
 * *failed: no memory. */
struct delivery_tag *delivery_tag_new(const uint32_t *ids, uint32_t id_count, uint64_t share_group,
                                      bool *failed);

/* A tag with the identifiers of both; neither is shared. NULL and *failed: no memory. */
struct delivery_tag *delivery_tag_join(const struct delivery_tag *one,
                                       const struct delivery_tag *other, bool *failed);

static inline struct delivery_tag *delivery_tag_ref(struct delivery_tag *tag)
{
    if (tag) {
        tag->references++;
    }
    return tag;
}

void delivery_tag_unref(struct delivery_tag *tag);

/* Gives back the message and the tag. */
void delivery_fini(struct delivery *delivery, struct counters *counters);

#endif
