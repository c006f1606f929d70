/* assembly.h — a message that arrives in parts becomes one again. */
#ifndef MIDGE_CLI_ASSEMBLY_H
#define MIDGE_CLI_ASSEMBLY_H

#include "umqtt.h"

struct assembly {
    uint8_t *data;
    size_t size, capacity;
};

enum assembly_result {
    ASSEMBLY_WHOLE,     /* *whole is the message; it borrows from the part and the assembly */
    ASSEMBLY_PART,      /* more is to come */
    ASSEMBLY_NO_MEMORY, /* the message is lost */
};

/* All zeros is an empty assembly. */
enum assembly_result assembly_add(struct assembly *assembly, const struct umqtt_message *part,
                                  struct umqtt_message *whole);
void assembly_fini(struct assembly *assembly);

#endif
