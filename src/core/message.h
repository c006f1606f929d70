/* message.h — one application message, counted and never changed, shared by all who wait for it.
 *
 *   struct message | topic size (2) | topic | payload | properties that travel unaltered
 *
 * Topic and payload lie in the order 3.x sends them at QoS 0: such a receiver costs one copy.
 * A message belongs to one worker; another worker makes its own from a parcel. */
#ifndef MIDGE_CORE_MESSAGE_H
#define MIDGE_CORE_MESSAGE_H

#include "core/counters.h"
#include "wire/packet.h"

struct receipt;

struct message {
    uint32_t references;
    uint32_t payload_size;
    uint32_t properties_size;
    uint16_t topic_size;
    uint8_t qos;         /* as published */
    bool retain;         /* as published */
    uint64_t expires_us; /* 0: never */
    uint64_t kept_order; /* retained: when its home kept it, counted there; else 0 */
    uint64_t publisher;  /* hash of its client's identifier, for No Local; 0: the broker itself */
    uint64_t number;     /* retained: its topic's, for record.h; 0: in memory only */
    struct receipt *receipt; /* its acknowledgement, while that waits; or NULL */
    uint8_t bytes[];
};

/* What a message is made from: a decoded PUBLISH, a will, or words of the broker's own. */
struct message_draft {
    struct bytes topic, payload;
    struct bytes mount_point;             /* put before the topic; usually empty */
    const struct packet_publish *publish; /* whose properties travel on; or NULL */
    struct bytes properties;              /* without `publish`: encoded properties that travel on */
    uint8_t qos;
    bool retain;
    uint64_t expires_us, publisher;
};

/* Makes a message (given, one reference); its size is added to `counters`. NULL: no memory. */
struct message *message_new(const struct message_draft *draft, struct counters *counters);
/* A copy of `size` bytes that another worker's message_image gave. NULL: no memory. */
struct message *message_from_image(const void *image, size_t size, struct counters *counters);

static inline struct message *message_ref(struct message *message)
{
    message->references++;
    return message;
}

/* Gives one reference back; the last one frees. */
void message_unref(struct message *message, struct counters *counters);

static inline size_t message_size(const struct message *message)
{
    return sizeof *message + 2 + message->topic_size + message->payload_size +
           message->properties_size;
}

static inline struct bytes message_topic(const struct message *message)
{
    return bytes_of(message->bytes + 2, message->topic_size);
}

static inline struct bytes message_payload(const struct message *message)
{
    return bytes_of(message->bytes + 2 + message->topic_size, message->payload_size);
}

static inline struct bytes message_properties(const struct message *message)
{
    return bytes_of(message->bytes + 2 + message->topic_size + message->payload_size,
                    message->properties_size);
}

static inline bool message_has_expired(const struct message *message, uint64_t now_us)
{
    return message->expires_us != 0 && message->expires_us <= now_us;
}

#endif
