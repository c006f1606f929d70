/* defaults_file.c — reads defaults line by line and hands each line to the parser of the command
 * line. A file that is not there, or may not be read, is none. */
#include "cli/defaults_file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command_line.h"

#define FILE_SIZE_MAX (64 * 1024)
#define ARGUMENTS_MAX 5 /* an option and the four values of -D */

static bool read_line(struct options *options, char *line);

bool defaults_file_read(struct options *options, const char *name)
{
    char path[PATH_MAX];
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (config && *config) {
        snprintf(path, sizeof(path), "%s/%s", config, name);
    } else if (home && *home) {
        snprintf(path, sizeof(path), "%s/.config/%s", home, name);
    } else {
        return true;
    }
    FILE *file = fopen(path, "r");
    if (!file) {
        return true;
    }
    char *text = malloc(FILE_SIZE_MAX);
    size_t size = text ? fread(text, 1, FILE_SIZE_MAX - 1, file) : 0;
    fclose(file);
    if (!text) {
        return true;
    }
    text[size] = 0;
    free(options->defaults_text);
    options->defaults_text = text;
    return defaults_text_read(options, text, path);
}

bool defaults_text_read(struct options *options, char *text, const char *path)
{
    for (size_t number = 1; *text; number++) {
        char *line = text;
        size_t length = strcspn(text, "\n");
        text += length + (text[length] == '\n');
        line[length] = 0;
        line[strcspn(line, "\r")] = 0;
        if (!read_line(options, line)) {
            say_hint(&options->voice, "This stands in line %zu of %s.", number, path);
            return false;
        }
    }
    return true;
}

/* "-h HOST": all that follows the option is its value, spaces included; only -D has several. */
static bool read_line(struct options *options, char *line)
{
    char *arguments[ARGUMENTS_MAX];
    int count = 0;
    if (*line == '#' || line[strspn(line, " \t")] == 0) {
        return true;
    }
    line += strspn(line, " \t");
    bool is_property = strncmp(line, "-D ", 3) == 0 || strncmp(line, "--property ", 11) == 0;
    int count_max = is_property ? ARGUMENTS_MAX : 2;
    while (*line && count < count_max) {
        arguments[count++] = line;
        if (count == count_max) {
            break;
        }
        line += strcspn(line, " \t");
        if (*line) {
            *line++ = 0;
            line += strspn(line, " \t");
        }
    }
    return command_line_read(options, count, arguments);
}
