/* share_group.c — see share_group.h. */
#include "core/share_group.h"

#include "core/durable.h"
#include "core/interest.h"
#include "core/journal.h"
#include "core/receipt.h"
#include "core/share_status.h"

#include <assert.h>
#include <stdlib.h>

struct share_member {
    uint64_t session;
    uint32_t worker;
    uint8_t status; /* enum share_status */
    bool is_durable;
};

struct share_group {
    struct share_group *next; /* at the same interest */
    struct interest *interest;
    struct share_member *members;
    uint32_t count, capacity;
    uint32_t turn; /* who was chosen last */
    uint64_t number;
    uint16_t filter_size;
    uint8_t filter[];
};

enum { NO_MEMBER = UINT32_MAX };

static bool has_number(const void *item, const void *key);
static struct share_group *open_group(struct core *core, uint64_t number, struct bytes filter);
static void close_group(struct core *core, struct share_group *group);
static uint32_t find_member(const struct share_group *group, uint32_t worker, uint64_t session);
static bool add_member(struct share_group *group, uint32_t worker,
                       const struct share_record *record);
static uint32_t choose(struct share_group *group, uint32_t except, uint8_t worst_status);
static void remove_member(struct share_group *group, uint32_t member);
static void assign(struct core *core, const struct share_group *group, uint32_t member,
                   struct share_record *record, struct bytes image);

bool share_group_join(struct core *core, uint32_t worker, const struct share_record *record,
                      struct bytes share_name, struct bytes filter)
{
    assert(share_number(core, share_name, filter) == record->group);
    struct share_group *group =
        map_find(&core->share_groups, record->group, has_number, &record->group);
    if (!group) {
        group = open_group(core, record->group, filter);
        if (!group) {
            return false;
        }
    }
    uint32_t member = find_member(group, worker, record->session);
    if (member != NO_MEMBER) {
        group->members[member].status = (uint8_t)record->status;
        return true;
    }
    group->interest->durable_count += record->is_durable;
    if (!add_member(group, worker, record)) {
        group->interest->durable_count -= record->is_durable;
        if (group->count == 0) {
            close_group(core, group);
        }
        return false;
    }
    interest_announce(core, filter, group->interest);
    return true;
}

void share_group_leave(struct core *core, uint32_t worker, const struct share_record *record)
{
    struct share_group *group =
        map_find(&core->share_groups, record->group, has_number, &record->group);
    uint32_t member = group ? find_member(group, worker, record->session) : NO_MEMBER;
    if (member == NO_MEMBER) {
        return;
    }
    remove_member(group, member);
    if (group->count == 0) {
        close_group(core, group);
    }
}

void share_group_set_status(struct core *core, uint32_t worker, const struct share_record *record)
{
    struct share_group *group =
        map_find(&core->share_groups, record->group, has_number, &record->group);
    uint32_t member = group ? find_member(group, worker, record->session) : NO_MEMBER;
    if (member == NO_MEMBER) {
        return;
    }
    group->members[member].status = (uint8_t)record->status;
    if (record->status == SHARE_AWAY && choose(group, member, SHARE_BUSY) != NO_MEMBER) {
        peers_say(&core->peers, worker, RECORD_SHARE_RECALL, record, (struct bytes){0},
                  (struct bytes){0});
    }
}

void share_group_deliver(struct core *core, struct share_group *group, struct message *message,
                         const struct link_ref *publisher)
{
    uint32_t member = choose(group, NO_MEMBER, SHARE_AWAY);
    assert(member != NO_MEMBER);
    struct share_record record = {.publisher = *publisher};
    if (group->members[member].is_durable && message->qos > 0) {
        record.receipt = receipt_expect(core, message);
        record.receipt_worker = core->worker;
        record.journal_group = journal_group_pass_on(core);
    }
    assign(core, group, member, &record, bytes_of(message, message_size(message)));
}

void share_group_take_back(struct core *core, uint32_t worker, const struct share_record *record,
                           struct bytes image)
{
    struct share_group *group =
        map_find(&core->share_groups, record->group, has_number, &record->group);
    struct share_record passed = *record;
    durable_group_begin(core, record->journal_group);
    if (!group) { /* the last member has left: nobody subscribes to it any more */
        core->counters.owed++;
        core->counters.dropped[DROP_SESSION_ENDED]++;
        receipt_tell(core, record->receipt_worker, record->receipt, REASON_SUCCESS);
        journal_group_end(core);
        return;
    }
    uint32_t from = find_member(group, worker, record->session);
    uint32_t member = choose(group, from, SHARE_BUSY);
    if (member == NO_MEMBER) {
        member = from != NO_MEMBER ? from : choose(group, NO_MEMBER, SHARE_AWAY);
    }
    passed.journal_group = journal_group_pass_on(core);
    assign(core, group, member, &passed, image);
    journal_group_end(core);
}

struct share_group *share_group_next(const struct share_group *group)
{
    return group->next;
}

void share_groups_free(struct core *core)
{
    uint32_t cursor = 0;
    struct share_group *group;
    while ((group = map_next(&core->share_groups, &cursor)) != NULL) {
        free(group->members);
        free(group);
    }
    map_fini(&core->share_groups);
}

static bool has_number(const void *item, const void *key)
{
    const struct share_group *group = item;
    return group->number == *(const uint64_t *)key;
}

static struct share_group *open_group(struct core *core, uint64_t number, struct bytes filter)
{
    struct share_group *group = calloc(1, sizeof *group + filter.size);
    if (!group) {
        return NULL;
    }
    group->number = number;
    group->filter_size = (uint16_t)filter.size;
    memcpy(group->filter, filter.data, filter.size);
    group->interest = interest_open(core, filter);
    if (!group->interest || !map_add(&core->share_groups, number, group)) {
        if (group->interest) {
            interest_close_unused(core, filter, group->interest);
        }
        free(group);
        return NULL;
    }
    group->next = group->interest->groups;
    group->interest->groups = group;
    return group;
}

static void close_group(struct core *core, struct share_group *group)
{
    struct share_group **at = &group->interest->groups;
    while (*at != group) {
        at = &(*at)->next;
    }
    *at = group->next;
    interest_close_unused(core, bytes_of(group->filter, group->filter_size), group->interest);
    map_remove(&core->share_groups, group->number, group);
    free(group->members);
    free(group);
}

static uint32_t find_member(const struct share_group *group, uint32_t worker, uint64_t session)
{
    for (uint32_t i = 0; i < group->count; i++) {
        if (group->members[i].worker == worker && group->members[i].session == session) {
            return i;
        }
    }
    return NO_MEMBER;
}

static bool add_member(struct share_group *group, uint32_t worker,
                       const struct share_record *record)
{
    if (group->count == group->capacity) {
        uint32_t capacity = group->capacity ? group->capacity * 2 : 2;
        struct share_member *larger = realloc(group->members, capacity * sizeof *larger);
        if (!larger) {
            return false;
        }
        group->members = larger;
        group->capacity = capacity;
    }
    group->members[group->count++] =
        (struct share_member){record->session, worker, (uint8_t)record->status, record->is_durable};
    return true;
}

static void remove_member(struct share_group *group, uint32_t member)
{
    group->interest->durable_count -= group->members[member].is_durable;
    group->members[member] = group->members[--group->count];
}

/* The next in turn whose status is best, and not worse than `worst_status`; `except` is passed
 * over. */
static uint32_t choose(struct share_group *group, uint32_t except, uint8_t worst_status)
{
    uint32_t best = NO_MEMBER;
    for (uint32_t i = 1; i <= group->count; i++) {
        uint32_t member = (group->turn + i) % group->count;
        uint8_t status = group->members[member].status;
        if (member != except && status <= worst_status &&
            (best == NO_MEMBER || status < group->members[best].status)) {
            best = member;
            if (status == SHARE_READY) {
                break;
            }
        }
    }
    if (best != NO_MEMBER) {
        group->turn = best;
    }
    return best;
}

/* `record` says who waits for it. */
static void assign(struct core *core, const struct share_group *group, uint32_t member,
                   struct share_record *record, struct bytes image)
{
    record->group = group->number;
    record->session = group->members[member].session;
    if (!peers_say(&core->peers, group->members[member].worker, RECORD_SHARE_ASSIGN, record, image,
                   (struct bytes){0})) {
        if (record->receipt != 0 || record->journal_group != 0) {
            abort(); /* someone would wait for ever */
        }
        core->counters.owed++;
        core->counters.dropped[DROP_NO_MEMORY]++;
    }
}
