/* store_terms.h — words that the store and its parts share. */
#ifndef MIDGE_STORE_STORE_TERMS_H
#define MIDGE_STORE_STORE_TERMS_H

#include "base/bytes.h"

enum { STORE_WORKERS_MAX = 64, STORE_WORDS_SIZE = 512 };

struct store_birth {
    uint32_t worker_count;
    /* The worker that is home to a client identifier or a topic name. */
    uint32_t (*home)(void *context, struct bytes name);
    void *context;
};

/* What there was at the start is told in this order. */
enum store_phase { STORE_PHASE_SESSIONS, STORE_PHASE_RETAINED, STORE_PHASE_DONE };

#endif
