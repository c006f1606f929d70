/* nearest.h — did you mean …? */
#ifndef MIDGE_CONFIG_NEAREST_H
#define MIDGE_CONFIG_NEAREST_H

#include <stddef.h>

#define NEAREST_NAME_SIZE_MAX 64 /* longer names have no neighbours */

/* How many letters must be changed, added, left out, or exchanged with their neighbour, to make
 * `a` into `b`; SIZE_MAX when one of them is too long. */
size_t nearest_distance(const char *a, const char *b);

/* The known directive nearest to `name`, or NULL when none is near. */
const char *nearest_directive(const char *name);

#endif
