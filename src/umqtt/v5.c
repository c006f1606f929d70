/* v5.c — property sections, what a server grants, and aliases taken out of packets sent again.
 *
 * Sections are checked whole, by wire/properties.c, the moment they come in from either side; after
 * that they are only walked. */
#include "umqtt/v5.h"

#include <assert.h>

#include "umqtt/outbox.h"
#include "wire/properties.h"

enum { TOPIC_ALIAS_SIZE = 3 };

bool v5_is_here(void)
{
    return true;
}

enum reason_code v5_check_section(struct bytes section, enum packet_type type)
{
    struct properties properties;
    enum reason_code reason = properties_decode(section, type, &properties);
    /* A PUBLISH of ours: its alias is a field of its own. [MQTT-3.3.4-6] */
    if (reason == REASON_SUCCESS && type == PACKET_PUBLISH &&
        (properties_have(&properties, PROPERTY_subscription_identifier) ||
         properties_have(&properties, PROPERTY_topic_alias)))
        reason = REASON_PROTOCOL_ERROR;
    return reason;
}

enum reason_code v5_read_section(struct reader *reader, enum packet_type type,
                                 struct bytes *section)
{
    *section = reader_section(reader);
    return reader->failed ? REASON_MALFORMED_PACKET : v5_check_section(*section, type);
}

/* 0: nothing to announce. */
static uint16_t receive_maximum(const struct umqtt_options *options)
{
    struct umqtt_property property;
    bool is_theirs =
        umqtt_property_find(options->connect_properties, UMQTT_RECEIVE_MAXIMUM, &property);
    return is_theirs || options->receipt_count_max == UINT16_MAX ? 0 : options->receipt_count_max;
}

size_t v5_connect_section_size(const struct umqtt_options *options)
{
    return options->connect_properties.size + (receive_maximum(options) ? 3 : 0);
}

void v5_write_connect_section(struct writer *writer, const struct umqtt_options *options)
{
    writer_variable(writer, (uint32_t)v5_connect_section_size(options)); /* [MQTT-2.2.2-1] */
    writer_bytes(writer, bytes_in(options->connect_properties));
    uint16_t maximum = receive_maximum(options);
    if (maximum != 0) {
        writer_byte(writer, UMQTT_RECEIVE_MAXIMUM);
        writer_two_bytes(writer, maximum);
    }
}

bool v5_take_grants(struct umqtt *client, struct bytes section)
{
    const struct umqtt_options *options = client->options;
    struct umqtt_property property;
    uint32_t session_expiry_s = 0;
    if (umqtt_property_find(options->connect_properties, UMQTT_SESSION_EXPIRY_INTERVAL, &property))
        session_expiry_s = property.number;
    bool has_method =
        umqtt_property_find(options->connect_properties, UMQTT_AUTHENTICATION_METHOD, &property);
    for (size_t at = 0; umqtt_property_next(bytes_out(section), &at, &property);) {
        switch (property.id) {
        case UMQTT_SESSION_EXPIRY_INTERVAL: session_expiry_s = property.number; break;
        case UMQTT_RECEIVE_MAXIMUM: client->server_receive_max = (uint16_t)property.number; break;
        case UMQTT_MAXIMUM_QOS: client->server_qos_max = (uint8_t)property.number; break;
        case UMQTT_RETAIN_AVAILABLE:
            client->flags |= property.number ? 0 : FLAG_RETAIN_REFUSED;
            break;
        case UMQTT_MAXIMUM_PACKET_SIZE: client->server_packet_size_max = property.number; break;
        case UMQTT_TOPIC_ALIAS_MAXIMUM: client->server_alias_max = (uint16_t)property.number; break;
        case UMQTT_SERVER_KEEP_ALIVE: /* [MQTT-3.1.2-21] [MQTT-3.2.2-21] */
            client->keep_alive_s = (uint16_t)property.number;
            break;
        case UMQTT_AUTHENTICATION_METHOD:
            if (!has_method)
                return false;
            break;
        default: break;
        }
    }
    client->flags &= (uint16_t)~FLAG_RESUME;
    client->flags |= session_expiry_s > 0 ? FLAG_RESUME : 0; /* [MQTT-3.1.2-23] */
    return !has_method || v5_method_is_ours(options, section);
}

/* Everything behind the alias moves down; what that leaves at the end of the record is a gap. */
void v5_drop_alias(struct umqtt *client, const struct record *record)
{
    uint8_t *packet = record->packet;
    struct reader reader = reader_of(bytes_of(packet, record->packet_size));
    (void)reader_take(&reader, record->header_size);
    struct bytes topic = reader_binary(&reader);
    if (record_qos(record) > 0)
        (void)reader_two_bytes(&reader);
    const uint8_t *section_length = reader.at;
    uint32_t section = reader_variable(&reader);
    if (topic.size == 0 || section < TOPIC_ALIAS_SIZE || reader_byte(&reader) != UMQTT_TOPIC_ALIAS)
        return; /* umqtt_send_publish writes the alias first */
    (void)reader_two_bytes(&reader);
    assert(!reader.failed);
    struct bytes head = bytes_of(packet + record->header_size,
                                 (size_t)(section_length - packet) - record->header_size);
    struct bytes tail = reader_rest(&reader);
    section -= TOPIC_ALIAS_SIZE;
    size_t body = head.size + section_size(section);
    body += tail.size - section + record->payload.size;

    uint8_t first = packet[0];
    uint8_t fixed_header[5];
    struct writer fixed = writer_of(fixed_header, sizeof fixed_header);
    writer_start(&fixed, (enum packet_type)(first >> 4), first & 0x0F, body);
    size_t fixed_size = (size_t)(fixed.at - fixed_header);
    memmove(packet + fixed_size, head.data, head.size);
    memcpy(packet, fixed_header, fixed_size);
    struct writer writer =
        writer_of(packet + fixed_size + head.size, record->packet_size - fixed_size - head.size);
    writer_variable(&writer, section);
    memmove(writer_take(&writer, tail.size), tail.data, tail.size);
    uint32_t gap = (uint32_t)(writer.end - writer.at);
    outbox_write_gap(&client->outbox, record->offset + record->size - gap, gap);
}

bool v5_method_is_ours(const struct umqtt_options *options, struct bytes section)
{
    struct umqtt_property ours, theirs;
    return umqtt_property_find(options->connect_properties, UMQTT_AUTHENTICATION_METHOD, &ours) &&
           umqtt_property_find(bytes_out(section), UMQTT_AUTHENTICATION_METHOD, &theirs) &&
           bytes_equal(bytes_in(ours.text), bytes_in(theirs.text));
}
