/* durable.h — what a session writes down, so that it outlives the broker (section 4.1).
 *
 *   accept ──▶ in no batch ──▶ in a batch ──▶ persisted        a delivery, while its client is here
 *                  └─(acknowledged first: never written)
 *   append ──▶ in a batch at once, and no longer in memory       … is away, or behind such ones
 *
 * The journal's order and the receipts make the promise; here are the session's own entries. A
 * session is durable from its birth or not at all. */
#ifndef MIDGE_CORE_DURABLE_H
#define MIDGE_CORE_DURABLE_H

#include "core/core_state.h"

/* Makes a new session durable; nothing is written yet. False: no memory. */
MUST_USE bool durable_begin(struct core *core, struct session *session, uint64_t number);
/* The session ends: all of it goes from the disk. Its deliveries have been forgotten. */
void durable_end(struct core *core, struct session *session);
/* At the end of the core, nothing is written. */
void durable_free(struct session *session);

/* Writes the session itself, its will included; when that has to be waited for, hurry. */
void durable_write_session(struct core *core, struct session *session);
void durable_write_subscription(struct core *core, struct subscription *subscription);
void durable_write_unsubscription(struct core *core, const struct subscription *subscription);

/* Gives `delivery` (QoS 1 or 2, with its message) the next place; it stays in memory. */
void durable_accept(struct core *core, struct session *session, struct delivery *delivery);
/* Writes `delivery` (its references are given back) at the next place, on the disk alone. */
void durable_append(struct core *core, struct session *session, struct delivery *delivery);
/* The delivery, which has its place, was sent. */
void durable_note_sent(struct session *session, const struct delivery *delivery);
/* PUBREC came. PUBREL may leave when the batch that is open now is persisted. */
void durable_write_releasing(struct core *core, struct session *session,
                             const struct delivery *delivery);
/* It is acknowledged, or will never be sent. Its message is still there, unless released. */
void durable_forget(struct core *core, struct session *session, const struct delivery *delivery);

/* It goes to another session (a shared subscription's): its entry goes with the batch, or group,
 * that is open now. All deliveries are in a batch. */
void durable_hand_on(struct core *core, struct session *session, const struct delivery *delivery);

/* journal_group_begin, for a part that deliveries may be in: those made before it, which wait to be
 * written together, are written before, for a part may come later than what follows it. */
void durable_group_begin(struct core *core, uint64_t group);

/* Puts all deliveries that are in no batch into the open one. */
void durable_write_deliveries(struct core *core, struct session *session);
/* A batch is persisted. True: more deliveries of the session are, and may be waited for. */
bool durable_note_persisted(struct core *core, struct session *session, uint64_t batch);

/* The identifier that follows from a delivery's place. [MQTT-2.2.1-4] */
uint16_t durable_packet_id(const struct session *session, const struct delivery *delivery);
/* QoS 2 is sent when it is on the disk: otherwise a crash could deliver it twice. [MQTT-4.3.3-7]
 * None is sent while one is in flight that may have its identifier. [MQTT-2.2.1-4] */
bool durable_may_send(const struct session *session, const struct delivery *delivery);

static inline uint64_t durable_backlog_count(const struct session *session)
{
    return session->durable ? session->durable->place_next - session->durable->place_backlog : 0;
}

#endif
