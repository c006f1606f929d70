/* bytes.h — a view of bytes that somebody else owns.
 *
 * A `struct bytes` is always borrowed: whoever keeps what it shows must copy it. Empty is
 * size 0; `data` may then be NULL. */
#ifndef MIDGE_BASE_BYTES_H
#define MIDGE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_USE __attribute__((warn_unused_result))

struct bytes {
    const uint8_t *data;
    size_t size;
};

/* A view of a string literal, without its terminating zero. */
#define BYTES(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){(const uint8_t *)data, size};
}

/* A view of a zero-terminated string; NULL gives the empty view. */
static inline struct bytes bytes_of_text(const char *text)
{
    return bytes_of(text, text ? strlen(text) : 0);
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool bytes_start_with(struct bytes whole, struct bytes head)
{
    return whole.size >= head.size &&
           (head.size == 0 || memcmp(whole.data, head.data, head.size) == 0);
}

#endif
