/* model_message.c — see model_message.h. */
#include "sim/model_message.h"

#include <assert.h>
#include <stdlib.h>

static uint64_t scatter(uint64_t number);
static bool is_equal(const void *item, const void *key);

void model_messages_init(struct model_messages *messages, uint32_t clients)
{
    *messages = (struct model_messages){.clients = clients};
    map_init(&messages->by_number);
    list_init(&messages->all);
}

void model_messages_fini(struct model_messages *messages)
{
    LIST_EACH_SAFE(link, after, &messages->all)
    {
        free(LIST_ITEM(link, struct model_message, link));
    }
    map_fini(&messages->by_number);
}

struct model_message *model_messages_add(struct model_messages *messages, uint64_t number)
{
    assert(number != 0 && !model_messages_find(messages, number));
    struct model_message *message =
        calloc(1, sizeof *message + messages->clients * sizeof message->heard[0]);
    assert(message);
    message->number = number;
    list_append(&messages->all, &message->link);
    bool is_added = map_add(&messages->by_number, scatter(number), message);
    assert(is_added);
    messages->count++;
    if (number > messages->newest) {
        messages->newest = number;
    }
    return message;
}

struct model_message *model_messages_find(const struct model_messages *messages, uint64_t number)
{
    return map_find(&messages->by_number, scatter(number), is_equal, &number);
}

void model_messages_forget(struct model_messages *messages, struct model_message *message)
{
    map_remove(&messages->by_number, scatter(message->number), message);
    list_remove(&message->link);
    messages->count--;
    free(message);
}

struct model_heard *model_message_heard(struct model_message *message, uint32_t client,
                                        uint32_t life)
{
    struct model_heard *heard = &message->heard[client];
    if (heard->life != life) {
        *heard = (struct model_heard){.life = life};
    }
    return heard;
}

static uint64_t scatter(uint64_t number)
{
    return number * 0x9e3779b97f4a7c15u;
}

static bool is_equal(const void *item, const void *key)
{
    return ((const struct model_message *)item)->number == *(const uint64_t *)key;
}
