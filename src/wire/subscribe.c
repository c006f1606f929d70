/* subscribe.c — SUBSCRIBE: filters with options, kept as the bytes they came in.
 *
 * The decoder walks all entries once to check and count them, so that whoever walks them again
 * cannot meet a bad one. The reasons for a refusal are listed in subscribe.h. */
#include "wire/subscribe.h"

#include "wire/frame.h"
#include "wire/properties.h"
#include "wire/reader.h"
#include "wire/writer.h"

enum {
    OPTIONS_QOS = 0x03,
    OPTION_NO_LOCAL = 0x04,
    OPTION_RETAIN_AS_PUBLISHED = 0x08,
    OPTIONS_RETAIN_HANDLING_SHIFT = 4,
    OPTIONS_RETAIN_HANDLING = 0x30,
    OPTIONS_RESERVED = 0xC0,
};

static enum reason_code check_entries(struct packet_subscribe *subscribe,
                                      enum protocol_version version);
static enum reason_code judge_options(uint8_t options, struct bytes filter,
                                      enum protocol_version version);
static size_t body_size(const struct packet_subscribe *subscribe, enum protocol_version version,
                        size_t *properties);

enum reason_code subscribe_decode(uint8_t flags, struct bytes body, enum protocol_version version,
                                  struct packet_subscribe *subscribe)
{
    *subscribe = (struct packet_subscribe){0};
    if (!frame_flags_are_legal(PACKET_SUBSCRIBE, flags, version))
        return REASON_MALFORMED_PACKET; /* [MQTT-3.8.1-1] [v3 MQTT-3.8.1-1] */
    struct reader reader = reader_of(body);
    subscribe->packet_id = reader_two_bytes(&reader);
    if (subscribe->packet_id == 0 && !reader.failed)
        return REASON_PROTOCOL_ERROR; /* [MQTT-2.2.1-3] [v3 MQTT-2.3.1-1] */
    if (version == PROTOCOL_5) {
        enum reason_code reason =
            properties_read(&reader, PACKET_SUBSCRIBE, &subscribe->properties);
        if (reason != REASON_SUCCESS)
            return reason;
    }
    subscribe->entries = reader_rest(&reader);
    return reader.failed ? REASON_MALFORMED_PACKET : check_entries(subscribe, version);
}

bool subscribe_next(const struct packet_subscribe *subscribe, enum protocol_version version,
                    size_t *offset, struct subscribe_entry *entry)
{
    struct bytes entries = subscribe->entries;
    if (*offset >= entries.size)
        return false;
    struct reader reader = reader_of(bytes_of(entries.data + *offset, entries.size - *offset));
    struct bytes filter = reader_binary(&reader);
    uint8_t options = reader_byte(&reader);
    if (reader.failed)
        return false;
    *offset = entries.size - reader_left(&reader);
    *entry = (struct subscribe_entry){.filter = filter, .qos = options & OPTIONS_QOS};
    if (version == PROTOCOL_5) {
        entry->no_local = (options & OPTION_NO_LOCAL) != 0;
        entry->retain_as_published = (options & OPTION_RETAIN_AS_PUBLISHED) != 0;
        entry->retain_handling =
            (options & OPTIONS_RETAIN_HANDLING) >> OPTIONS_RETAIN_HANDLING_SHIFT;
    }
    return true;
}

size_t subscribe_entry_size(const struct subscribe_entry *entry)
{
    if (entry->filter.size == 0 || entry->filter.size > TEXT_SIZE_MAX || entry->qos > 2 ||
        entry->retain_handling > RETAIN_SEND_NONE)
        return 0;
    return text_size(entry->filter) + 1;
}

size_t subscribe_entry_encode(const struct subscribe_entry *entry, enum protocol_version version,
                              uint8_t *out, size_t out_size)
{
    size_t size = subscribe_entry_size(entry);
    if (size == 0)
        return 0;
    unsigned options = entry->qos;
    if (version == PROTOCOL_5) {
        options |= entry->no_local ? OPTION_NO_LOCAL : 0;
        options |= entry->retain_as_published ? OPTION_RETAIN_AS_PUBLISHED : 0;
        options |= (unsigned)entry->retain_handling << OPTIONS_RETAIN_HANDLING_SHIFT;
    }
    struct writer writer = writer_of(out, out_size);
    writer_text(&writer, entry->filter);
    writer_byte(&writer, (uint8_t)options);
    return size;
}

size_t subscribe_size(const struct packet_subscribe *subscribe, enum protocol_version version)
{
    size_t properties;
    return packet_size(body_size(subscribe, version, &properties));
}

size_t subscribe_encode(const struct packet_subscribe *subscribe, enum protocol_version version,
                        uint8_t *out, size_t out_size)
{
    size_t properties;
    size_t body = body_size(subscribe, version, &properties);
    if (body > BODY_SIZE_MAX)
        return 0;
    struct writer writer = writer_of(out, out_size);
    writer_start(&writer, PACKET_SUBSCRIBE, frame_flags_of(PACKET_SUBSCRIBE), body);
    writer_two_bytes(&writer, subscribe->packet_id);
    if (version == PROTOCOL_5)
        properties_write(&writer, &subscribe->properties, properties);
    writer_bytes(&writer, subscribe->entries);
    return (size_t)(writer.at - out);
}

static enum reason_code check_entries(struct packet_subscribe *subscribe,
                                      enum protocol_version version)
{
    struct reader reader = reader_of(subscribe->entries);
    while (reader_left(&reader) > 0) {
        struct bytes filter = reader_text(&reader); /* [MQTT-3.8.3-1] [v3 MQTT-3.8.3-1] */
        uint8_t options = reader_byte(&reader);
        if (reader.failed)
            return REASON_MALFORMED_PACKET;
        enum reason_code reason = judge_options(options, filter, version);
        if (reason != REASON_SUCCESS)
            return reason;
        subscribe->entry_count++;
    }
    if (subscribe->entry_count == 0)
        return REASON_PROTOCOL_ERROR; /* [MQTT-3.8.3-2] [v3 MQTT-3.8.3-3] */
    return REASON_SUCCESS;
}

static enum reason_code judge_options(uint8_t options, struct bytes filter,
                                      enum protocol_version version)
{
    if (version != PROTOCOL_5) /* [v3 MQTT-3.8.3-4] */
        return options <= 2 ? REASON_SUCCESS : REASON_MALFORMED_PACKET;
    if (options & OPTIONS_RESERVED)
        return REASON_MALFORMED_PACKET; /* [MQTT-3.8.3-5] */
    if ((options & OPTIONS_QOS) == 3 || (options & OPTIONS_RETAIN_HANDLING) == 0x30)
        return REASON_PROTOCOL_ERROR; /* section 3.8.3.1 */
    if ((options & OPTION_NO_LOCAL) != 0 && bytes_start_with(filter, BYTES("$share/")))
        return REASON_PROTOCOL_ERROR; /* [MQTT-3.8.3-4] */
    return REASON_SUCCESS;
}

static size_t body_size(const struct packet_subscribe *subscribe, enum protocol_version version,
                        size_t *properties)
{
    *properties = 0;
    if (subscribe->packet_id == 0 || subscribe->entries.size == 0)
        return UNENCODABLE; /* [MQTT-2.2.1-3] [MQTT-3.8.3-2] [v3 MQTT-3.8.3-3] */
    size_t size = 2 + subscribe->entries.size;
    if (version == PROTOCOL_5) {
        *properties = properties_size(&subscribe->properties, PACKET_SUBSCRIBE);
        size += section_size(*properties);
    }
    return size;
}
