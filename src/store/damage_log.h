/* damage_log.h — records that were found damaged: told once, and set aside in TABLE_DAMAGED with
 * the next transaction. At most DAMAGE_MAX are remembered at a time; others are found again when
 * they are read again. */
#ifndef MIDGE_STORE_DAMAGE_LOG_H
#define MIDGE_STORE_DAMAGE_LOG_H

#include "store/record_codec.h"
#include "store/store_backend.h"
#include "store/store_key.h"

enum { DAMAGE_MAX = 256 };

struct damage {
    enum store_table table;
    enum record_fault fault;
    struct store_key key;
    bool is_told, is_aside;
};

struct damage_log {
    struct damage found[DAMAGE_MAX];
    uint32_t count;
};

void damage_note(struct damage_log *log, enum store_table table, struct bytes key,
                 enum record_fault fault);
/* Whether something is still to be set aside. */
bool damage_waits(const struct damage_log *log);
/* Sets aside, in the transaction that is open, what is (still) damaged. */
MUST_USE enum backend_result damage_set_aside(const struct damage_log *log,
                                              struct store_backend *backend);
/* That transaction was committed. */
void damage_is_aside(struct damage_log *log);
/* The next that was not told yet, in words. False: there is none. */
bool damage_tell(struct damage_log *log, char *words, size_t size);

#endif
