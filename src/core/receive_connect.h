/* receive_connect.h — CONNECT (section 3.1): may it, who decides, whose session is it?
 *
 *   rules ──▶ at home? ──no──▶ handed over          ┌──▶ authenticator, later ──▶ connect_accept
 *     └──no──▶ refuse_connect       └──yes──▶ who? ─┴──▶ connect_accept
 *
 *   connect_accept ──▶ session ──▶ CONNACK, or, when the store has to know first:
 *                                  LINK_WELCOMING ──(persisted)──▶ connect_welcome ──▶ CONNACK */
#ifndef MIDGE_CORE_RECEIVE_CONNECT_H
#define MIDGE_CORE_RECEIVE_CONNECT_H

#include "core/core_state.h"
#include "core/welcome.h"

enum { CONNECT_SIZE_MAX = 1024 * 1024 }; /* bytes; nobody is known yet, so nobody may send more */

/* `whole` is the packet as it came; `reason` what its decoder said. */
void receive_connect(struct core *core, struct link *link, struct packet_connect *connect,
                     enum reason_code reason, struct bytes whole);

/* The client is who it says: attaches its session, and sends CONNACK 0 now or when that is on the
 * disk. `data` is the authenticator's last word, `whole` the CONNECT packet. */
void connect_accept(struct core *core, struct link *link, const struct packet_connect *connect,
                    const struct assigned_id *assigned, struct bytes data, struct bytes whole);
/* It is on the disk. `kept` is what connect_accept gave to wait with it. */
void connect_welcome(struct core *core, struct link *link, struct bytes kept);
/* The CONNECT that was kept while an authenticator decided; views into the link and *assigned.
 * False: the link was refused. */
MUST_USE bool connect_recall(struct core *core, struct link *link, struct packet_connect *connect,
                             struct assigned_id *assigned);

#endif
