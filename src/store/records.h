/* records.h — reads and writes whole records by their numbers; what is damaged is noted, and not
 * there. */
#ifndef MIDGE_STORE_RECORDS_H
#define MIDGE_STORE_RECORDS_H

#include "store/damage_log.h"
#include "store/record_codec.h"
#include "store/store_backend.h"
#include "store/store_key.h"

struct records {
    struct store_backend *backend;
    struct damage_log damage;
    struct record_bytes out;
    const char *words; /* what failed beside the backend; NULL: ask the backend */
};

void records_init(struct records *records, struct store_backend *backend);
void records_fini(struct records *records); /* the backend stays open */

/* What failed last. */
const char *records_words(const struct records *records);

/* BACKEND_NOT_FOUND: it is not there, or damaged. */
MUST_USE enum backend_result records_get(struct records *records, enum store_table table,
                                         uint64_t first, uint64_t second, struct record *record);
/* The first record that is fine, at *key or behind it. *key is set to its own; it is a copy. */
MUST_USE enum backend_result records_seek(struct records *records, enum store_table table,
                                          struct store_key *key, struct record *record);
/* The last one before *key. */
MUST_USE enum backend_result records_seek_before(struct records *records, enum store_table table,
                                                 struct store_key *key, struct record *record);
MUST_USE enum backend_result records_put(struct records *records, enum store_table table,
                                         uint64_t first, uint64_t second,
                                         const struct record *record);
/* BACKEND_OK, too, when there is none. */
MUST_USE enum backend_result records_remove(struct records *records, enum store_table table,
                                            uint64_t first, uint64_t second);

/* Adds to the count of deliveries that share a message. */
MUST_USE enum backend_result records_refer(struct records *records, uint64_t message);
/* Takes one from it; with the last, and unless `is_awaited`, the message goes. */
MUST_USE enum backend_result records_unrefer(struct records *records, uint64_t message,
                                             bool is_awaited);

#endif
