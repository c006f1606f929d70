/* session_life.h — a session gets a link, loses it, and ends (sections 3.1.2.11, 3.1.4, 4.1).
 *
 *   attach ──▶ connected ──detach──▶ away ──(expiry)──▶ end
 *                  ▲                   │
 *                  └──────attach───────┘ */
#ifndef MIDGE_CORE_SESSION_LIFE_H
#define MIDGE_CORE_SESSION_LIFE_H

#include "core/core_state.h"

/* The session of that client, or NULL. One whose time was over while nobody looked is ended. */
struct session *session_find_alive(struct core *core, uint64_t hash, struct bytes client_id);
/* How a connection ended. */
enum parting {
    PARTING_ORDERLY, /* DISCONNECT with reason 0: the will is forgotten */
    PARTING_ABRUPT,  /* anything else: the will is due */
};

/* The session of `client_id` for this link: the one there is, or, when there is none or
 * `clean_start`, a new one; *was_present says which. An older link of it gets DISCONNECT 0x8E
 * and ends. A new one is durable when there is a store and it is to outlive its
 * connection. NULL: no memory. [MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-3.1.2-6] [MQTT-3.1.4-3] */
struct session *session_attach(struct core *core, struct link *link, struct bytes client_id,
                               uint64_t hash, bool clean_start, uint32_t expiry_s,
                               bool *was_present);
/* Parts a session from its link, which ends. The session may end with it. [MQTT-4.1.0-2] */
void session_detach(struct core *core, struct session *session, enum parting parting);
/* The session and all that belongs to it is gone; its will is published first. */
void session_end(struct core *core, struct session *session);
/* It was restored from the store; its client is away. Its will and its end are due from now on. */
void session_await(struct core *core, struct session *session);
/* Its timer fired: patience, will delay, or expiry. */
void session_meet_deadline(struct core *core, struct session *session);

#endif
