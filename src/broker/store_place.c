/* store_place.c — see store_place.h. */
#include "broker/store_place.h"

#include "base/bytes.h"
#include "store/mosquitto_db.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIRECTORY_MODE = 0700, HEAD_SIZE = 64 };

#define SYSTEM_DIRECTORY "/var/lib/midge"
#define REMEDY           "name another with persistence_location, or say persistence false"

static bool choose(const struct config *config, char *directory, size_t size);
static bool make_missing(struct store_place *place, bool with_parents);
static void choose_file(const struct config *config, struct store_place *place);
static bool is_mosquittos(const char *path);
static bool is_there(const char *path);

bool store_place_prepare(const struct config *config, struct store_place *place, char *error,
                         size_t error_size)
{
    *place = (struct store_place){0};
    if (!choose(config, place->directory, sizeof place->directory)) {
        snprintf(error, error_size,
                 "there is no place for the store, for HOME is not set; name one with "
                 "persistence_location, or say persistence false");
        return false;
    }
    if (!make_missing(place, !config->persistence_location[0])) {
        snprintf(error, error_size, "the store's directory %s cannot be made: %s; " REMEDY,
                 place->directory, strerror(errno));
        return false;
    }
    choose_file(config, place);
    return true;
}

bool store_place_check(const struct store_place *place, char *error, size_t error_size)
{
    if (access(place->directory, R_OK | W_OK | X_OK) == 0) {
        return true;
    }
    snprintf(error, error_size,
             "the store's directory %s cannot be written by user %u: %s; let that user write "
             "there, " REMEDY,
             place->directory, (unsigned)geteuid(), strerror(errno));
    return false;
}

static bool choose(const struct config *config, char *directory, size_t size)
{
    const char *of_systemd = getenv("STATE_DIRECTORY");
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int length = 0;
    if (config->persistence_location[0]) {
        length = snprintf(directory, size, "%s", config->persistence_location);
    } else if (of_systemd && of_systemd[0] == '/') {
        length = snprintf(directory, size, "%.*s", (int)strcspn(of_systemd, ":"), of_systemd);
    } else if (geteuid() == 0 || access(SYSTEM_DIRECTORY, W_OK | X_OK) == 0) {
        length = snprintf(directory, size, "%s", SYSTEM_DIRECTORY);
    } else if (state && state[0] == '/') {
        length = snprintf(directory, size, "%s/midge", state);
    } else if (home && home[0] == '/') {
        length = snprintf(directory, size, "%s/.local/state/midge", home);
    }
    for (; length > 1 && (size_t)length < size && directory[length - 1] == '/'; length--) {
        directory[length - 1] = '\0';
    }
    return length > 0 && (size_t)length < size;
}

static bool make_missing(struct store_place *place, bool with_parents)
{
    char *directory = place->directory;
    for (char *at = strchr(directory + 1, '/'); with_parents && at; at = strchr(at + 1, '/')) {
        *at = '\0';
        mkdir(directory, DIRECTORY_MODE); /* what went wrong shows below */
        *at = '/';
    }
    bool is_made = mkdir(directory, DIRECTORY_MODE) == 0;
    place->is_ours = is_made || with_parents;
    return is_made || errno == EEXIST;
}

/* A name that was evaded once is evaded for good, also when mosquitto's file is gone. */
static void choose_file(const struct config *config, struct store_place *place)
{
    char named[STORE_PLACE_PATH_SIZE - 16], beside[STORE_PLACE_PATH_SIZE];
    snprintf(named, sizeof named, "%s/%s", place->directory, config->persistence_file);
    snprintf(beside, sizeof beside, "%s.midge", named);
    bool is_evaded = is_mosquittos(named) || (is_there(beside) && !is_there(named));
    snprintf(place->path, sizeof place->path, "%s", is_evaded ? beside : named);
    if (is_there(place->path)) {
        return;
    }
    if (!is_mosquittos(named)) {
        snprintf(named, sizeof named, "%s/mosquitto.db", place->directory);
    }
    if (is_mosquittos(named)) {
        snprintf(place->foreign, sizeof place->foreign, "%s", named);
    }
}

static bool is_mosquittos(const char *path)
{
    uint8_t head[HEAD_SIZE];
    struct mosquitto_db db;
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(head, 1, sizeof head, file) : 0;
    if (file) {
        fclose(file);
    }
    return size > 0 && mosquitto_db_open(&db, bytes_of(head, size)) != MOSQUITTO_DB_OF_ANOTHER_KIND;
}

static bool is_there(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}
