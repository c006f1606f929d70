/* share_status.c — see share_status.h. */
#include "core/share_status.h"

#include "base/hash.h"

uint64_t share_number(const struct core *core, struct bytes share_name, struct bytes filter)
{
    uint64_t number = hash_bytes(filter, hash_bytes(share_name, core->hash_seed));
    return number ? number : 1;
}

void share_status_tell(struct core *core, struct session *session, enum share_status status)
{
    if (session->share_status == status) {
        return;
    }
    session->share_status = (uint8_t)status;
    for (struct subscription *member = session->shared_subscriptions; member;
         member = member->next) {
        struct share_record record = {
            .group = member->share_group, .session = session->hash, .status = status};
        peers_say(&core->peers, core_home(core, member->share_group), RECORD_SHARE_STATUS, &record,
                  (struct bytes){0}, (struct bytes){0});
    }
}
