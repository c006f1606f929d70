/* model_texts.c — see model_texts.h. */
#include "sim/model_texts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char SHARE[] = "$share/";

static bool match(const char *filter, const char *topic);
static const char *level_end(const char *level);

void model_texts_init(struct model_texts *texts)
{
    *texts = (struct model_texts){0};
}

void model_texts_fini(struct model_texts *texts)
{
    for (uint32_t i = 0; i < texts->count; i++) {
        free(texts->texts[i].text);
        free(texts->texts[i].matches);
    }
    free(texts->texts);
}

uint32_t model_texts_number(struct model_texts *texts, const char *text)
{
    for (uint32_t i = 0; i < texts->count; i++) {
        if (strcmp(texts->texts[i].text, text) == 0) {
            return i;
        }
    }
    if (texts->count == texts->capacity) {
        texts->capacity = texts->capacity ? 2 * texts->capacity : 32;
        texts->texts = realloc(texts->texts, texts->capacity * sizeof *texts->texts);
        assert(texts->texts);
    }
    struct model_text *added = &texts->texts[texts->count];
    size_t size = strlen(text) + 1;
    *added = (struct model_text){.text = malloc(size)};
    assert(added->text);
    memcpy(added->text, text, size);
    return texts->count++;
}

const char *model_texts_at(const struct model_texts *texts, uint32_t number)
{
    assert(number < texts->count);
    return texts->texts[number].text;
}

uint32_t model_texts_without_share(struct model_texts *texts, uint32_t filter)
{
    const char *text = model_texts_at(texts, filter);
    if (strncmp(text, SHARE, sizeof SHARE - 1) != 0) {
        return filter;
    }
    const char *slash = strchr(text + sizeof SHARE - 1, '/');
    return slash ? model_texts_number(texts, slash + 1) : filter;
}

bool model_texts_match(struct model_texts *texts, uint32_t filter, uint32_t topic)
{
    assert(filter < texts->count && topic < texts->count);
    struct model_text *from = &texts->texts[filter];
    if (topic >= from->matches_size) {
        from->matches = realloc(from->matches, texts->capacity);
        assert(from->matches);
        memset(from->matches + from->matches_size, 0, texts->capacity - from->matches_size);
        from->matches_size = texts->capacity;
    }
    if (from->matches[topic] == 0) {
        from->matches[topic] = match(from->text, texts->texts[topic].text) ? 2 : 1;
    }
    return from->matches[topic] == 2;
}

static bool match(const char *filter, const char *topic)
{
    if (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#')) {
        return false; /* [MQTT-4.7.2-1] */
    }
    for (;;) {
        if (strcmp(filter, "#") == 0) {
            return true; /* [MQTT-4.7.1-1] */
        }
        const char *filter_end = level_end(filter), *topic_end = level_end(topic);
        size_t size = (size_t)(filter_end - filter);
        bool is_plus = size == 1 && filter[0] == '+';
        if (!is_plus && (size != (size_t)(topic_end - topic) || memcmp(filter, topic, size) != 0)) {
            return false; /* [MQTT-4.7.3-4] */
        }
        if (*topic_end == '\0') { /* "a/#" matches "a", too */
            return *filter_end == '\0' || strcmp(filter_end, "/#") == 0;
        }
        if (*filter_end == '\0') {
            return false;
        }
        filter = filter_end + 1;
        topic = topic_end + 1;
    }
}

static const char *level_end(const char *level)
{
    return level + strcspn(level, "/");
}
