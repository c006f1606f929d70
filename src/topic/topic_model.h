/* topic_model.h — topics made of few letters, so that they meet each other; for tests. */
#ifndef MIDGE_TOPIC_TOPIC_MODEL_H
#define MIDGE_TOPIC_TOPIC_MODEL_H

#include "base/bytes.h"
#include "base/random.h"

#define MODEL_LEVELS_MAX    5
#define MODEL_TEXT_SIZE_MAX 128

struct model_text {
    char text[MODEL_TEXT_SIZE_MAX];
    size_t size;
};

static inline struct bytes model_bytes(const struct model_text *text)
{
    return bytes_of(text->text, text->size);
}

static inline void model_append(struct model_text *text, const char *piece)
{
    size_t size = strlen(piece);
    memcpy(text->text + text->size, piece, size);
    text->size += size;
}

/* A level of a name: short, empty, or too long to lie in a node. */
static inline void model_append_level(struct model_text *text, struct random *random, bool is_first)
{
    static const char *const levels[] = {
        "a", "b", "c", "", "exactly15bytes!", "sixteen bytes it is", "ab", "$", "$SYS"};
    size_t count = sizeof(levels) / sizeof(*levels);
    size_t choice = random_below(random, is_first ? count : count - 2);
    model_append(text, levels[choice]);
}

static inline struct model_text model_name(struct random *random)
{
    struct model_text name = {.size = 0};
    do {
        name.size = 0;
        size_t levels = 1 + random_below(random, MODEL_LEVELS_MAX);
        for (size_t level = 0; level < levels; level++) {
            if (level > 0) {
                model_append(&name, "/");
            }
            model_append_level(&name, random, level == 0);
        }
    } while (name.size == 0);
    return name;
}

static inline struct model_text model_filter(struct random *random)
{
    struct model_text filter = {.size = 0};
    do {
        filter.size = 0;
        size_t levels = 1 + random_below(random, MODEL_LEVELS_MAX);
        for (size_t level = 0; level < levels; level++) {
            if (level > 0) {
                model_append(&filter, "/");
            }
            size_t kind = random_below(random, 6);
            if (kind == 0 && level + 1 == levels) {
                model_append(&filter, "#");
            } else if (kind <= 2) {
                model_append(&filter, "+");
            } else {
                model_append_level(&filter, random, level == 0);
            }
        }
    } while (filter.size == 0);
    return filter;
}

#endif
