/* store_key.h — where a record lies: its table, and numbers with the most significant byte first,
 * so that the order of keys is the order of numbers.
 *
 *   SESSIONS MESSAGES REFERENCES RETAINED    number (8)
 *   QUEUE                                    session (8), place (8)
 *   SUBSCRIPTIONS                            session (8), number (4)
 *   RECEIVED                                 session (8), packet identifier (2)
 *   META                                     one byte
 *   DAMAGED                                  table (1), key */
#ifndef MIDGE_STORE_STORE_KEY_H
#define MIDGE_STORE_STORE_KEY_H

#include "store/store_backend.h"

struct store_key {
    uint8_t bytes[STORE_KEY_SIZE_MAX];
    size_t size;
};

static inline struct bytes key_bytes(const struct store_key *key)
{
    return bytes_of(key->bytes, key->size);
}

static inline void key_add(struct store_key *key, uint64_t number, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        key->bytes[key->size + i] = (uint8_t)(number >> (8 * (width - 1 - i)));
    }
    key->size += width;
}

static inline uint64_t key_part(struct bytes key, size_t from, size_t width)
{
    uint64_t number = 0;
    for (size_t i = 0; i < width; i++) {
        number = number << 8 | key.data[from + i];
    }
    return number;
}

/* Bytes behind the first number; 0: there is no second. */
static inline size_t key_second_width(enum store_table table)
{
    return table == TABLE_QUEUE           ? 8
           : table == TABLE_SUBSCRIPTIONS ? 4
           : table == TABLE_RECEIVED      ? 2
                                          : 0;
}

/* Whether `key` can be one of this table (not DAMAGED). */
static inline bool key_is_of(enum store_table table, struct bytes key)
{
    return key.size == (table == TABLE_META ? 1 : 8 + key_second_width(table));
}

/* The key of `first`, and of `second` where the table has one. */
static inline struct store_key key_of(enum store_table table, uint64_t first, uint64_t second)
{
    struct store_key key = {{0}, 0};
    key_add(&key, first, table == TABLE_META ? 1 : 8);
    key_add(&key, second, key_second_width(table));
    return key;
}

/* Makes it the least key that is greater, as far as we can name it. False: there is none. */
static inline bool key_go_behind(struct store_key *key)
{
    if (key->size < STORE_KEY_SIZE_MAX) {
        key->bytes[key->size++] = 0;
        return true;
    }
    while (key->size > 0 && ++key->bytes[key->size - 1] == 0) {
        key->size--;
    }
    return key->size > 0;
}

/* Keeps a key that is only borrowed. */
static inline struct store_key key_copy(struct bytes bytes)
{
    struct store_key key = {{0}, bytes.size < STORE_KEY_SIZE_MAX ? bytes.size : STORE_KEY_SIZE_MAX};
    memcpy(key.bytes, bytes.data, key.size);
    return key;
}

#endif
