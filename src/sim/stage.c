/* stage.c — see stage.h. */
#include "sim/stage.h"

#include <stdio.h>

struct line *stage_dial(struct stage *stage)
{
    if (stage->node->state != NODE_UP) {
        return NULL;
    }
    struct line *line =
        line_new(stage->agenda, &stage->manner, ++stage->lines, random_next(&stage->random));
    /* Somebody must sit there before the other side may close it. */
    line_own(line, LINE_CLIENT, NULL, stage);
    node_accept(stage->node, line);
    return line;
}

const char *stage_draw_topic(const struct stage *stage, struct random *random)
{
    static const char *const topics[STAGE_TOPICS_MAX] = {"t/0", "t/1", "t/2", "t/1/a", "u", "u/0"};
    return topics[random_below(random, stage->topic_count)];
}

const char *stage_draw_filter(const struct stage *stage, struct random *random)
{
    static const char *const filters[] = {"t/+", "t/#", "#",   "t/0",          "t/1",
                                          "+/0", "u",   "t/2", "$share/a/t/+", "$share/b/#"};
    (void)stage;
    return filters[random_below(random, sizeof filters / sizeof filters[0])];
}

size_t stage_draw_payload(struct stage *stage, struct random *random, uint8_t *payload,
                          size_t size_max)
{
    char number[24];
    int digits = snprintf(number, sizeof number, "%llu", (unsigned long long)++stage->messages);
    size_t size = (size_t)digits + draw_mostly_small(random, stage->payload_max);
    size = size < size_max ? size : size_max;
    memset(payload, '.', size);
    memcpy(payload, number, (size_t)digits);
    return size;
}

uint64_t draw_mostly_small(struct random *random, uint64_t max)
{
    uint64_t bits = 0;
    for (uint64_t rest = max; rest > 0; rest >>= 1) {
        bits++;
    }
    uint64_t bound = UINT64_C(1) << random_below(random, bits);
    uint64_t drawn = 1 + random_below(random, bound * 2 - 1);
    return drawn < max ? drawn : max;
}

bool draw_once_in(struct random *random, uint64_t times)
{
    return random_below(random, times) == 0;
}
