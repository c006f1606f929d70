/* writer.c — the parts of the writer that need not be inlined. */
#include "wire/writer.h"

#include <assert.h>
#include <stdlib.h>

void writer_has_no_room(void)
{
    assert(!"the writer has room for what was measured");
    abort();
}

void writer_four_bytes(struct writer *writer, uint32_t value)
{
    writer_two_bytes(writer, (uint16_t)(value >> 16));
    writer_two_bytes(writer, (uint16_t)value);
}
