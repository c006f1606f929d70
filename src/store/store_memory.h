/* store_memory.h — a store's bytes in memory, with a disk's manners: transactions, crashes, faults.
 *
 * The disk outlives what is opened on it:
 *
 *     disk = memory_disk_new();
 *     store = store_open(store_memory_open(disk), …);  …  memory_disk_crash(disk);
 *     store_close(store, false);                       what was committed is still there
 *     store = store_open(store_memory_open(disk), …);
 *
 * Everything is deterministic. */
#ifndef MIDGE_STORE_STORE_MEMORY_H
#define MIDGE_STORE_STORE_MEMORY_H

#include "store/store_backend.h"

struct memory_disk;

/* What shall go wrong. Counters count down; 0: nothing happens. */
struct memory_faults {
    uint64_t puts_until_failure;    /* 1: the next put or remove fails */
    uint64_t commits_until_failure; /* 1: the next commit fails … */
    bool commit_happens;            /* … but what it wrote is there all the same */
    bool is_full;                   /* puts fail, removals do not; measure says so */
    bool is_failing;                /* every transaction fails at its commit, and at its begin */
    bool is_unreadable;             /* every read fails */
};

/* NULL: no memory. size_max in bytes of keys and values; 0: no limit. */
struct memory_disk *memory_disk_new(uint64_t size_max);
void memory_disk_free(struct memory_disk *disk); /* nothing is open on it */

/* To be changed at any time. */
struct memory_faults *memory_disk_faults(struct memory_disk *disk);
/* The power goes: the open transaction is lost, and whatever is open on it only fails from now on
 * (close it). With nothing open, nothing happens. */
void memory_disk_crash(struct memory_disk *disk);
/* How much was written so far; equal numbers of two disks: they hold the same bytes, very
 * likely. */
uint64_t memory_disk_commits(const struct memory_disk *disk);
uint64_t memory_disk_hash(const struct memory_disk *disk);
/* Turns one bit of a value, the `nth` of all in the order of tables and keys (round and round).
 * False: the disk is empty. */
bool memory_disk_damage(struct memory_disk *disk, uint64_t nth, uint64_t bit);

/* Opens the disk (borrowed). NULL: no memory, or something is open on it and has not crashed. */
struct store_backend *store_memory_open(struct memory_disk *disk);

#endif
