/* journal.c — see journal.h. */
#include "core/journal.h"

#include "core/timers.h"

#include <assert.h>
#include <stdlib.h>

static struct batch *open_batch(struct journal *journal, uint32_t worker);
static void note_given(struct journal *journal, const struct batch *batch);

void journal_begin(struct core *core, bool is_on, uint64_t start, uint64_t wall_us)
{
    struct journal *journal = &core->journal;
    *journal = (struct journal){.is_on = is_on,
                                .start = start,
                                .wall_offset_us = wall_us - core->now_us,
                                .number = 1,
                                .due_us = UINT64_MAX,
                                .timer.place = HEAP_NOWHERE};
    list_init(&journal->receipts);
    list_init(&journal->waits);
    list_init(&journal->unwritten);
    list_init(&journal->unsettled);
}

void journal_free(struct core *core)
{
    batch_free(core->journal.open);
    free(core->journal.given);
    core->journal.open = NULL;
    core->journal.given = NULL;
}

uint64_t journal_new_number(struct core *core)
{
    return record_number(core->journal.start, core->worker, ++core->journal.count);
}

uint64_t journal_add(struct core *core, enum entry_kind kind, const void *fixed,
                     const struct bytes *runs, size_t run_count)
{
    struct journal *journal = &core->journal;
    assert(journal->is_on);
    struct batch *batch = open_batch(journal, core->worker);
    if (!batch || !batch_add(batch, kind, fixed, runs, run_count)) {
        abort(); /* a promise could not be kept; none that was given is broken */
    }
    journal->group_entries += journal->group_depth > 0;
    return journal->number;
}

void journal_hurry(struct core *core)
{
    core->journal.due_us = 0;
}

void journal_linger(struct core *core, uint64_t us)
{
    struct journal *journal = &core->journal;
    if (core->now_us + us < journal->due_us) {
        journal->due_us = core->now_us + us;
        heap_remove(&core->timers, &journal->timer);
        timer_set(&core->timers, &journal->timer, TIMER_JOURNAL, journal->due_us);
    }
}

void journal_need_batch(struct core *core)
{
    if (!open_batch(&core->journal, core->worker)) {
        abort(); /* it would be waited for in vain */
    }
}

struct batch *journal_take(struct core *core)
{
    struct journal *journal = &core->journal;
    assert(journal->group_depth == 0);
    struct batch *batch = journal->open;
    heap_remove(&core->timers, &journal->timer);
    journal->open = NULL;
    journal->due_us = UINT64_MAX;
    if (batch) {
        batch->number = journal->number++;
        note_given(journal, batch);
    }
    return batch;
}

void journal_note_persisted(struct core *core, uint64_t number)
{
    struct journal *journal = &core->journal;
    assert(number < journal->number);
    journal->persisted = number > journal->persisted ? number : journal->persisted;
    while (journal->given_count > 0 && journal->given[journal->given_first].number <= number) {
        journal->bytes_given -= journal->given[journal->given_first].size;
        journal->given_first = (journal->given_first + 1) & (journal->given_capacity - 1);
        journal->given_count--;
    }
}

bool journal_is_long(const struct core *core)
{
    return core->journal.bytes_given + core->journal.bytes_waiting >= JOURNAL_BYTES_LONG;
}

bool journal_is_short(const struct core *core)
{
    return core->journal.bytes_given + core->journal.bytes_waiting < JOURNAL_BYTES_SHORT;
}

uint64_t journal_to_wall(const struct core *core, uint64_t us)
{
    return us == 0 ? 0 : us + core->journal.wall_offset_us;
}

uint64_t journal_from_wall(const struct core *core, uint64_t wall_us)
{
    if (wall_us == 0) {
        return 0;
    }
    uint64_t us = wall_us - core->journal.wall_offset_us;
    return (int64_t)us < 1 ? 1 : us; /* before this machine was started */
}

void journal_group_begin(struct core *core, uint64_t group)
{
    struct journal *journal = &core->journal;
    if (!journal->is_on || (group == 0 && journal->group_depth == 0)) {
        return;
    }
    if (journal->group_depth++ > 0) {
        return;
    }
    struct batch *batch = open_batch(journal, core->worker);
    struct group_entry entry = {.group = group};
    journal->group = group;
    journal->group_more = journal->group_entries = 0;
    journal->group_mark = batch ? batch_mark(batch) : 0;
    if (!batch || !batch_add(batch, ENTRY_GROUP, &entry, NULL, 0)) {
        abort();
    }
    journal_hurry(core);
}

void journal_group_end(struct core *core)
{
    struct journal *journal = &core->journal;
    if (journal->group_depth == 0 || --journal->group_depth > 0) {
        return;
    }
    struct group_entry *entry = batch_fixed_at(journal->open, journal->group_mark);
    entry->more = journal->group_more;
    entry->entry_count = journal->group_entries;
    journal->group = 0;
}

uint64_t journal_group_pass_on(struct core *core)
{
    core->journal.group_more += core->journal.group != 0;
    return core->journal.group;
}

static struct batch *open_batch(struct journal *journal, uint32_t worker)
{
    if (!journal->open) {
        journal->open = batch_new(worker);
    }
    return journal->open;
}

/* How much the store has of us and has not yet written. */
static void note_given(struct journal *journal, const struct batch *batch)
{
    if (journal->given_count == journal->given_capacity) {
        uint32_t capacity = journal->given_capacity ? journal->given_capacity * 2 : 16;
        struct given_batch *larger = malloc(capacity * sizeof *larger);
        if (!larger) {
            return; /* it does not count: the bound is a little later */
        }
        for (uint32_t i = 0; i < journal->given_count; i++) {
            larger[i] = journal->given[(journal->given_first + i) & (journal->given_capacity - 1)];
        }
        free(journal->given);
        journal->given = larger;
        journal->given_first = 0;
        journal->given_capacity = capacity;
    }
    journal
        ->given[(journal->given_first + journal->given_count++) & (journal->given_capacity - 1)] =
        (struct given_batch){batch->number, batch->size};
    journal->bytes_given += batch->size;
}
