/* counters.c — see counters.h. */
#include "core/counters.h"

#include <assert.h>

static const struct {
    const char *key, *words;
} drop_reasons[DROP_REASON_COUNT] = {
#define DROP_REASON(name, key, words) [DROP_##name] = {key, words},
#include "core/drop_reasons.def"
#undef DROP_REASON
};

void counters_add(struct counters *sum, const struct counters *more)
{
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)more;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++) {
        to[i] += from[i];
    }
}

uint64_t counters_dropped(const struct counters *counters)
{
    uint64_t dropped = 0;
    for (size_t i = 0; i < DROP_REASON_COUNT; i++) {
        dropped += counters->dropped[i];
    }
    return dropped;
}

const char *drop_reason_key(enum drop_reason reason)
{
    assert(reason < DROP_REASON_COUNT);
    return drop_reasons[reason].key;
}

const char *drop_reason_words(enum drop_reason reason)
{
    assert(reason < DROP_REASON_COUNT);
    return drop_reasons[reason].words;
}
