/* share_member.h — a shared subscription at the member's side: it joins, takes, gives back, leaves.
 *
 * A QoS 2 delivery that has begun stays with its session: it is finished when the client
 * returns, and goes to nobody else when the session ends first. [MQTT-4.8.2-4] [MQTT-4.8.2-5] */
#ifndef MIDGE_CORE_SHARE_MEMBER_H
#define MIDGE_CORE_SHARE_MEMBER_H

#include "core/core_state.h"

/* `subscription` (shared, already in its session's list) joins its group, wherever that is.
 * False: no memory. */
bool share_member_join(struct core *core, struct subscription *subscription,
                       const struct topic_filter *filter);
/* It leaves; what waits for it goes to the others, and so does, when the session `ends`, what it
 * has not acknowledged. */
void share_member_leave(struct core *core, struct subscription *subscription, bool ends);

/* The group chose a session here. */
void share_member_receive(struct core *core, const struct share_record *record, struct bytes image);
/* The group asks for what a session that is away has not finished. */
void share_member_give_back(struct core *core, const struct share_record *record);

#endif
