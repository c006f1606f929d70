/* unsubscribe.c — UNSUBSCRIBE: filters alone, kept as the bytes they came in.
 *
 * As with SUBSCRIBE, the decoder has walked every entry before anybody else does. */
#include "wire/unsubscribe.h"

#include "wire/frame.h"
#include "wire/properties.h"
#include "wire/reader.h"
#include "wire/writer.h"

static enum reason_code check_entries(struct packet_unsubscribe *unsubscribe);
static size_t body_size(const struct packet_unsubscribe *unsubscribe, enum protocol_version version,
                        size_t *properties);

enum reason_code unsubscribe_decode(uint8_t flags, struct bytes body, enum protocol_version version,
                                    struct packet_unsubscribe *unsubscribe)
{
    *unsubscribe = (struct packet_unsubscribe){0};
    if (!frame_flags_are_legal(PACKET_UNSUBSCRIBE, flags, version))
        return REASON_MALFORMED_PACKET; /* [MQTT-3.10.1-1] [v3 MQTT-3.10.1-1] */
    struct reader reader = reader_of(body);
    unsubscribe->packet_id = reader_two_bytes(&reader);
    if (unsubscribe->packet_id == 0 && !reader.failed)
        return REASON_PROTOCOL_ERROR; /* [MQTT-2.2.1-3] [v3 MQTT-2.3.1-1] */
    if (version == PROTOCOL_5) {
        enum reason_code reason =
            properties_read(&reader, PACKET_UNSUBSCRIBE, &unsubscribe->properties);
        if (reason != REASON_SUCCESS)
            return reason;
    }
    unsubscribe->entries = reader_rest(&reader);
    return reader.failed ? REASON_MALFORMED_PACKET : check_entries(unsubscribe);
}

bool unsubscribe_next(const struct packet_unsubscribe *unsubscribe, size_t *offset,
                      struct bytes *filter)
{
    struct bytes entries = unsubscribe->entries;
    if (*offset >= entries.size)
        return false;
    struct reader reader = reader_of(bytes_of(entries.data + *offset, entries.size - *offset));
    struct bytes found = reader_binary(&reader);
    if (reader.failed)
        return false;
    *offset = entries.size - reader_left(&reader);
    *filter = found;
    return true;
}

size_t unsubscribe_entry_size(struct bytes filter)
{
    return filter.size > 0 && filter.size <= TEXT_SIZE_MAX ? text_size(filter) : 0;
}

size_t unsubscribe_entry_encode(struct bytes filter, uint8_t *out, size_t out_size)
{
    size_t size = unsubscribe_entry_size(filter);
    if (size == 0)
        return 0;
    struct writer writer = writer_of(out, out_size);
    writer_text(&writer, filter);
    return size;
}

size_t unsubscribe_size(const struct packet_unsubscribe *unsubscribe, enum protocol_version version)
{
    size_t properties;
    return packet_size(body_size(unsubscribe, version, &properties));
}

size_t unsubscribe_encode(const struct packet_unsubscribe *unsubscribe,
                          enum protocol_version version, uint8_t *out, size_t out_size)
{
    size_t properties;
    size_t body = body_size(unsubscribe, version, &properties);
    if (body > BODY_SIZE_MAX)
        return 0;
    struct writer writer = writer_of(out, out_size);
    writer_start(&writer, PACKET_UNSUBSCRIBE, frame_flags_of(PACKET_UNSUBSCRIBE), body);
    writer_two_bytes(&writer, unsubscribe->packet_id);
    if (version == PROTOCOL_5)
        properties_write(&writer, &unsubscribe->properties, properties);
    writer_bytes(&writer, unsubscribe->entries);
    return (size_t)(writer.at - out);
}

static enum reason_code check_entries(struct packet_unsubscribe *unsubscribe)
{
    struct reader reader = reader_of(unsubscribe->entries);
    while (reader_left(&reader) > 0) {
        reader_text(&reader); /* [MQTT-3.10.3-1] [v3 MQTT-3.10.3-1] */
        if (reader.failed)
            return REASON_MALFORMED_PACKET;
        unsubscribe->entry_count++;
    }
    if (unsubscribe->entry_count == 0)
        return REASON_PROTOCOL_ERROR; /* [MQTT-3.10.3-2] [v3 MQTT-3.10.3-2] */
    return REASON_SUCCESS;
}

static size_t body_size(const struct packet_unsubscribe *unsubscribe, enum protocol_version version,
                        size_t *properties)
{
    *properties = 0;
    if (unsubscribe->packet_id == 0 || unsubscribe->entries.size == 0)
        return UNENCODABLE; /* [MQTT-2.2.1-3] [MQTT-3.10.3-2] [v3 MQTT-3.10.3-2] */
    size_t size = 2 + unsubscribe->entries.size;
    if (version == PROTOCOL_5) {
        *properties = properties_size(&unsubscribe->properties, PACKET_UNSUBSCRIBE);
        size += section_size(*properties);
    }
    return size;
}
