/* message.c — see message.h. */
#include "core/message.h"

#include "wire/publish.h"

#include <assert.h>
#include <stdlib.h>

static void count(const struct message *message, struct counters *counters)
{
    size_t size = message_size(message);
    counters->messages_held++;
    counters->message_bytes_held += size;
    counters->memory_held += size;
}

struct message *message_new(const struct message_draft *draft, struct counters *counters)
{
    size_t topic_size = draft->mount_point.size + draft->topic.size;
    size_t properties_size =
        draft->publish ? draft->publish->passed_on_size : draft->properties.size;
    assert(topic_size > 0 && topic_size <= UINT16_MAX);
    assert(draft->payload.size <= PACKET_SIZE_MAX && properties_size <= PACKET_SIZE_MAX);
    struct message *message =
        malloc(sizeof *message + 2 + topic_size + draft->payload.size + properties_size);
    if (!message) {
        return NULL;
    }
    *message = (struct message){.references = 1,
                                .payload_size = (uint32_t)draft->payload.size,
                                .properties_size = (uint32_t)properties_size,
                                .topic_size = (uint16_t)topic_size,
                                .qos = draft->qos,
                                .retain = draft->retain,
                                .expires_us = draft->expires_us,
                                .publisher = draft->publisher};
    uint8_t *at = message->bytes;
    *at++ = (uint8_t)(topic_size >> 8);
    *at++ = (uint8_t)topic_size;
    if (draft->mount_point.size > 0) {
        memcpy(at, draft->mount_point.data, draft->mount_point.size);
        at += draft->mount_point.size;
    }
    memcpy(at, draft->topic.data, draft->topic.size);
    at += draft->topic.size;
    if (draft->payload.size > 0) {
        memcpy(at, draft->payload.data, draft->payload.size);
        at += draft->payload.size;
    }
    if (draft->publish && properties_size > 0) {
        publish_copy_passed_on(draft->publish, at); /* [MQTT-3.3.2-17] [MQTT-3.3.2-18] */
    } else if (properties_size > 0) {
        memcpy(at, draft->properties.data, properties_size);
    }
    count(message, counters);
    return message;
}

struct message *message_from_image(const void *image, size_t size, struct counters *counters)
{
    assert(size >= sizeof(struct message));
    struct message *message = malloc(size);
    if (!message) {
        return NULL;
    }
    memcpy(message, image, size);
    assert(message_size(message) == size);
    message->references = 1;
    message->number = 0;
    message->receipt = NULL;
    count(message, counters);
    return message;
}

void message_unref(struct message *message, struct counters *counters)
{
    assert(message->references > 0);
    if (--message->references > 0) {
        return;
    }
    size_t size = message_size(message);
    counters->messages_held--;
    counters->message_bytes_held -= size;
    counters->memory_held -= size;
    free(message);
}
