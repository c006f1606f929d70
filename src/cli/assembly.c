/* assembly.c — most messages come whole and are passed through; the memory of a large one is kept
 * for the next. A part that does not follow on the last one (the connection broke in between)
 * begins anew, for umqtt starts a repeated message at its beginning. */
#include "cli/assembly.h"

#include <stdlib.h>

enum assembly_result assembly_add(struct assembly *assembly, const struct umqtt_message *part,
                                  struct umqtt_message *whole)
{
    *whole = *part;
    if (part->payload_offset == 0 && part->payload.size == part->payload_size) {
        return ASSEMBLY_WHOLE;
    }
    if (part->payload_offset == 0 && part->payload_size > assembly->capacity) {
        free(assembly->data);
        assembly->data = malloc(part->payload_size);
        assembly->capacity = assembly->data ? part->payload_size : 0;
    }
    size_t end = part->payload_offset + part->payload.size;
    if (!assembly->data || end > assembly->capacity) {
        return ASSEMBLY_NO_MEMORY;
    }
    memcpy(assembly->data + part->payload_offset, part->payload.data, part->payload.size);
    assembly->size = end;
    whole->payload = umqtt_bytes(assembly->data, end);
    whole->payload_offset = 0;
    return end == part->payload_size ? ASSEMBLY_WHOLE : ASSEMBLY_PART;
}

void assembly_fini(struct assembly *assembly)
{
    free(assembly->data);
}
