/* disk_tape_testing.c — see disk_tape_testing.h. */
#include "store/disk_tape_testing.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SECTOR_SIZE = 512 };

enum step_kind {
    STEP_WRITE,
    STEP_LENGTH,     /* the file is at least, or exactly, so long */
    STEP_SYNC,       /* all before is on the disk */
    STEP_SYNC_WRITE, /* the write just before is */
};

struct step {
    enum step_kind kind;
    bool is_exact; /* of LENGTH */
    uint64_t at, size;
    uint8_t *bytes;
};

/* One for the program, as the file descriptors it watches are. */
static struct tape {
    bool is_on;
    dev_t device;
    ino_t inode;
    struct step *steps;
    size_t count, capacity, syncs;
    uint64_t fail_in, fail_count; /* calls until the first fails; how many fail */
    uint64_t done_count;          /* of those, so many do their work */
    uint8_t *start;               /* the file as it was at the beginning */
    size_t start_size;
    /* The walk. */
    size_t at, pending; /* steps from `pending` up to `at` are not synced */
    uint8_t *disk;
    size_t disk_size, disk_capacity;
} tape;

/* The library's names; each does the call itself. */
ssize_t write(int fd, const void *bytes, size_t size);
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at);
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at);
ssize_t writev(int fd, const struct iovec *runs, int count);
int fdatasync(int fd);
int fsync(int fd);
int ftruncate(int fd, off_t size);
int ftruncate64(int fd, off_t size);
int fallocate(int fd, int mode, off_t at, off_t size);
int fallocate64(int fd, int mode, off_t at, off_t size);

static bool shall_fail(int fd);
static bool does_its_work(void);
static int fail(void);
static bool is_watched(int fd);
static struct step *add_step(enum step_kind kind, uint64_t at, uint64_t size);
static void note_write(int fd, const void *bytes, size_t size, uint64_t at);
static void do_step(const struct step *step);
static void grow_disk(uint64_t size);
static void write_part(uint8_t **image, size_t *size, const struct step *step,
                       struct random *random);

void tape_begin(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY);
    assert(fd >= 0 && fstat(fd, &status) == 0);
    tape.device = status.st_dev;
    tape.inode = status.st_ino;
    tape.start_size = (size_t)status.st_size;
    tape.start = malloc(tape.start_size);
    ssize_t count = read(fd, tape.start, tape.start_size);
    assert(count == (ssize_t)tape.start_size);
    close(fd);
    tape.is_on = true;
}

void tape_end(void)
{
    tape.is_on = false;
}

size_t tape_length(void)
{
    return tape.count;
}

size_t tape_syncs(void)
{
    return tape.syncs;
}

void tape_fail(uint64_t nth, uint64_t count, uint64_t done_count)
{
    tape.fail_in = nth;
    tape.fail_count = nth > 0 ? count : 0;
    tape.done_count = done_count;
}

void tape_rewind(void)
{
    tape.at = tape.pending = 0;
    tape.disk_size = 0;
    grow_disk(tape.start_size);
    memcpy(tape.disk, tape.start, tape.start_size);
}

bool tape_step(void)
{
    if (tape.at == tape.count) {
        return false;
    }
    const struct step *step = &tape.steps[tape.at++];
    if (step->kind == STEP_SYNC) {
        for (; tape.pending < tape.at; tape.pending++) {
            do_step(&tape.steps[tape.pending]);
        }
    } else if (step->kind == STEP_SYNC_WRITE) {
        /* Those before it are still open; it is done again with them, to the same effect. */
        do_step(step - 1);
    }
    return true;
}

void tape_cut(const char *path, struct random *random)
{
    size_t size = tape.disk_size;
    uint8_t *image = malloc(size ? size : 1);
    memcpy(image, tape.disk, size);
    for (size_t i = tape.pending; i < tape.at; i++) {
        write_part(&image, &size, &tape.steps[i], random);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert(fd >= 0);
    ssize_t count = write(fd, image, size);
    assert(count == (ssize_t)size);
    close(fd);
    free(image);
}

void tape_free(void)
{
    for (size_t i = 0; i < tape.count; i++) {
        free(tape.steps[i].bytes);
    }
    free(tape.steps);
    free(tape.start);
    free(tape.disk);
    memset(&tape, 0, sizeof tape);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    uint64_t at = (uint64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
    bool fails = shall_fail(fd);
    if (!fails || does_its_work()) {
        note_write(fd, bytes, size, at);
        ssize_t count = syscall(SYS_write, fd, bytes, size);
        return fails ? fail() : count;
    }
    return fail();
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    bool fails = shall_fail(fd);
    if (!fails || does_its_work()) {
        note_write(fd, bytes, size, (uint64_t)at);
        ssize_t count = syscall(SYS_pwrite64, fd, bytes, size, at);
        return fails ? fail() : count;
    }
    return fail();
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at)
{
    return pwrite(fd, bytes, size, at);
}

ssize_t writev(int fd, const struct iovec *runs, int count)
{
    uint64_t at = (uint64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
    bool fails = shall_fail(fd);
    if (fails && !does_its_work()) {
        return fail();
    }
    for (int i = 0; i < count; i++) {
        note_write(fd, runs[i].iov_base, runs[i].iov_len, at);
        at += runs[i].iov_len;
    }
    ssize_t written = syscall(SYS_writev, fd, runs, count);
    return fails ? fail() : written;
}

int fdatasync(int fd)
{
    if (shall_fail(fd)) {
        return fail();
    }
    int result = (int)syscall(SYS_fdatasync, fd);
    if (result == 0 && is_watched(fd)) {
        add_step(STEP_SYNC, 0, 0);
        tape.syncs++;
    }
    return result;
}

int fsync(int fd)
{
    return fdatasync(fd);
}

int ftruncate(int fd, off_t size)
{
    if (is_watched(fd)) {
        add_step(STEP_LENGTH, 0, (uint64_t)size)->is_exact = true;
    }
    return (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off_t size)
{
    return ftruncate(fd, size);
}

int fallocate(int fd, int mode, off_t at, off_t size)
{
    if (is_watched(fd)) {
        add_step(STEP_LENGTH, 0, (uint64_t)(at + size));
    }
    return (int)syscall(SYS_fallocate, fd, mode, at, size);
}

int fallocate64(int fd, int mode, off_t at, off_t size)
{
    return fallocate(fd, mode, at, size);
}

static bool shall_fail(int fd)
{
    if (tape.fail_count == 0 || !is_watched(fd) || (tape.fail_in > 1 && tape.fail_in--)) {
        return false;
    }
    tape.fail_count--;
    return true;
}

static bool does_its_work(void)
{
    return tape.done_count > 0 && tape.done_count--;
}

static int fail(void)
{
    errno = EIO;
    return -1;
}

static bool is_watched(int fd)
{
    struct stat status;
    return tape.is_on && fstat(fd, &status) == 0 && status.st_dev == tape.device &&
           status.st_ino == tape.inode;
}

static struct step *add_step(enum step_kind kind, uint64_t at, uint64_t size)
{
    if (tape.count == tape.capacity) {
        tape.capacity = tape.capacity ? 2 * tape.capacity : 1024;
        tape.steps = realloc(tape.steps, tape.capacity * sizeof *tape.steps);
        assert(tape.steps);
    }
    tape.steps[tape.count] = (struct step){kind, false, at, size, NULL};
    return &tape.steps[tape.count++];
}

static void note_write(int fd, const void *bytes, size_t size, uint64_t at)
{
    if (!is_watched(fd)) {
        return;
    }
    struct step *step = add_step(STEP_WRITE, at, size);
    step->bytes = malloc(size);
    memcpy(step->bytes, bytes, size);
    if (fcntl(fd, F_GETFL) & O_DSYNC) {
        add_step(STEP_SYNC_WRITE, 0, 0);
        tape.syncs++;
    }
}

static void do_step(const struct step *step)
{
    if (step->kind == STEP_WRITE) {
        grow_disk(step->at + step->size);
        memcpy(tape.disk + step->at, step->bytes, step->size);
    } else if (step->kind == STEP_LENGTH) {
        grow_disk(step->size);
        tape.disk_size = step->is_exact ? step->size : tape.disk_size;
    }
}

static void grow_disk(uint64_t size)
{
    if (size > tape.disk_capacity) {
        tape.disk = realloc(tape.disk, 2 * size);
        assert(tape.disk);
        tape.disk_capacity = 2 * size;
    }
    if (size > tape.disk_size) {
        memset(tape.disk + tape.disk_size, 0, size - tape.disk_size);
        tape.disk_size = size;
    }
}

/* Nothing, everything, the first sectors, or any sectors of a step that was not synced. */
static void write_part(uint8_t **image, size_t *size, const struct step *step,
                       struct random *random)
{
    uint64_t fate = random_below(random, 8);
    uint64_t end = step->kind == STEP_LENGTH ? step->size : step->at + step->size;
    if (step->kind == STEP_SYNC_WRITE || fate < 2) {
        return;
    }
    if (step->kind == STEP_LENGTH && step->is_exact && end < *size) {
        *size = end;
    }
    if (end > *size) {
        *image = realloc(*image, end);
        assert(*image);
        memset(*image + *size, 0, end - *size);
        *size = end;
    }
    uint64_t sectors = (step->at % SECTOR_SIZE + step->size + SECTOR_SIZE - 1) / SECTOR_SIZE;
    uint64_t first_sectors = fate < 5 ? sectors : random_below(random, sectors + 1);
    for (uint64_t at = step->at, sector = 0; step->kind == STEP_WRITE && at < end; sector++) {
        uint64_t next = (at / SECTOR_SIZE + 1) * SECTOR_SIZE;
        next = next < end ? next : end;
        if (fate == 7 ? random_below(random, 2) == 0 : sector < first_sectors) {
            memcpy(*image + at, step->bytes + (at - step->at), next - at);
        }
        at = next;
    }
}
