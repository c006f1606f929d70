/* model_texts.h — the topics and filters of a run, each once, and which filter matches which topic.
 *
 * Matching is worked out once for each pair, level by level, as the standard's section 4.7 says. */
#ifndef MIDGE_SIM_MODEL_TEXTS_H
#define MIDGE_SIM_MODEL_TEXTS_H

#include <stdbool.h>
#include <stdint.h>

struct model_text {
    char *text;
    uint8_t *matches; /* as a filter: of topic i, 0 not yet worked out, 1 no, 2 yes */
    uint32_t matches_size;
};

struct model_texts {
    struct model_text *texts;
    uint32_t count, capacity;
};

void model_texts_init(struct model_texts *texts);
void model_texts_fini(struct model_texts *texts);

/* The number of a text; a new one gets the next. */
uint32_t model_texts_number(struct model_texts *texts, const char *text);
const char *model_texts_at(const struct model_texts *texts, uint32_t number);
/* The number of the filter behind "$share/group/"; of any other text its own. */
uint32_t model_texts_without_share(struct model_texts *texts, uint32_t filter);
bool model_texts_match(struct model_texts *texts, uint32_t filter, uint32_t topic);

#endif
