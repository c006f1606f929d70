/* waiting.h — answers that wait for a batch: everything that is not the acknowledgement of a
 * message (those have receipts). In the order in which they were given. */
#ifndef MIDGE_CORE_WAITING_H
#define MIDGE_CORE_WAITING_H

#include "core/core_state.h"

enum waiting_kind {
    WAITING_CONNACK,  /* rest: what connect_welcome needs */
    WAITING_SUBACK,   /* rest: reasons */
    WAITING_UNSUBACK, /* rest: reasons */
    WAITING_PUBREC,   /* reason; for an identifier that is taken already, or free again */
    WAITING_PUBCOMP,  /* reason */
    WAITING_PUBREL,   /* for a session, whatever link it has then */
};

struct waiting {
    struct list place; /* in journal.waits */
    uint64_t batch;
    uint64_t session; /* hash of its client's identifier */
    struct link_ref link;
    enum waiting_kind kind;
    uint16_t packet_id;
    uint8_t reason;
    uint32_t rest_size;
    uint8_t rest[];
};

/* An answer to `link` waits for the batch that is open now, which is due at the end of the turn.
 * Once too much waits for the disk, the link is held until it does not.
 * False: no memory. */
MUST_USE bool waiting_add(struct core *core, const struct link *link, enum waiting_kind kind,
                          uint16_t packet_id, enum reason_code reason, struct bytes rest);
/* The first that waits for `batch` or one before it (given; free() it), or NULL. */
struct waiting *waiting_next(struct core *core, uint64_t batch);

#endif
