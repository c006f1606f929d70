/* nearest.c — the edit distance, letter by letter, keeping three rows of its table.
 *
 * A name is near when a third of its letters, but at least one and at most four, are wrong. */
#include "config/nearest.h"

#include "config/directives.h"

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t nearest_distance(const char *a, const char *b)
{
    size_t a_size = strlen(a), b_size = strlen(b);
    if (a_size > NEAREST_NAME_SIZE_MAX || b_size > NEAREST_NAME_SIZE_MAX) {
        return SIZE_MAX;
    }
    size_t rows[3][NEAREST_NAME_SIZE_MAX + 1];
    for (size_t column = 0; column <= b_size; column++) {
        rows[0][column] = column;
    }
    for (size_t line = 1; line <= a_size; line++) {
        size_t *row = rows[line % 3], *above = rows[(line + 2) % 3], *higher = rows[(line + 1) % 3];
        row[0] = line;
        for (size_t column = 1; column <= b_size; column++) {
            size_t change = above[column - 1] + (a[line - 1] != b[column - 1]);
            row[column] = least(change, 1 + least(above[column], row[column - 1]));
            if (line > 1 && column > 1 && a[line - 1] == b[column - 2] &&
                a[line - 2] == b[column - 1]) {
                row[column] = least(row[column], higher[column - 2] + 1);
            }
        }
    }
    return rows[a_size % 3][b_size];
}

const char *nearest_directive(const char *name)
{
    size_t name_size = strlen(name);
    size_t allowed = least(4, name_size < 3 ? 1 : name_size / 3);
    const char *nearest = NULL;
    for (size_t index = 0; index < directive_count; index++) {
        size_t size = strlen(directives[index].name);
        if (size > name_size + allowed || name_size > size + allowed) {
            continue; /* so many letters are missing, or too many */
        }
        size_t distance = nearest_distance(name, directives[index].name);
        if (distance <= allowed) {
            nearest = directives[index].name;
            allowed = distance - (distance > 0);
        }
    }
    return nearest;
}
