/* writer.h — puts MQTT's data types one after another into bytes of the caller's.
 *
 * Sizes are summed before anything is written, with the functions at the top: what does not fit in
 * the format counts as UNENCODABLE, which makes any sum too large for a packet. A writer that runs
 * out of room all the same is our own fault, and stops the program. */
#ifndef MIDGE_WIRE_WRITER_H
#define MIDGE_WIRE_WRITER_H

#include "wire/packet.h"

enum {
    BODY_SIZE_MAX = 268435455, /* the largest Remaining Length */
    TEXT_SIZE_MAX = 65535,
    UNENCODABLE = PACKET_SIZE_MAX + 1, /* small enough to be added up a few times in 32 bits */
};

static inline size_t variable_size(uint32_t value)
{
    return value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : 4;
}

/* Of Binary Data or a UTF-8 Encoded String. */
static inline size_t text_size(struct bytes text)
{
    return text.size <= TEXT_SIZE_MAX ? 2 + text.size : (size_t)UNENCODABLE;
}

/* Of a property section of `size` bytes with the length before it. [MQTT-2.2.2-1] */
static inline size_t section_size(size_t size)
{
    return size <= BODY_SIZE_MAX ? variable_size((uint32_t)size) + size : (size_t)UNENCODABLE;
}

/* Of a whole packet with a body of `body_size` bytes; 0: there is no such packet. */
static inline size_t packet_size(size_t body_size)
{
    return body_size <= BODY_SIZE_MAX ? 1 + variable_size((uint32_t)body_size) + body_size : 0;
}

struct writer {
    uint8_t *at, *end;
};

static inline struct writer writer_of(uint8_t *out, size_t out_size)
{
    return (struct writer){out, out + out_size};
}

/* Ends the program. */
_Noreturn void writer_has_no_room(void);

/* Room for `size` bytes, to be filled by the caller. */
static inline uint8_t *writer_take(struct writer *writer, size_t size)
{
    if ((size_t)(writer->end - writer->at) < size)
        writer_has_no_room();
    uint8_t *taken = writer->at;
    writer->at += size;
    return taken;
}

static inline void writer_byte(struct writer *writer, uint8_t value)
{
    *writer_take(writer, 1) = value;
}

static inline void writer_two_bytes(struct writer *writer, uint16_t value)
{
    uint8_t *to = writer_take(writer, 2);
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

void writer_four_bytes(struct writer *writer, uint32_t value);

/* A Variable Byte Integer, in its shortest form. [MQTT-1.5.5-1] */
static inline void writer_variable(struct writer *writer, uint32_t value)
{
    for (; value >= 128; value >>= 7)
        writer_byte(writer, (uint8_t)(value | 0x80));
    writer_byte(writer, (uint8_t)value);
}

static inline void writer_bytes(struct writer *writer, struct bytes bytes)
{
    uint8_t *to = writer_take(writer, bytes.size);
    if (bytes.size > 0)
        memcpy(to, bytes.data, bytes.size);
}

/* Binary Data or a UTF-8 Encoded String: its size in two bytes, then its bytes. */
static inline void writer_text(struct writer *writer, struct bytes text)
{
    writer_two_bytes(writer, (uint16_t)text.size);
    writer_bytes(writer, text);
}

/* The fixed header. */
static inline void writer_start(struct writer *writer, enum packet_type type, uint8_t flags,
                                size_t body_size)
{
    writer_byte(writer, (uint8_t)(type << 4 | flags));
    writer_variable(writer, (uint32_t)body_size);
}

#endif
