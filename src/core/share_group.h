/* share_group.h — a shared subscription at its home: one chooser that knows its members (MQTT
 * 5.0 section 4.8.2).
 *
 *   message ──▶ interest ──▶ share_group ──ASSIGN──▶ the worker of the member chosen
 *
 * Members take turns; one whose queue grows (BUSY) is passed over while others are READY, one
 * that is AWAY while anybody is here. When a member goes away and others are here, it is asked
 * to give back what it has not finished. */
#ifndef MIDGE_CORE_SHARE_GROUP_H
#define MIDGE_CORE_SHARE_GROUP_H

#include "core/core_state.h"

/* A member joins, or joins again. False: no memory. */
bool share_group_join(struct core *core, uint32_t worker, const struct share_record *record,
                      struct bytes share_name, struct bytes filter);
void share_group_leave(struct core *core, uint32_t worker, const struct share_record *record);
void share_group_set_status(struct core *core, uint32_t worker, const struct share_record *record);

/* A message for the group: some member gets it. [MQTT-4.8.2-3] */
void share_group_deliver(struct core *core, struct share_group *group, struct message *message,
                         const struct link_ref *publisher);
/* A member did not finish with a message: somebody else gets it, or, when nobody else is there,
 * that member again. */
void share_group_take_back(struct core *core, uint32_t worker, const struct share_record *record,
                           struct bytes image);

/* Next of the groups at one interest; NULL after the last. */
struct share_group *share_group_next(const struct share_group *group);
void share_groups_free(struct core *core); /* at the end of the core */

#endif
