/* disk_tape_testing.h — records what a program asks of one file, and cuts the power anywhere.
 *
 *   tape:  write 8 KiB | sync | write 4 KiB | write 4 KiB | sync | write 120 (synced at once) …
 *                                        ▲ cut: all before the sync is on the disk; of what came
 *                                               behind it, any sectors or none
 *
 * The functions the C library has for it (write, pwrite, writev, fdatasync, fsync, ftruncate,
 * fallocate) are defined here once more, so that every call, LMDB's too, comes through the tape. A
 * sector (512 bytes) is written whole or not at all. */
#ifndef MIDGE_STORE_DISK_TAPE_TESTING_H
#define MIDGE_STORE_DISK_TAPE_TESTING_H

#include "base/random.h"
#include "store/store_key.h"

/* From now on, what happens to the file at `path` is recorded. It is taken as it is then, all of it
 * synced. */
void tape_begin(const char *path);
void tape_end(void);
/* How much happened so far. */
size_t tape_length(void);
size_t tape_syncs(void);

/* The nth write or sync from now on (1: the next) fails with EIO, and so do the `count` - 1 behind
 * it; the first `done_count` of them do their work all the same. 0: none fails. */
void tape_fail(uint64_t nth, uint64_t count, uint64_t done_count);

/* Walks the tape: the disk as it is at the beginning, then after each step. */
void tape_rewind(void);
/* False: that was all. */
bool tape_step(void);
/* Writes to `path` what may be left if the power goes now. */
void tape_cut(const char *path, struct random *random);
void tape_free(void);

#endif
