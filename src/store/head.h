/* head.h — what a store knows about itself: the record under key 1 of TABLE_META. */
#ifndef MIDGE_STORE_HEAD_H
#define MIDGE_STORE_HEAD_H

#include "store/records.h"
#include "store/store_terms.h"

enum { STORE_VERSION = 1 };

enum head_state {
    HEAD_FOUND,
    HEAD_NEW,     /* nothing is there at all */
    HEAD_DAMAGED, /* `start` is not less than it was, the rest is made up */
    HEAD_REFUSED, /* see failure */
};

/* Reads the head. */
enum head_state head_read(struct records *records, struct store_head *head,
                          char failure[STORE_WORDS_SIZE]);
/* Writes it, in a transaction of its own. */
MUST_USE enum backend_result head_write(struct records *records, const struct store_head *head);

#endif
