/* writer.h — does in the open transaction what an entry asks for. */
#ifndef MIDGE_STORE_WRITER_H
#define MIDGE_STORE_WRITER_H

#include "store/part_shelf.h"
#include "store/records.h"
#include "store/sweep.h"

struct writer {
    struct records *records;
    struct sweep *sweep;
    const struct part_shelf *shelf;
    uint64_t entries; /* written so far */
};

/* Writes the entries of `piece`. One that has waited leaves out what is late, and what is for
 * sessions that have gone in the meantime. */
MUST_USE enum backend_result writer_write(struct writer *writer, const struct piece *piece);

#endif
