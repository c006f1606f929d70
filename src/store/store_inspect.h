/* store_inspect.h — looks into a store that no broker runs on, and changes nothing.
 *
 *     backend    = store_lmdb_open_to_read(path, &failure);
 *     inspection = store_inspect_open(backend, &summary, &failure);
 *     while (store_inspect_next(inspection, &item)) …
 *     store_inspect_close(inspection);
 *
 * A store that a broker has open is refused (by the backend), and so is one of a newer version. To
 * put something into a store: store_open, store_take, store_commit, store_close. */
#ifndef MIDGE_STORE_STORE_INSPECT_H
#define MIDGE_STORE_STORE_INSPECT_H

#include "core/record.h"
#include "store/store_backend.h"
#include "store/store_terms.h"

struct store_inspection;

/* What is known at once, without reading everything. */
struct store_summary {
    uint32_t version;              /* of the store's format */
    uint64_t start;                /* how often a broker has opened it */
    bool was_stopped;              /* the last broker ended in order */
    bool is_head_damaged;          /* the three above are not known */
    uint64_t records[TABLE_COUNT]; /* how many there are, damaged ones included */
    struct backend_size size;
};

enum store_item_kind {
    STORE_ITEM_ENTRY,
    STORE_ITEM_DAMAGED,  /* fails its check; a broker would set it aside when it meets it */
    STORE_ITEM_ASIDE,    /* was set aside by a broker */
    STORE_ITEM_LEFTOVER, /* belongs to nothing that is there; a broker clears it away in time */
};

/* Views are borrowed until the next call. */
struct store_item {
    enum store_item_kind kind;
    /* STORE_ITEM_ENTRY: ENTRY_SESSION, _SUBSCRIPTION, _RECEIVED, _DELIVERY (with its body:
     * .body is 0), _RELEASING or _RETAINED. */
    struct entry entry;
    /* The others. */
    enum store_table table;
    char words[STORE_WORDS_SIZE]; /* "a delivery of session 17, place 4: checksum" */
    struct bytes record;          /* as it lies there */
};

/* `backend` is taken, and closed when this fails. NULL: failure says why. */
struct store_inspection *store_inspect_open(struct store_backend *backend,
                                            struct store_summary *summary,
                                            char failure[STORE_WORDS_SIZE]);
void store_inspect_close(struct store_inspection *inspection);

/* The next thing that is there: each session with its subscriptions, received identifiers and
 * deliveries behind it, then what is retained, then leftovers, then what was set aside. False:
 * that was all, or reading failed: then `failure` is not "". */
bool store_inspect_next(struct store_inspection *inspection, struct store_item *item,
                        char failure[STORE_WORDS_SIZE]);

#endif
