/* suback.h — when a SUBSCRIBE is answered (section 3.9).
 *
 * At once, unless it asks for shared subscriptions whose groups are at home elsewhere: then when
 * the last of these homes has let us join and every worker knows of it. So a client that has
 * seen its SUBACK misses nothing published after. Until then its link is not read. */
#ifndef MIDGE_CORE_SUBACK_H
#define MIDGE_CORE_SUBACK_H

#include "core/core_state.h"

/* Answers with `reasons`, a byte a filter (borrowed), now or when link->joining is 0. */
void suback_answer(struct core *core, struct link *link, uint16_t packet_id, struct bytes reasons);
/* A home says that the member has joined. */
void suback_note_joined(struct core *core, const struct share_record *record);

/* Sends it now. */
void suback_send(struct core *core, struct link *link, uint16_t packet_id, struct bytes reasons);

#endif
