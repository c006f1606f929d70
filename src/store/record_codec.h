/* record_codec.h — entries as records on the disk, and back.
 *
 *   record:   version (1) | kind (1) | checksum (8) | body        numbers: least significant first
 *
 * The checksum is XXH3 (64 bits) over table, key, version, kind and body: a record that lies in the
 * wrong place is damaged, too. docs/storage-format.md has the bodies. Nothing here is trusted:
 * whatever bytes are decoded, the views lie inside them. */
#ifndef MIDGE_STORE_RECORD_CODEC_H
#define MIDGE_STORE_RECORD_CODEC_H

#include "core/record.h"
#include "store/store_backend.h"

enum { RECORD_VERSION = 1, RECORD_HEAD_SIZE = 10 };

enum record_kind {
    RECORD_HEAD = 1, /* of the store */
    RECORD_SESSION,
    RECORD_SUBSCRIPTION,
    RECORD_DELIVERY,
    RECORD_RELEASING,
    RECORD_MESSAGE,
    RECORD_REFERENCES,
    RECORD_RECEIVED,
    RECORD_RETAINED,
    RECORD_KIND_END
};

/* What the store knows about itself. Its layout never changes. */
struct store_head {
    uint32_t version; /* of the format of all the rest */
    uint64_t start;
    uint64_t hash_seed;
    bool was_stopped;
};

struct record {
    enum record_kind kind;
    union {
        struct store_head head;
        struct session_entry session;
        struct subscription_entry subscription;
        struct delivery_entry delivery; /* RELEASING: session, place, bytes_before */
        struct message_entry message;
        struct received_entry received;
        struct retained_entry retained;
        uint64_t references;
    };
    struct bytes ids;  /* of a delivery: four bytes each, as on the disk */
    struct bytes rest; /* client identifier and will, filter, or body */
};

enum record_fault {
    RECORD_FINE = 0,
    RECORD_FAULT_KEY,
    RECORD_FAULT_SHORT,
    RECORD_FAULT_VERSION,
    RECORD_FAULT_CHECKSUM,
    RECORD_FAULT_KIND,
    RECORD_FAULT_SIZES,
    RECORD_FAULT_BODY,     /* its shared body is missing, or another's */
    RECORD_FAULT_LEFTOVER, /* whole, but what it belongs to has gone */
};

/* Bytes that grow. Begins as {0}; the caller frees `bytes`. */
struct record_bytes {
    uint8_t *bytes;
    size_t size, capacity;
};

/* Encodes `record` as the value of `key`, in place of what was in `out`. Of a delivery, the
 * `ids` are numbers as in record.h. False: no memory. */
MUST_USE bool record_encode(struct record_bytes *out, enum store_table table, struct bytes key,
                            const struct record *record);
/* The views in `record` are of `value`. */
MUST_USE enum record_fault record_decode(enum store_table table, struct bytes key,
                                         struct bytes value, struct record *record);

/* "a delivery of session 17, place 4: checksum" */
void record_describe(char *words, size_t size, enum store_table table, struct bytes key,
                     enum record_fault fault);

/* Adds the entry that a session, subscription, delivery (with `body` in it), releasing, received
 * or retained record tells of. False: no memory. */
MUST_USE bool record_add_to_batch(struct batch *batch, const struct record *record,
                                  struct bytes body);

static inline uint64_t stored_message_size(const struct stored_message *message)
{
    return (uint64_t)message->topic_size + message->payload_size + message->properties_size;
}

/* Whether the body of one can be that of the other. */
static inline bool stored_message_is_alike(const struct stored_message *a,
                                           const struct stored_message *b)
{
    return a->topic_size == b->topic_size && a->payload_size == b->payload_size &&
           a->properties_size == b->properties_size;
}

#endif
