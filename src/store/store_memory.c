/* store_memory.c — see store_memory.h.
 *
 * Changes are made in place at once, and what was there before is noted: a commit forgets the
 * notes, an abort (or a crash) takes the changes back, the last one first. */
#include "store/store_memory.h"

#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"
#include "store/memory_table.h"

/* How to take a change back: put the node in again, take out what is under its key, or give it its
 * old value again. */
struct undo {
    enum { UNDO_REMOVED, UNDO_ADDED, UNDO_REPLACED } change;
    enum store_table table;
    struct memory_node *node; /* owned when it was removed */
    uint8_t *value;           /* owned */
    size_t size;
};

struct memory_disk {
    struct memory_table tables[TABLE_COUNT];
    struct memory_faults faults;
    uint64_t size_max, commits;
    struct undo *undo;
    size_t undo_count, undo_capacity;
    struct memory_backend *open; /* or NULL */
};

struct memory_backend {
    struct store_backend backend;
    struct memory_disk *disk; /* NULL: it crashed */
    bool is_writing;
    bool last_happened; /* the last commit failed, and happened all the same */
    const char *words;
};

static enum backend_result begin_to_write(struct store_backend *backend);
static enum backend_result put(struct store_backend *backend, enum store_table table,
                               struct bytes key, struct bytes value);
static enum backend_result take_out(struct store_backend *backend, enum store_table table,
                                    struct bytes key);
static enum backend_result commit(struct store_backend *backend);
static void abort_writing(struct store_backend *backend);
static enum backend_result get(struct store_backend *backend, enum store_table table,
                               struct bytes key, struct bytes *value);
static enum backend_result seek(struct store_backend *backend, enum store_table table,
                                struct bytes *key, struct bytes *value);
static enum backend_result seek_before(struct store_backend *backend, enum store_table table,
                                       struct bytes *key, struct bytes *value);
static uint64_t count(struct store_backend *backend, enum store_table table);
static enum backend_result measure(struct store_backend *backend, struct backend_size *size);
static const char *words(const struct store_backend *backend);
static const char *where(const struct store_backend *backend);
static void close_backend(struct store_backend *backend);
static enum backend_result fail(struct memory_backend *memory, enum backend_result result,
                                const char *why);
static bool falls_due(uint64_t *countdown);
static struct undo *make_undo(struct memory_disk *disk);
static void take_back(struct memory_disk *disk);
static void forget_undo(struct memory_disk *disk);
static uint64_t bytes_used(const struct memory_disk *disk);
static enum backend_result show(struct memory_node *node, struct bytes *key, struct bytes *value);

struct memory_disk *memory_disk_new(uint64_t size_max)
{
    struct memory_disk *disk = calloc(1, sizeof *disk);
    if (disk) {
        disk->size_max = size_max;
        for (int table = 0; table < TABLE_COUNT; table++) {
            memory_table_init(&disk->tables[table]);
        }
    }
    return disk;
}

void memory_disk_free(struct memory_disk *disk)
{
    assert(!disk->open);
    for (int table = 0; table < TABLE_COUNT; table++) {
        memory_table_fini(&disk->tables[table]);
    }
    free(disk->undo);
    free(disk);
}

struct memory_faults *memory_disk_faults(struct memory_disk *disk)
{
    return &disk->faults;
}

void memory_disk_crash(struct memory_disk *disk)
{
    if (disk->open) {
        take_back(disk);
        disk->open->disk = NULL;
        disk->open = NULL;
    }
}

uint64_t memory_disk_commits(const struct memory_disk *disk)
{
    return disk->commits;
}

uint64_t memory_disk_hash(const struct memory_disk *disk)
{
    uint64_t hash = 0;
    for (int table = 0; table < TABLE_COUNT; table++) {
        for (const struct memory_node *node = disk->tables[table].first[0]; node;
             node = node->next[0]) {
            hash = hash_bytes(key_bytes(&node->key), hash + (uint64_t)table);
            hash = hash_bytes(bytes_of(node->value, node->value_size), hash);
        }
    }
    return hash;
}

bool memory_disk_damage(struct memory_disk *disk, uint64_t nth, uint64_t bit)
{
    uint64_t total = 0;
    for (int table = 0; table < TABLE_COUNT; table++) {
        total += disk->tables[table].count;
    }
    for (int table = 0; total > 0 && table < TABLE_COUNT; table++) {
        uint64_t here = disk->tables[table].count;
        if (nth % total >= here) {
            nth = nth % total - here;
            total -= here; /* what is left lies behind */
            continue;
        }
        struct memory_node *node = disk->tables[table].first[0];
        for (nth %= total; nth > 0; nth--) {
            node = node->next[0];
        }
        bit %= 8 * node->value_size;
        node->value[bit / 8] ^= (uint8_t)(1u << bit % 8);
        return true;
    }
    return false;
}

struct store_backend *store_memory_open(struct memory_disk *disk)
{
    struct memory_backend *memory = disk->open ? NULL : calloc(1, sizeof *memory);
    if (!memory) {
        return NULL;
    }
    memory->backend = (struct store_backend){
        .begin = begin_to_write,
        .put = put,
        .remove = take_out,
        .commit = commit,
        .abort = abort_writing,
        .get = get,
        .seek = seek,
        .seek_before = seek_before,
        .count = count,
        .measure = measure,
        .words = words,
        .where = where,
        .close = close_backend,
    };
    memory->disk = disk;
    memory->words = "";
    disk->open = memory;
    return &memory->backend;
}

static enum backend_result begin_to_write(struct store_backend *backend)
{
    struct memory_backend *memory = (struct memory_backend *)backend;
    assert(!memory->is_writing);
    if (!memory->disk) {
        return fail(memory, BACKEND_FAILED, "the power went");
    }
    if (memory->disk->faults.is_failing) {
        return fail(memory, BACKEND_FAILED, "the disk fails");
    }
    if (memory->last_happened) {
        memory->last_happened = false;
        return BACKEND_DONE;
    }
    memory->is_writing = true;
    return BACKEND_OK;
}

static enum backend_result put(struct store_backend *backend, enum store_table table,
                               struct bytes key, struct bytes value)
{
    struct memory_backend *memory = (struct memory_backend *)backend;
    struct memory_disk *disk = memory->disk;
    if (!disk) {
        return fail(memory, BACKEND_FAILED, "the power went");
    }
    assert(memory->is_writing && key.size <= STORE_KEY_SIZE_MAX);
    if (falls_due(&disk->faults.puts_until_failure)) {
        return fail(memory, BACKEND_FAILED, "a write failed");
    }
    uint64_t hard_max = disk->size_max + disk->size_max / 8;
    if (disk->faults.is_full ||
        (disk->size_max && bytes_used(disk) + key.size + value.size > hard_max)) {
        return fail(memory, BACKEND_FULL, "the disk is full");
    }
    struct undo *undo = make_undo(disk);
    uint8_t *copy = malloc(value.size ? value.size : 1);
    struct memory_table *in = &disk->tables[table];
    struct memory_node *node = memory_table_find(in, key);
    struct memory_node *added =
        node || !undo || !copy ? NULL : memory_table_make(in, key, copy, value.size);
    if (!undo || !copy || (!node && !added)) {
        free(copy);
        return fail(memory, BACKEND_FAILED, "no memory");
    }
    if (value.size > 0) {
        memcpy(copy, value.data, value.size);
    }
    if (added) {
        *undo = (struct undo){.change = UNDO_ADDED, .table = table, .node = added};
        memory_table_link(in, added);
    } else {
        *undo = (struct undo){UNDO_REPLACED, table, node, NULL, node->value_size};
        undo->value = memory_table_replace(in, node, copy, value.size);
    }
    disk->undo_count++;
    return BACKEND_OK;
}

static enum backend_result take_out(struct store_backend *backend, enum store_table table,
                                    struct bytes key)
{
    struct memory_backend *memory = (struct memory_backend *)backend;
    struct memory_disk *disk = memory->disk;
    if (!disk) {
        return fail(memory, BACKEND_FAILED, "the power went");
    }
    assert(memory->is_writing);
    if (falls_due(&disk->faults.puts_until_failure)) {
        return fail(memory, BACKEND_FAILED, "a write failed");
    }
    struct undo *undo = make_undo(disk);
    if (!undo) {
        return fail(memory, BACKEND_FAILED, "no memory");
    }
    struct memory_node *node = memory_table_unlink(&disk->tables[table], key);
    if (!node) {
        return BACKEND_NOT_FOUND;
    }
    *undo = (struct undo){.change = UNDO_REMOVED, .table = table, .node = node};
    disk->undo_count++;
    return BACKEND_OK;
}

static enum backend_result commit(struct store_backend *backend)
{
    struct memory_backend *memory = (struct memory_backend *)backend;
    memory->is_writing = false;
    if (!memory->disk) {
        return fail(memory, BACKEND_FAILED, "the power went");
    }
    struct memory_faults *faults = &memory->disk->faults;
    if (faults->is_failing) {
        take_back(memory->disk);
        return fail(memory, BACKEND_FAILED, "the disk fails");
    }
    if (falls_due(&faults->commits_until_failure)) {
        memory->last_happened = faults->commit_happens;
        if (!memory->last_happened) {
            take_back(memory->disk);
        }
        forget_undo(memory->disk);
        return fail(memory, BACKEND_FAILED, "a sync failed");
    }
    forget_undo(memory->disk);
    memory->disk->commits++;
    return BACKEND_OK;
}

static void abort_writing(struct store_backend *backend)
{
    struct memory_backend *memory = (struct memory_backend *)backend;
    memory->is_writing = false;
    if (memory->disk) {
        take_back(memory->disk);
    }
}

static enum backend_result get(struct store_backend *backend, enum store_table table,
                               struct bytes key, struct bytes *value)
{
    struct memory_backend *memory = (struct memory_backend *)backend;
    if (!memory->disk || memory->disk->faults.is_unreadable) {
        return fail(memory, BACKEND_FAILED, "a read failed");
    }
    return show(memory_table_find(&memory->disk->tables[table], key), NULL, value);
}

static enum backend_result seek(struct store_backend *backend, enum store_table table,
                                struct bytes *key, struct bytes *value)
{
    struct memory_backend *memory = (struct memory_backend *)backend;
    if (!memory->disk || memory->disk->faults.is_unreadable) {
        return fail(memory, BACKEND_FAILED, "a read failed");
    }
    return show(memory_table_seek(&memory->disk->tables[table], *key), key, value);
}

static enum backend_result seek_before(struct store_backend *backend, enum store_table table,
                                       struct bytes *key, struct bytes *value)
{
    struct memory_backend *memory = (struct memory_backend *)backend;
    if (!memory->disk || memory->disk->faults.is_unreadable) {
        return fail(memory, BACKEND_FAILED, "a read failed");
    }
    return show(memory_table_seek_before(&memory->disk->tables[table], *key), key, value);
}

static uint64_t count(struct store_backend *backend, enum store_table table)
{
    const struct memory_backend *memory = (const struct memory_backend *)backend;
    return memory->disk ? memory->disk->tables[table].count : 0;
}

static enum backend_result measure(struct store_backend *backend, struct backend_size *size)
{
    struct memory_backend *memory = (struct memory_backend *)backend;
    *size = (struct backend_size){.bytes_used = 0};
    if (!memory->disk) {
        return fail(memory, BACKEND_FAILED, "the power went");
    }
    size->bytes_used = size->bytes_file = bytes_used(memory->disk);
    size->bytes_max = memory->disk->size_max;
    bool is_nearly_full = size->bytes_max && size->bytes_used > size->bytes_max / 20 * 19;
    if (memory->disk->faults.is_full || is_nearly_full) {
        return fail(memory, BACKEND_FULL, "the disk is nearly full");
    }
    return BACKEND_OK;
}

static const char *words(const struct store_backend *backend)
{
    return ((const struct memory_backend *)backend)->words;
}

static const char *where(const struct store_backend *backend)
{
    (void)backend;
    return "in memory";
}

static void close_backend(struct store_backend *backend)
{
    struct memory_backend *memory = (struct memory_backend *)backend;
    if (memory->disk) {
        take_back(memory->disk);
        memory->disk->open = NULL;
    }
    free(memory);
}

static enum backend_result fail(struct memory_backend *memory, enum backend_result result,
                                const char *why)
{
    memory->words = why;
    return result;
}

static bool falls_due(uint64_t *countdown)
{
    return *countdown > 0 && --*countdown == 0;
}

/* Room for one more note, which does not count yet. NULL: no memory. */
static struct undo *make_undo(struct memory_disk *disk)
{
    if (disk->undo_count == disk->undo_capacity) {
        size_t capacity = disk->undo_capacity ? 2 * disk->undo_capacity : 64;
        struct undo *larger = realloc(disk->undo, capacity * sizeof *larger);
        if (!larger) {
            return NULL;
        }
        disk->undo = larger;
        disk->undo_capacity = capacity;
    }
    return &disk->undo[disk->undo_count];
}

static void take_back(struct memory_disk *disk)
{
    while (disk->undo_count > 0) {
        struct undo *undo = &disk->undo[--disk->undo_count];
        struct memory_table *table = &disk->tables[undo->table];
        switch (undo->change) {
        case UNDO_REMOVED: memory_table_link(table, undo->node); break;
        case UNDO_ADDED:
            memory_node_free(memory_table_unlink(table, key_bytes(&undo->node->key)));
            break;
        case UNDO_REPLACED:
            free(memory_table_replace(table, undo->node, undo->value, undo->size));
            break;
        }
    }
}

static void forget_undo(struct memory_disk *disk)
{
    while (disk->undo_count > 0) {
        struct undo *undo = &disk->undo[--disk->undo_count];
        if (undo->change == UNDO_REMOVED) {
            memory_node_free(undo->node);
        } else if (undo->change == UNDO_REPLACED) {
            free(undo->value);
        }
    }
}

static uint64_t bytes_used(const struct memory_disk *disk)
{
    uint64_t bytes = 0;
    for (int table = 0; table < TABLE_COUNT; table++) {
        bytes += disk->tables[table].bytes;
    }
    return bytes;
}

static enum backend_result show(struct memory_node *node, struct bytes *key, struct bytes *value)
{
    if (!node) {
        return BACKEND_NOT_FOUND;
    }
    if (key) {
        *key = key_bytes(&node->key);
    }
    *value = bytes_of(node->value, node->value_size);
    return BACKEND_OK;
}
