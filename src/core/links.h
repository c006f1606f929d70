/* links.h — the table of a worker's links: how they begin, are named, and end. */
#ifndef MIDGE_CORE_LINKS_H
#define MIDGE_CORE_LINKS_H

#include "core/core_state.h"

/* A link_ref that names nobody: the broker's own messages hold nobody back. */
#define LINK_REF_NOBODY ((struct link_ref){UINT32_MAX, 0, 0})

/* A new link that waits for CONNECT. NULL: no memory. */
struct link *links_add(struct core *core, const struct link_options *options, const char *address,
                       void *connection);
/* Frees it, and what only it held. Its session has been parted from it. */
void links_remove(struct core *core, struct link *link);

struct link_ref links_name(const struct core *core, const struct link *link);
/* The link, when it is this worker's and still there; else NULL. */
struct link *links_find(const struct core *core, const struct link_ref *ref);

/* Nothing more is read from it; what is in its outbox is sent, then the worker closes it.
 * Harmless twice. */
void links_end(struct core *core, struct link *link);

#endif
