/* send.h — packets into a link's outbox: the only place of the core that encodes. */
#ifndef MIDGE_CORE_SEND_H
#define MIDGE_CORE_SEND_H

#include "core/core_state.h"

enum send_result {
    SEND_OK = 0,
    SEND_TOO_LARGE, /* beyond the client's Maximum Packet Size: not sent [MQTT-3.1.2-24] */
    SEND_NO_MEMORY,
};

/* Any packet but PUBLISH. A reason string that makes it too large, or is unwanted, is left out. */
enum send_result send_packet(struct core *core, struct link *link, struct packet *packet);

/* PUBACK, PUBREC, PUBREL, PUBCOMP; `words` may be NULL. */
enum send_result send_ack(struct core *core, struct link *link, enum packet_type type,
                          uint16_t packet_id, enum reason_code reason, const char *words);

/* `delivery`'s message as a PUBLISH. Refuses, and puts nothing in, when too large. */
enum send_result send_publish(struct core *core, struct link *link, const struct delivery *delivery,
                              uint16_t packet_id);

/* Puts the link in the list of those with something to send. */
void send_mark_dirty(struct core *core, struct link *link);

#endif
