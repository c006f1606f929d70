/* payload.h — the one message that -m, -n, -f or -s name. */
#ifndef MIDGE_CLI_PAYLOAD_H
#define MIDGE_CLI_PAYLOAD_H

#include "base/bytes.h"
#include "cli/options.h"

struct payload {
    struct bytes bytes;
    void *mapped; /* a file, mapped: nothing of it is read before it is sent */
    void *owned;
};

/* False: it cannot be read, or is too large; told. */
bool payload_load(struct payload *payload, const struct options *options);
void payload_fini(struct payload *payload);

#endif
