/* received.c — see received.h. */
#include "core/received.h"

#include "core/journal.h"

static void write_down(struct core *core, const struct session *session, enum entry_kind kind,
                       uint16_t packet_id);

bool received_take(struct core *core, struct session *session, uint16_t packet_id)
{
    if (!packet_ids_add(&session->received, packet_id)) {
        return false;
    }
    write_down(core, session, ENTRY_RECEIVED, packet_id);
    return true;
}

bool received_free(struct core *core, struct session *session, uint16_t packet_id)
{
    if (!packet_ids_remove(&session->received, packet_id)) {
        return false;
    }
    write_down(core, session, ENTRY_RECEIVED_GONE, packet_id);
    return true;
}

static void write_down(struct core *core, const struct session *session, enum entry_kind kind,
                       uint16_t packet_id)
{
    if (session->durable) {
        struct received_entry entry = {.session = session->durable->number, .packet_id = packet_id};
        journal_add(core, kind, &entry, NULL, 0);
        journal_hurry(core);
    }
}
