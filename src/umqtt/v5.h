/* v5.h — what MQTT 5.0 adds to the client. A program for 3.1 and 3.1.1 alone links v5_none.c.
 *
 * Called only when the options say 5.0. */
#ifndef MIDGE_UMQTT_V5_H
#define MIDGE_UMQTT_V5_H

#include "umqtt/client.h"
#include "umqtt/outbox.h"
#include "wire/reader.h"
#include "wire/writer.h"

/* The packet type that stands for the will properties inside CONNECT. */
#define V5_WILL_SECTION ((enum packet_type)0)

/* May `section` (without its length) stand in a packet of that type? A PUBLISH is one of ours. */
MUST_USE enum reason_code v5_check_section(struct bytes section, enum packet_type type);

/* Reads a length and a section that may stand in a packet of that type. */
MUST_USE enum reason_code v5_read_section(struct reader *reader, enum packet_type type,
                                          struct bytes *section);

/* The section of CONNECT: the options', and Receive Maximum if they have none. */
size_t v5_connect_section_size(const struct umqtt_options *options);
void v5_write_connect_section(struct writer *writer, const struct umqtt_options *options);

/* Takes in what the properties of CONNACK grant. False: they name another authentication method
 * than CONNECT did. [MQTT-4.12.0-5] */
bool v5_take_grants(struct umqtt *client, struct bytes section);
/* Takes the alias out of a PUBLISH that is to be sent on another connection, unless it has no topic
 * besides. */
void v5_drop_alias(struct umqtt *client, const struct record *record);

/* Resolves, and remembers, the alias of a PUBLISH received: *topic is the topic then.
 *   REASON_TOPIC_ALIAS_INVALID  above our maximum, or not set   [MQTT-3.3.2-10]
 *   REASON_QUOTA_EXCEEDED       no room for the topic in options->aliases */
MUST_USE enum reason_code v5_resolve_alias(struct umqtt *client, uint16_t alias,
                                           struct bytes *topic);

/* Is that the Authentication Method of CONNECT? False also when CONNECT had none. */
bool v5_method_is_ours(const struct umqtt_options *options, struct bytes section);

#endif
