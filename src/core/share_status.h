/* share_status.h — a member tells its groups whether it can take more. */
#ifndef MIDGE_CORE_SHARE_STATUS_H
#define MIDGE_CORE_SHARE_STATUS_H

#include "core/core_state.h"

/* The number by which workers name the group `share_name`, `filter`. */
uint64_t share_number(const struct core *core, struct bytes share_name, struct bytes filter);
/* Says `status` to the homes of all groups the session is in, if it is news. */
void share_status_tell(struct core *core, struct session *session, enum share_status status);

#endif
