/* v5_none.c — stands in for v5.c and v5_aliases.c where MQTT 5.0 is left out: umqtt_start refuses
 * that version, so nothing else here is ever reached. */
#include "umqtt/v5.h"

bool v5_is_here(void)
{
    return false;
}

enum reason_code v5_check_section(struct bytes section, enum packet_type type)
{
    (void)section, (void)type;
    return REASON_PROTOCOL_ERROR;
}

enum reason_code v5_read_section(struct reader *reader, enum packet_type type,
                                 struct bytes *section)
{
    (void)reader, (void)type, (void)section;
    return REASON_PROTOCOL_ERROR;
}

size_t v5_connect_section_size(const struct umqtt_options *options)
{
    (void)options;
    return 0;
}

void v5_write_connect_section(struct writer *writer, const struct umqtt_options *options)
{
    (void)writer, (void)options;
}

bool v5_take_grants(struct umqtt *client, struct bytes section)
{
    (void)client, (void)section;
    return false;
}

void v5_drop_alias(struct umqtt *client, const struct record *record)
{
    (void)client, (void)record;
}

enum reason_code v5_resolve_alias(struct umqtt *client, uint16_t alias, struct bytes *topic)
{
    (void)client, (void)alias, (void)topic;
    return REASON_PROTOCOL_ERROR;
}

bool v5_method_is_ours(const struct umqtt_options *options, struct bytes section)
{
    (void)options, (void)section;
    return false;
}
