/* store_import.c — midge store import: mosquitto's file is mapped and read, a new store is filled
 * beside the place where it shall be, and takes that place when it is whole. Whatever fails before
 * leaves everything as it was.
 *
 *   mosquitto.db ──moving_in──▶ midge.db.importing ──rename──▶ midge.db */
#include "cli/store_import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/store_paths.h"
#include "store/moving_in.h"
#include "store/store_inspect.h"
#include "store/store_lmdb.h"

#define SIZE_MAX_LEAST ((uint64_t)16 << 30) /* of the store while it is filled */

struct import {
    const struct store_arguments *arguments;
    struct store_paths paths;
    char under_way[STORE_PATH_SIZE + 16]; /* where the store is filled */
    struct bytes file;                    /* mapped */
    uint64_t saved_us;
    struct moving_in *plan;
    struct store_inspection *old; /* an empty store that is there: held, so that no broker opens
                                   * it; NULL: none */
};

static int import(struct import *import);
static bool map_file(struct import *import);
static bool may_replace(struct import *import);
static bool refuse_damage(const struct import *import);
static bool fill(struct import *import);
static bool put_in_place(struct import *import);
static void give_away(const char *folder, const char *file);
static void sync_folder(const char *folder);
static void tell(const struct import *import);
static void tell_rest(const struct moving_in_counts *counts);
static uint32_t home_of_all(void *context, struct bytes name);

int store_import(const struct store_arguments *arguments)
{
    struct import *state = calloc(1, sizeof *state);
    if (!state) {
        say_mistake(&arguments->voice, "There is not enough memory.");
        return STORE_EXIT_NOT_DONE;
    }
    state->arguments = arguments;
    int exit_code = import(state);
    if (state->old) {
        store_inspect_close(state->old);
    }
    moving_in_free(state->plan);
    if (state->file.size > 0) {
        munmap((void *)(uintptr_t)state->file.data, state->file.size);
    }
    free(state);
    return exit_code;
}

static int import(struct import *import)
{
    char words[STORE_WORDS_SIZE];
    const struct voice *voice = &import->arguments->voice;
    if (!store_paths_find(import->arguments, &import->paths) || !map_file(import)) {
        return STORE_EXIT_NOT_DONE;
    }
    import->plan = moving_in_read(import->file, import->saved_us, words);
    if (!import->plan) {
        say_mistake(voice, "%s: %s", import->paths.from, words);
        return STORE_EXIT_NOT_DONE;
    }
    if (refuse_damage(import) || !may_replace(import) || !fill(import)) {
        return STORE_EXIT_NOT_DONE;
    }
    if (!put_in_place(import)) {
        unlink(import->under_way);
        return STORE_EXIT_NOT_DONE;
    }
    tell(import);
    const struct moving_in_counts *counts = moving_in_counts(import->plan);
    return counts->damaged > 0 ? STORE_EXIT_DAMAGED : STORE_EXIT_OK;
}

static bool map_file(struct import *import)
{
    const struct voice *voice = &import->arguments->voice;
    const char *path = import->paths.from;
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0) {
        say_mistake(voice, "%s cannot be read: %s.", path, strerror(errno));
        say_hint(voice, "mosquitto writes it when it ends, if persistence is true for it.");
        goto fail;
    }
    if (!S_ISREG(status.st_mode) || status.st_size <= 0) {
        say_mistake(voice, "%s is %s.", path, S_ISREG(status.st_mode) ? "empty" : "no file");
        goto fail;
    }
    size_t size = (size_t)status.st_size;
    void *mapped = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped == MAP_FAILED) {
        say_mistake(voice, "%s cannot be read: %s.", path, strerror(errno));
        goto fail;
    }
    close(fd);
    import->file = bytes_of(mapped, size);
    import->saved_us =
        (uint64_t)status.st_mtim.tv_sec * 1000000 + (uint64_t)status.st_mtim.tv_nsec / 1000;
    return true;
fail:
    if (fd >= 0) {
        close(fd);
    }
    return false;
}

static bool refuse_damage(const struct import *import)
{
    const struct moving_in_counts *counts = moving_in_counts(import->plan);
    const struct voice *voice = &import->arguments->voice;
    if (counts->damaged == 0 || import->arguments->imports_damaged) {
        return false;
    }
    say_mistake(voice,
                "%s is damaged: %llu of its parts, the first at byte %zu%s. Nothing was "
                "imported.",
                import->paths.from, (unsigned long long)counts->damaged, counts->damaged_at,
                counts->is_cut_off ? "; it is cut off" : "");
    say_hint(voice, "With --damaged, what is whole moves in.");
    return true;
}

/* Nothing there, or a store with nothing in it. */
static bool may_replace(struct import *import)
{
    const struct voice *voice = &import->arguments->voice;
    const char *path = import->paths.to;
    char failure[STORE_WORDS_SIZE] = "";
    struct store_summary summary;
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        return true;
    }
    struct store_backend *backend = store_lmdb_open_to_read(path, failure);
    import->old = backend ? store_inspect_open(backend, &summary, failure) : NULL;
    if (!import->old) {
        say_mistake(voice, "%s", failure);
        return false;
    }
    uint64_t records = 0;
    for (int table = 0; table < TABLE_COUNT; table++) {
        records += table == TABLE_META ? 0 : summary.records[table];
    }
    if (records > 0) {
        say_mistake(voice, "%s is not empty: it holds %llu sessions and %llu retained messages.",
                    path, (unsigned long long)summary.records[TABLE_SESSIONS],
                    (unsigned long long)summary.records[TABLE_RETAINED]);
        say_hint(voice, "An import makes a new store. Name another file, or move this one away.");
    }
    return records == 0;
}

static bool fill(struct import *import)
{
    const struct voice *voice = &import->arguments->voice;
    char words[STORE_WORDS_SIZE] = "";
    uint64_t random;
    uint64_t size_max = (uint64_t)import->file.size * 8;
    if (getrandom(&random, sizeof random, 0) != sizeof random) {
        say_mistake(voice, "There is no randomness: %s.", strerror(errno));
        return false;
    }
    snprintf(import->under_way, sizeof import->under_way, "%s.importing", import->paths.to);
    unlink(import->under_way); /* of an import that was broken off */
    struct store_lmdb_options options = {
        .path = import->under_way,
        .size_max = size_max > SIZE_MAX_LEAST ? size_max : SIZE_MAX_LEAST,
    };
    struct store_birth birth = {.worker_count = 1, .home = home_of_all};
    struct store_found found;
    struct store_backend *backend = store_lmdb_open(&options, words);
    struct store *store = backend ? store_open(backend, &birth, random, &found, words) : NULL;
    if (!store) {
        say_mistake(voice, "%s", words);
        return false;
    }
    bool is_filled = moving_in_write(import->plan, store, &found, words);
    store_close(store, true);
    if (!is_filled) {
        say_mistake(voice, "%s cannot be filled: %s", import->under_way, words);
        unlink(import->under_way);
    }
    return is_filled;
}

static bool put_in_place(struct import *import)
{
    char folder[STORE_PATH_SIZE];
    snprintf(folder, sizeof folder, "%s", import->paths.to);
    char *slash = strrchr(folder, '/');
    if (!slash) {
        snprintf(folder, sizeof folder, ".");
    } else {
        slash[slash == folder ? 1 : 0] = '\0';
    }
    if (geteuid() == 0) {
        give_away(folder, import->under_way);
    }
    if (rename(import->under_way, import->paths.to) != 0) {
        say_mistake(&import->arguments->voice, "%s cannot become %s: %s.", import->under_way,
                    import->paths.to, strerror(errno));
        return false;
    }
    sync_folder(folder);
    return true;
}

/* Root imports for the broker, and that is whose folder it is. */
static void give_away(const char *folder, const char *file)
{
    struct stat status;
    if (stat(folder, &status) == 0 && chown(file, status.st_uid, status.st_gid) != 0) {
        fprintf(stderr, "Warning: %s stays root's: %s.\n", file, strerror(errno));
    }
}

static void sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

static void tell(const struct import *import)
{
    const struct moving_in_counts *counts = moving_in_counts(import->plan);
    printf("%s (version %u) has moved into %s:\n", import->paths.from, counts->version,
           import->paths.to);
    printf("  %llu sessions with %llu subscriptions\n", (unsigned long long)counts->sessions,
           (unsigned long long)counts->subscriptions);
    printf("  %llu messages owed to them, %llu more to be released by PUBREL\n",
           (unsigned long long)counts->deliveries, (unsigned long long)counts->releasing);
    printf("  %llu QoS 2 identifiers of publishers\n", (unsigned long long)counts->received);
    printf("  %llu retained messages\n", (unsigned long long)counts->retained);
    if (counts->moved_on > 0) {
        printf("%llu QoS 2 messages that waited for PUBREL were delivered to the sessions that "
               "subscribe to them.\n",
               (unsigned long long)counts->moved_on);
    }
    if (counts->reordered > 0) {
        printf("In %llu sessions the messages in flight are in the order of their identifiers.\n",
               (unsigned long long)counts->reordered);
    }
    tell_rest(counts);
}

static void tell_rest(const struct moving_in_counts *counts)
{
    const struct {
        uint64_t count;
        const char *words;
    } rows[] = {
        {counts->sessions_ended, "sessions that were to end with their connection"},
        {counts->qos_0, "QoS 0 messages in queues"},
        {counts->unowned, "parts that name a client or a message that is not there"},
        {counts->illegal, "identifiers, topics or filters that MQTT forbids, or that came twice"},
        {counts->damaged, "damaged parts"},
        {counts->unknown, "parts of a kind we do not know"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].count > 0) {
            printf("Left behind: %llu %s.\n", (unsigned long long)rows[i].count, rows[i].words);
        }
    }
}

static uint32_t home_of_all(void *context, struct bytes name)
{
    (void)context;
    (void)name;
    return 0;
}
