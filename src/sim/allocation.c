/* allocation.c — see allocation.h. */
#include "sim/allocation.h"

#include <stddef.h>

static struct {
    bool is_watched;
    uint64_t count, nth;
} allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
static bool must_fail(void);

void allocation_begin(uint64_t nth)
{
    allocations.count = 0;
    allocations.nth = nth;
}

uint64_t allocation_count(void)
{
    return allocations.count;
}

void allocation_watch(bool is_watched)
{
    allocations.is_watched = is_watched;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return must_fail() ? NULL : __real_realloc(memory, size);
}

static bool must_fail(void)
{
    return allocations.is_watched && ++allocations.count == allocations.nth;
}
