/* fetch.h — answers what a core asks of the queues (ENTRY_FETCH). */
#ifndef MIDGE_STORE_FETCH_H
#define MIDGE_STORE_FETCH_H

#include "store/records.h"

/* A batch (given) with the deliveries that `fetch` asks for, bodies included, and ENTRY_FETCHED at
 * its end. NULL: no memory, or a read failed. */
struct batch *fetch_answer(struct records *records, uint32_t worker,
                           const struct fetch_entry *fetch);

#endif
