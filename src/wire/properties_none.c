/* properties_none.c — stands in for property.c and properties.c in a program without MQTT 5.0.
 *
 * Every packet of 5.0 that could have properties is refused when decoded, and cannot be encoded. */
#include "wire/properties.h"

enum reason_code properties_read(struct reader *reader, enum packet_type type,
                                 struct properties *properties)
{
    (void)reader, (void)type, (void)properties;
    return REASON_UNSUPPORTED_PROTOCOL_VERSION;
}

enum reason_code properties_read_publish(struct reader *reader, bool is_from_client,
                                         struct packet_publish *publish)
{
    (void)reader, (void)is_from_client, (void)publish;
    return REASON_UNSUPPORTED_PROTOCOL_VERSION;
}

size_t properties_size(const struct properties *properties, enum packet_type type)
{
    (void)properties, (void)type;
    return UNENCODABLE;
}

void properties_write(struct writer *writer, const struct properties *properties, size_t size)
{
    (void)writer, (void)properties, (void)size; /* never reached: nothing is encodable */
}

size_t properties_publish_size(const struct packet_publish *publish)
{
    (void)publish;
    return UNENCODABLE;
}

void properties_write_publish(struct writer *writer, const struct packet_publish *publish,
                              size_t size)
{
    (void)writer, (void)publish, (void)size;
}

size_t properties_copy_passed_on(struct bytes section, uint8_t *out)
{
    (void)section, (void)out;
    return 0;
}
