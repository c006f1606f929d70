/* config_files.c — reads a file, and lists a directory in mosquitto's order.
 *
 * What can go wrong: what the system says, a directory where a file should be, too large a file,
 * too many files. */
#include "config/config_files.h"

#include "config/settings.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static bool has_suffix(const char *name);
static char *join(const char *directory, const char *name);
static int compare_paths(const void *left, const void *right);

bool config_files_read(const char *path, char **bytes, size_t *size, const char **why)
{
    char *text = NULL;
    struct stat status;
    FILE *file = fopen(path, "rbe");
    if (!file) {
        *why = strerror(errno);
        return false;
    }
    if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
        *why = "it is a directory; name a file, or use include_dir";
        goto close_file;
    }
    size_t used = 0, capacity = 4096;
    text = malloc(capacity);
    while (text) {
        used += fread(text + used, 1, capacity - used, file);
        if (used > CONFIG_FILE_SIZE_MAX) {
            *why = "it is larger than 16 MiB; is this a configuration?";
            goto free_text;
        }
        if (used < capacity) {
            break;
        }
        capacity *= 2;
        char *larger = realloc(text, capacity);
        if (!larger) {
            free(text);
        }
        text = larger;
    }
    if (!text) {
        *why = "there is not enough memory";
        goto close_file;
    }
    if (ferror(file)) {
        *why = strerror(errno);
        goto free_text;
    }
    fclose(file);
    *bytes = text;
    *size = used;
    return true;

free_text:
    free(text);
close_file:
    fclose(file);
    return false;
}

bool config_files_list(const char *directory, char ***paths, size_t *count, const char **why)
{
    size_t found = 0;
    char **list = NULL;
    DIR *stream = opendir(directory);
    if (!stream) {
        *why = strerror(errno);
        return false;
    }
    list = calloc(CONFIG_INCLUDED_FILES_MAX, sizeof *list);
    if (!list) {
        *why = "there is not enough memory";
        goto fail;
    }
    for (struct dirent *entry; (entry = readdir(stream));) {
        if (!has_suffix(entry->d_name)) {
            continue;
        }
        if (found == CONFIG_INCLUDED_FILES_MAX) {
            *why = "it holds more than 512 files";
            goto fail;
        }
        list[found] = join(directory, entry->d_name);
        if (!list[found]) {
            *why = "there is not enough memory";
            goto fail;
        }
        found++;
    }
    closedir(stream);
    qsort(list, found, sizeof *list, compare_paths);
    *paths = list;
    *count = found;
    return true;

fail:
    config_files_free(list, found);
    closedir(stream);
    return false;
}

void config_files_free(char **paths, size_t count)
{
    for (size_t index = 0; paths && index < count; index++) {
        free(paths[index]);
    }
    free(paths);
}

static bool has_suffix(const char *name)
{
    size_t size = strlen(name);
    return size > 5 && strcasecmp(name + size - 5, ".conf") == 0;
}

static char *join(const char *directory, const char *name)
{
    size_t size = strlen(directory) + 1 + strlen(name) + 1;
    char *path = malloc(size);
    if (path) {
        const char *slash = directory[0] && directory[strlen(directory) - 1] == '/' ? "" : "/";
        snprintf(path, size, "%s%s%s", directory, slash, name);
    }
    return path;
}

static int fold(char c)
{
    return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : (unsigned char)c;
}

static int compare_paths(const void *left, const void *right)
{
    const char *a = *(char *const *)left, *b = *(char *const *)right;
    while (*a && *a == *b) {
        a++;
        b++;
    }
    int difference = fold(*a) - fold(*b);
    return difference ? difference : (unsigned char)*a - (unsigned char)*b;
}
