/* store_paths.c — what the person named goes first; what is missing comes from the configuration.
 * The store has the name that midged would give it: where a file of mosquitto's bears it, with
 * .midge behind (broker/store_place.c does the same). */
#include "cli/store_paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "store/mosquitto_db.h"

#define STORE_NAME     "midge.db" /* defaults of persistence_file: ours … */
#define MOSQUITTO_NAME "mosquitto.db"

struct places {
    char location[STORE_PATH_SIZE], file[256];
};

static bool read_config(const struct store_arguments *arguments, struct places *places);
static void read_line(char *line, struct places *places);
static void take(const char *rest, char *out, size_t size);
static bool is_mosquittos(const char *path);
static bool join(char *path, const char *location, const char *file, const char *ending);

bool store_paths_find(const struct store_arguments *arguments, struct store_paths *paths)
{
    *paths = (struct store_paths){0};
    if (!arguments->config_path) {
        return join(paths->from, "", arguments->path, "") &&
               join(paths->to, "", arguments->store_path, "");
    }
    struct places places = {0};
    if (!read_config(arguments, &places)) {
        return false;
    }
    if (!places.location[0]) {
        say_mistake(&arguments->voice, "%s does not say persistence_location, so midged chooses.",
                    arguments->config_path);
        say_hint(&arguments->voice, "midged says at its start where its store is; name that file "
                                    "with --store.");
        return false;
    }
    bool fits =
        join(paths->to, places.location, places.file[0] ? places.file : STORE_NAME, "") &&
        join(paths->from, places.location, places.file[0] ? places.file : MOSQUITTO_NAME, "");
    if (fits && is_mosquittos(paths->to)) {
        fits = join(paths->to, places.location, places.file, ".midge");
    } else if (fits && !is_mosquittos(paths->from)) {
        fits = join(paths->from, places.location, MOSQUITTO_NAME, "");
    }
    if (arguments->path) {
        fits = fits && join(paths->from, "", arguments->path, "");
    }
    if (!fits) {
        say_mistake(&arguments->voice, "%s names a path that is too long.", arguments->config_path);
    }
    return fits;
}

static bool read_config(const struct store_arguments *arguments, struct places *places)
{
    FILE *file = fopen(arguments->config_path, "r");
    if (!file) {
        say_mistake(&arguments->voice, "%s cannot be read: %s.", arguments->config_path,
                    strerror(errno));
        return false;
    }
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, file) >= 0) {
        read_line(line, places);
    }
    free(line);
    bool is_read = !ferror(file);
    if (!is_read) {
        say_mistake(&arguments->voice, "%s cannot be read.", arguments->config_path);
    }
    fclose(file);
    return is_read;
}

static void read_line(char *line, struct places *places)
{
    static const char blanks[] = " \t\r\n";
    char *name = line + strspn(line, blanks);
    char *end = name + strcspn(name, blanks);
    char *rest = end + strspn(end, blanks);
    for (size_t size = strlen(rest); size > 0 && strchr(blanks, rest[size - 1]); size--) {
        rest[size - 1] = '\0';
    }
    if (rest > end) {
        *end = '\0';
    }
    if (strcmp(name, "persistence_location") == 0) {
        take(rest, places->location, sizeof places->location);
    } else if (strcmp(name, "persistence_file") == 0) {
        take(rest, places->file, sizeof places->file);
    }
}

static void take(const char *rest, char *out, size_t size)
{
    if (strlen(rest) < size) {
        snprintf(out, size, "%s", rest);
    }
}

static bool is_mosquittos(const char *path)
{
    uint8_t head[64];
    struct mosquitto_db db;
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(head, 1, sizeof head, file) : 0;
    if (file) {
        fclose(file);
    }
    return mosquitto_db_open(&db, bytes_of(head, size)) != MOSQUITTO_DB_OF_ANOTHER_KIND;
}

static bool join(char *path, const char *location, const char *file, const char *ending)
{
    size_t size = strlen(location);
    const char *slash = size > 0 && location[size - 1] != '/' ? "/" : "";
    int length = snprintf(path, STORE_PATH_SIZE, "%s%s%s%s", location, slash, file, ending);
    return length > 0 && length < STORE_PATH_SIZE;
}
