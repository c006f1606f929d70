/* part_shelf.c — see part_shelf.h.
 *
 * Happy path: a batch without groups, while nothing waits, is one piece, and ready.
 *
 * What can go wrong: no memory. Sorting stops at the entry it could not sort and goes on there. */
#include "store/part_shelf.h"

#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"

struct shelf_batch {
    struct shelf_batch *next; /* of the same worker */
    struct batch *batch;
    uint64_t pieces_left;
    bool is_sorted;
};

struct shelf_group {
    struct list link;
    uint64_t number;
    uint64_t parts, parts_announced;
    struct list pieces; /* in the order they were made */
};

static bool sort_batch(struct part_shelf *shelf);
static bool sort_part(struct part_shelf *shelf, const struct group_entry *group, size_t from);
static bool sort_entries(struct part_shelf *shelf, size_t from);
static struct piece *make_piece(struct part_shelf *shelf, size_t from, size_t to);
static void free_piece(struct part_shelf *shelf, struct piece *piece);
static void append_ready(struct part_shelf *shelf, struct piece *piece);
static struct shelf_group *find_group(struct part_shelf *shelf, uint64_t number);
static void free_group(struct part_shelf *shelf, struct shelf_group *group);
static bool is_same_group(const void *item, const void *key);
static bool is_whole(const struct shelf_group *group);
static void release_groups(struct part_shelf *shelf);

void part_shelf_init(struct part_shelf *shelf)
{
    *shelf = (struct part_shelf){.bytes = 0};
    shelf->inbox_end = &shelf->inbox;
    list_init(&shelf->groups);
    map_init(&shelf->groups_by_number);
    map_init(&shelf->held);
}

void part_shelf_fini(struct part_shelf *shelf)
{
    LIST_EACH_SAFE(link, after, &shelf->groups)
    {
        free_group(shelf, LIST_ITEM(link, struct shelf_group, link));
    }
    for (struct piece *piece = shelf->ready, *next; piece; piece = next) {
        next = piece->next;
        free_piece(shelf, piece);
    }
    for (uint32_t worker = 0; worker < STORE_WORKERS_MAX; worker++) {
        for (struct shelf_batch *home = shelf->oldest[worker], *next; home; home = next) {
            next = home->next;
            batch_free(home->batch);
            free(home);
        }
    }
    for (struct batch *batch = shelf->inbox, *next; batch; batch = next) {
        next = batch->next;
        batch_free(batch);
    }
    map_fini(&shelf->groups_by_number);
    map_fini(&shelf->held);
}

void part_shelf_take(struct part_shelf *shelf, struct batch *batch)
{
    assert(batch->worker < STORE_WORKERS_MAX && batch->number > 0);
    batch->next = NULL;
    *shelf->inbox_end = batch;
    shelf->inbox_end = &batch->next;
    shelf->bytes += batch->size;
}

bool part_shelf_sort(struct part_shelf *shelf)
{
    bool is_done = true;
    while (is_done && (shelf->sorting || shelf->inbox)) {
        is_done = sort_batch(shelf);
    }
    release_groups(shelf);
    return is_done;
}

const struct piece *part_shelf_ready(const struct part_shelf *shelf)
{
    return shelf->ready;
}

bool piece_next(const struct piece *piece, size_t *at, struct entry *entry)
{
    return *at < piece->to && batch_next(piece->home->batch, at, entry);
}

void part_shelf_written(struct part_shelf *shelf, const struct piece *last)
{
    for (bool is_last = !last; !is_last;) {
        struct piece *piece = shelf->ready;
        is_last = piece == last;
        shelf->ready = piece->next;
        piece->home->pieces_left--;
        free_piece(shelf, piece);
    }
    if (!shelf->ready) {
        shelf->ready_last = NULL;
    }
}

struct batch *part_shelf_pop(struct part_shelf *shelf, uint32_t worker)
{
    struct shelf_batch *home = shelf->oldest[worker];
    if (!home || !home->is_sorted || home->pieces_left > 0) {
        return NULL;
    }
    struct batch *batch = home->batch;
    shelf->oldest[worker] = home->next;
    if (!home->next) {
        shelf->newest[worker] = NULL;
    }
    free(home);
    shelf->bytes -= batch->size;
    return batch;
}

bool part_shelf_holds(const struct part_shelf *shelf, enum store_table table, uint64_t first,
                      uint64_t second)
{
    return shelf->held.count > 0 && held_has(&shelf->held, table, first, second);
}

/* Goes on with the batch that is being sorted, or begins the next. False: no memory. */
static bool sort_batch(struct part_shelf *shelf)
{
    if (!shelf->sorting) {
        struct shelf_batch *home = calloc(1, sizeof *home);
        if (!home) {
            return false;
        }
        home->batch = shelf->inbox;
        shelf->inbox = home->batch->next;
        if (!shelf->inbox) {
            shelf->inbox_end = &shelf->inbox;
        }
        uint32_t worker = home->batch->worker;
        if (shelf->newest[worker]) {
            shelf->newest[worker]->next = home;
        } else {
            shelf->oldest[worker] = home;
        }
        shelf->newest[worker] = home;
        shelf->sorting = home;
        shelf->sorting_at = 0;
    }
    struct entry entry;
    for (size_t at = shelf->sorting_at; batch_next(shelf->sorting->batch, &at, &entry);
         at = shelf->sorting_at) {
        if (!(entry.kind == ENTRY_GROUP ? sort_part(shelf, entry.fixed, at)
                                        : sort_entries(shelf, shelf->sorting_at))) {
            return false;
        }
    }
    shelf->sorting->is_sorted = true;
    shelf->sorting = NULL;
    return true;
}

/* The part whose entries begin at `from`. */
static bool sort_part(struct part_shelf *shelf, const struct group_entry *entry, size_t from)
{
    size_t to = from;
    for (uint32_t left = entry->entry_count; left > 0; left--) {
        struct entry inner;
        bool is_there = batch_next(shelf->sorting->batch, &to, &inner);
        assert(is_there && inner.kind != ENTRY_GROUP);
    }
    struct piece *piece = make_piece(shelf, from, to);
    struct shelf_group *group = piece ? find_group(shelf, entry->group) : NULL;
    if (!group ||
        !held_take(&shelf->held, &piece->holding, shelf->sorting->batch, piece->from, piece->to)) {
        if (group && group->parts == 0) {
            free_group(shelf, group);
        }
        free_piece(shelf, piece);
        return false;
    }
    piece->has_waited = true;
    group->parts++;
    group->parts_announced += entry->more;
    shelf->sorting->pieces_left++;
    list_append(&group->pieces, &piece->link);
    shelf->sorting_at = to;
    return true;
}

/* The entries from `from` up to the next part: they are written together. */
static bool sort_entries(struct part_shelf *shelf, size_t from)
{
    struct entry entry;
    size_t to = from;
    for (size_t at = from; batch_next(shelf->sorting->batch, &at, &entry); to = at) {
        if (entry.kind == ENTRY_GROUP) {
            break;
        }
    }
    struct piece *piece = make_piece(shelf, from, to);
    if (!piece) {
        return false;
    }
    held_overtake(&shelf->held, shelf->sorting->batch, from, to);
    const struct piece *last = shelf->ready_last;
    piece->begins_unit = !last || last->has_waited || last->home != piece->home;
    shelf->sorting->pieces_left++;
    append_ready(shelf, piece);
    shelf->sorting_at = to;
    return true;
}

static struct piece *make_piece(struct part_shelf *shelf, size_t from, size_t to)
{
    struct piece *piece = calloc(1, sizeof *piece);
    if (piece) {
        piece->home = shelf->sorting;
        piece->from = from;
        piece->to = to;
        list_init(&piece->link);
    }
    return piece;
}

static void free_piece(struct part_shelf *shelf, struct piece *piece)
{
    if (piece) {
        holding_fini(&shelf->held, &piece->holding);
        free(piece);
    }
}

static void append_ready(struct part_shelf *shelf, struct piece *piece)
{
    if (shelf->ready_last) {
        shelf->ready_last->next = piece;
    } else {
        shelf->ready = piece;
    }
    shelf->ready_last = piece;
}

/* The group of this number, or a new one; NULL: no memory. */
static struct shelf_group *find_group(struct part_shelf *shelf, uint64_t number)
{
    uint64_t hash = hash_bytes(bytes_of(&number, sizeof number), 0);
    struct shelf_group *group = map_find(&shelf->groups_by_number, hash, is_same_group, &number);
    if (group) {
        return group;
    }
    group = calloc(1, sizeof *group);
    if (!group) {
        return NULL;
    }
    group->number = number;
    list_init(&group->pieces);
    if (!map_add(&shelf->groups_by_number, hash, group)) {
        free(group);
        return NULL;
    }
    list_append(&shelf->groups, &group->link);
    return group;
}

/* With the pieces that wait in it. */
static void free_group(struct part_shelf *shelf, struct shelf_group *group)
{
    LIST_EACH_SAFE(link, after, &group->pieces)
    {
        free_piece(shelf, LIST_ITEM(link, struct piece, link));
    }
    list_remove(&group->link);
    uint64_t hash = hash_bytes(bytes_of(&group->number, sizeof group->number), 0);
    map_remove(&shelf->groups_by_number, hash, group);
    free(group);
}

static bool is_same_group(const void *item, const void *key)
{
    return ((const struct shelf_group *)item)->number == *(const uint64_t *)key;
}

static bool is_whole(const struct shelf_group *group)
{
    return group->parts == 1 + group->parts_announced;
}

/* Groups that are whole become ready, one after the other; in which order makes no difference. */
static void release_groups(struct part_shelf *shelf)
{
    LIST_EACH_SAFE(link, after, &shelf->groups)
    {
        struct shelf_group *group = LIST_ITEM(link, struct shelf_group, link);
        if (!is_whole(group)) {
            continue;
        }
        bool is_first = true;
        LIST_EACH_SAFE(inner, inner_after, &group->pieces)
        {
            struct piece *piece = LIST_ITEM(inner, struct piece, link);
            list_remove(&piece->link);
            held_release(&shelf->held, &piece->holding);
            piece->begins_unit = is_first;
            is_first = false;
            append_ready(shelf, piece);
        }
        free_group(shelf, group);
    }
}
