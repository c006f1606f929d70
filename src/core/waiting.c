/* waiting.c — see waiting.h. */
#include "core/waiting.h"

#include "core/hold.h"
#include "core/journal.h"
#include "core/links.h"

#include <stdlib.h>

bool waiting_add(struct core *core, const struct link *link, enum waiting_kind kind,
                 uint16_t packet_id, enum reason_code reason, struct bytes rest)
{
    struct waiting *waiting = malloc(sizeof *waiting + rest.size);
    if (!waiting) {
        return false;
    }
    *waiting = (struct waiting){.batch = core->journal.number,
                                .session = link->session->hash,
                                .link = links_name(core, link),
                                .kind = kind,
                                .packet_id = packet_id,
                                .reason = (uint8_t)reason,
                                .rest_size = (uint32_t)rest.size};
    if (rest.size > 0) {
        memcpy(waiting->rest, rest.data, rest.size);
    }
    list_append(&core->journal.waits, &waiting->place);
    core->journal.bytes_waiting += sizeof *waiting + rest.size;
    journal_hurry(core);
    if (journal_is_long(core)) { /* a failing disk must not make us remember all it asks */
        hold_publisher(core, &core->journal.holds, &waiting->link);
    }
    return true;
}

struct waiting *waiting_next(struct core *core, uint64_t batch)
{
    struct list *waits = &core->journal.waits;
    if (list_is_empty(waits)) {
        return NULL;
    }
    struct waiting *waiting = LIST_ITEM(waits->next, struct waiting, place);
    if (waiting->batch > batch) {
        return NULL;
    }
    list_remove(&waiting->place);
    core->journal.bytes_waiting -= sizeof *waiting + waiting->rest_size;
    return waiting;
}
