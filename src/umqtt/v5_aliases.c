/* v5_aliases.c — topics that the server has given numbers to (MQTT 5.0 section 3.3.2.3.4).
 *
 * A list in the caller's memory: alias, size, topic, alias, size, topic … A topic given anew takes
 * its old entry out first. The connection ends when the memory does not hold what the server was
 * allowed to define, and the list ends with the connection. */
#include "umqtt/v5.h"

enum { ENTRY_HEAD_SIZE = 4 };

static struct bytes find(const struct umqtt *client, uint16_t alias);
static void remove_entry(struct umqtt *client, struct bytes topic);
static bool append_entry(struct umqtt *client, uint16_t alias, struct bytes topic);

enum reason_code v5_resolve_alias(struct umqtt *client, uint16_t alias, struct bytes *topic)
{
    struct umqtt_property maximum;
    if (!umqtt_property_find(client->options->connect_properties, UMQTT_TOPIC_ALIAS_MAXIMUM,
                             &maximum) ||
        alias > maximum.number)
        return REASON_TOPIC_ALIAS_INVALID; /* [MQTT-3.3.2-10] */
    struct bytes known = find(client, alias);
    if (topic->size == 0) {
        *topic = known;
        return known.data ? REASON_SUCCESS : REASON_PROTOCOL_ERROR;
    }
    if (known.data && bytes_equal(known, *topic))
        return REASON_SUCCESS;
    if (known.data)
        remove_entry(client, known);
    return append_entry(client, alias, *topic) ? REASON_SUCCESS : REASON_QUOTA_EXCEEDED;
}

/* The topic; data NULL: none. */
static struct bytes find(const struct umqtt *client, uint16_t alias)
{
    struct reader reader = reader_of(bytes_of(client->options->aliases.data, client->aliases_size));
    while (reader_left(&reader) > 0) {
        uint16_t number = reader_two_bytes(&reader);
        struct bytes topic = reader_binary(&reader);
        if (number == alias)
            return topic;
    }
    return (struct bytes){0};
}

static void remove_entry(struct umqtt *client, struct bytes topic)
{
    uint8_t *entries = client->options->aliases.data;
    size_t begin = (size_t)(topic.data - entries) - ENTRY_HEAD_SIZE;
    size_t end = begin + ENTRY_HEAD_SIZE + topic.size;
    memmove(entries + begin, entries + end, client->aliases_size - end);
    client->aliases_size -= (uint32_t)(end - begin);
}

static bool append_entry(struct umqtt *client, uint16_t alias, struct bytes topic)
{
    struct umqtt_memory memory = client->options->aliases;
    size_t size = ENTRY_HEAD_SIZE + topic.size;
    if (size > memory.size - client->aliases_size)
        return false;
    struct writer writer = writer_of(memory.data + client->aliases_size, size);
    writer_two_bytes(&writer, alias);
    writer_text(&writer, topic);
    client->aliases_size += (uint32_t)size;
    return true;
}
