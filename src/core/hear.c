/* hear.c — see hear.h. */
#include "core/hear.h"

#include "core/deliver.h"
#include "core/hold.h"
#include "core/interest.h"
#include "core/receipt.h"
#include "core/replay.h"
#include "core/restore.h"
#include "core/retained.h"
#include "core/share_group.h"
#include "core/share_member.h"
#include "core/suback.h"
#include "core/sys_topics.h"

#include <assert.h>

#include <stdlib.h>

static void hear_record(struct core *core, uint32_t from, const struct record *record);
static void hear_of_receipt(struct core *core, const struct settled_record *record);
static void hear_of_publisher(struct core *core, const struct record *record);
static void hear_of_share(struct core *core, uint32_t from, const struct record *record);
static void tell_joined(struct core *core, uint32_t from, const struct share_record *record);
static void hear_of_retained(struct core *core, uint32_t from, const struct record *record);

void hear_parcel(struct core *core, const struct parcel *parcel)
{
    struct record record;
    size_t at = 0;
    while (parcel_next(parcel, &at, &record)) {
        hear_record(core, parcel->from, &record);
    }
}

void hear_self(struct core *core)
{
    struct parcel *parcel;
    while ((parcel = core->peers.outgoing[core->worker]) != NULL) {
        core->peers.outgoing[core->worker] = NULL;
        hear_parcel(core, parcel);
        parcel_free(parcel);
    }
}

static void hear_record(struct core *core, uint32_t from, const struct record *record)
{
    switch (record->kind) {
    case RECORD_INTEREST: interest_of_peer(core, from, record->rest, ANNOUNCED_PLAIN); break;
    case RECORD_DURABLE_INTEREST:
        interest_of_peer(core, from, record->rest, ANNOUNCED_DURABLE);
        break;
    case RECORD_NO_INTEREST: interest_of_peer(core, from, record->rest, ANNOUNCED_NOTHING); break;
    case RECORD_FORWARD: deliver_forwarded(core, from, record->fixed, record->rest); break;
    case RECORD_HOME_PUBLISH: deliver_at_home(core, from, record->fixed, record->rest); break;
    case RECORD_ROUTED: deliver_routed(core, record->fixed); break;
    case RECORD_SETTLED: hear_of_receipt(core, record->fixed); break;
    case RECORD_RESTORED: restore_note_peer(core, from, record->fixed); break;
    case RECORD_HOLD:
    case RECORD_RELEASE: hear_of_publisher(core, record); break;
    case RECORD_SHARE_JOIN:
    case RECORD_SHARE_JOINED:
    case RECORD_SHARE_LEAVE:
    case RECORD_SHARE_STATUS:
    case RECORD_SHARE_ASSIGN:
    case RECORD_SHARE_RETURN:
    case RECORD_SHARE_RECALL: hear_of_share(core, from, record); break;
    case RECORD_RETAINED_BEGIN:
    case RECORD_RETAINED_BEGUN:
    case RECORD_RETAINED_MORE:
    case RECORD_RETAINED_STOP:
    case RECORD_RETAINED_MESSAGE:
    case RECORD_RETAINED_PORTION: hear_of_retained(core, from, record); break;
    case RECORD_COUNTERS: sys_topics_learn(core, from, record->fixed); break;
    case RECORD_KIND_COUNT: assert(false);
    }
}

static void hear_of_receipt(struct core *core, const struct settled_record *record)
{
    receipt_settled(core, record->receipt, (enum reason_code)record->reason);
}

static void hear_of_publisher(struct core *core, const struct record *record)
{
    const struct publish_record *fixed = record->fixed;
    struct link *link = links_find(core, &fixed->publisher);
    if (link && record->kind == RECORD_HOLD) {
        hold_link(link);
    } else if (link) {
        hold_release_link(core, link);
    }
}

static void hear_of_share(struct core *core, uint32_t from, const struct record *record)
{
    const struct share_record *fixed = record->fixed;
    if (record->kind == RECORD_SHARE_JOIN) {
        struct bytes name = bytes_of(record->rest.data, fixed->name_size);
        struct bytes filter =
            bytes_of(record->rest.data + fixed->name_size, record->rest.size - fixed->name_size);
        if (!share_group_join(core, from, fixed, name, filter)) {
            log_write(core->log, LOG_KIND_ERROR, "No memory for a shared subscription.");
        }
        tell_joined(core, from, fixed);
    } else if (record->kind == RECORD_SHARE_JOINED) {
        suback_note_joined(core, fixed);
    } else if (record->kind == RECORD_SHARE_LEAVE) {
        share_group_leave(core, from, fixed);
    } else if (record->kind == RECORD_SHARE_STATUS) {
        share_group_set_status(core, from, fixed);
    } else if (record->kind == RECORD_SHARE_ASSIGN) {
        share_member_receive(core, fixed, record->rest);
    } else if (record->kind == RECORD_SHARE_RETURN) {
        share_group_take_back(core, from, fixed, record->rest);
    } else {
        share_member_give_back(core, fixed);
    }
}

/* The member may be told once all others were told of the group; we know of it already. */
static void tell_joined(struct core *core, uint32_t from, const struct share_record *record)
{
    if (from == core->worker) {
        suback_note_joined(core, record);
    } else if (!peers_say_late(&core->peers, from, RECORD_SHARE_JOINED, record, (struct bytes){0},
                               (struct bytes){0})) {
        abort(); /* its SUBACK would wait for ever */
    }
}

static void hear_of_retained(struct core *core, uint32_t from, const struct record *record)
{
    const struct retained_record *fixed = record->fixed;
    if (record->kind == RECORD_RETAINED_BEGIN) {
        retained_begin(core, from, fixed, record->rest);
    } else if (record->kind == RECORD_RETAINED_BEGUN) {
        replay_receive_begun(core, from, fixed);
    } else if (record->kind == RECORD_RETAINED_MORE) {
        retained_more(core, from, fixed);
    } else if (record->kind == RECORD_RETAINED_STOP) {
        retained_stop(core, from, fixed);
    } else if (record->kind == RECORD_RETAINED_MESSAGE) {
        replay_receive_message(core, fixed, record->rest);
    } else {
        replay_receive_portion(core, fixed);
    }
}
