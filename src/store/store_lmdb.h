/* store_lmdb.h — a store's bytes in one LMDB file: a B-tree that is never in a state between two
 * transactions, whatever happens to the process or the power.
 *
 * A commit writes new pages, syncs, then writes one sector that makes them count. There is no lock
 * file; the data file itself is locked (flock) as long as it is open, so that a second process on
 * the same store is refused.
 *
 * The limit: damage inside a record is found by its checksum, but LMDB trusts its own pages. The
 * file's head, its size and what LMDB itself asserts are checked; a page of the tree that was
 * overwritten by others while the file kept its size can still lead LMDB astray, even to SIGBUS
 * where the disk cannot be read. Check such a file in a process of its own: `midge store check`. */
#ifndef MIDGE_STORE_STORE_LMDB_H
#define MIDGE_STORE_STORE_LMDB_H

#include "store/store_backend.h"
#include "store/store_terms.h"

struct store_lmdb_options {
    const char *path;  /* the file; folders above it are made (0700) where they are missing */
    uint64_t size_max; /* bytes; at 95 % the store is nearly full. What was under way by then still
                        * goes in: the file may grow an eighth (at least 16 MiB) beyond */
};

/* Opens the file, or makes it (0600). NULL: failure says what is wrong and how to mend it. */
struct store_backend *store_lmdb_open(const struct store_lmdb_options *options,
                                      char failure[STORE_WORDS_SIZE]);
/* Only to look into it; it must be there, and nobody else may have it open to write. */
struct store_backend *store_lmdb_open_to_read(const char *path, char failure[STORE_WORDS_SIZE]);

struct store_lmdb_compaction {
    uint64_t bytes_before, bytes_after; /* of the file */
};

/* Writes everything into a new file beside it, without free pages, which then takes its place:
 * at every moment one whole file bears the name. No broker may run on it. False: failure says why,
 * and the file is as it was. */
bool store_lmdb_compact(const char *path, struct store_lmdb_compaction *compaction,
                        char failure[STORE_WORDS_SIZE]);

#endif
