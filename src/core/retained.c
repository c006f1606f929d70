/* retained.c — see retained.h. */
#include "core/retained.h"

#include "base/hash.h"
#include "core/journal.h"
#include "core/quotas.h"
#include "core/receipt.h"
#include "core/stored.h"
#include "core/timers.h"
#include "topic/topic_filter.h"

#include <assert.h>
#include <stdlib.h>

/* One worker's request that is not yet answered in full. */
struct retained_walk {
    struct topic_walk walk;
    uint64_t replay;
    uint64_t order_last; /* what was kept later is heard of anyway */
    uint32_t worker;
    bool is_waiting; /* it asked for a portion before the store was read */
    uint16_t filter_size;
    uint8_t filter[];
};

struct walk_key {
    uint64_t replay;
    uint32_t worker;
};

enum { SWEEP_STEPS_MAX = 10000, SWEEP_COUNT_MAX = 2000 };

static bool is_walk(const void *item, const void *key);
static uint64_t walk_hash(const struct walk_key *key);
static void count_in(struct core *core, const struct message *message);
static void write_down(struct core *core, struct message *message, const struct message *old);
static void write_gone(struct core *core, const struct message *old, struct message *message);
static void hurry_for(struct core *core, struct message *message);
static void note_change(struct core *core, uint64_t number, struct message *message);
static void write_change(struct core *core, const struct retained_change *change);
static void forget(struct core *core, struct message *message);
static bool answer_portion(struct core *core, struct retained_walk *walk);
static bool answer_message(struct core *core, uint32_t worker, uint64_t replay,
                           struct message *message);
static void answer_end(struct core *core, uint32_t worker, uint64_t replay, bool more);
static void end_walk(struct core *core, struct retained_walk *walk);

uint32_t retained_home(const struct core *core, struct bytes topic)
{
    return core->worker_count == 1 ? 0 : core_home(core, hash_bytes(topic, core->hash_seed));
}

bool retained_has_room(const struct core *core, struct bytes topic)
{
    return quotas_allow_retained(core) || topic_tree_get(core->retained, topic);
}

bool retained_keep(struct core *core, struct message *message)
{
    assert(retained_home(core, message_topic(message)) == core->worker);
    if (message->payload_size == 0) { /* [MQTT-3.3.1-6, -7] [v3 MQTT-3.3.1-10, -11] */
        struct message *old = topic_tree_remove(core->retained, message_topic(message));
        if (old) {
            write_gone(core, old, message);
            forget(core, old);
        } else if (journal_is_on(core) && message->qos > 0) {
            hurry_for(core, message); /* another's removal may be on its way to the disk */
        }
        return true;
    }
    void *old; /* [MQTT-3.3.1-5] [v3 MQTT-3.3.1-5, -7] */
    if (!topic_tree_put(core->retained, message_topic(message), message_ref(message), &old)) {
        message_unref(message, &core->counters);
        return false;
    }
    message->kept_order = ++core->retained_order;
    count_in(core, message);
    if (journal_is_on(core) && message->publisher != 0) {
        write_down(core, message, old);
    }
    if (old) {
        forget(core, old);
    }
    return true;
}

void retained_write(struct core *core)
{
    struct journal *journal = &core->journal;
    for (uint32_t i = 0; i < journal->retained_count; i++) {
        write_change(core, &journal->retained[i]);
    }
    journal->retained_count = 0;
}

void retained_restore(struct core *core, const struct retained_entry *entry, struct bytes body)
{
    struct message *message = stored_restore(core, &entry->message, body);
    if (!message) {
        abort(); /* it stays on the disk for a start with more memory */
    }
    void *old;
    message->number = entry->number;
    message->retain = true;
    if (!topic_tree_put(core->retained, message_topic(message), message, &old)) {
        abort();
    }
    count_in(core, message);
    struct message *older = old;
    if (old && ((struct message *)old)->number > message->number) {
        /* Numbers count up: a will was kept before we came so far. It goes back to its place. */
        void *restored;
        if (!topic_tree_put(core->retained, message_topic(old), old, &restored)) {
            abort();
        }
        older = message;
    }
    if (older) {
        write_gone(core, older, NULL);
        forget(core, older);
    }
}

void retained_open(struct core *core)
{
    uint32_t cursor = 0;
    struct retained_walk *walk;
    while ((walk = map_next(&core->retained_walks, &cursor)) != NULL) {
        if (!walk->is_waiting) {
            continue;
        }
        walk->is_waiting = false;
        topic_walk_end(&walk->walk);
        topic_walk_begin(&walk->walk, core->retained, bytes_of(walk->filter, walk->filter_size));
        if (!answer_portion(core, walk)) {
            end_walk(core, walk);
            cursor = 0; /* places may have changed */
        }
    }
}

void retained_begin(struct core *core, uint32_t worker, const struct retained_record *record,
                    struct bytes filter)
{
    struct retained_walk *walk = calloc(1, sizeof *walk + filter.size);
    struct walk_key key = {record->replay, worker};
    if (!walk || !map_add(&core->retained_walks, walk_hash(&key), walk)) {
        free(walk);
        log_write(core->log, LOG_KIND_ERROR, "No memory to look for retained messages.");
    } else {
        walk->replay = record->replay;
        walk->worker = worker;
        walk->order_last = core->retained_order;
        walk->filter_size = (uint16_t)filter.size;
        memcpy(walk->filter, filter.data, filter.size);
        topic_walk_begin(&walk->walk, core->retained, bytes_of(walk->filter, walk->filter_size));
    }
    peers_say(&core->peers, worker, RECORD_RETAINED_BEGUN, record, (struct bytes){0},
              (struct bytes){0});
}

void retained_more(struct core *core, uint32_t worker, const struct retained_record *record)
{
    struct walk_key key = {record->replay, worker};
    struct retained_walk *walk = map_find(&core->retained_walks, walk_hash(&key), is_walk, &key);
    if (!walk) {
        answer_end(core, worker, record->replay, false);
    } else if (core->journal.is_reading_retained) {
        walk->is_waiting = true;
    } else if (!answer_portion(core, walk)) {
        end_walk(core, walk);
    }
}

void retained_stop(struct core *core, uint32_t worker, const struct retained_record *record)
{
    struct walk_key key = {record->replay, worker};
    struct retained_walk *walk = map_find(&core->retained_walks, walk_hash(&key), is_walk, &key);
    if (walk) {
        end_walk(core, walk);
    }
}

void retained_sweep(struct core *core)
{
    bool more = core->retained_expiring > 0;
    for (size_t seen = 0; seen < SWEEP_COUNT_MAX && more; seen++) {
        if (!core->retained_sweep.tree) {
            topic_walk_begin_all(&core->retained_sweep, core->retained);
        }
        struct message *message = topic_walk_next(&core->retained_sweep, SWEEP_STEPS_MAX, &more);
        if (message && message_has_expired(message, core->now_us)) {
            topic_tree_remove(core->retained, message_topic(message));
            write_gone(core, message, NULL);
            forget(core, message);
        } else if (!message) {
            if (!more) {
                topic_walk_end(&core->retained_sweep);
                core->retained_sweep.tree = NULL; /* from the beginning next time */
            }
            return;
        }
    }
}

void retained_free(struct core *core)
{
    uint32_t cursor = 0;
    struct retained_walk *walk;
    while ((walk = map_next(&core->retained_walks, &cursor)) != NULL) {
        topic_walk_end(&walk->walk);
        free(walk);
    }
    map_fini(&core->retained_walks);
    if (core->retained_sweep.tree) {
        topic_walk_end(&core->retained_sweep);
    }
    if (core->retained) {
        struct topic_walk every;
        struct message *message;
        bool more = true;
        topic_walk_begin_all(&every, core->retained);
        while ((message = topic_walk_next(&every, SIZE_MAX, &more)) != NULL) {
            topic_tree_remove(core->retained, message_topic(message));
            forget(core, message);
        }
        topic_walk_end(&every);
    }
    topic_tree_free(core->retained);
}

static bool is_walk(const void *item, const void *key)
{
    const struct retained_walk *walk = item;
    const struct walk_key *wanted = key;
    return walk->replay == wanted->replay && walk->worker == wanted->worker;
}

static uint64_t walk_hash(const struct walk_key *key)
{
    return (key->replay * PEERS_MAX + key->worker) * UINT64_C(0x9e3779b97f4a7c15) >> 7;
}

static void count_in(struct core *core, const struct message *message)
{
    core->counters.retained++;
    core->retained_own += message->publisher == 0;
    core->retained_expiring += message->expires_us != 0;
    core->counters.retained_bytes += message_size(message);
}

/* `message` will be in the next batch, in the place of `old`, unless it is replaced before. */
static void write_down(struct core *core, struct message *message, const struct message *old)
{
    message->number = old && old->number != 0 ? old->number : journal_new_number(core);
    note_change(core, message->number, message_ref(message));
    hurry_for(core, message);
}

/* `old` is not kept any more, on behalf of `message` or, NULL, of nobody. */
static void write_gone(struct core *core, const struct message *old, struct message *message)
{
    if (journal_is_on(core) && old->number != 0) {
        note_change(core, old->number, NULL);
        hurry_for(core, message);
    }
}

/* What its publisher waits for is written at the end of the turn. */
static void hurry_for(struct core *core, struct message *message)
{
    if (message && message->qos > 0) {
        receipt_await_batch(core, message);
        journal_hurry(core);
    } else {
        journal_linger(core, JOURNAL_LINGER_LAZY_US);
    }
}

/* For the next batch, and never in a group: a part of one may be written after what follows it,
 * and an old value come back. Written twice, it is the same. */
static void note_change(struct core *core, uint64_t number, struct message *message)
{
    struct journal *journal = &core->journal;
    if (journal->retained_count == journal->retained_capacity) {
        uint32_t capacity = journal->retained_capacity ? journal->retained_capacity * 2 : 64;
        struct retained_change *larger = realloc(journal->retained, capacity * sizeof *larger);
        if (!larger) {
            abort(); /* what was acknowledged would not be what is kept */
        }
        journal->retained = larger;
        journal->retained_capacity = capacity;
    }
    journal->retained[journal->retained_count++] = (struct retained_change){number, message};
}

static void write_change(struct core *core, const struct retained_change *change)
{
    struct retained_entry entry = {.number = change->number};
    struct message *message = change->message;
    if (!message) {
        journal_add(core, ENTRY_RETAINED_GONE, &entry, NULL, 0);
        return;
    }
    if (topic_tree_get(core->retained, message_topic(message)) == message) {
        struct bytes body = stored_body(message);
        entry.message = stored_describe(core, message);
        journal_add(core, ENTRY_RETAINED, &entry, &body, 1);
    }
    message_unref(message, &core->counters);
}

static void forget(struct core *core, struct message *message)
{
    core->counters.retained--;
    core->retained_own -= message->publisher == 0;
    core->retained_expiring -= message->expires_us != 0;
    core->counters.retained_bytes -= message_size(message);
    message_unref(message, &core->counters);
}

/* False: that was the last one. */
static bool answer_portion(struct core *core, struct retained_walk *walk)
{
    bool more = true;
    size_t count = 0, size = 0;
    while (count < RETAINED_PORTION_COUNT && size < RETAINED_PORTION_SIZE) {
        struct message *message = topic_walk_next(&walk->walk, RETAINED_STEPS_MAX, &more);
        if (!message) {
            break;
        }
        if (message->kept_order <= walk->order_last &&
            answer_message(core, walk->worker, walk->replay, message)) {
            count++;
            size += message_size(message);
        }
    }
    answer_end(core, walk->worker, walk->replay, more);
    return more;
}

static bool answer_message(struct core *core, uint32_t worker, uint64_t replay,
                           struct message *message)
{
    struct retained_record record = {.replay = replay};
    return !message_has_expired(message, core->now_us) && /* [MQTT-3.3.2-5] */
           peers_say(&core->peers, worker, RECORD_RETAINED_MESSAGE, &record,
                     bytes_of(message, message_size(message)), (struct bytes){0});
}

static void answer_end(struct core *core, uint32_t worker, uint64_t replay, bool more)
{
    struct retained_record record = {.replay = replay, .more = more};
    if (!peers_say(&core->peers, worker, RECORD_RETAINED_PORTION, &record, (struct bytes){0},
                   (struct bytes){0})) {
        abort(); /* the rest would never be asked for */
    }
}

static void end_walk(struct core *core, struct retained_walk *walk)
{
    struct walk_key key = {walk->replay, walk->worker};
    topic_walk_end(&walk->walk);
    map_remove(&core->retained_walks, walk_hash(&key), walk);
    free(walk);
}
