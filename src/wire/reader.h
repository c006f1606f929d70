/* reader.h — takes MQTT's data types off the front of some bytes (MQTT 5.0 section 1.5).
 *
 * A reader that runs out, or meets what is not well-formed, has failed for good: it then gives
 * zeros and empty views. So a decoder reads all its fields in a row and asks once, at the end. */
#ifndef MIDGE_WIRE_READER_H
#define MIDGE_WIRE_READER_H

#include "base/bytes.h"

struct reader {
    const uint8_t *at, *end;
    bool failed;
};

/* Reads from `bytes` (borrowed, as is every view the reader gives). */
static inline struct reader reader_of(struct bytes bytes)
{
    const uint8_t *data = bytes.data ? bytes.data : (const uint8_t *)"";
    return (struct reader){data, data + bytes.size, false};
}

static inline size_t reader_left(const struct reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

/* True when every byte has been read and all was well: nothing missing, nothing trailing. */
static inline bool reader_is_finished(const struct reader *reader)
{
    return !reader->failed && reader->at == reader->end;
}

static inline void reader_fail(struct reader *reader)
{
    reader->failed = true;
    reader->at = reader->end;
}

/* The next `size` bytes; empty when there are fewer. */
static inline struct bytes reader_take(struct reader *reader, size_t size)
{
    if (reader_left(reader) < size) {
        reader_fail(reader);
        size = 0;
    }
    struct bytes taken = {reader->at, size};
    reader->at += size;
    return taken;
}

static inline struct bytes reader_rest(struct reader *reader)
{
    return reader_take(reader, reader_left(reader));
}

static inline uint8_t reader_byte(struct reader *reader)
{
    struct bytes taken = reader_take(reader, 1);
    return taken.size ? taken.data[0] : 0;
}

static inline uint16_t reader_two_bytes(struct reader *reader)
{
    struct bytes taken = reader_take(reader, 2);
    return taken.size ? (uint16_t)(taken.data[0] << 8 | taken.data[1]) : 0;
}

uint32_t reader_four_bytes(struct reader *reader);

/* A Variable Byte Integer of at most four bytes, in its shortest form. [MQTT-1.5.5-1] */
uint32_t reader_variable(struct reader *reader);

/* Binary Data: two bytes of size, then that many bytes. */
static inline struct bytes reader_binary(struct reader *reader)
{
    return reader_take(reader, reader_two_bytes(reader));
}

/* A UTF-8 Encoded String, checked. [MQTT-1.5.4-1] [MQTT-1.5.4-2] */
struct bytes reader_text(struct reader *reader);

/* A property section: its length as a Variable Byte Integer, then that many bytes. */
static inline struct bytes reader_section(struct reader *reader)
{
    return reader_take(reader, reader_variable(reader));
}

#endif
